import { describe, expect, it } from "vitest";
import { asText, copied, duplicated, fromText, pasted } from "./clip";
import { blockOf, chain, childAt, type Doc, inputOf, read, write } from "./document";
import { block, doc, sample } from "./samples";

function ids(): () => string {
  let number = 0;
  return () => `NEW${++number}`;
}

function blank(): Doc {
  return read({ blocks: [block("S", "StartBlock")], variables: [] });
}

const end = { parent: "S", edge: "childId" } as const;

describe("copying", () => {
  it("takes blocks with what is in their branches and nothing after them", () => {
    const clip = copied(doc(), ["IF"]);
    expect(clip.blocks.map((one) => one.id)).toEqual(["IF", "Y1", "Y2", "N1"]);
    expect(clip.blocks[0]?.["childId"]).toBeNull();
    expect(clip.variables.map((one) => one.name)).toEqual(["total"]);
  });
  it("chains several blocks in the order of reading", () => {
    const clip = copied(doc(), ["Z", "A"]);
    expect(clip.heads).toEqual(["A", "Z"]);
    expect(clip.blocks.map((one) => one["childId"] ?? null)).toEqual(["Z", null]);
  });
  it("leaves start blocks", () => {
    expect(copied(doc(), ["START"]).blocks).toEqual([]);
  });
  it("goes through text unchanged", () => {
    const clip = copied(doc(), ["IF", "LOOP"]);
    expect(fromText(asText(clip))).toEqual(clip);
  });
  it("takes no other text for blocks", () => {
    for (const text of [
      "",
      "hello",
      "{}",
      "{bad",
      '{"blocks":[]}',
      '{"blocks":[1]}',
      '{"blocks":[{"id":3,"type":"X"}]}',
      "[1]",
    ]) {
      expect(fromText(text)).toBeNull();
    }
  });
  it("takes a whole export without its start", () => {
    const clip = fromText(JSON.stringify({ name: "x", workspace: sample() }));
    expect(clip?.heads[0]).toBe("A");
    expect(clip?.blocks.some((one) => one.type === "StartBlock")).toBe(false);
    expect(clip?.variables).toHaveLength(1);
  });
});

describe("pasting", () => {
  it("gives new ids everywhere, also in gotos and unknown fields", () => {
    const clip = copied(
      read({
        blocks: [
          block("S", "StartBlock", { childId: "L" }),
          block("L", "LabelBlock", { childId: "G" }),
          block("G", "GotoBlock", { inputs: [{ id: "label", value: "L" }], strange: { ref: ["L"] } }),
        ],
      }),
      ["L", "G"],
    );
    const { doc: one, heads } = pasted(blank(), clip, end, ids());
    expect(heads).toEqual(["NEW1", "NEW2"]);
    const goto = blockOf(one, "NEW2");
    expect(goto === undefined ? null : inputOf(goto, "label")?.value).toBe("NEW1");
    expect(goto?.["strange"]).toEqual({ ref: ["NEW1"] });
  });
  it("renames what is taken, and only formulas that mean the pasted blocks", () => {
    const { doc: one, heads } = pasted(
      doc(),
      copied(doc(), ["A", "IF"]),
      { parent: "Z", edge: "childId" },
      ids(),
    );
    const [first, second] = heads.map((id) => blockOf(one, id));
    expect(first?.name).toBe("a2");
    expect(JSON.stringify(first)).toContain("{$.start.id}");
    expect(JSON.stringify(second?.["conditions"])).toContain("{$.a2.ok}");
    expect(JSON.stringify(blockOf(one, "IF"))).toContain("{$.a.ok}");
    expect(chain(one, "START").length).toBe(7);
  });
  it("carries variables into another automation", () => {
    const { doc: one } = pasted(blank(), copied(doc(), ["IF"]), end, ids());
    expect(one.variables).toEqual([{ guid: "V1", name: "total", type: "number" }]);
    expect(write(one)["variables"]).toEqual(one.variables);
  });
  it("takes a variable of the same name and type for the same", () => {
    const target = read({
      blocks: [block("S", "StartBlock")],
      variables: [{ guid: "OTHER", name: "total", type: "number" }],
    });
    const { doc: one } = pasted(target, copied(doc(), ["Y2"]), end, ids());
    expect(one.variables).toHaveLength(1);
    expect(one.blocks.at(-1)?.["variableGuid"]).toBe("OTHER");
  });
  it("gives a variable of another type a name of its own, and its blocks follow", () => {
    const target = read({
      blocks: [block("S", "StartBlock")],
      variables: [
        { guid: "V1", name: "else", type: "list" },
        { guid: "V9", name: "total", type: "list" },
      ],
    });
    const { doc: one } = pasted(target, copied(doc(), ["IF", "LOOP"]), end, ids());
    expect(one.variables.map((variable) => variable.name)).toEqual(["else", "total", "total2"]);
    expect(one.variables[2]?.guid).not.toBe("V1");
    const setting = one.blocks.find((entry) => entry.type === "VariableBlock");
    expect(setting?.["variableGuid"]).toBe(one.variables[2]?.guid);
    expect(setting?.name).toBe("total2");
    expect(JSON.stringify(one.blocks)).toContain("{$.total2}");
  });
  it("keeps connector, operation, connection and what it does not know", () => {
    const bound = block("C", "EndpointBlock", {
      datasourcetype_guid: "d-1",
      endpoint_guid: "e-1",
      endpoint_role: "list",
      loopBlockId: null,
      settings: [{ id: "datasource", value: "conn-1", structure: [] }],
      odd: { x: 1 },
    });
    const { doc: one } = pasted(blank(), copied(read({ blocks: [bound] }), ["C"]), end, ids());
    const { id: _, childId: __, ...rest } = one.blocks.at(-1) ?? block("?", "?");
    const { id: ___, ...expected } = bound;
    expect(rest).toEqual(expected);
  });
  it("puts blocks into a branch", () => {
    const { doc: one, heads } = pasted(
      doc(),
      copied(doc(), ["Z"]),
      { parent: "INNER", edge: "childFalseId" },
      ids(),
    );
    expect(childAt(one, "INNER", "childFalseId")).toBe(heads[0]);
  });
});

describe("duplicating", () => {
  it("puts the second right behind the first", () => {
    const { doc: one, heads } = duplicated(doc(), ["LOOP"], ids());
    expect(chain(one, "START")).toEqual(["START", "A", "IF", "LOOP", heads[0], "Z"]);
    const inside = chain(one, childAt(one, heads[0] ?? "", "loopBlockId"));
    expect(inside).toHaveLength(2);
    expect(JSON.stringify(blockOf(one, inside[0] ?? ""))).toContain("{$.loop2.item.id}");
  });
  it("puts several behind the last of them", () => {
    const { doc: one } = duplicated(doc(), ["A", "LOOP"], ids());
    expect(chain(one, "START").slice(0, 7)).toEqual(["START", "A", "IF", "LOOP", "NEW1", "NEW2", "Z"]);
  });
  it("is nothing without blocks", () => {
    const one = doc();
    expect(duplicated(one, []).doc).toBe(one);
  });
});
