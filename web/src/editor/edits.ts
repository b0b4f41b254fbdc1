/** Changes of the document. Each gives a new document, or the same one where nothing is to be done. */
import {
  type Block,
  below,
  blockOf,
  branches,
  caseOf,
  casesOf,
  chain,
  childAt,
  type Doc,
  type Edge,
  edgesOf,
  holderOf,
  inputOf,
  type Json,
  placeOf,
  shapeOf,
  target,
  withInput,
} from "./document";

/** Where something is put: after a block, or at the head of one of a block's branches. */
export type Spot = { readonly parent: string; readonly edge: Edge };

type Replaced = ReadonlyMap<string, Block>;

/** The document with these blocks in place of those with the same ids. */
export function replace(doc: Doc, blocks: Replaced): Doc {
  let edges = false;
  let changed = false;
  const next = doc.blocks.slice();
  for (const [id, block] of blocks) {
    const at = doc.shape.at.get(id);
    const old = at === undefined ? undefined : next[at];
    if (at === undefined || old === undefined || same(old, block)) continue;
    changed = true;
    edges ||= !sameEdges(old, block);
    next[at] = block;
  }
  if (!changed) return doc;
  return { ...doc, blocks: next, shape: edges ? shapeOf(next) : doc.shape };
}

/** Whether a block is what it was, also when an edge was led away and back. */
function same(one: Block, other: Block): boolean {
  if (one === other) return true;
  const fields = Object.keys(one);
  return (
    fields.length === Object.keys(other).length &&
    fields.every((field) => sameValue(one[field], other[field]))
  );
}

function sameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
  return one.every((entry, at) => entry === other[at]);
}

function sameEdges(one: Block, other: Block): boolean {
  if (one.id !== other.id || one.type !== other.type) return false;
  const [left, right] = [edgesOf(one), edgesOf(other)];
  return (
    left.length === right.length &&
    left.every((edge, at) => edge === right[at] && target(one, edge) === target(other, edge))
  );
}

export function update(doc: Doc, id: string, change: (block: Block) => Block): Doc {
  const old = blockOf(doc, id);
  if (old === undefined) return doc;
  const block = change(old);
  return block === old ? doc : replace(doc, new Map([[id, block.id === id ? block : { ...block, id }]]));
}

export function updateAll(doc: Doc, ids: Iterable<string>, change: (block: Block) => Block): Doc {
  const found = new Map<string, Block>();
  for (const id of ids) {
    const old = blockOf(doc, id);
    if (old !== undefined) found.set(id, change(old));
  }
  return replace(doc, found);
}

/** The block leading elsewhere at this edge. A field that was missing stays missing while nothing is there. */
export function led(block: Block, edge: Edge, to: string | null): Block {
  if (target(block, edge) === to) return block;
  const at = caseOf(edge);
  if (at === null) return { ...block, [edge]: to };
  const list: Json[] = Array.isArray(block["statementChildrenIds"]) ? [...block["statementChildrenIds"]] : [];
  while (list.length <= at) list.push(null);
  list[at] = to;
  return { ...block, statementChildrenIds: list };
}

/** Blocks under construction: edges are changed many times before the shape is computed once. */
class Draft {
  readonly blocks = new Map<string, Block>();
  private readonly doc: Doc;
  constructor(doc: Doc) {
    this.doc = doc;
  }
  get(id: string): Block | undefined {
    return this.blocks.get(id) ?? blockOf(this.doc, id);
  }
  lead(id: string, edge: Edge, to: string | null): void {
    const block = this.get(id);
    if (block !== undefined) this.blocks.set(id, led(block, edge, to));
  }
}

/** Puts new blocks in. `heads` are chained one after the other at the spot; what stood there follows the last of them. */
export function insert(doc: Doc, spot: Spot, blocks: readonly Block[], heads: readonly string[]): Doc {
  const first = heads[0];
  const last = heads.at(-1);
  if (first === undefined || last === undefined || blockOf(doc, spot.parent) === undefined) return doc;
  const fresh = new Map(blocks.map((block) => [block.id, block]));
  const listed = [...doc.blocks];
  const parent = blockOf(doc, spot.parent) as Block;
  const after = childAt(doc, spot.parent, spot.edge);
  for (let at = 0; at < heads.length; at += 1) {
    const head = fresh.get(heads[at] ?? "");
    if (head === undefined) return doc;
    fresh.set(head.id, led(head, "childId", heads[at + 1] ?? after));
  }
  listed[doc.shape.at.get(parent.id) as number] = led(parent, spot.edge, first);
  // The order of the list is that of reading, as far as it was: new blocks stand after the one they follow.
  listed.splice((doc.shape.at.get(parent.id) as number) + 1, 0, ...fresh.values());
  return { ...doc, blocks: listed, shape: shapeOf(listed) };
}

/** `inside`: a block with what hangs in its branches; `lift`: only the block, its branches take its place; `after`: also all that
 * follows in its chain. */
export type Removal = "inside" | "lift" | "after";

