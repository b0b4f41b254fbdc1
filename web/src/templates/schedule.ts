import { DAYS, type Day } from "../data/days";

/** When an integration runs, as people choose it; `other` is a schedule that somebody wrote elsewhere. */
export type Timing =
  | { readonly every: "minutes"; readonly count: number }
  | { readonly every: "hours"; readonly count: number }
  | { readonly every: "day"; readonly at: string; readonly timezone: string }
  | { readonly every: "week"; readonly on: readonly Day[]; readonly at: string; readonly timezone: string }
  | { readonly every: "cron"; readonly cron: string; readonly timezone: string };

type Written = Readonly<Record<string, unknown>>;

export function here(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** A timing as the API takes it, with the id of the schedule that it changes. */
export function written(timing: Timing, id?: unknown): Record<string, unknown> {
  const kept = typeof id === "string" ? { id } : {};
  switch (timing.every) {
    case "minutes":
      return { ...kept, interval: timing.count * 60 };
    case "hours":
      return { ...kept, interval: timing.count * 3600 };
    case "day":
      return { ...kept, recurrence: `${daily(timing.at)} * * *`, timezone: timing.timezone };
    case "week":
      return {
        ...kept,
        recurrence: `${daily(timing.at)} * * ${timing.on.map((day) => (DAYS.indexOf(day) + 1) % 7).join(",")}`,
        timezone: timing.timezone,
      };
    case "cron":
      return { ...kept, recurrence: timing.cron.trim(), timezone: timing.timezone };
  }
}

function daily(at: string): string {
  const [hour, minute] = at.split(":");
  return `${Number(minute)} ${Number(hour)}`;
}

export function read(schedule: Written): Timing {
  const timezone =
    typeof schedule["timezone"] === "string" && schedule["timezone"] ? schedule["timezone"] : "UTC";
  const recurrence = schedule["recurrence"];
  if (typeof recurrence === "string" && recurrence !== "") {
    const cron = recurrence.replace(/^cron:/, "");
    const found = /^(\d{1,2}) (\d{1,2}) \* \* (\*|[0-7](?:,[0-7])*)$/.exec(cron);
    if (found === null) return { every: "cron", cron, timezone };
    const [, minute = "0", hour = "0", days = "*"] = found;
    const at = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
    if (days === "*") return { every: "day", at, timezone };
    const on = days.split(",").map((day) => DAYS[(Number(day) + 6) % 7] ?? "MO");
    return { every: "week", on: DAYS.filter((day) => on.includes(day)), at, timezone };
  }
  const seconds = typeof schedule["interval"] === "number" ? schedule["interval"] : 3600;
  return seconds % 3600 === 0
    ? { every: "hours", count: Math.max(1, seconds / 3600) }
    : { every: "minutes", count: Math.max(1, Math.round(seconds / 60)) };
}

/** Another kind of timing that keeps what both kinds have. */
export function turned(timing: Timing, every: Timing["every"]): Timing {
  const timezone = "timezone" in timing ? timing.timezone : here();
  const at = "at" in timing ? timing.at : "06:00";
  switch (every) {
    case "minutes":
      return { every, count: 15 };
    case "hours":
      return { every, count: 1 };
    case "day":
      return { every, at, timezone };
    case "week":
      return { every, on: ["MO"], at, timezone };
    case "cron":
      return { every, cron: String(written(timing)["recurrence"] ?? "0 * * * *"), timezone };
  }
}

/** Whether it can be sent as it is. */
export function isWhole(timing: Timing): boolean {
  if (timing.every === "minutes" || timing.every === "hours")
    return Number.isInteger(timing.count) && timing.count > 0 && timing.count < 8000;
  if (timing.every === "cron")
    return timing.cron.trim().split(/\s+/).length >= 5 || /FREQ=/i.test(timing.cron);
  return /^\d{2}:\d{2}$/.test(timing.at) && (timing.every === "day" || timing.on.length > 0);
}
