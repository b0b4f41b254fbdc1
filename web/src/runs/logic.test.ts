import { describe, expect, it } from "vitest";
import { counted, grouped, pieces } from "./diff";
import { chartStretch, filtersOf, scim, stretch, withFilters } from "./filters";
import { rootOf } from "./paths";
import { possible } from "./useActions";
import { aroundOf, hasMasked, itemsOf, otherItem, recordsOf } from "./values";

describe("filters", () => {
  const at = new Date("2026-11-23T10:20:30Z");
  it("come from the address and go back to it", () => {
    const query = new URLSearchParams("status=failed&range=day&error=no%20%22way%22&automation=x");
    const filters = filtersOf(query);
    expect(filters).toMatchObject({ status: "failed", range: "day", error: 'no "way"', automation: "x" });
    expect(withFilters(query, { status: "", range: "hour" }).toString()).toBe(
      "range=hour&error=no+%22way%22&automation=x",
    );
    expect(filtersOf(new URLSearchParams("status=nonsense&range=never&from=gibberish"))).toMatchObject({
      status: "",
      range: "own",
      from: "",
    });
  });
  it("become an expression", () => {
    expect(scim(filtersOf(new URLSearchParams("range=all")), at)).toBeUndefined();
    expect(scim(filtersOf(new URLSearchParams('range=day&status=running&title=a"b')), at)).toBe(
      '(status eq "running" or status eq "starting" or status eq "must stop") and startTime ge "2026-11-22T10:20:00.000Z" and title co "a\\"b"',
    );
  });
  it("give the charts a step with few points", () => {
    const step = (query: string) => chartStretch(filtersOf(new URLSearchParams(query)), at).step;
    expect(["range=hour", "range=day", "range=week", "range=all"].map(step)).toEqual([
      "hour",
      "hour",
      "day",
      "day",
    ]);
    const long = chartStretch(filtersOf(new URLSearchParams("from=2001-01-01T00:00:00Z")), at);
    expect((long.to.getTime() - long.from.getTime()) / 86_400_000).toBeLessThan(800);
    const backwards = chartStretch(
      filtersOf(new URLSearchParams("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z")),
      at,
    );
    expect(backwards.from < backwards.to).toBe(true);
    expect(stretch(filtersOf(new URLSearchParams("from=2026-01-01T00:00:00Z")), at).from?.toISOString()).toBe(
      "2026-01-01T00:00:00.000Z",
    );
  });
  it("know more where all automations are listed", () => {
    const filters = filtersOf(new URLSearchParams("range=all&automation=x&error=call-refused&tests=no"));
    expect(scim(filters, at)).toBeUndefined();
    expect(scim(filters, at, true)).toBe(
      'automationId eq "x" and errorCode eq "call-refused" and isTestRun eq false',
    );
  });
});

describe("a comparison", () => {
  const change = (kind: string, blockId: string, block: string, more: object = {}) => ({
    kind,
    blockId,
    block,
    field: "",
    old: null,
    new: null,
    text: "",
    ...more,
  });
  it("is told block by block", () => {
    const groups = grouped(
      [
        change("removed", "a", "A", { old: "at the beginning" }),
        change("changed", "b", "B", { field: "input Url", old: "1", new: "2" }),
        change("moved", "b", "B", { old: "x", new: "y" }),
        change("layout", "c", "C"),
        change("variable-added", "", "total", { new: "number" }),
        change("changed", "", "", { field: "timezone" }),
      ],
      false,
    );
    expect(groups.map((group) => [group.kind, group.name, group.fates.join(), group.place])).toEqual([
      ["block", "A", "removed", "at the beginning"],
      ["block", "B", "moved,changed", ""],
      ["variable", "total", "added", "number"],
      ["document", "", "changed", ""],
    ]);
    expect(groups[2]?.changes).toEqual([]);
    expect(counted(groups)).toMatchObject({ added: 1, removed: 1, moved: 1, changed: 1 });
  });
  it("marks what differs, and formulas", () => {
    const [old, now] = pieces("Dear {$.a.name}, hello", "Dear {$.b.name}, hello");
    expect(old.filter((piece) => piece.differs)).toEqual([{ text: "a", formula: true, differs: true }]);
    expect(now.filter((piece) => piece.differs)).toEqual([{ text: "b", formula: true, differs: true }]);
    expect(old.map((piece) => piece.text).join("")).toBe("Dear {$.a.name}, hello");
    expect(pieces("", "x")[0]).toEqual([]);
    expect(
      pieces("👩‍👩‍👧 مرحبا", "👩‍👩‍👧 x")[0]
        .map((piece) => piece.text)
        .join(""),
    ).toBe("👩‍👩‍👧 مرحبا");
  });
});

describe("values", () => {
  it("finds records in an answer", () => {
    expect(recordsOf([{ a: 1 }])).toHaveLength(1);
    expect(recordsOf({ page: 1, items: [{ a: 1 }, { b: 2 }] })).toHaveLength(2);
    expect(recordsOf({ one: [{ a: 1 }], two: [{ a: 1 }] })).toBeNull();
    expect(recordsOf([1, 2])).toBeNull();
    expect(recordsOf([])).toBeNull();
  });
  it("knows places in loops", () => {
    expect(aroundOf("b2.37/b4~2.1/b5")).toBe("b2.37/b4~2.1");
    expect(aroundOf("b5")).toBe("");
    expect(itemsOf("b2.37/b4~2.1")).toEqual([
      { path: "b2.37", index: 37 },
      { path: "b2.37/b4~2.1", index: 1 },
    ]);
    expect(otherItem("b2.37/b4~2.1", 5)).toBe("b2.37/b4~2.5");
  });
  it("sees masked secrets", () => {
    expect(hasMasked({ a: [{ key: "***" }] })).toBe(true);
    expect(hasMasked({ a: null, b: "fine" })).toBe(false);
  });
});

it("addresses begin where the studio does", () => {
  expect(rootOf("/studio/automations")).toBe("/studio");
  expect(rootOf("/studio/runs")).toBe("/studio");
  expect(rootOf("/embed/acme/automations/x")).toBe("/embed/acme");
  expect(rootOf("/studio")).toBe("/studio");
});

it("actions fit the state of the run", () => {
  expect(possible("running")).toEqual({ stop: true, pause: true, resume: false, retry: false });
  expect(possible("paused")).toEqual({ stop: true, pause: false, resume: true, retry: false });
  expect(possible("failed")).toMatchObject({ stop: false, retry: true });
  expect(possible("finished")).toEqual({ stop: false, pause: false, resume: false, retry: false });
});
