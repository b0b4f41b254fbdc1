const DAY = 86_400_000;

/** The beginning of a day that was chosen here, as the API writes moments; nothing where none was chosen. */
export function dayOf(day: string, later = 0): string | undefined {
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const start = new Date(year, month - 1, date + later);
  return Number.isNaN(start.getTime()) ? undefined : start.toISOString();
}

/** The end of it: the beginning of the next one. */
export function dayAfter(day: string): string | undefined {
  return dayOf(day, 1);
}

/** A day in UTC, as usage is counted: today, or some days before. */
export function utcDay(before = 0, now = Date.now()): string {
  return new Date(now - before * DAY).toISOString().slice(0, 10);
}
