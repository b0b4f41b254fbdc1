import type { BlockInputField, CalledBlock } from "@client";
import { describe, expect, it } from "vitest";
import { collect, editorOf, startOf } from "./inputs";
import { FIRST, following } from "./slices";

function field(id: string, type: string, more: Partial<BlockInputField> = {}): BlockInputField {
  const none = { default: null, choices: [], help: "", example: null, format: "", fields: null, items: null };
  return { id, label: id, type, required: false, ...none, ...more };
}

const customer = field("customer", "object", {
  fields: [field("name", "text", { required: true }), field("a/b", "number", { default: 3 })],
});
const fields = [
  field("id", "text", { required: true }),
  field("size", "number"),
  field("tags", "list", { items: field("", "text") }),
  field("rows", "list", { items: field("", "object", { fields: [] }) }),
  field("kind", "select", { choices: [{ value: 1, label: "one" }] }),
  customer,
];

describe("the form of a block", () => {
  it("knows what to edit each input as", () => {
    expect(fields.map(editorOf)).toEqual(["text", "number", "lines", "json", "choice", "object"]);
    expect(editorOf(field("x", "object"))).toBe("json");
  });

  it("begins with the defaults", () => {
    expect(startOf(fields)).toEqual({ "customer/a~1b": "3" });
  });

  it("sends values of the right types, and nothing that is empty", () => {
    const drafts = {
      id: "7",
      size: "2.5",
      tags: "a\n\nb",
      rows: '[{"a":1}]',
      kind: "1",
      "customer/name": "Ann",
    };
    expect(collect(fields, drafts)).toEqual({
      values: { id: "7", size: 2.5, tags: ["a", "b"], rows: [{ a: 1 }], kind: 1, customer: { name: "Ann" } },
      wrong: [],
      missing: [],
    });
  });

  it("says what is missing and what is wrong", () => {
    const told = collect(fields, { size: "many", rows: "[", "customer/a~1b": "3" });
    expect(told.missing).toEqual(["id", "customer/name"]);
    expect(told.wrong).toEqual(["size", "rows"]);
    expect(collect([customer], {})).toEqual({ values: {}, wrong: [], missing: [] });
  });
});

describe("records", () => {
  const called = { records: [1, 2], pageRecords: 5, next: "c2" } as unknown as CalledBlock;

  it("goes through the slices of a page, then to the next page", () => {
    expect(following(FIRST, called)).toEqual({ cursor: null, offset: 2 });
    expect(following({ cursor: "c1", offset: 3 }, called)).toEqual({ cursor: "c2", offset: 0 });
    expect(following({ cursor: null, offset: 3 }, { ...called, next: null })).toBeNull();
    expect(following(FIRST, { ...called, records: [], next: null })).toBeNull();
  });
});
