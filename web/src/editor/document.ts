/** The workspace document as an immutable value: `doc.blocks` stays what it was unless something in it was edited, and an edit of
 * one block replaces that block and nothing else. What the studio does not know stays in the objects as it came. */

import { isRecord, type Json } from "../data/json";

export type { Json };

export type Input = {
  readonly id: string;
  readonly value?: Json;
  readonly type?: string;
  readonly structure?: Json;
  readonly mode?: string;
  readonly displayValue?: Json;
  readonly [field: string]: Json | undefined;
};

export type Block = {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  readonly displayName?: string;
  readonly comment?: string;
  readonly disabled?: boolean;
  readonly inputs?: readonly Input[];
  readonly settings?: readonly Input[];
  readonly datasourcetype_guid?: string;
  readonly endpoint_guid?: string;
  readonly snippet_guid?: string;
  readonly endpoint_role?: string;
  readonly [field: string]: Json | undefined | readonly Input[];
};

export const VARIABLE_TYPES = ["string", "number", "list", "object", "table"] as const;
export type VariableType = (typeof VARIABLE_TYPES)[number];

export type Variable = {
  readonly guid: string;
  readonly name: string;
  readonly type: string;
  readonly [field: string]: Json | undefined;
};

const SINGLE_EDGES = [
  "loopBlockId",
  "childTrueId",
  "childFalseId",
  "tryChildId",
  "catchChildId",
  "defaultChildId",
] as const;
type SingleEdge = (typeof SINGLE_EDGES)[number];

/** How a block is reached: the chain after its parent (`childId`), a branch of its parent, or one of the cases. */
export type Edge = "childId" | SingleEdge | `statementChildrenIds.${number}`;
export type Place = { readonly parent: string; readonly edge: Edge };

/** What depends on who leads to whom, and not on what stands in the blocks. Shared by all documents with the same edges. */
type Shape = {
  readonly at: ReadonlyMap<string, number>;
  readonly places: ReadonlyMap<string, Place>;
  readonly roots: readonly string[];
};

export type Doc = {
  /** What the server gave besides `blocks` and `variables`. */
  readonly rest: { readonly [field: string]: Json };
  /** Which of the two the server gave at all, and in which order the fields stood. */
  readonly fields: readonly string[];
  readonly blocks: readonly Block[];
  readonly variables: readonly Variable[];
  readonly shape: Shape;
};

export const isObject = isRecord<Json>;

/** A document of the API. Entries of `blocks` that are no blocks are a document that the server refused already. */
export function read(workspace: unknown): Doc {
  const source = isObject(workspace) ? workspace : {};
  const { blocks, variables, ...rest } = source;
  const listed = Array.isArray(blocks) ? (blocks as readonly Block[]) : [];
  const known = Array.isArray(variables) ? (variables as readonly Variable[]) : [];
  return { rest, fields: Object.keys(source), blocks: listed, variables: known, shape: shapeOf(listed) };
}

/** The document as the API takes it: the same fields in the same order. */
export function write(doc: Doc): { readonly [field: string]: unknown } {
  const written: Record<string, unknown> = {};
  for (const field of doc.fields) {
    if (field === "blocks") written["blocks"] = doc.blocks;
    else if (field === "variables") written["variables"] = doc.variables;
    else written[field] = doc.rest[field];
  }
  if (!("blocks" in written) && doc.blocks.length > 0) written["blocks"] = doc.blocks;
  if (!("variables" in written) && doc.variables.length > 0) written["variables"] = doc.variables;
  return written;
}

/** The block leads there; dangling ids count as nothing. */
export function target(block: Block, edge: Edge): string | null {
  const at = caseOf(edge);
  const list = block["statementChildrenIds"];
  const value = at === null ? block[edge] : Array.isArray(list) ? list[at] : null;
  return typeof value === "string" && value !== "" ? value : null;
}

/** Which case an edge is, or null when it is none. */
export function caseOf(edge: Edge): number | null {
  return edge.startsWith("statementChildrenIds.") ? Number(edge.slice("statementChildrenIds.".length)) : null;
}

const LOOPS = new Set(["ForEachBlock", "ForEachBatchBlock"]);
const ROLES_THAT_LOOP = new Set(["list", "search", "listnew", "listupdated"]);

/** The branches that a block shows, also the empty ones. An unknown type shows what it has. */
export function branches(block: Block): readonly Edge[] {
  const found: Edge[] = [];
  if (block.type === "CaseBlock") {
    const ids = block["statementChildrenIds"];
    const count = Math.max(casesOf(block).length, Array.isArray(ids) ? ids.length : 0);
    for (let at = 0; at < count; at += 1) found.push(`statementChildrenIds.${at}`);
  } else if (Array.isArray(block["statementChildrenIds"])) {
    for (let at = 0; at < block["statementChildrenIds"].length; at += 1)
      found.push(`statementChildrenIds.${at}`);
  }
  for (const edge of SINGLE_EDGES) {
    if (target(block, edge) !== null || mayHave(block, edge)) found.push(edge);
  }
  return found;
}

function mayHave(block: Block, edge: SingleEdge): boolean {
  if (edge === "loopBlockId") {
    return LOOPS.has(block.type) || ROLES_THAT_LOOP.has(block.endpoint_role ?? "") || "loopBlockId" in block;
  }
  if (edge === "childTrueId" || edge === "childFalseId") return block.type === "IfElseBlock";
  if (edge === "tryChildId" || edge === "catchChildId") return block.type === "TryBlock";
  return block.type === "CaseBlock";
}

/** The values that the cases of a case block stand for. */
export function casesOf(block: Block): readonly Json[] {
  const statements = block["statements"] ?? inputOf(block, "statements")?.value;
  return Array.isArray(statements) ? statements : [];
}