export function remove(doc: Doc, ids: readonly string[], how: Removal = "inside"): Doc {
  let current = doc;
  for (const id of ids) if (blockOf(current, id) !== undefined) current = removeOne(current, id, how);
  return current;
}

function removeOne(doc: Doc, id: string, how: Removal): Doc {
  const place = placeOf(doc, id);
  const next = childAt(doc, id, "childId");
  const block = blockOf(doc, id) as Block;
  const draft = new Draft(doc);
  const gone = new Set<string>([id]);
  let follows = next;
  if (how === "lift") {
    for (const edge of branches(block).toReversed()) {
      const lifted = chain(doc, childAt(doc, id, edge));
      const last = lifted.at(-1);
      if (last === undefined) continue;
      draft.lead(last, "childId", follows);
      follows = lifted[0] ?? follows;
    }
  } else {
    for (const inner of below(doc, id)) gone.add(inner);
  }
  if (how === "after") {
    for (const later of chain(doc, next)) for (const inner of below(doc, later)) gone.add(inner);
    follows = null;
  }
  if (place !== null) draft.lead(place.parent, place.edge, follows);
  const blocks = doc.blocks.filter((one) => !gone.has(one.id)).map((one) => draft.blocks.get(one.id) ?? one);
  return { ...doc, blocks, shape: shapeOf(blocks) };
}

/** Only the topmost of the blocks, in the order of reading: those that are below another one move and go with it. */
export function topmost(doc: Doc, ids: Iterable<string>): readonly string[] {
  const wanted = new Set(ids);
  const found: string[] = [];
  const walk = (head: string) => {
    for (const id of chain(doc, head)) {
      if (wanted.has(id)) {
        found.push(id);
        continue;
      }
      const block = blockOf(doc, id);
      if (block === undefined) continue;
      for (const edge of branches(block)) {
        const child = childAt(doc, id, edge);
        if (child !== null) walk(child);
      }
    }
  };
  doc.shape.roots.forEach(walk);
  return found;
}

/** Start blocks stay where they begin; everything else may go anywhere but into itself. */
export function mayMove(doc: Doc, ids: readonly string[], spot: Spot): boolean {
  if (blockOf(doc, spot.parent) === undefined || ids.length === 0) return false;
  return ids.every((id) => {
    const block = blockOf(doc, id);
    if (block === undefined || (block.type === "StartBlock" && placeOf(doc, id) === null)) return false;
    // After itself is no move into itself, it is none at all.
    if (spot.parent === id) return spot.edge === "childId";
    return !below(doc, id).includes(spot.parent);
  });
}

export function move(doc: Doc, ids: readonly string[], spot: Spot): Doc {
  const heads = topmost(doc, ids);
  if (!mayMove(doc, heads, spot)) return doc;
  // A block that moves cannot be the anchor: the nearest one before it that stays is.
  let anchor = spot;
  while (heads.includes(anchor.parent)) {
    const place = placeOf(doc, anchor.parent);
    if (place === null) return doc;
    anchor = place;
  }
  const draft = new Draft(doc);
  const places = new Map<string, Spot>();
  for (const id of heads) {
    const place = places.get(id) ?? placeOf(doc, id);
    if (place === null) continue;
    const next = childAt(doc, id, "childId");
    draft.lead(place.parent, place.edge, target(draft.get(id) as Block, "childId"));
    if (next !== null) places.set(next, place);
  }
  const parent = draft.get(anchor.parent) as Block;
  const after = target(parent, anchor.edge);
  draft.lead(anchor.parent, anchor.edge, heads[0] ?? null);
  heads.forEach((id, at) => {
    draft.lead(id, "childId", heads[at + 1] ?? after);
  });
  return replace(doc, draft.blocks);
}

/** The neighbour before in the same chain. */
function before(doc: Doc, id: string): string | null {
  const place = placeOf(doc, id);
  return place !== null && place.edge === "childId" ? place.parent : null;
}

export type Direction = "up" | "down" | "in" | "out";

/** Where a block goes by the keyboard, or null where it cannot. */
export function spotTowards(doc: Doc, id: string, direction: Direction): Spot | null {
  const previous = before(doc, id);
  const holder = holderOf(doc, id);
  if (direction === "up") {
    if (previous !== null) return placeOf(doc, previous);
    return holder === null ? null : stepBack(doc, holder);
  }
  if (direction === "down") {
    const next = childAt(doc, id, "childId");
    if (next !== null) return { parent: next, edge: "childId" };
    return holder === null ? null : stepOn(doc, holder);
  }
  if (direction === "out") return holder === null ? null : { parent: holder.parent, edge: "childId" };
  if (previous === null) return null;
  const block = blockOf(doc, previous);
  const edge = block === undefined ? undefined : branches(block)[0];
  return edge === undefined ? null : endOf(doc, { parent: previous, edge });
}

/** The end of a branch. */
export function endOf(doc: Doc, spot: Spot): Spot {
  const last = chain(doc, childAt(doc, spot.parent, spot.edge)).at(-1);
  return last === undefined ? spot : { parent: last, edge: "childId" };
}

