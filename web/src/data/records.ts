import { isRecord } from "./json";

/** The fields of records as columns, those that most of them have first; in the order of the first ones that have them. */
export function columnsOf(records: readonly unknown[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const record of records) {
    if (!isRecord(record)) continue;
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
  return isRecord(record) && Object.hasOwn(record, name) ? record[name] : undefined;
}
