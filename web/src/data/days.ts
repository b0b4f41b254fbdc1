/** Days of the week as RFC 5545 calls them. */
export const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
export type Day = (typeof DAYS)[number];

export function dayName(day: Day, language: string, style: "short" | "long"): string {
  // The first of January 2024 was a Monday.
  const date = Date.UTC(2024, 0, 1 + DAYS.indexOf(day));
  return new Intl.DateTimeFormat(language, { weekday: style, timeZone: "UTC" }).format(date);
}

/** The days with one of them taken in or out, in their order. */
export function withDay(days: readonly Day[], day: Day, on: boolean): readonly Day[] {
  return DAYS.filter((one) => (one === day ? on : days.includes(one)));
}
