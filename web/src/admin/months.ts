/** The last months in UTC, this one first: `2026-11`. */
export function lastMonths(count: number, now = new Date()): readonly string[] {
  return Array.from({ length: count }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  );
}

/** First and last day of a month. */
export function monthRange(month: string): { readonly from: string; readonly to: string } {
  const [year, number] = month.split("-").map(Number);
  const last = new Date(Date.UTC(year ?? 1970, number ?? 1, 0));
  return { from: `${month}-01`, to: last.toISOString().slice(0, 10) };
}
