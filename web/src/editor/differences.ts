/** What is different between two documents, for somebody who has to choose one of them. */
import { type Block, blockOf, caseOf, type Doc, edgesOf, isObject, placeOf, titleOf } from "./document";

export type FieldDifference = { readonly field: string; readonly theirs: unknown; readonly mine: unknown };
export type Difference = {
  readonly id: string;
  readonly title: string;
  readonly kind: "added" | "removed" | "changed" | "moved";
  readonly fields: readonly FieldDifference[];
};

const QUIET = new Set(["collapsed", "x", "y", "logo", "childId"]);

export function differences(theirs: Doc, mine: Doc): readonly Difference[] {
  const found: Difference[] = [];
  for (const block of mine.blocks) {
    const other = blockOf(theirs, block.id);
    if (other === undefined) {
      found.push({ id: block.id, title: titleOf(block), kind: "added", fields: [] });
      continue;
    }
    if (other === block) continue;
    const fields = fieldsOf(other, block);
    const moved = JSON.stringify(placeOf(theirs, block.id)) !== JSON.stringify(placeOf(mine, block.id));
    if (fields.length > 0) found.push({ id: block.id, title: titleOf(block), kind: "changed", fields });
    else if (moved) found.push({ id: block.id, title: titleOf(block), kind: "moved", fields });
  }
  for (const block of theirs.blocks) {
    if (blockOf(mine, block.id) === undefined) {
      found.push({ id: block.id, title: titleOf(block), kind: "removed", fields: [] });
    }
  }
  return found;
}

function fieldsOf(theirs: Block, mine: Block): readonly FieldDifference[] {
  const edges = new Set<string>(
    [...edgesOf(theirs), ...edgesOf(mine)].map((edge) =>
      caseOf(edge) === null ? edge : "statementChildrenIds",
    ),
  );
  const found: FieldDifference[] = [];
  for (const field of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    if (QUIET.has(field) || edges.has(field) || field === "statementChildrenIds") continue;
    if (field === "inputs" || field === "settings") found.push(...entries(theirs[field], mine[field]));
    else if (!same(theirs[field], mine[field]))
      found.push({ field, theirs: theirs[field], mine: mine[field] });
  }
  return found;
}

function entries(theirs: unknown, mine: unknown): readonly FieldDifference[] {
  const [left, right] = [byId(theirs), byId(mine)];
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((id) =>
    same(left.get(id), right.get(id)) ? [] : [{ field: id, theirs: left.get(id), mine: right.get(id) }],
  );
}

function byId(list: unknown): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const entry of Array.isArray(list) ? list : [])
    if (isObject(entry)) found.set(String(entry["id"]), entry["value"]);
  return found;
}

function same(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
