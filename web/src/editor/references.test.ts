import { describe, expect, it } from "vitest";
import { references, renamed } from "./references";

const names = (text: string) => references(text).map((one) => one.name);
const rename = (text: string, from = "old", to = "new") => renamed(text, new Map([[from, to]]));

describe("references", () => {
  it.each([
    ["{$.a.b}", ["a"]],
    ["{ $.a }", ["a"]],
    ["text {$.a} and {$.b.c[0]}", ["a", "b"]],
    ["{count: {$.a}}", ["a"]],
    ["{count: $.a}", ["a"]],
    ["{if: {$.a} empty , 1, {$.b}}", ["a", "b"]],
    ["{if: $.a = $.b, $.c, 'x'}", ["a", "b", "c"]],
    ["{if: $.a contain $.b, 1, 2}", ["a", "b"]],
    ["{$.ids.{$.loop.index}}", ["ids", "loop"]],
    ["{$.a[?(@.k==$.b.c)].x}", ["a", "b"]],
    ["{$.a[?(@.k=='v')].x}", ["a"]],
    ["{$.a[$.b.index]}", ["a", "b"]],
    ["{$['a b'].c}", ["a b"]],
    ['{$["a"]}', ["a"]],
    ["{$.'a.b'.c}", ["a.b"]],
    ["{uppercase: 'say {$.a}'}", ["a"]],
    ['{object: {"k": $.a, "l": {$.b}}}', ["a", "b"]],
    ["{$.my name.x}", ["my name"]],
    ["{converttimezone: 'now', , 'Etc/UTC', 'U', 'Etc/UTC'}", []],
    ["{round: {divide: $.a, $.b}}{$.c}", ["a", "b", "c"]],
    ["{$.a..b}", ["a"]],
    ["{$.a[*].b[0:2]}", ["a"]],
  ])("finds those of %s", (text, expected) => {
    expect(names(text)).toEqual(expected);
  });
  it.each([
    ["$.a.b"],
    ["{color: red}"],
    ["{'x': '$.a'}"],
    ["costs $.5"],
    ["{uppercase: 'costs $.a'}"],
    ["{uppercase: it costs $.a}"],
    ["{$.a"],
    ["{{7*7}}"],
    ["function () { return x.$.a }"],
    [""],
    ["{$}"],
    ["{$.}"],
  ])("finds none in %s", (text) => {
    expect(names(text)).toEqual([]);
  });
  it("reads a text of a megabyte at once", () => {
    const text = "{$.a.b} and { text ".repeat(50_000);
    const began = performance.now();
    expect(names(text)).toHaveLength(50_000);
    expect(performance.now() - began).toBeLessThan(1500);
  });
});

describe("renaming", () => {
  it.each([
    ["{$.old.x}", "{$.new.x}"],
    ["{ $.old }", "{ $.new }"],
    ["{$.older.x} {$.x.old} $.old", "{$.older.x} {$.x.old} $.old"],
    ["{count: {$.old}} {$.old[0].old}", "{count: {$.new}} {$.new[0].old}"],
    ["{if: $.old = 'old', {$.old}, old}", "{if: $.new = 'old', {$.new}, old}"],
    ["{$['old'].x}", "{$['new'].x}"],
    ['{$["old"].x}', '{$["new"].x}'],
    ["{$.'old'.x}", "{$.'new'.x}"],
    ["{$.list.{$.old.index}}", "{$.list.{$.new.index}}"],
    ["{$.a[?(@.old==$.old.x)]}", "{$.a[?(@.old==$.new.x)]}"],
    ["{replace: '{$.old}', 'old', \"$.old\"}", "{replace: '{$.new}', 'old', \"$.old\"}"],
    ['{"json": "{$.old}"}', '{"json": "{$.new}"}'],
  ])("makes %s into %s", (text, expected) => {
    expect(rename(text)).toBe(expected);
  });
  it("writes a name with blanks so that it is read again", () => {
    expect(rename("{$.old.x} {count: $.old.x}", "old", "my block")).toBe(
      "{$.my block.x} {count: $.['my block'].x}",
    );
    expect(references(rename("{count: $.old.x}", "old", "my block")).map((one) => one.name)).toEqual([
      "my block",
    ]);
  });
  it("changes names with each other in one go", () => {
    expect(
      renamed(
        "{$.a}{$.b}",
        new Map([
          ["a", "b"],
          ["b", "a"],
        ]),
      ),
    ).toBe("{$.b}{$.a}");
  });
  it("gives the same text back where nothing is meant", () => {
    const text = "a {$.b} c";
    expect(rename(text)).toBe(text);
  });
});
