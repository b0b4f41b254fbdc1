import type { CalledBlock } from "@client";

/** Which part of which page is shown: a slice of the page that a cursor leads to. */
export type Slice = { readonly cursor: string | null; readonly offset: number };

export const FIRST: Slice = { cursor: null, offset: 0 };

/** The slice after this one; null where there is none. */
export function following(slice: Slice, called: CalledBlock): Slice | null {
  const end = slice.offset + called.records.length;
  if (called.records.length > 0 && end < called.pageRecords) return { cursor: slice.cursor, offset: end };
  return called.next === null ? null : { cursor: called.next, offset: 0 };
}
