import { describe, expect, it } from "vitest";
import { reused } from "./hooks";
import { commandOf } from "./keys";
import { dropAt, placesAfter } from "./places";
import { type Row, rowsOf } from "./rows";
import { doc } from "./samples";

const rows = () => rowsOf(doc(), new Set());
const row = (key: string) => rows().find((one) => one.key === key) as Row;
const spots = (key: string) =>
  placesAfter(doc(), row(key)).map(({ spot, depth }) => `${spot.parent}.${spot.edge}@${depth}`);

describe("places to drop at", () => {
  it("are after a block, and further out where its chain ends", () => {
    expect(spots("A")).toEqual(["A.childId@0"]);
    expect(spots("I1")).toEqual(["I1.childId@4"]);
    expect(spots("N1")).toEqual(["N1.childId@2", "IF.childId@0"]);
    expect(spots("INNER/childFalseId")).toEqual(["INNER.childFalseId@4"]);
  });
  it("are at the head of the first branch of an open block", () => {
    expect(spots("IF")).toEqual(["IF.childTrueId@2"]);
    const folded = rowsOf(doc(), new Set(["IF"])).find((one) => one.key === "IF") as Row;
    expect(placesAfter(doc(), folded)).toEqual([{ spot: { parent: "IF", edge: "childId" }, depth: 0 }]);
  });
  it("follow the pointer: its height and how far out it is", () => {
    const at = (key: string) => rows().findIndex((one) => one.key === key) + 1;
    expect(dropAt(doc(), rows(), at("N1") * 40, 200, 40, 22)?.drop.spot.parent).toBe("N1");
    expect(dropAt(doc(), rows(), at("N1") * 40, 5, 40, 22)?.drop.spot).toEqual({
      parent: "IF",
      edge: "childId",
    });
    expect(dropAt(doc(), rows(), 0, 5, 40, 22)).toBeNull();
    expect(dropAt(doc(), rows(), 99_999, 5, 40, 22)?.drop.spot.parent).toBe("AFTER");
  });
});

describe("keys", () => {
  const press = (
    key: string,
    more: Partial<Record<"altKey" | "ctrlKey" | "metaKey" | "shiftKey", boolean>> = {},
  ) => commandOf({ key, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, ...more });
  it("mean what the list of shortcuts says", () => {
    expect(press("ArrowUp", { altKey: true })).toBe("moveUp");
    expect(press("d")).toBe("disable");
    expect(press("d", { ctrlKey: true })).toBe("duplicate");
    expect(press("A", { metaKey: true })).toBe("selectAll");
    expect(press("F10", { shiftKey: true })).toBe("menu");
    expect(press("c", { ctrlKey: true })).toBeUndefined();
    expect(press("F10")).toBeUndefined();
  });
});

describe("rows that stay", () => {
  it("are the same objects, so that they are not drawn again", () => {
    const before = rows();
    const after = rowsOf(doc(), new Set(["LOOP"]));
    const kept = reused(before, after);
    expect(kept.find((one) => one.key === "A")).toBe(before.find((one) => one.key === "A"));
    expect(kept.find((one) => one.key === "LOOP")).not.toBe(before.find((one) => one.key === "LOOP"));
    expect(kept).toEqual(after);
    expect(reused(undefined, after)).toBe(after);
  });
});
