import { expect, test } from "vitest";
import { type Library, offersAt } from "./complete";
import { brief, childrenOf, type Datum, pathText, reach } from "./data";

const data: readonly Datum[] = [
  {
    name: "people",
    title: "List people",
    kind: "loop",
    blockId: "A",
    value: { item: { name: "Ada", "first name": "A" }, index: 0 },
  },
  { name: "list", title: "list", kind: "variable", blockId: null, value: [{ id: 1 }, { id: 2, tag: "x" }] },
  { name: "odd name", title: "Odd", kind: "block", blockId: "B" },
];
const fn = (name: string, parameters = 1) => ({
  name,
  aliases: [],
  category: "text",
  categoryTitle: "Text",
  signature: `{${name}: text}`,
  doc: "",
  parameters: Array.from({ length: parameters }, () => ({
    name: "text",
    kind: "text",
    required: true,
    rest: false,
  })),
  examples: [],
});
const library: Library = {
  functions: [fn("uppercase"), fn("if", 3), fn("linebreak", 0)],
  operators: [
    { name: "empty", aliases: [], unary: true, doc: "" },
    { name: "=", aliases: [], unary: false, doc: "" },
  ],
};

function labels(before: string, after = "", asked = false): readonly string[] {
  return (offersAt(before, after, data, library, asked)?.options ?? []).map((one) => one.label);
}

function result(before: string, label: string, after = "", asked = false): string {
  const offers = offersAt(before, after, data, library, asked);
  const one = offers?.options.find((offer) => offer.label === label);
  return offers && one ? before.slice(0, offers.from) + one.insert + after : "";
}

test("names of blocks and variables, closed where nothing closes them", () => {
  expect(labels("{$.")).toEqual(["$.people", "$.list", "$['odd name']"]);
  expect(result("{$.pe", "$.people")).toBe("{$.people}");
  expect(result("{$.pe", "$.people", "}")).toBe("{$.people}");
  expect(result("{$.o", "$['odd name']", "}")).toBe("{$['odd name']}");
});

test("fields, also those that need quotes, and items", () => {
  expect(labels("{$.people.")).toEqual([".item", ".index"]);
  expect(result("{$.people.item.f", "['first name']", "}")).toBe("{$.people.item['first name']}");
  expect(labels("{$.list[")).toEqual(["[0]", "[*]", "[1]", "[-1]", "[*].id", "[*].tag"]);
  expect(labels("{$.list[*].")).toEqual([".id", ".tag"]);
  expect(labels("{uppercase: $.people.")).toEqual([".item", ".index"]);
  expect(result("{uppercase: $.pe", "$.people", "}")).toBe("{uppercase: $.people}");
});

test("functions get their colon and the caret behind it", () => {
  const found = offersAt("{up", "}", data, library, false)?.options.find((one) => one.label === "uppercase");
  expect(found).toMatchObject({ insert: "uppercase: ", caret: 11 });
  expect(result("{", "linebreak")).toBe("{linebreak:}");
  expect(result("{if: x, upp", "uppercase")).toBe("{if: x, {uppercase: }");
});

test("operators behind the first value of a condition", () => {
  expect(labels("{if: {$.list} ", "}", true)).toEqual(["empty", "="]);
  expect(labels("{if: {$.list} e", "}")).toEqual(["empty", "="]);
  expect(labels("{uppercase: {$.list} ", "}", true)).toEqual([]);
});

test("plain text offers when asked, or after a dollar sign", () => {
  expect(labels("hello ")).toEqual([]);
  expect(result("hello ", "$.list", "", true)).toBe("hello {$.list}");
  expect(result("hello $.l", "$.list")).toBe("hello {$.list}");
  expect(result("{uppercase: 'a ", "$['odd name']", "", true)).toBe("");
  expect(result("{uppercase: 'a ", '$["odd name"]', "", true)).toBe('{uppercase: \'a {$["odd name"]}');
});

test("samples", () => {
  expect(reach([{ a: 1 }, { b: 2 }], [{ every: true }, { key: "b" }])).toBe(2);
  expect(reach({ a: null }, [{ key: "a" }, { key: "b" }])).toBeUndefined();
  expect(childrenOf([1]).map((one) => one.label)).toEqual(["[0]", "[*]"]);
  expect(pathText("a b", [{ key: "c" }, { index: 0 }])).toBe("$['a b'].c[0]");
  expect(brief("x".repeat(100))).toHaveLength(48);
  expect(brief({ a: "y".repeat(60) })).toContain("…");
});