/** Blocks after which nothing can follow in the same chain. */
export function endsChain(block: Block): boolean {
  return block.type === "GotoBlock" && target(block, "childId") === null;
}

export function shapeOf(blocks: readonly Block[]): Shape {
  const at = new Map<string, number>();
  blocks.forEach((block, index) => {
    at.set(block.id, index);
  });
  const places = new Map<string, Place>();
  for (const block of blocks) {
    for (const edge of edgesOf(block)) {
      const child = target(block, edge);
      if (child !== null && at.has(child) && !places.has(child))
        places.set(child, { parent: block.id, edge });
    }
  }
  const roots = [
    ...blocks.filter((block) => block.type === "StartBlock" && !places.has(block.id)),
    ...blocks.filter((block) => block.type !== "StartBlock" && !places.has(block.id)),
  ].map((block) => block.id);
  return { at, places, roots: [...roots, ...circles(blocks, at, places, roots)] };
}

/** One block of each circle of blocks that nothing outside of it leads to: a broken document still shows all its blocks. */
function circles(
  blocks: readonly Block[],
  at: ReadonlyMap<string, number>,
  places: Map<string, Place>,
  roots: readonly string[],
): readonly string[] {
  const seen = new Set<string>();
  const visit = (from: string) => {
    const waiting = [from];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const block = blocks[at.get(id) ?? -1];
      if (block === undefined || seen.has(id)) continue;
      seen.add(id);
      for (const edge of edgesOf(block)) {
        const child = target(block, edge);
        if (child !== null && places.get(child)?.parent === id) waiting.push(child);
      }
    }
  };
  roots.forEach(visit);
  const found: string[] = [];
  for (const block of blocks) {
    if (seen.has(block.id)) continue;
    places.delete(block.id);
    found.push(block.id);
    visit(block.id);
  }
  return found;
}

/** All edges that a block has, the chain last. */
export function edgesOf(block: Block): readonly Edge[] {
  return [...branches(block), "childId"];
}

export function blockOf(doc: Doc, id: string): Block | undefined {
  const at = doc.shape.at.get(id);
  return at === undefined ? undefined : doc.blocks[at];
}

/** Where a block hangs; null for the roots: start blocks, labels that only a goto reaches, and what lies loose. */
export function placeOf(doc: Doc, id: string): Place | null {
  return doc.shape.places.get(id) ?? null;
}

/** The child at an edge, only if it hangs there (a dangling or shared id is nobody's child). */
export function childAt(doc: Doc, parent: string, edge: Edge): string | null {
  const block = blockOf(doc, parent);
  const child = block === undefined ? null : target(block, edge);
  if (child === null) return null;
  const place = placeOf(doc, child);
  return place !== null && place.parent === parent && place.edge === edge ? child : null;
}

/** A block with all that hangs in its branches (not what follows it), in the order of reading. */
export function below(doc: Doc, id: string): readonly string[] {
  const found: string[] = [id];
  const block = blockOf(doc, id);
  if (block === undefined) return [];
  for (const edge of branches(block)) {
    for (const head of chain(doc, childAt(doc, id, edge))) found.push(...below(doc, head));
  }
  return found;
}

/** The blocks from `head` on along `childId`. */
export function chain(doc: Doc, head: string | null): readonly string[] {
  const found: string[] = [];
  for (let id = head; id !== null; id = childAt(doc, id, "childId")) found.push(id);
  return found;
}

/** The block whose branch holds this one, or null in a main chain. */
export function holderOf(doc: Doc, id: string): Place | null {
  let place = placeOf(doc, id);
  while (place !== null && place.edge === "childId") place = placeOf(doc, place.parent);
  return place;
}

export function nameOf(block: Block): string {
  return typeof block.name === "string" && block.name !== "" ? block.name : block.type;
}

/** What people read of a block. */
export function titleOf(block: Block): string {
  return typeof block.displayName === "string" && block.displayName !== ""
    ? block.displayName
    : nameOf(block);
}

function entries(list: unknown): readonly Input[] {
  return Array.isArray(list) ? list.filter((entry): entry is Input => isObject(entry)) : [];
}

export function inputOf(block: Block, id: string): Input | undefined {
  return entries(block.inputs).find((entry) => entry.id === id);
}

export function settingOf(block: Block, id: string): Input | undefined {
  return entries(block.settings).find((entry) => entry.id === id);
}

/** The connection that a connector block goes through. */
export function connectionOf(block: Block): string | null {
  const value = settingOf(block, "datasource")?.value;
  return typeof value === "string" && value !== "" ? value : null;
}

type Patch = { readonly [field: string]: Json | undefined };

function withEntry(block: Block, list: "inputs" | "settings", id: string, patch: Patch): Block {
  const before = Array.isArray(block[list]) ? (block[list] as readonly Input[]) : [];
  const at = before.findIndex((entry) => isObject(entry) && entry.id === id);
  if (at < 0) return { ...block, [list]: [...before, { id, ...patch }] as readonly Input[] };
  const old = before[at] as Input;
  if (Object.entries(patch).every(([field, value]) => old[field] === value)) return block;
  const next: Record<string, Json | undefined> = { ...old, ...patch };
  for (const [field, value] of Object.entries(patch)) if (value === undefined) delete next[field];
  return { ...block, [list]: before.map((entry, index) => (index === at ? (next as Input) : entry)) };
}

/** The block with another value of an input; other fields of the input stay. `undefined` takes a field away. */
export function withInput(block: Block, id: string, patch: Patch): Block {
  return withEntry(block, "inputs", id, patch);
}

export function withSetting(block: Block, id: string, patch: Patch): Block {
  return withEntry(block, "settings", id, patch);
}
