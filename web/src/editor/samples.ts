/** Documents for the tests of this folder. */
import { type Block, type Doc, read } from "./document";

export function block(id: string, type: string, more: Record<string, unknown> = {}): Block {
  return {
    id,
    type,
    disabled: false,
    name: id.toLowerCase(),
    displayName: id,
    comment: "",
    inputs: [],
    settings: [],
    ...more,
  } as Block;
}

/** START → A → IF(yes: Y1 → Y2, no: N1) → LOOP(each: L1 → INNER(yes: I1)) → Z, a label apart, and a variable. */
export function sample(): Record<string, unknown> {
  return {
    blocks: [
      block("START", "StartBlock", {
        childId: "A",
        inputs: [{ id: "run_mode", value: "manual", type: "select", structure: {} }],
      }),
      block("A", "CallUrlBlock", {
        childId: "IF",
        inputs: [{ id: "url", value: "https://x.test/{$.start.id}", type: "string", structure: [] }],
      }),
      block("IF", "IfElseBlock", {
        childId: "LOOP",
        childTrueId: "Y1",
        childFalseId: "N1",
        conditions: { mode: "all", conditions: [{ input1: "{$.a.ok}", input2: "1", operator: "=" }] },
      }),
      block("Y1", "ShowBlock", { childId: "Y2", inputs: [{ id: "input", value: "{$.a.name}" }] }),
      block("Y2", "VariableBlock", {
        childId: null,
        name: "total",
        variableGuid: "V1",
        operations: [{ id: "add", key: "x", value: "{$.a.n}" }],
      }),
      block("N1", "GotoBlock", { inputs: [{ id: "label", value: "LABEL" }] }),
      block("LOOP", "ForEachBlock", {
        childId: "Z",
        loopBlockId: "L1",
        inputs: [{ id: "input", value: "{$.a.items}" }],
      }),
      block("L1", "ShowBlock", {
        childId: "INNER",
        inputs: [{ id: "input", value: "{$.loop.item.id} {$.total}" }],
      }),
      block("INNER", "IfElseBlock", { childTrueId: "I1", childFalseId: null }),
      block("I1", "MysteryBlock", { oddField: { deep: [1, "{$.a.b}"] }, childId: null }),
      block("Z", "StopBlock", {}),
      block("LABEL", "LabelBlock", { childId: "AFTER" }),
      block("AFTER", "ShowBlock", { inputs: [{ id: "input", value: "after" }] }),
    ],
    variables: [{ guid: "V1", name: "total", type: "number" }],
    futureField: { kept: true },
  };
}

export function doc(): Doc {
  return read(sample());
}

/** A main chain of `count` blocks with a condition or loop at every seventh place. */
export function long(count: number): Record<string, unknown> {
  const blocks: Block[] = [block("B0", "StartBlock", { childId: "B1" })];
  for (let at = 1; at < count; at += 1) {
    const next = at + 1 < count ? `B${at + 1}` : null;
    const kind = at % 7 === 0 ? "ForEachBlock" : "ShowBlock";
    const inside = kind === "ForEachBlock" && at + 2 < count;
    blocks.push(
      block(`B${at}`, kind, {
        childId: inside ? `B${at + 2}` : at % 7 === 1 && at > 7 ? null : next,
        ...(inside ? { loopBlockId: `B${at + 1}` } : {}),
        inputs: [{ id: "input", value: `{$.b${at - 1}.value}`, type: "string", structure: [] }],
      }),
    );
  }
  return { blocks, variables: [] };
}

/** Numbers that look random and are the same in every run. */
export function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0 || 1;
  return (sides) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % sides;
  };
}
