import { describe, expect, it } from "vitest";
import { blockOf, inputOf, read } from "./document";
import {
  addVariable,
  asName,
  freeName,
  nameFrom,
  readersOf,
  removeVariable,
  renameBlock,
  renameVariable,
  retypeVariable,
  usesOf,
} from "./names";
import { block, doc } from "./samples";

describe("names of blocks", () => {
  it("takes formulas along, everywhere in the document", () => {
    const { doc: one, name } = renameBlock(doc(), "A", "fetch");
    expect(name).toBe("fetch");
    expect(inputOf(blockOf(one, "Y1") ?? block("?", "?"), "input")?.value).toBe("{$.fetch.name}");
    expect(JSON.stringify(blockOf(one, "IF")?.["conditions"])).toContain("{$.fetch.ok}");
    expect(JSON.stringify(blockOf(one, "I1"))).toContain("{$.fetch.b}");
    expect(JSON.stringify(blockOf(one, "Y2"))).toContain("{$.fetch.n}");
    expect(JSON.stringify(one.blocks)).not.toContain("$.a.");
  });
  it("leaves blocks that do not read it as they are", () => {
    const before = doc();
    const { doc: one } = renameBlock(before, "A", "fetch");
    expect(blockOf(one, "Z")).toBe(blockOf(before, "Z"));
    expect(blockOf(one, "START")).toBe(blockOf(before, "START"));
    expect(one.shape).toBe(before.shape);
  });
  it("takes a free name", () => {
    expect(renameBlock(doc(), "A", "loop").name).toBe("loop2");
    expect(renameBlock(doc(), "A", "total").name).toBe("total2");
    expect(renameBlock(doc(), "A", "a").name).toBe("a");
    expect(renameBlock(doc(), "A", " . ").name).toBe("a");
  });
  it("leaves formulas when two blocks bear the name", () => {
    const one = read({
      blocks: [
        block("A", "X", { name: "n" }),
        block("B", "X", { name: "n" }),
        block("C", "X", { inputs: [{ id: "i", value: "{$.n}" }] }),
      ],
    });
    const renamed = renameBlock(one, "A", "m").doc;
    expect(blockOf(renamed, "C")).toBe(blockOf(one, "C"));
  });
  it("does not touch code and test payloads", () => {
    const one = read({
      blocks: [
        block("A", "X", { name: "old" }),
        block("C", "CustomCodeBlock3", {
          inputs: [
            { id: "code", value: "{$.old}" },
            { id: "x", value: "{$.old}" },
          ],
        }),
      ],
    });
    const renamed = blockOf(renameBlock(one, "A", "new").doc, "C");
    expect(renamed?.inputs?.map((entry) => entry.value)).toEqual(["{$.old}", "{$.new}"]);
  });
  it("makes names that formulas can read", () => {
    expect(asName(" a.b[c]{d} 'e' ")).toBe("a b c d e");
    expect(freeName(new Set(["x", "x2"]), "x")).toBe("x3");
    expect(freeName(new Set(["x2"]), "x2")).toBe("x3");
    expect(nameFrom("List all Contacts")).toBe("listAllContacts");
    expect(nameFrom("Überprüfen – jetzt")).toBe("uberprufenJetzt");
    expect(nameFrom("日本 語")).toBe("日本語");
    expect(nameFrom("!!!")).toBe("block");
  });
});

describe("variables", () => {
  it("are added under a free name", () => {
    const one = addVariable(doc(), "loop", "list", "V2");
    expect(one.variables.at(-1)).toEqual({ guid: "V2", name: "loop2", type: "list" });
  });
  it("are renamed with the blocks that set them and the formulas that read them", () => {
    const one = renameVariable(doc(), "V1", "sum");
    expect(blockOf(one, "Y2")?.name).toBe("sum");
    expect(JSON.stringify(blockOf(one, "L1"))).toContain("{$.sum}");
    expect(one.variables[0]?.name).toBe("sum");
  });
  it("tell where they are used", () => {
    expect(usesOf(doc(), "V1")).toEqual({ sets: ["Y2"], reads: ["L1"] });
    expect(usesOf(doc(), "?")).toEqual({ sets: [], reads: [] });
    expect(readersOf(doc(), "a")).toEqual(["IF", "Y1", "Y2", "LOOP", "I1"]);
  });
  it("change their type and go", () => {
    expect(retypeVariable(doc(), "V1", "list").variables[0]?.type).toBe("list");
    expect(removeVariable(doc(), "V1").variables).toEqual([]);
    const one = doc();
    expect(removeVariable(one, "?")).toBe(one);
    expect(retypeVariable(one, "V1", "number")).toBe(one);
  });
});
