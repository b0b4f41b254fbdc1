import type { VersionChange } from "@client";

export type Change = {
  readonly kind: string;
  readonly blockId: string;
  readonly block: string;
  readonly field: string;
  readonly old: unknown;
  readonly new: unknown;
  readonly text: string;
};

/** How a block stands in a comparison, by the strongest thing that happened to it. */
export type Fate = "added" | "removed" | "moved" | "changed" | "layout";

export type BlockChanges = {
  readonly key: string;
  readonly name: string;
  readonly blockId: string;
  readonly kind: "block" | "variable" | "document";
  readonly fates: readonly Fate[];
  /** Where it stands now, or stood, in words. */
  readonly place: string;
  readonly changes: readonly Change[];
};

/** The changes by what they are about, in the order in which the server tells them. */
export function grouped(changes: readonly VersionChange[], layout: boolean): BlockChanges[] {
  const groups = new Map<
    string,
    { name: string; blockId: string; kind: BlockChanges["kind"]; all: Change[] }
  >();
  for (const raw of changes) {
    const change = changeOf(raw);
    if (!layout && (change.kind === "layout" || change.kind === "renumbered")) continue;
    const kind = change.kind.startsWith("variable-")
      ? "variable"
      : change.blockId === "" && change.block === ""
        ? "document"
        : "block";
    const key = `${kind} ${kind === "variable" ? change.block : change.blockId}`;
    const group = groups.get(key) ?? { name: change.block, blockId: change.blockId, kind, all: [] };
    group.all.push(change);
    groups.set(key, group);
  }
  return [...groups].map(([key, { all, ...group }]) => {
    const fates = new Set(all.map(fateOf));
    const placed = all.find((one) => fateOf(one) === "added") ?? all.find((one) => fateOf(one) === "removed");
    return {
      key,
      ...group,
      fates: (["added", "removed", "moved", "changed", "layout"] as const).filter((one) => fates.has(one)),
      place: placed === undefined ? "" : words(placed.new ?? placed.old),
      changes: all.filter((one) => !["added", "removed"].includes(fateOf(one))),
    };
  });
}

export function fateOf(change: Change): Fate {
  if (change.kind === "added" || change.kind === "variable-added") return "added";
  if (change.kind === "removed" || change.kind === "variable-removed") return "removed";
  if (change.kind === "moved") return "moved";
  return change.kind === "layout" || change.kind === "renumbered" ? "layout" : "changed";
}

/** How many blocks were added, removed, moved, changed. */
export function counted(groups: readonly BlockChanges[]): Record<Fate, number> {
  const found: Record<Fate, number> = { added: 0, removed: 0, moved: 0, changed: 0, layout: 0 };
  for (const group of groups) {
    const [first] = group.fates;
    if (first !== undefined) found[first] += 1;
  }
  return found;
}

/** A value of a document as a person reads it. */
export function words(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export type Piece = { readonly text: string; readonly formula: boolean; readonly differs: boolean };

/** Both values in pieces: what is formula and what only one of them has. */
export function pieces(one: string, other: string): readonly [Piece[], Piece[]] {
  const left = tokens(one);
  const right = tokens(other);
  let head = 0;
  while (head < left.length && head < right.length && left[head]?.text === right[head]?.text) head += 1;
  let tail = 0;
  const room = Math.min(left.length, right.length) - head;
  while (tail < room && left.at(-1 - tail)?.text === right.at(-1 - tail)?.text) tail += 1;
  const marked = (all: readonly Token[]) =>
    joined(all.map((token, at) => ({ ...token, differs: at >= head && at < all.length - tail })));
  return [marked(left), marked(right)];
}

type Token = { readonly text: string; readonly formula: boolean };

/** Words and signs; those inside of braces belong to a formula. */
function tokens(text: string): Token[] {
  const found: Token[] = [];
  let depth = 0;
  for (const [part] of text.matchAll(/[{}]|[\p{L}\p{N}_$]+|\s+|./gsu)) {
    if (part === "{") depth += 1;
    found.push({ text: part, formula: depth > 0 });
    if (part === "}") depth = Math.max(0, depth - 1);
  }
  return found;
}

function joined(all: readonly Piece[]): Piece[] {
  const found: Piece[] = [];
  for (const piece of all) {
    const last = found.at(-1);
    if (last !== undefined && last.formula === piece.formula && last.differs === piece.differs) {
      found[found.length - 1] = { ...last, text: last.text + piece.text };
    } else found.push(piece);
  }
  return found;
}

function changeOf(raw: VersionChange): Change {
  const text = (name: string) => (typeof raw[name] === "string" ? raw[name] : "");
  return {
    kind: raw.kind,
    blockId: text("blockId"),
    block: text("block"),
    field: text("field"),
    old: raw["old"],
    new: raw["new"],
    text: text("text"),
  };
}
