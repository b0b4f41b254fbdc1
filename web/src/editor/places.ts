/** Where something goes that is dropped between two rows. */
import { blockOf, branches, childAt, type Doc, holderOf, placeOf } from "./document";
import type { Spot } from "./edits";
import type { Row } from "./rows";

export type Drop = { readonly spot: Spot; readonly depth: number };

/** All places between a row and the next one, the innermost first. */
export function placesAfter(doc: Doc, row: Row): readonly Drop[] {
  if (row.kind === "branch") return [{ spot: { parent: row.parent, edge: row.edge }, depth: row.depth + 1 }];
  if (row.open === true) {
    const block = blockOf(doc, row.id);
    const edge = block === undefined ? undefined : branches(block)[0];
    if (edge !== undefined) return [{ spot: { parent: row.id, edge }, depth: row.depth + 2 }];
  }
  const found: Drop[] = [{ spot: { parent: row.id, edge: "childId" }, depth: row.depth }];
  let id = row.id;
  let depth = row.depth;
  while (childAt(doc, id, "childId") === null) {
    const holder = holderOf(doc, id);
    const block = holder === null ? undefined : blockOf(doc, holder.parent);
    // Between two branches of a block there is nothing but the end of the first.
    if (holder === null || block === undefined || branches(block).at(-1) !== holder.edge) break;
    id = holder.parent;
    depth -= 2;
    found.push({ spot: { parent: id, edge: "childId" }, depth });
  }
  return found;
}

/** The place before the first row of a chain is where it hangs; nothing goes before a start block. */
export function placeBefore(doc: Doc, row: Row): Drop | null {
  if (row.kind === "branch") return null;
  const place = placeOf(doc, row.id);
  return place === null ? null : { spot: place, depth: row.depth };
}

/** The place that the pointer means: the height chooses the gap, how far it is to the left chooses how far out. */
export function dropAt(
  doc: Doc,
  rows: readonly Row[],
  y: number,
  x: number,
  height: number,
  step: number,
): { readonly drop: Drop; readonly gap: number } | null {
  const gap = Math.max(0, Math.min(rows.length, Math.round(y / height)));
  const before = rows[gap - 1];
  if (before === undefined) return null;
  const possible = placesAfter(doc, before);
  const drop = possible.find((one) => (one.depth / 2) * step <= x) ?? possible.at(-1);
  return drop === undefined ? null : { drop, gap };
}
