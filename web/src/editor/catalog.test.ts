import type { BlockPalette, BlockType, ConnectorBlock, ConnectorItem } from "@client";
import { describe, expect, it } from "vitest";
import { translator } from "../i18n";
import { blankWorkspace, builtIn, catalogOf, ofConnector, offeredBlocks, offeredTypes } from "./catalog";
import { differences } from "./differences";
import { type Block, branches, read, withInput } from "./document";
import { move, remove, update } from "./edits";
import { filterOf } from "./filters";
import { entriesFor } from "./pickerEntries";
import { block, doc, sample } from "./samples";
import { clashOf, issuesOf } from "./saving";
import { caseText, isUnbound, summaryOf } from "./summary";
import { fileName, workspaceIn } from "./transfer";

const t = translator("en");

function type(name: string, title: string, more: Partial<BlockType> = {}): BlockType {
  const template = {
    type: name,
    name: title.toLowerCase(),
    displayName: title,
    inputs: [{ id: "input", value: "" }],
    childId: null,
  };
  return {
    type: name,
    title,
    aliases: [],
    group: "g",
    doc: "",
    icon: "",
    keywords: [],
    hidden: false,
    template,
    ...more,
  } as unknown as BlockType;
}
const palette = {
  data: [
    type("ShowBlock", "Output"),
    type("StartBlock", "Start"),
    type("ForEachBlock", "Loop", { keywords: ["for each"] }),
    type("OldBlock", "Old", { hidden: true }),
    type("EndpointBlock", "Connector block"),
  ],
  groups: [{ id: "g", title: "Group" }],
  structures: {},
} as unknown as BlockPalette;
const connector = {
  id: "c1",
  guid: "g-1",
  name: "Gather",
  slug: "gather",
  description: "events",
  logoSmall: null,
} as unknown as ConnectorItem;
const operations = [
  {
    id: "1",
    name: "Create attendee",
    key: "create_attendee",
    role: "create",
    inputs: [
      { id: "i", setting: false },
      { id: "s", setting: true },
    ],
    description: null,
    objectType: null,
  },
  {
    id: "2",
    name: "List attendees",
    key: "list_attendees",
    role: "list",
    inputs: [],
    description: null,
    objectType: null,
  },
] as unknown as ConnectorBlock[];

describe("what is offered", () => {
  it("leaves out what is hidden and what connectors offer", () => {
    expect(offeredTypes(palette, "").map((one) => one.title)).toEqual(["Output", "Start", "Loop"]);
    expect(offeredTypes(palette, "for EACH").map((one) => one.title)).toEqual(["Loop"]);
  });
  it("puts reading before writing", () => {
    expect(offeredBlocks(operations, "").map((one) => one.name)).toEqual([
      "List attendees",
      "Create attendee",
    ]);
    expect(offeredBlocks(operations, "create").map((one) => one.id)).toEqual(["1"]);
  });
  it("offers a second start only to those who ask", () => {
    const catalog = catalogOf(palette, [connector]);
    const titles = (query: string, begun: boolean) =>
      entriesFor(catalog, query, [], [], begun, t).flatMap((section) =>
        section.entries.map((entry) => entry.key),
      );
    expect(titles("", true)).not.toContain("StartBlock");
    expect(titles("", false)).toContain("StartBlock");
    expect(titles("start", true)).toContain("StartBlock");
  });
  it("finds blocks of connectors beside the built-in ones", () => {
    const found = entriesFor(
      catalogOf(palette, [connector]),
      "attend",
      [],
      [{ connector, blocks: operations }],
      true,
      t,
    );
    expect(found[0]?.entries.map((entry) => entry.kind)).toEqual(["block", "block"]);
  });
});

describe("what is made", () => {
  it("has an id and a free name", () => {
    const made = builtIn(
      read({ blocks: [block("A", "X", { name: "output" })] }),
      palette.data[0] as BlockType,
    );
    expect(made).toMatchObject({ type: "ShowBlock", name: "output2", displayName: "Output" });
    expect(made.id).toMatch(/^[0-9A-F-]{36}$/);
  });
  it("is bound to connector, operation and connection", () => {
    const made = ofConnector(doc(), connector, operations[1] as ConnectorBlock, "conn");
    expect(made).toMatchObject({
      datasourcetype_guid: "g-1",
      endpoint_guid: "2",
      endpoint_role: "list",
      name: "listAttendees",
    });
    expect(branches(made)).toEqual(["loopBlockId"]);
    expect(isUnbound(made)).toBe(false);
    const unbound = ofConnector(doc(), connector, operations[0] as ConnectorBlock, null);
    expect(isUnbound(unbound)).toBe(true);
    expect(unbound.inputs?.map((one) => one.id)).toEqual(["i"]);
  });
  it("begins with a start block", () => {
    expect(read(blankWorkspace("Start")).shape.roots).toHaveLength(1);
  });
});

