import type { Integration, IntegrationDetail, OfferedTemplate, SettingField } from "@client";
import { describe, expect, it } from "vitest";
import { changes, forFlow, initialAnswers, lacking, objectOf, pairsOf, proposed, questions } from "./fields";
import { isWhole, read, type Timing, turned, written } from "./schedule";
import { grouped, matching, statusOf, worst } from "./status";
import { around, firstOpen, stepsOf } from "./steps";

const template = (name: string, groups: string[] = []) =>
  ({
    id: name,
    name,
    shortDescription: `About ${name}`,
    groups: groups.map((id) => ({ id, name: id })),
  }) as unknown as OfferedTemplate;
const integration = (state: string, setupComplete: boolean, lastRunStatus: string | null) =>
  ({ state, setupComplete, lastRunStatus }) as Integration;

describe("the gallery", () => {
  it("groups templates in the order they come in, the others last", () => {
    const found = grouped([template("a"), template("b", ["crm"]), template("c", ["mail", "crm"])]);
    expect(found.map((group) => [group.id, group.templates.map((one) => one.name)])).toEqual([
      ["crm", ["b", "c"]],
      ["mail", ["c"]],
      ["", ["a"]],
    ]);
  });
  it("finds by every word, in names, texts and groups", () => {
    const listed = [template("Contacts", ["CRM"]), template("Calls")];
    expect(matching(listed, "crm CONT").map((one) => one.name)).toEqual(["Contacts"]);
    expect(matching(listed, " ")).toHaveLength(2);
    expect(matching(listed, "nothing")).toEqual([]);
  });
  it("says how integrations are, the urgent first", () => {
    const failing = integration("available", true, "failed");
    const active = integration("available", true, "finished");
    expect(
      [
        failing,
        active,
        integration("disabled", false, null),
        integration("disabled", true, "failed"),
        integration("available", true, null),
      ].map(statusOf),
    ).toEqual(["failing", "active", "setup", "off", "unused"]);
    expect(worst([active, failing])).toBe("failing");
    expect(worst([])).toBeNull();
  });
});

const field = (label: string, more: Partial<SettingField> = {}): SettingField => ({
  id: label,
  flow: "setup",
  label,
  prompt: label,
  kind: "input",
  options: [],
  required: false,
  persisted: true,
  value: null,
  hasValue: false,
  ...more,
});
const connectors = [
  {
    connectorId: "c1",
    connectorGuid: "crm",
    name: "The CRM",
    connection: "k1",
    connected: true,
    connections: [],
  },
];

