import { expect, test } from "vitest";
import { placeAt, tokenize } from "./tokens";

const known = (name: string) => ["uppercase", "if", "replace", "implode", "count", "date"].includes(name);
const operators = new Set(["empty", "contain"]);

function read(source: string): string {
  return tokenize(source, known, operators)
    .map(({ kind, from, to }) => `${kind}:${source.slice(from, to)}`)
    .join(" ");
}

test("a reference", () => {
  expect(read("Hi {$.contact.name}!")).toBe("brace:{ root:$ mark:. name:contact mark:. name:name brace:}");
});

test("blanks, indexes, filters and computed keys", () => {
  expect(read("{ $.a[0] }")).toBe("brace:{ root:$ mark:. name:a mark:[ number:0 mark:] brace:}");
  expect(read("{$.ids.{$.loop.index}}")).toBe(
    "brace:{ root:$ mark:. name:ids mark:. brace:{ root:$ mark:. name:loop mark:. name:index brace:} brace:}",
  );
  expect(read("{$.l[?(@.id=='x')].n}")).toContain("operator:== string:'x'");
});

test("a function with strings in which formulas stand", () => {
  expect(read("{Replace: 'a {$.x} b', \"c\"}")).toBe(
    "brace:{ function:Replace mark:: string:'a  brace:{ root:$ mark:. name:x brace:} string: b' mark:, string:\"c\" brace:}",
  );
});

test("conditions", () => {
  expect(read("{if: {$.a} empty , 1, x}")).toContain("operator:empty mark:, number:1 mark:, word:x brace:}");
  expect(read("{if: $.n >= 5, 1}")).toContain("name:n operator:>= number:5");
});

test("text with braces is text", () => {
  expect(read("p {color:red} and {} and {7*7}")).toBe("");
  expect(read('{"id": {$.id}}')).toBe("brace:{ root:$ mark:. name:id brace:}");
  expect(read("{nothing: 1}")).toContain("unknown:nothing");
});

test("a backslash before its own quote belongs to the text, unless the text ends there", () => {
  expect(read("{uppercase: 'it\\'s'}")).toContain("string:'it\\'s' brace:}");
  expect(read("{uppercase: '\\'}")).toContain("string:'\\' brace:}");
});

test("it never fails and tokens never overlap", () => {
  const nasty = [
    "{",
    "{$",
    "{$.",
    "{if:",
    "{if: '",
    "{if: {",
    "{$.a[",
    "{$.a[?(",
    "{$.a['x",
    "}}}",
    '{replace: {"a": [1,',
    "{$.{$.{$",
  ];
  for (const source of nasty) {
    let last = 0;
    for (const token of tokenize(source, known)) {
      expect(token.from).toBeGreaterThanOrEqual(last);
      last = token.to;
    }
  }
});

test("places in paths", () => {
  expect(placeAt("Hi {$.con")).toMatchObject({
    in: "path",
    steps: [],
    from: 5,
    typed: "con",
    start: 4,
    braced: true,
  });
  expect(placeAt("{$.contact.")).toMatchObject({ in: "path", steps: [{ key: "contact" }], typed: "" });
  expect(placeAt("{$.list[0].na")).toMatchObject({ steps: [{ key: "list" }, { index: 0 }], typed: "na" });
  expect(placeAt("{$.list[*].na")).toMatchObject({ steps: [{ key: "list" }, { every: true }], typed: "na" });
  expect(placeAt("{$.list[")).toMatchObject({ in: "path", steps: [{ key: "list" }], typed: "", from: 7 });
  expect(placeAt("{$.c['first na")).toMatchObject({ steps: [{ key: "c" }], typed: "first na", quoted: "'" });
  expect(placeAt("{uppercase: $.c")).toMatchObject({ in: "path", typed: "c", braced: false });
  expect(placeAt("{replace: 'a {$.b")).toMatchObject({ in: "path", typed: "b" });
});

test("places elsewhere", () => {
  expect(placeAt("plain")).toEqual({ in: "text" });
  expect(placeAt("{")).toMatchObject({ in: "name", from: 1, typed: "" });
  expect(placeAt("a {upp")).toMatchObject({ in: "name", from: 3, typed: "upp" });
  expect(placeAt("{replace: {$.a}, {up")).toMatchObject({ in: "name", typed: "up" });
  expect(placeAt("{replace: {$.a}, ")).toMatchObject({
    in: "argument",
    function: "replace",
    at: 1,
    behind: false,
  });
  expect(placeAt("{if: {$.a} em")).toMatchObject({ in: "argument", typed: "em", behind: true });
  expect(placeAt("{replace: 'abc")).toMatchObject({ in: "string", quote: "'" });
  expect(placeAt("{$.a} then")).toEqual({ in: "text" });
});
