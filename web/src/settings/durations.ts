const UNITS = { W: 604_800, D: 86_400, H: 3600, M: 60, S: 1 } as const;

/** Seconds of a duration of ISO 8601 without months and years (`P7D`, `PT24H`); null for anything else. */
export function seconds(duration: string): number | null {
  const found = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(duration);
  if (found === null || found.slice(1).every((part) => part === undefined)) return null;
  const [weeks, days, hours, minutes, rest] = found.slice(1).map((part) => Number(part ?? 0));
  return (
    (weeks ?? 0) * UNITS.W +
    (days ?? 0) * UNITS.D +
    (hours ?? 0) * UNITS.H +
    (minutes ?? 0) * UNITS.M +
    (rest ?? 0)
  );
}

const OFFERED = ["PT1H", "PT24H", "P7D", "P30D", "P90D", "P365D"] as const;

/** The durations that are offered under a limit; the limit itself is the last of them. */
export function offered(limit: string): readonly string[] {
  const most = seconds(limit);
  if (most === null) return [limit];
  const shorter = OFFERED.filter((one) => (seconds(one) ?? 0) < most);
  return [...shorter, limit];
}

/** In the largest unit that it is a whole number of. */
export function inUnits(
  duration: string,
): { readonly count: number; readonly unit: "day" | "hour" | "minute" } | null {
  const length = seconds(duration);
  if (length === null) return null;
  if (length % UNITS.D === 0 && length > UNITS.D) return { count: length / UNITS.D, unit: "day" };
  if (length % UNITS.H === 0) return { count: length / UNITS.H, unit: "hour" };
  return { count: Math.round(length / UNITS.M), unit: "minute" };
}