describe("the questions of a step", () => {
  it("take defaults, texts and choices from the form", () => {
    const shown = {
      id: "x",
      kind: "select",
      label: "Size",
      required: false,
      helpText: "",
      kept: false,
      answer: null,
    };
    const form = {
      version: 1,
      forms: [
        {
          blockId: "b",
          name: "b",
          displayName: "b",
          always: true,
          persists: true,
          error: null,
          fields: [
            { ...shown, default: "s", options: [{ value: "s", label: "Small" }], optionsFrom: null },
            {
              ...shown,
              label: "Event",
              default: null,
              options: null,
              optionsFrom: { type: "connector", connector: "crm", block: "list", input: "event" },
            },
            {
              ...shown,
              label: "Map",
              default: null,
              options: null,
              optionsFrom: { sources: ["a"], targets: { type: "connector", object: "contact" } },
            },
          ],
        },
      ],
    };
    const [size, event, map] = questions(
      [
        field("Size", { kind: "select", options: ["s"] }),
        field("Event", { kind: "select" }),
        field("Map", { kind: "field_mapping" }),
      ],
      form,
      connectors,
    );
    expect([size?.initial, size?.choices]).toEqual(["s", [{ value: "s", label: "Small" }]]);
    expect(event?.choices).toEqual({ connection: "k1", block: "list", input: "event" });
    expect([map?.choices, map?.targets]).toEqual([
      [{ value: "a", label: "a" }],
      { connection: "k1", object: "contact" },
    ]);
  });
  it("never say a kept secret, and leave it as it is", () => {
    const asked = questions([field("API key", { required: true, hasValue: true })], undefined, []);
    expect(asked[0]).toMatchObject({ secret: true, kept: true, initial: null });
    expect(lacking(asked, initialAnswers(asked))).toEqual([]);
    expect(changes(asked, { "API key": "" })).toEqual({});
    expect(changes(asked, { "API key": "new" })).toEqual({ "API key": "new" });
  });
  it("send what changed, and take away what was emptied", () => {
    const asked = questions(
      [
        field("A", { value: "a", hasValue: true }),
        field("B", { required: true }),
        field("C", { kind: "multi_select", value: ["x"], hasValue: true }),
        field("Go", { kind: "button" }),
        field("D", { persisted: false }),
      ],
      undefined,
      [],
    );
    expect(lacking(asked, initialAnswers(asked))).toEqual(["B"]);
    expect(changes(asked, { A: "", B: "b", C: [], D: "d" })).toEqual({ A: null, B: "b", C: [] });
    expect(changes(asked, initialAnswers(asked))).toEqual({});
    expect(forFlow(asked, { A: "a", B: "", D: "d" }, "Go")).toEqual({ A: "a", D: "d", Go: true });
  });
  it("map names that are the same but for writing", () => {
    const choice = (value: string, label = value) => ({ value, label });
    expect(
      proposed(
        [choice("first_name"), choice("x", "E-mail")],
        [choice("firstName"), choice("email"), choice("phone")],
      ),
    ).toEqual({
      firstName: "first_name",
      email: "x",
    });
    expect(objectOf(pairsOf({ a: 1, b: "x" }))).toEqual({ a: "1", b: "x" });
  });
});

describe("schedules", () => {
  it.each<Timing>([
    { every: "minutes", count: 15 },
    { every: "hours", count: 2 },
    { every: "day", at: "06:30", timezone: "Europe/Amsterdam" },
    { every: "week", on: ["MO", "SU"], at: "18:05", timezone: "UTC" },
    { every: "cron", cron: "*/5 8-18 * * 1-5", timezone: "UTC" },
  ])("come back as they were sent: %o", (timing) => {
    expect(read(written(timing))).toEqual(timing);
    expect(isWhole(timing)).toBe(true);
  });
  it("keep their id and what two kinds have in common", () => {
    expect(written({ every: "minutes", count: 5 }, "s1")).toEqual({ id: "s1", interval: 300 });
    expect(turned({ every: "day", at: "07:00", timezone: "UTC" }, "week")).toEqual({
      every: "week",
      on: ["MO"],
      at: "07:00",
      timezone: "UTC",
    });
    expect(turned({ every: "day", at: "07:00", timezone: "UTC" }, "cron")).toEqual({
      every: "cron",
      cron: "0 7 * * *",
      timezone: "UTC",
    });
    expect(isWhole({ every: "week", on: [], at: "07:00", timezone: "UTC" })).toBe(false);
  });
});

describe("the steps", () => {
  const detail = {
    steps: [
      { step: "connect", complete: true },
      { step: "setup", complete: false },
      { step: "review", complete: false, lacking: ["Region"], canActivate: false },
    ],
  } as unknown as IntegrationDetail;
  it("begin where something lacks", () => {
    expect(firstOpen(stepsOf(detail, []))).toBe("setup");
    expect(around(stepsOf(detail, []), "setup")).toEqual({ before: "connect", after: "review" });
  });
  it("ask for what the main flow keeps", () => {
    const steps = stepsOf(detail, [field("Region", { flow: "start" })]);
    expect(steps.map((one) => [one.step, one.complete])).toEqual([
      ["connect", true],
      ["setup", false],
      ["answers", false],
      ["review", false],
    ]);
  });
});
