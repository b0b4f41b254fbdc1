import { describe, expect, it } from "vitest";
import { dayName, withDay } from "./days";
import { isRecord, jsonIn } from "./json";
import { cellOf, columnsOf } from "./records";

describe("JSON", () => {
  it("is read only where a text is an object or a list", () => {
    expect(jsonIn(' {"a":1}')).toEqual({ a: 1 });
    expect(jsonIn("[]")).toEqual([]);
    for (const other of ["12", "{oops", '{"a":', "<html>", ""]) expect(jsonIn(other)).toBeUndefined();
  });

  it("tells records from lists and nothing", () => {
    expect([{}, [], null, "x", 1].map(isRecord)).toEqual([true, false, false, false, false]);
  });
});

describe("records", () => {
  it("have what most of them have as their first columns", () => {
    const most = { a: 1, b: 1 };
    expect(columnsOf([{ a: 1, rare: 1, b: 1 }, most, most])).toEqual(["a", "b", "rare"]);
    expect(columnsOf([{ b: 1, a: 2 }, { c: 3 }])).toEqual(["b", "a", "c"]);
    expect(columnsOf([1, null, [2]])).toEqual([]);
  });

  it("have cells of their own only", () => {
    expect(cellOf({ a: 1 }, "a")).toBe(1);
    expect([cellOf({}, "toString"), cellOf([1], "0"), cellOf(null, "a")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

it("days have names and an order", () => {
  expect([dayName("MO", "en", "long"), dayName("SU", "nl", "short")]).toEqual(["Monday", "zo"]);
  expect(withDay(["SU", "MO"], "WE", true)).toEqual(["MO", "WE", "SU"]);
  expect(withDay(["MO", "SU"], "MO", false)).toEqual(["SU"]);
});
