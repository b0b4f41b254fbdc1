import { describe, expect, it } from "vitest";
import {
  below,
  blockOf,
  branches,
  chain,
  childAt,
  type Doc,
  holderOf,
  placeOf,
  read,
  target,
  withInput,
  write,
} from "./document";
import {
  addCase,
  insert,
  mayMove,
  move,
  moveCase,
  remove,
  removeCase,
  setComment,
  setDisabled,
  shift,
  topmost,
  update,
  withFolded,
} from "./edits";
import { rowsOf, search } from "./rows";
import { block, dice, doc, long, sample } from "./samples";

function outline(one: Doc): string {
  return rowsOf(one, new Set())
    .map((row) => "  ".repeat(row.depth) + (row.kind === "block" ? row.id : `[${row.edge}]`))
    .join("\n");
}

/** Each block once in the tree, edges and places agreeing. */
function sound(one: Doc): void {
  const seen = rowsOf(one, new Set()).flatMap((row) => (row.kind === "block" ? [row.id] : []));
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length).toBe(one.blocks.length);
  expect(read(write(one)).shape).toEqual(one.shape);
}

describe("reading and writing", () => {
  it("gives back what it was given, field for field", () => {
    expect(JSON.stringify(write(doc()))).toBe(JSON.stringify(sample()));
  });
  it("adds no field to an empty workspace", () => {
    expect(write(read({}))).toEqual({});
    expect(write(read({ variables: [], blocks: [] }))).toEqual({ variables: [], blocks: [] });
    expect(Object.keys(write(read({ variables: [], blocks: [] })))).toEqual(["variables", "blocks"]);
  });
  it("reads what is no workspace as an empty one", () => {
    for (const value of [null, 3, [], "x", { blocks: 1 }]) expect(read(value).blocks).toEqual([]);
  });
  it("shows all blocks as a tree", () => {
    expect(outline(doc())).toMatchInlineSnapshot(`
      "START
      A
      IF
        [childTrueId]
          Y1
          Y2
        [childFalseId]
          N1
      LOOP
        [loopBlockId]
          L1
          INNER
            [childTrueId]
              I1
            [childFalseId]
      Z
      LABEL
      AFTER"
    `);
  });
  it("finds place, holder and what is below", () => {
    const one = doc();
    expect(placeOf(one, "Y2")).toEqual({ parent: "Y1", edge: "childId" });
    expect(holderOf(one, "Y2")).toEqual({ parent: "IF", edge: "childTrueId" });
    expect(holderOf(one, "Z")).toBeNull();
    expect(below(one, "LOOP")).toEqual(["LOOP", "L1", "INNER", "I1"]);
    expect(chain(one, "Y1")).toEqual(["Y1", "Y2"]);
  });
  it("survives circles, dangling ids and two parents", () => {
    const one = read({
      blocks: [
        block("S", "StartBlock", { childId: "GONE" }),
        block("A", "ShowBlock", { childId: "B" }),
        block("B", "ShowBlock", { childId: "A" }),
        block("C", "ShowBlock", { childId: "C" }),
        block("D", "IfElseBlock", { childTrueId: "E", childFalseId: "E" }),
        block("E", "ShowBlock"),
      ],
    });
    sound(one);
    expect(childAt(one, "D", "childFalseId")).toBeNull();
  });
  it("shows the branches that a block may have and those that an unknown one has", () => {
    expect(branches(block("X", "EndpointBlock", { endpoint_role: "list" }))).toEqual(["loopBlockId"]);
    expect(branches(block("X", "EndpointBlock", { endpoint_role: "create" }))).toEqual([]);
    expect(branches(block("X", "Odd", { tryChildId: "Y" }))).toEqual(["tryChildId"]);
    expect(branches(block("X", "TryBlock"))).toEqual(["tryChildId", "catchChildId"]);
    expect(
      branches(block("X", "CaseBlock", { statements: ["a", "b"], statementChildrenIds: ["Y"] })),
    ).toEqual(["statementChildrenIds.0", "statementChildrenIds.1", "defaultChildId"]);
  });
});