describe("summaries", () => {
  const of = (made: Block) => summaryOf(made, doc());
  it("tell what a block works with", () => {
    const [found] = doc().blocks.filter((one) => one.id === "IF");
    expect(of(found as Block)).toBe("{$.a.ok} = 1");
    expect(
      of(block("X", "VariableBlock", { variableGuid: "V1", operations: [{ name: "Add", value: "{$.a}" }] })),
    ).toBe("total · Add {$.a}");
    expect(of(block("X", "GotoBlock", { inputs: [{ id: "label", value: "LABEL" }] }))).toBe("LABEL");
    expect(of(block("X", "CustomCodeBlock3", { inputs: [{ id: "code", value: "# hi\n\nprint(1)" }] }))).toBe(
      "print(1)",
    );
    expect(of(block("X", "Y", { inputs: [{ id: "a", value: "long ".repeat(500) }] })).length).toBeLessThan(
      200,
    );
  });
  it("survive documents that are not as they should be", () => {
    for (const inputs of [null, {}, [1], [null], [{ id: 1, value: { deep: [] } }], "x"]) {
      expect(typeof of(block("X", "IfElseBlock", { inputs, conditions: 3 }))).toBe("string");
      expect(typeof of(block("X", "FormBlock", { inputs, form: "x" }))).toBe("string");
      expect(typeof of(block("X", "Mystery", { inputs }))).toBe("string");
    }
    expect(
      caseText(block("X", "CaseBlock", { statements: [{ value: "a" }, ""] }), "statementChildrenIds.0"),
    ).toBe("a");
    expect(
      caseText(block("X", "CaseBlock", { statements: [{ value: "a" }, ""] }), "statementChildrenIds.1"),
    ).toBe("2");
  });
});

describe("differences", () => {
  it("tell what is only here, only there, changed and moved", () => {
    let mine = update(doc(), "A", (one) => withInput(one, "url", { value: "mine" }));
    mine = remove(mine, ["Z"]);
    mine = move(mine, ["L1"], { parent: "INNER", edge: "childId" });
    const found = differences(doc(), mine);
    expect(found.map((one) => `${one.id} ${one.kind}`)).toEqual([
      "A changed",
      "L1 moved",
      "INNER moved",
      "Z removed",
    ]);
    expect(found[0]?.fields).toEqual([{ field: "url", theirs: "https://x.test/{$.start.id}", mine: "mine" }]);
    expect(differences(doc(), doc())).toEqual([]);
  });
});

describe("the server's words", () => {
  it("become findings of blocks", () => {
    const report = {
      errors: [{ code: "formula-syntax", detail: "bad", blockId: "A", input: "url", position: 3 }],
      warnings: [{ code: "unreachable", detail: "never", blockId: "" }],
      unbound: [{ blockId: "B" }],
    } as unknown as Parameters<typeof issuesOf>[0];
    expect(issuesOf(report, "No connection").map((one) => [one.severity, one.blockId, one.text])).toEqual([
      ["error", "A", "bad"],
      ["warning", null, "never"],
      ["warning", "B", "No connection"],
    ]);
    expect(issuesOf(null, "")).toEqual([]);
  });
  it("say who was faster", () => {
    const error = Object.assign(new Error(), {
      status: 409,
      meta: { version: 4, savedByName: "Bo", savedAt: "2026-01-01T00:00:00Z" },
    });
    expect(clashOf(error)).toEqual({ who: "Bo", version: 4, at: "2026-01-01T00:00:00Z", note: "" });
    expect(clashOf(Object.assign(new Error(), { status: 409, meta: {} }))).toBeNull();
    expect(clashOf(new Error())).toBeNull();
  });
});

describe("files", () => {
  it("hold an automation or a workspace", () => {
    expect(workspaceIn(JSON.stringify({ name: "N", workspace: sample() }))).toMatchObject({
      name: "N",
      workspace: sample(),
    });
    expect(workspaceIn(`\uFEFF${JSON.stringify(sample())}`)).toMatchObject({ name: null });
    for (const text of ["", "[]", "{}", "null", '{"blocks":[{}]}', '{"blocks":{}}'])
      expect(workspaceIn(text)).toBeNull();
  });
  it("are called as the automation", () => {
    expect(fileName("Leads → CRM / 2")).toBe("Leads-CRM-2.json");
    expect(fileName("///")).toBe("automation.json");
  });
});

describe("the filter of the list", () => {
  it("quotes what people type", () => {
    expect(filterOf("", "", "")).toBeUndefined();
    expect(filterOf('a "b', "manual", "failed")).toBe(
      'name co "a" and name co "\\"b" and runMode eq "manual" and lastRunStatus eq "failed"',
    );
  });
});
