import { describe, expect, it } from "vitest";
import { linear, lineParts, shownLabels, stacked, ticks } from "./scale";

describe("ticks", () => {
  it("are round, begin at 0 and reach the largest value", () => {
    expect(ticks(100)).toEqual([0, 25, 50, 75, 100]);
    expect(ticks(7)).toEqual([0, 2, 4, 6, 8]);
    expect(ticks(0.3)).toEqual([0, 0.1, 0.2, 0.3]);
    for (const most of [1, 3, 9.99, 17, 250, 12_345, 1e9]) {
      const found = ticks(most);
      expect(found[0]).toBe(0);
      expect(found.at(-1)).toBeGreaterThanOrEqual(most);
      expect(found.length).toBeLessThanOrEqual(6);
    }
  });
  it("are whole numbers where things are counted", () => {
    expect(ticks(1, 4, true)).toEqual([0, 1]);
    expect(ticks(3, 4, true)).toEqual([0, 1, 2, 3]);
    expect(ticks(10, 4, true).every(Number.isInteger)).toBe(true);
  });
  it("have something to show where there is nothing", () => {
    expect(ticks(0)).toEqual([0, 1]);
    expect(ticks(Number.NaN)).toEqual([0, 1]);
    expect(ticks(Number.POSITIVE_INFINITY)).toEqual([0, 1]);
  });
});

it("a scale without width puts everything in the middle", () => {
  expect(linear(0, 10, 200)(5)).toBe(100);
  expect(linear(3, 3, 200)(3)).toBe(100);
});

it("labels are left out evenly where there is no room", () => {
  expect(shownLabels(5, 10)).toEqual([0, 1, 2, 3, 4]);
  expect(shownLabels(24, 6)).toEqual([0, 4, 8, 12, 16, 20]);
  expect(shownLabels(0, 6)).toEqual([]);
  expect(shownLabels(3, 0)).toEqual([0]);
});

it("a line breaks where nothing was measured", () => {
  expect(lineParts([[0, 1], null, null, [3, 1], [4, 2], null])).toEqual([
    [[0, 1]],
    [
      [3, 1],
      [4, 2],
    ],
  ]);
  expect(lineParts([null])).toEqual([]);
});

it("parts of a bar lie on top of each other", () => {
  expect(stacked([2, 0, 3])).toEqual([
    { from: 0, to: 2 },
    { from: 2, to: 2 },
    { from: 2, to: 5 },
  ]);
});