/** Past the head of a branch: the end of the branch before it, else before the block that holds it. */
function stepBack(doc: Doc, holder: Spot): Spot | null {
  const edges = branches(blockOf(doc, holder.parent) as Block);
  const edge = edges[edges.indexOf(holder.edge) - 1];
  return edge === undefined ? placeOf(doc, holder.parent) : endOf(doc, { parent: holder.parent, edge });
}

function stepOn(doc: Doc, holder: Spot): Spot {
  const edges = branches(blockOf(doc, holder.parent) as Block);
  const edge = edges[edges.indexOf(holder.edge) + 1];
  return { parent: holder.parent, edge: edge ?? "childId" };
}

export function shift(doc: Doc, id: string, direction: Direction): Doc {
  const spot = spotTowards(doc, id, direction);
  return spot === null ? doc : move(doc, [id], spot);
}

export function setDisabled(doc: Doc, ids: Iterable<string>, disabled: boolean): Doc {
  return updateAll(doc, ids, (block) =>
    (block.disabled === true) === disabled ? block : { ...block, disabled },
  );
}

export function setComment(doc: Doc, id: string, comment: string): Doc {
  return update(doc, id, (block) => ((block.comment ?? "") === comment ? block : { ...block, comment }));
}

export function setTitle(doc: Doc, id: string, displayName: string): Doc {
  return update(doc, id, (block) => (block.displayName === displayName ? block : { ...block, displayName }));
}

/** Folded blocks as the document keeps them, in the entry that the original product writes. */
export function isFolded(block: Block): boolean {
  const kept = block["collapsed"];
  return (
    Array.isArray(kept) &&
    kept.some(
      (entry) =>
        typeof entry === "object" && entry !== null && "isCollapsed" in entry && entry.isCollapsed === true,
    )
  );
}

export function withFolded(doc: Doc, folded: ReadonlySet<string>): Doc {
  const changed = doc.blocks.filter(
    (block) => branches(block).length > 0 && isFolded(block) !== folded.has(block.id),
  );
  return updateAll(
    doc,
    changed.map((block) => block.id),
    (block) => ({ ...block, collapsed: foldedEntries(block["collapsed"], folded.has(block.id)) }),
  );
}

function foldedEntries(kept: unknown, isCollapsed: boolean): Json {
  const list = Array.isArray(kept) ? (kept as readonly Json[]) : [];
  if (list.length === 0) return [{ name: "loop", isCollapsed }];
  return list.map((entry) =>
    typeof entry === "object" && entry !== null ? { ...entry, isCollapsed } : entry,
  );
}

/** Cases of a case block: values and branches go together. */
export function addCase(doc: Doc, id: string, value: Json = ""): Doc {
  return update(doc, id, (block) => {
    const values = [...casesOf(block), value];
    return { ...withCases(block, values), statementChildrenIds: padded(block, values.length) };
  });
}

export function removeCase(doc: Doc, id: string, at: number): Doc {
  const head = childAt(doc, id, `statementChildrenIds.${at}`);
  const gone = chain(doc, head).flatMap((one) => below(doc, one));
  const without = gone.length === 0 ? doc : dropped(doc, new Set(gone));
  return update(without, id, (block) => ({
    ...withCases(block, casesOf(block).toSpliced(at, 1)),
    statementChildrenIds: padded(block, casesOf(block).length).toSpliced(at, 1),
  }));
}

export function moveCase(doc: Doc, id: string, from: number, to: number): Doc {
  return update(doc, id, (block) => {
    const values = [...casesOf(block)];
    const ids = padded(block, values.length);
    if (values[from] === undefined || to < 0 || to >= values.length) return block;
    values.splice(to, 0, ...values.splice(from, 1));
    ids.splice(to, 0, ...ids.splice(from, 1));
    return { ...withCases(block, values), statementChildrenIds: ids };
  });
}

function padded(block: Block, length: number): Json[] {
  const list: Json[] = Array.isArray(block["statementChildrenIds"]) ? [...block["statementChildrenIds"]] : [];
  while (list.length < length) list.push(null);
  return list;
}

function withCases(block: Block, values: readonly Json[]): Block {
  if (block["statements"] === undefined && inputOf(block, "statements") !== undefined) {
    return withInput(block, "statements", { value: values });
  }
  return { ...block, statements: values };
}

function dropped(doc: Doc, gone: ReadonlySet<string>): Doc {
  const blocks = doc.blocks.filter((block) => !gone.has(block.id));
  return { ...doc, blocks, shape: shapeOf(blocks) };
}

/** A block that nothing leads to: a start block. The first of them begins the automation, so that it stands first in the list. */
export function addRoot(doc: Doc, block: Block): Doc {
  const blocks = [...doc.blocks, block];
  const fields = doc.fields.includes("blocks") ? doc.fields : [...doc.fields, "blocks"];
  return { ...doc, fields, blocks, shape: shapeOf(blocks) };
}
