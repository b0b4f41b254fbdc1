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

export type Row = { readonly id: string; readonly record: unknown };

/** The fields of records as columns, those that most of them have first; in the order of the first ones that have them. */
export function columnsOf(records: readonly unknown[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const record of records) {
    if (typeof record !== "object" || record === null || Array.isArray(record)) continue;
    for (const name of Object.keys(record)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const half = records.length / 2;
  const names = [...counts.keys()];
  return [
    ...names.filter((name) => (counts.get(name) ?? 0) >= half),
    ...names.filter((name) => (counts.get(name) ?? 0) < half),
  ];
}

export function cellOf(record: unknown, name: string): unknown {
  if (typeof record !== "object" || record === null || !Object.hasOwn(record, name)) return undefined;
  return (record as Readonly<Record<string, unknown>>)[name];
}

/** A body as data where it is JSON. */
export function parsed(body: string): { readonly data: unknown } | null {
  if (!/^\s*[[{]/.test(body)) return null;
  try {
    return { data: JSON.parse(body) as unknown };
  } catch {
    return null;
  }
}