describe("editing one block", () => {
  it("touches that block only", () => {
    const one = doc();
    const other = update(one, "Y1", (old) => withInput(old, "input", { value: "new" }));
    expect(other.shape).toBe(one.shape);
    const changed = other.blocks.filter((entry, at) => entry !== one.blocks[at]);
    expect(changed.map((entry) => entry.id)).toEqual(["Y1"]);
  });
  it("is nothing when the value is the same", () => {
    const one = doc();
    expect(update(one, "Y1", (old) => withInput(old, "input", { value: "{$.a.name}" }))).toBe(one);
    expect(setComment(one, "A", "")).toBe(one);
    expect(setDisabled(one, ["A"], false)).toBe(one);
  });
  it("keeps the other fields of an input and takes away what is undefined", () => {
    const one = withInput(block("X", "Y", { inputs: [{ id: "a", value: 1, structure: [], odd: 2 }] }), "a", {
      value: 3,
      odd: undefined,
    });
    expect(one.inputs).toEqual([{ id: "a", value: 3, structure: [] }]);
  });
  it("adds an input that was missing", () => {
    expect(withInput(block("X", "Y"), "a", { value: 3 }).inputs).toEqual([{ id: "a", value: 3 }]);
  });
});

describe("inserting", () => {
  it("puts blocks behind another and keeps what followed", () => {
    const one = insert(doc(), { parent: "A", edge: "childId" }, [block("N", "ShowBlock")], ["N"]);
    expect(chain(one, "START")).toEqual(["START", "A", "N", "IF", "LOOP", "Z"]);
    sound(one);
  });
  it("puts blocks at the head of a branch", () => {
    const one = insert(
      doc(),
      { parent: "IF", edge: "childTrueId" },
      [block("N", "ShowBlock"), block("M", "ShowBlock")],
      ["N", "M"],
    );
    expect(chain(one, childAt(one, "IF", "childTrueId"))).toEqual(["N", "M", "Y1", "Y2"]);
    sound(one);
  });
  it("fills a case that has no block yet", () => {
    let one = insert(
      doc(),
      { parent: "Z", edge: "childId" },
      [block("C", "CaseBlock", { statements: ["x", "y"] })],
      ["C"],
    );
    one = insert(one, { parent: "C", edge: "statementChildrenIds.1" }, [block("N", "ShowBlock")], ["N"]);
    expect(blockOf(one, "C")?.["statementChildrenIds"]).toEqual([null, "N"]);
    sound(one);
  });
  it("is nothing where the parent is gone", () => {
    const one = doc();
    expect(insert(one, { parent: "?", edge: "childId" }, [block("N", "ShowBlock")], ["N"])).toBe(one);
  });
});

describe("removing", () => {
  it("takes a block with its branches and closes the chain", () => {
    const one = remove(doc(), ["IF"]);
    expect(chain(one, "START")).toEqual(["START", "A", "LOOP", "Z"]);
    expect(one.blocks.map((entry) => entry.id)).not.toContain("Y1");
    sound(one);
  });
  it("can leave what was in the branches in its place", () => {
    const one = remove(doc(), ["IF"], "lift");
    expect(chain(one, "START")).toEqual(["START", "A", "Y1", "Y2", "N1", "LOOP", "Z"]);
    sound(one);
  });
  it("can take all that follows", () => {
    const one = remove(doc(), ["IF"], "after");
    expect(outline(one)).toBe("START\nA\nLABEL\nAFTER");
    sound(one);
  });
  it("takes several, also those inside of each other", () => {
    const one = remove(doc(), ["LOOP", "L1", "A"]);
    expect(chain(one, "START")).toEqual(["START", "IF", "Z"]);
    sound(one);
  });
  it("leaves the edge field that the document had", () => {
    expect(blockOf(remove(doc(), ["I1"]), "INNER")).toHaveProperty("childTrueId", null);
  });
});

