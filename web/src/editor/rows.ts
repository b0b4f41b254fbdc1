/** The tree as a flat list, for rendering only what is in sight, and the search in it. */
import {
  type Block,
  blockOf,
  branches,
  chain,
  childAt,
  type Doc,
  type Edge,
  type Json,
  nameOf,
  placeOf,
  titleOf,
} from "./document";

/** In pixels; every row is as high as the others. */
export const ROW_HEIGHT = 40;

export type BlockRow = {
  readonly kind: "block";
  readonly key: string;
  readonly id: string;
  readonly depth: number;
  readonly position: number;
  readonly siblings: number;
  /** Null where it has no branches. */
  readonly open: boolean | null;
  /** Only at the first block of a chain that no start block begins: a label, or blocks that lie loose. */
  readonly loose: boolean;
};

export type BranchRow = {
  readonly kind: "branch";
  readonly key: string;
  readonly parent: string;
  readonly edge: Edge;
  readonly depth: number;
  readonly position: number;
  readonly siblings: number;
  readonly empty: boolean;
};

export type Row = BlockRow | BranchRow;

export function rowsOf(doc: Doc, folded: ReadonlySet<string>): readonly Row[] {
  const rows: Row[] = [];
  const starts = doc.shape.roots;
  const lay = (ids: readonly string[], depth: number, top: boolean) => {
    ids.forEach((id, at) => {
      const block = blockOf(doc, id);
      if (block === undefined) return;
      const edges = branches(block);
      const open = edges.length === 0 ? null : !folded.has(id);
      const loose = top && at === 0 && block.type !== "StartBlock";
      rows.push({ kind: "block", key: id, id, depth, position: at + 1, siblings: ids.length, open, loose });
      if (open !== true) return;
      edges.forEach((edge, index) => {
        const inside = chain(doc, childAt(doc, id, edge));
        rows.push({
          kind: "branch",
          key: `${id}/${edge}`,
          parent: id,
          edge,
          depth: depth + 1,
          position: index + 1,
          siblings: edges.length,
          empty: inside.length === 0,
        });
        lay(inside, depth + 2, false);
      });
    });
  };
  for (const start of starts) lay(chain(doc, start), 0, true);
  return rows;
}

/** The branch rows of a block are one step in for the eye, not two. */
export function indentOf(row: Row): number {
  return row.kind === "branch" ? (row.depth + 1) / 2 : row.depth / 2;
}

/** The blocks that hold this one, from the outside in; they must be open for it to be seen. */
export function holdersOf(doc: Doc, id: string): readonly string[] {
  const found: string[] = [];
  for (let place = placeOf(doc, id); place !== null; place = placeOf(doc, place.parent)) {
    if (place.edge !== "childId") found.unshift(place.parent);
  }
  return found;
}

const UNREAD = new Set(["id", "structure", "type", "collapsed", "x", "y", "logo"]);

function texts(value: Json | undefined, found: string[]): void {
  if (typeof value === "string") found.push(value);
  else if (typeof value === "number") found.push(String(value));
  else if (Array.isArray(value)) for (const entry of value) texts(entry, found);
  else if (typeof value === "object" && value !== null) {
    for (const [field, entry] of Object.entries(value)) if (!UNREAD.has(field)) texts(entry, found);
  }
}

const HAYSTACKS = new WeakMap<Block, string>();

/** All that a person could look for in a block: names, comment, the texts of inputs, conditions, operations. */
function haystack(block: Block): string {
  const kept = HAYSTACKS.get(block);
  if (kept !== undefined) return kept;
  const found = [titleOf(block), nameOf(block), block.comment ?? ""];
  for (const field of ["inputs", "conditions", "statements", "operations", "form", "settings"]) {
    texts(block[field] as Json | undefined, found);
  }
  const made = found.join("\n").toLocaleLowerCase();
  HAYSTACKS.set(block, made);
  return made;
}

/** The blocks in which every word occurs, in the order of reading. */
export function search(doc: Doc, query: string): readonly string[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const found: string[] = [];
  for (const row of rowsOf(doc, new Set())) {
    if (row.kind !== "block") continue;
    const text = haystack(blockOf(doc, row.id) as Block);
    if (words.every((word) => text.includes(word))) found.push(row.id);
  }
  return found;
}
