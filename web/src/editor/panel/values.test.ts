import { expect, test } from "vitest";
import { autoMapped, sourcesOf, withAccountFields, wordsOf } from "./mapping";
import { formOf, guessed, isShown, readValue, slotOf, specOf, unknownOf } from "./spec";
import { asFlag, hasTwins, isFlag, isFormula, itemsOf, moved, pairsOf, readJson, writePairs } from "./values";

test("objects keep the form that the document has", () => {
  const listed = pairsOf([{ key: "a", value: 1, note: "kept" }], "object");
  expect(listed).toEqual({ pairs: [{ key: "a", value: 1, note: "kept" }], form: "pairs" });
  expect(writePairs(listed?.pairs ?? [], "pairs")).toEqual([{ key: "a", value: 1, note: "kept" }]);
  expect(pairsOf({ a: 1 }, "pairs")).toEqual({ pairs: [{ key: "a", value: 1 }], form: "object" });
  expect(pairsOf('{"a": "{$.x}"}', "pairs")).toEqual({ pairs: [{ key: "a", value: "{$.x}" }], form: "text" });
  expect(pairsOf("{$.contact}", "pairs")).toBeNull();
  expect(pairsOf(null, "pairs")).toEqual({ pairs: [], form: "pairs" });
  expect(writePairs([{ key: "a", value: 2 }], "text")).toEqual({ a: 2 });
  expect(
    hasTwins([
      { key: "a", value: 1 },
      { key: "a", value: 2 },
    ]),
  ).toBe(true);
});

test("lists and switches", () => {
  expect(itemsOf('["a"]')).toEqual(["a"]);
  expect(itemsOf("{$.l}")).toBeNull();
  expect(itemsOf("")).toEqual([]);
  expect(isFlag("Yes")).toBe(true);
  expect(asFlag(true, "no", "no")).toBe("yes");
  expect(asFlag(true, false, "no")).toBe(true);
  expect(asFlag(false, null, "no")).toBe("no");
  expect(isFormula("a {uppercase: x}")).toBe(true);
  expect(isFormula('{"a": 1}')).toBe(false);
  expect(readJson("{")).toHaveProperty("error");
  expect(moved(["a", "b", "c"], 0, 2)).toEqual(["b", "c", "a"]);
});

const palette = {
  type: "SortListBlock",
  inputs: [
    { id: "list", label: "List", type: "list", required: true, otherIds: ["input"] },
    { id: "key", label: "Field", type: "text", shownWhen: { order: ["asc"] } },
    { id: "order", label: "Order", type: "select", default: "asc", choices: [{ value: "asc", label: "Up" }] },
  ],
  settings: [{ id: "parallel", label: "At once", type: "number", advanced: true }],
};

test("values are found where documents have them", () => {
  const form = formOf(palette, undefined);
  const block = {
    id: "B",
    type: "SortListBlock",
    inputs: [
      { id: "input", value: "[1]" },
      { id: "odd", value: 3 },
    ],
    settings: [{ id: "key", value: "n" }],
  };
  const [list, key] = form.inputs;
  if (list === undefined || key === undefined) throw new Error("no form");
  expect(slotOf(block, list)).toEqual({ where: "input", id: "input" });
  expect(readValue(block, key)).toBe("n");
  expect(isShown(key, form.inputs, block)).toBe(true);
  expect(isShown(key, form.inputs, { ...block, inputs: [{ id: "order", value: "desc" }] })).toBe(false);
  expect(unknownOf(block, form).inputs.map((one) => one.id)).toEqual(["odd"]);
});

test("an input called name is not the block's name", () => {
  const spec = specOf({ id: "name", type: "text" }, "input");
  expect(slotOf({ id: "B", type: "LabelBlock", name: "here" }, spec)).toEqual({ where: "input", id: "name" });
});

test("connectors' descriptions, new and old", () => {
  const form = formOf(
    { type: "EndpointBlock", fields: [{ id: "endpoint_guid", type: "operation" }] },
    {
      inputs: [
        {
          id: "body",
          guid: "g-1",
          type: "object",
          fields: [{ id: "email", type: "text", required: true }],
          optionsFrom: "list_x",
        },
      ],
    },
  );
  expect(form.inputs).toHaveLength(1);
  expect(form.inputs[0]).toMatchObject({
    id: "body",
    otherIds: ["g-1"],
    optionsFrom: "list_x",
    fields: [{ id: "email", required: true }],
  });
  const old = specOf(
    { id: "g-2", name: "q", label: "Query", fieldType: "integer", options: ["1"], optional: false },
    "input",
  );
  expect(old).toMatchObject({
    id: "q",
    otherIds: ["g-2"],
    type: "number",
    required: true,
    choices: [{ value: "1", label: "1" }],
  });
  expect(guessed({ id: "x", value: ["a"], type: "string" }, "input").type).toBe("list");
});

test("mapping by name, by what is known to be the same, and by likeness", () => {
  expect(wordsOf("firstName")).toEqual(wordsOf("First_name"));
  const sources = sourcesOf([
    {
      name: "people",
      title: "People",
      kind: "loop",
      blockId: "A",
      value: { item: { first_name: "Ada", email: "a@b.c", address: { city: "Ghent" } }, index: 0 },
    },
    { name: "other", title: "Other", kind: "block", blockId: "B", value: { email: "no", created: "x" } },
  ]);
  expect(sources[0]).toMatchObject({ formula: "{$.people.item.first_name}", name: "first_name" });
  const targets = ["firstName", "mail", "town", "createdAt", "colour"].map((name) => ({ name, label: name }));
  const found = autoMapped(targets, sources, new Set());
  expect([...found].map(([name, source]) => `${name}=${source.formula}`).sort()).toEqual([
    "createdAt={$.other.created}",
    "firstName={$.people.item.first_name}",
    "mail={$.people.item.email}",
    "town={$.people.item.address.city}",
  ]);
  expect(autoMapped(targets, sources, new Set(["mail"])).has("mail")).toBe(false);
});

test("fields of the account belong to the record, not to an object within it", () => {
  const field = (name: string, dynamic = true) => ({
    name,
    label: name,
    type: "string",
    required: false,
    readOnly: false,
    dynamic,
  });
  const account = [field("email", false), field("name", false), field("shoe_size")];
  const names = (known: string[]) =>
    withAccountFields(
      known.map((name) => ({ name, label: name })),
      account,
    ).map((one) => one.name);
  expect(names(["email", "name"])).toEqual(["email", "name", "shoe_size"]);
  expect(names(["street", "city"])).toEqual(["street", "city"]);
});
