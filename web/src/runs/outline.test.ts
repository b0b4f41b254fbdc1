import { describe, expect, it } from "vitest";
import { extended, outline, visible } from "./outline";
import { itemFor, itemPath, loopBodies } from "./places";

const block = (id: string, more: Record<string, unknown> = {}) => ({
  id,
  type: "ShowBlock",
  name: id,
  ...more,
});

const nested = {
  blocks: [
    block("start", { type: "StartBlock", childId: "loop" }),
    block("loop", { type: "ForEachBlock", loopBlockId: "a", childId: "end" }),
    block("a", { childId: "if" }),
    block("if", { type: "IfElseBlock", childTrueId: "yes", childFalseId: "no", childId: "after" }),
    block("yes"),
    block("no", { type: "ForEachBlock", loopBlockId: "deep" }),
    block("deep"),
    block("after"),
    block("end"),
    block("label", { type: "LabelBlock" }),
  ],
};

describe("outline", () => {
  it("nests branches and loops, in the order in which blocks run", () => {
    const rows = outline(nested);
    expect(rows.map((row) => `${"  ".repeat(row.depth)}${row.branch ?? ""}:${row.id}`)).toEqual([
      ":start",
      ":loop",
      "  loop:a",
      "  :if",
      "    then:yes",
      "    else:no",
      "      loop:deep",
      "  :after",
      ":end",
      ":label",
    ]);
    expect(rows.find((row) => row.id === "deep")?.loops).toEqual(["loop", "no"]);
    expect(rows.find((row) => row.id === "loop")?.below).toBe(6);
    expect(rows.find((row) => row.id === "if")).toMatchObject({ position: 2, siblings: 3, hasBody: true });
  });
  it("hides what is inside of closed rows", () => {
    expect(visible(outline(nested), new Set(["loop"])).map((row) => row.id)).toEqual([
      "start",
      "loop",
      "end",
      "label",
    ]);
  });
  it("reads documents that are broken", () => {
    expect(outline(null)).toEqual([]);
    expect(
      outline({ blocks: [null, 1, { id: 5 }, block("a", { childId: "gone" })] }).map((row) => row.id),
    ).toEqual(["a"]);
    const circle = { blocks: [block("a", { childId: "b" }), block("b", { childId: "a" })] };
    expect(outline(circle).map((row) => row.id)).toEqual(["a", "b"]);
  });
  it("names the cases of a choice", () => {
    const rows = outline({
      blocks: [
        block("c", {
          type: "CaseBlock",
          statementChildrenIds: ["x", null, "y"],
          statements: [{ value: "red" }, {}, {}],
          defaultChildId: "z",
        }),
        block("x"),
        block("y"),
        block("z"),
      ],
    });
    expect(rows.map((row) => row.branch)).toEqual([
      null,
      { case: 1, words: "red" },
      { case: 3, words: "" },
      "default",
    ]);
  });
  it("takes blocks that only the run knows", () => {
    const rows = extended(outline(nested), [
      { blockId: "a", displayName: "A", type: "X" },
      { blockId: "old", displayName: "Old one", type: "X" },
    ]);
    expect(rows.at(-1)).toMatchObject({ id: "old", name: "Old one", depth: 0 });
    expect(rows.filter((row) => row.id === "a")).toHaveLength(1);
  });
  it("is fast for thousands of blocks", () => {
    const blocks = Array.from({ length: 20_000 }, (_, at) => block(`b${at}`, { childId: `b${at + 1}` }));
    expect(outline({ blocks })).toHaveLength(20_000);
  });
});

describe("places", () => {
  const rows = outline(nested);
  const keys: Record<string, string> = { loop: "b1", no: "b5" };
  const at = (id: string) => rows.find((row) => row.id === id) ?? expect.fail(id);
  it("keeps as much of an item as lies around another block", () => {
    expect(itemFor(at("after"), "b1.7/b5.2", (id) => keys[id])).toBe("b1.7");
    expect(itemFor(at("deep"), "b1.7/b5~2.2", (id) => keys[id])).toBe("b1.7/b5~2.2");
    expect(itemFor(at("end"), "b1.7", (id) => keys[id])).toBe("");
    expect(itemFor(at("a"), "b9.7", (id) => keys[id])).toBe("");
  });
  it("makes paths of items", () => {
    expect(itemPath("", "b1", 7)).toBe("b1.7");
    expect(itemPath("b1.7", "b5", 0)).toBe("b1.7/b5.0");
  });
  it("knows the first block of each loop", () => {
    expect([...loopBodies(rows)]).toEqual([
      ["loop", "a"],
      ["no", "deep"],
    ]);
  });
});