describe("moving", () => {
  it("moves a block with its branches", () => {
    const one = move(doc(), ["LOOP"], { parent: "START", edge: "childId" });
    expect(chain(one, "START")).toEqual(["START", "LOOP", "A", "IF", "Z"]);
    expect(below(one, "LOOP")).toEqual(["LOOP", "L1", "INNER", "I1"]);
    sound(one);
  });
  it("never moves into itself", () => {
    const one = doc();
    expect(move(one, ["LOOP"], { parent: "LOOP", edge: "loopBlockId" })).toBe(one);
    expect(move(one, ["LOOP"], { parent: "I1", edge: "childId" })).toBe(one);
    expect(mayMove(one, ["LOOP"], { parent: "I1", edge: "childId" })).toBe(false);
  });
  it("leaves start blocks where they are", () => {
    expect(mayMove(doc(), ["START"], { parent: "Z", edge: "childId" })).toBe(false);
  });
  it("is nothing when it goes behind itself or stays", () => {
    expect(outline(move(doc(), ["A"], { parent: "A", edge: "childId" }))).toBe(outline(doc()));
    expect(outline(move(doc(), ["IF"], { parent: "A", edge: "childId" }))).toBe(outline(doc()));
  });
  it("moves several in the order of reading, neighbours too", () => {
    const one = move(doc(), ["LOOP", "A", "IF"], { parent: "Z", edge: "childId" });
    expect(chain(one, "START")).toEqual(["START", "Z", "A", "IF", "LOOP"]);
    sound(one);
  });
  it("moves several behind one of them", () => {
    const one = move(doc(), ["A", "LOOP"], { parent: "LOOP", edge: "childId" });
    expect(chain(one, "START")).toEqual(["START", "IF", "A", "LOOP", "Z"]);
    sound(one);
  });
  it("moves a label and all in its chain stays", () => {
    const one = move(doc(), ["LABEL"], { parent: "Z", edge: "childId" });
    expect(one.shape.roots).toEqual(["START", "AFTER"]);
    sound(one);
  });
  it("keeps the order of the list of blocks", () => {
    const one = move(doc(), ["Z"], { parent: "START", edge: "childId" });
    expect(one.blocks.map((entry) => entry.id)).toEqual(doc().blocks.map((entry) => entry.id));
  });
  it("knows the topmost of a selection", () => {
    expect(topmost(doc(), ["I1", "Z", "LOOP", "Y1"])).toEqual(["Y1", "LOOP", "Z"]);
  });
});

describe("moving by the keyboard", () => {
  const moved = (id: string, ...ways: ("up" | "down" | "in" | "out")[]) =>
    ways.reduce((one, way) => shift(one, id, way), doc());
  it("goes up past the block before", () => {
    expect(chain(moved("LOOP", "up"), "START")).toEqual(["START", "A", "LOOP", "IF", "Z"]);
  });
  it("does not go above the start", () => {
    expect(outline(moved("A", "up"))).toBe(outline(doc()));
  });
  it("goes from branch to branch and out of them", () => {
    expect(holderOf(moved("Y2", "down"), "Y2")).toEqual({ parent: "IF", edge: "childFalseId" });
    expect(chain(moved("Y2", "down", "down", "down"), "START")).toEqual([
      "START",
      "A",
      "IF",
      "Y2",
      "LOOP",
      "Z",
    ]);
    expect(chain(moved("Y1", "up"), "START")).toEqual(["START", "A", "Y1", "IF", "LOOP", "Z"]);
    expect(holderOf(moved("N1", "up"), "N1")).toEqual({ parent: "IF", edge: "childTrueId" });
  });
  it("goes into the block before it and out again", () => {
    const inside = moved("Z", "in");
    expect(placeOf(inside, "Z")).toEqual({ parent: "INNER", edge: "childId" });
    expect(outline(moved("Z", "in", "out"))).toBe(outline(doc()));
  });
  it("does nothing where it cannot", () => {
    expect(outline(moved("IF", "in"))).toBe(outline(doc()));
    expect(outline(moved("Z", "out"))).toBe(outline(doc()));
  });
});

