import { type Block, below, blockOf, type Doc, inputOf, nameOf, placeOf, titleOf } from "../document";
import type { Datum } from "./data";

/** A name that formulas of a block can read. */
export type Named = Omit<Datum, "value" | "source"> & {
  /** The block that gives the items is this one itself (filters, mappings). */
  readonly self?: true;
};

const SILENT = new Set([
  "IfElseBlock",
  "CaseBlock",
  "LabelBlock",
  "GotoBlock",
  "StopBlock",
  "ErrorBlock",
  "SleepBlock",
  "ForEachBreakBlock",
  "VariableBlock",
  "RedirectBlock",
  "UpdateJobBlock",
]);

/** Blocks whose formulas read the item that they are at. */
const OF_THEIR_ITEM = new Set(["TransformListBlock", "FilterListBlock", "LookupItemBlock", "SplitListBlock"]);

const MOST_NAMES = 400;

/** What can be read in a block's formulas: its own item, what comes before it (nearest first), loops around it, variables. */
export function inScope(doc: Doc, blockId: string): readonly Named[] {
  const found = new Map<string, Named>();
  const block = blockOf(doc, blockId);
  if (block === undefined) return [];
  const add = (one: Block, kind: "block" | "loop", self = false) => {
    const name = nameOf(one);
    if (found.has(name) || found.size >= MOST_NAMES) return;
    if (!self && kind === "block" && SILENT.has(one.type)) return;
    const named: Named = { name, title: titleOf(one), kind, blockId: one.id };
    found.set(name, self ? { ...named, self: true } : named);
  };
  if (OF_THEIR_ITEM.has(block.type)) add(block, "loop", true);
  const seen = new Set([blockId]);
  for (let place = placeOf(doc, blockId); place !== null; place = placeOf(doc, place.parent)) {
    const before = blockOf(doc, place.parent);
    if (before === undefined || seen.has(before.id)) break;
    seen.add(before.id);
    add(before, place.edge === "loopBlockId" ? "loop" : "block");
    if (place.edge === "childId")
      for (const inner of below(doc, before.id).slice(1)) add(blockOf(doc, inner) ?? before, "block");
  }
  // A chain that only a goto reaches can have anything before it.
  const root = rootOf(doc, blockId);
  if (root !== undefined && root.type !== "StartBlock") {
    for (const one of doc.blocks) if (one.id !== blockId) add(one, "block");
  }
  const variables = doc.variables.map<Named>((one) => ({
    name: one.name,
    title: one.name,
    kind: "variable",
    blockId: null,
  }));
  return [
    ...[...found.values()].filter((one) => !variables.some((other) => other.name === one.name)),
    ...variables,
  ];
}

function rootOf(doc: Doc, blockId: string): Block | undefined {
  let id = blockId;
  for (let place = placeOf(doc, id); place !== null; place = placeOf(doc, id)) id = place.parent;
  return blockOf(doc, id);
}

/** The loops around a block, outermost first. */
export function loopsAround(doc: Doc, blockId: string): readonly Block[] {
  const found: Block[] = [];
  for (let place = placeOf(doc, blockId); place !== null; place = placeOf(doc, place.parent)) {
    const block = place.edge === "loopBlockId" ? blockOf(doc, place.parent) : undefined;
    if (block !== undefined) found.unshift(block);
  }
  return found;
}

/** A sample that the document itself gives: a start block's test payload, a form's questions. */
export function exampleOf(block: Block): unknown {
  if (!EXAMPLES.has(block)) EXAMPLES.set(block, readExample(block));
  return EXAMPLES.get(block);
}

const EXAMPLES = new WeakMap<Block, unknown>();

function readExample(block: Block): unknown {
  if (block.type === "StartBlock") return parsed(inputOf(block, "test_payload")?.value);
  if (block.type === "FormBlock") {
    const form = block["form"] ?? inputOf(block, "form")?.value;
    if (!Array.isArray(form)) return undefined;
    const fields = form.filter(
      (one): one is Record<string, unknown> => typeof one === "object" && one !== null,
    );
    return Object.fromEntries(
      fields.map((one) => [String(one["label"] ?? one["id"] ?? ""), one["values"] ?? ""]),
    );
  }
  return undefined;
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string" || value.trim() === "")
    return value === "" || value === null ? undefined : value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

const ITEMS = new WeakMap<readonly unknown[], unknown>();

const LISTS = new WeakMap<object, readonly unknown[]>();

/** A list of one record, always the same one for it. */
export function listOf(record: object): readonly unknown[] {
  if (Array.isArray(record)) return record;
  const list = LISTS.get(record) ?? [record];
  LISTS.set(record, list);
  return list;
}

/** What a block that lists looks like from inside of its loop. */
export function asItem(output: unknown): unknown {
  if (!Array.isArray(output)) return { item: output, index: 0 };
  if (!ITEMS.has(output)) ITEMS.set(output, { item: (output[0] as unknown) ?? null, index: 0 });
  return ITEMS.get(output);
}
