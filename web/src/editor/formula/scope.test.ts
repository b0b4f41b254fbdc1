import { expect, test } from "vitest";
import { read } from "../document";
import { asItem, exampleOf, inScope, loopsAround } from "./scope";

const doc = read({
  blocks: [
    {
      id: "S",
      type: "StartBlock",
      name: "start",
      childId: "L",
      inputs: [{ id: "test_payload", value: '{"a": 1}' }],
    },
    {
      id: "L",
      type: "EndpointBlock",
      name: "people",
      displayName: "List people",
      endpoint_role: "list",
      loopBlockId: "I",
      childId: "E",
    },
    { id: "I", type: "IfElseBlock", name: "if", childTrueId: "Y", childId: "N" },
    { id: "Y", type: "CallUrlBlock", name: "call" },
    { id: "N", type: "TransformListBlock", name: "cards" },
    { id: "E", type: "ShowBlock", name: "show" },
    { id: "G", type: "LabelBlock", name: "label", childId: "H" },
    { id: "H", type: "ShowBlock", name: "other" },
  ],
  variables: [{ guid: "v", name: "total", type: "number" }],
});
const names = (id: string) => inScope(doc, id).map((one) => `${one.name}:${one.kind}${one.self ? "!" : ""}`);

test("what a block inside of a loop reads", () => {
  expect(names("Y")).toEqual(["people:loop", "start:block", "total:variable"]);
  expect(names("N")).toEqual(["cards:loop!", "call:block", "people:loop", "start:block", "total:variable"]);
});

test("behind a loop, its list and what its body gave last", () => {
  expect(names("E")).toEqual(["people:block", "call:block", "cards:block", "start:block", "total:variable"]);
});

test("a chain behind a label reads everything", () => {
  expect(names("H")).toEqual([
    "start:block",
    "people:block",
    "call:block",
    "cards:block",
    "show:block",
    "total:variable",
  ]);
});

test("samples out of the document", () => {
  expect(exampleOf(doc.blocks[0] as never)).toEqual({ a: 1 });
  expect(
    exampleOf({ id: "F", type: "FormBlock", form: [{ id: "x", label: "Name", values: "Ada" }] }),
  ).toEqual({ Name: "Ada" });
  expect(asItem([7])).toEqual({ item: 7, index: 0 });
  expect(loopsAround(doc, "Y").map((one) => one.id)).toEqual(["L"]);
});