describe("cases", () => {
  const cases = () =>
    read({
      blocks: [
        block("S", "StartBlock", { childId: "C" }),
        block("C", "CaseBlock", {
          statements: ["a", "b"],
          statementChildrenIds: ["X", "Y"],
          defaultChildId: "D",
        }),
        ...["X", "Y", "D"].map((id) => block(id, "ShowBlock")),
      ],
    });
  it("are added with an empty branch", () => {
    const one = addCase(cases(), "C", "c");
    expect(blockOf(one, "C")).toMatchObject({
      statements: ["a", "b", "c"],
      statementChildrenIds: ["X", "Y", null],
    });
    sound(one);
  });
  it("are removed with what hangs in them", () => {
    const one = removeCase(cases(), "C", 0);
    expect(blockOf(one, "C")).toMatchObject({
      statements: ["b"],
      statementChildrenIds: ["Y"],
      defaultChildId: "D",
    });
    expect(blockOf(one, "X")).toBeUndefined();
    sound(one);
  });
  it("change places with their branches", () => {
    const one = moveCase(cases(), "C", 1, 0);
    expect(blockOf(one, "C")).toMatchObject({ statements: ["b", "a"], statementChildrenIds: ["Y", "X"] });
    expect(outline(one).indexOf("Y")).toBeLessThan(outline(one).indexOf("X"));
    sound(one);
  });
});

describe("folding", () => {
  it("is written in the field of the original product, and read back", () => {
    const one = withFolded(doc(), new Set(["IF"]));
    expect(blockOf(one, "IF")?.["collapsed"]).toEqual([{ name: "loop", isCollapsed: true }]);
    expect(blockOf(one, "LOOP")).not.toHaveProperty("collapsed");
    expect(withFolded(one, new Set(["IF"]))).toBe(one);
  });
  it("hides what is inside", () => {
    const shown = rowsOf(doc(), new Set(["IF", "LOOP"])).map((row) => row.key);
    expect(shown).toEqual(["START", "A", "IF", "LOOP", "Z", "LABEL", "AFTER"]);
  });
});

describe("search", () => {
  it("looks into names, comments, inputs and conditions", () => {
    expect(search(doc(), "x.test")).toEqual(["A"]);
    expect(search(doc(), "$.A.OK")).toEqual(["IF"]);
    expect(search(setComment(doc(), "Z", "The very end"), "end very")).toEqual(["Z"]);
    expect(search(doc(), "  ")).toEqual([]);
  });
});

describe("any sequence of edits", () => {
  const edges = ["childId", "childTrueId", "childFalseId", "loopBlockId"] as const;
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("leaves a sound tree (seed %i)", (seed) => {
    const roll = dice(seed * 7919);
    let one = seed % 2 === 0 ? doc() : read(long(40));
    const untouched = new Set<string>();
    for (let step = 0; step < 120; step += 1) {
      const ids = one.blocks.map((entry) => entry.id);
      const any = () => ids[roll(ids.length)] ?? "";
      const parent = any();
      const possible = edges.filter(
        (edge) => edge === "childId" || branches(blockOf(one, parent) ?? block("?", "?")).includes(edge),
      );
      const spot = { parent, edge: possible[roll(possible.length)] ?? "childId" };
      const id = any();
      const before = one;
      if (roll(6) < 2)
        one = insert(
          one,
          spot,
          [block(`NEW${step}`, roll(2) === 0 ? "IfElseBlock" : "ShowBlock")],
          [`NEW${step}`],
        );
      else if (roll(4) === 0 && ids.length > 8 && blockOf(one, id)?.type !== "StartBlock") {
        one = remove(one, [id], roll(2) === 0 ? "lift" : "inside");
      } else if (roll(2) === 0) one = move(one, [id, any()], spot);
      else one = shift(one, id, (["up", "down", "in", "out"] as const)[roll(4)] ?? "up");
      sound(one);
      if (one.blocks.length >= before.blocks.length) {
        for (const entry of before.blocks)
          expect(blockOf(one, entry.id), `${entry.id} is lost in step ${step}`).toBeDefined();
      }
      untouched.add(id);
    }
    const starts = one.blocks.filter((entry) => entry.type === "StartBlock");
    expect(starts).toHaveLength(1);
    expect(target(starts[0] ?? block("?", "?"), "childId") ?? null).toBe(
      childAt(one, starts[0]?.id ?? "", "childId"),
    );
  });
  it("shares what it did not touch", () => {
    const one = read(long(1000));
    const other = move(one, ["B500"], { parent: "B10", edge: "childId" });
    const changed = other.blocks.filter((entry, at) => entry !== one.blocks[at]);
    expect(changed.length).toBeLessThanOrEqual(3);
  });
});
