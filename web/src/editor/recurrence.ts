/** Schedules as people choose them, and as the server keeps them: an interval in seconds, an RRULE, or a line of cron. */
import { DAYS, type Day } from "../data/days";
import type { Schedule } from "./store";

export const UNITS = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const;
export type Unit = keyof typeof UNITS;

export type Plan =
  | { readonly kind: "interval"; readonly every: number; readonly unit: Unit }
  | { readonly kind: "daily"; readonly time: string }
  | { readonly kind: "weekly"; readonly days: readonly Day[]; readonly time: string }
  | { readonly kind: "monthly"; readonly day: number; readonly time: string }
  | { readonly kind: "rule"; readonly rule: string };

const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** A rule that is none of the simple ones stays as it is written. */
export function planOf(schedule: Schedule): Plan {
  const rule = schedule.recurrence?.trim() ?? "";
  if (rule !== "") return simple(rule) ?? { kind: "rule", rule };
  const seconds = schedule.interval ?? 0;
  if (seconds <= 0) return { kind: "interval", every: 1, unit: "hours" };
  for (const unit of ["days", "hours", "minutes"] as const) {
    if (seconds % UNITS[unit] === 0) return { kind: "interval", every: seconds / UNITS[unit], unit };
  }
  return { kind: "interval", every: seconds, unit: "seconds" };
}

function simple(rule: string): Plan | null {
  if (!/^(RRULE:)?[A-Z]+=/.test(rule) || rule.includes("\n")) return null;
  const parts = new Map<string, string>();
  for (const part of rule.replace(/^RRULE:/, "").split(";")) {
    const [name = "", value = ""] = part.split("=");
    parts.set(name, value);
  }
  const hour = Number(parts.get("BYHOUR"));
  const minute = Number(parts.get("BYMINUTE") ?? "0");
  const zeroSecond = (parts.get("BYSECOND") ?? "0") === "0" && (parts.get("INTERVAL") ?? "1") === "1";
  if (!/^\d+$/.test(parts.get("BYHOUR") ?? "") || !/^\d*$/.test(parts.get("BYMINUTE") ?? "") || !zeroSecond)
    return null;
  const time = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
  if (!TIME.test(time)) return null;
  const known = new Set(["FREQ", "BYHOUR", "BYMINUTE", "BYSECOND", "INTERVAL"]);
  const frequency = parts.get("FREQ");
  if (frequency === "WEEKLY") known.add("BYDAY");
  if (frequency === "MONTHLY") known.add("BYMONTHDAY");
  if ([...parts.keys()].some((name) => !known.has(name))) return null;
  if (frequency === "DAILY") return { kind: "daily", time };
  if (frequency === "WEEKLY") {
    const days = (parts.get("BYDAY") ?? "").split(",");
    return days.every((day): day is Day => DAYS.includes(day as Day)) ? { kind: "weekly", days, time } : null;
  }
  const day = Number(parts.get("BYMONTHDAY"));
  return frequency === "MONTHLY" && Number.isInteger(day) && day >= 1 && day <= 31
    ? { kind: "monthly", day, time }
    : null;
}

/** The schedule with this plan; everything else about it stays. */
export function withPlan(schedule: Schedule, plan: Plan): Schedule {
  const { interval: _, recurrence: __, ...rest } = schedule;
  if (plan.kind === "interval")
    return { ...rest, interval: Math.max(30, Math.round(plan.every * UNITS[plan.unit])) };
  if (plan.kind === "rule") return { ...rest, recurrence: plan.rule.trim() };
  const [hour, minute] = plan.time.split(":").map(Number);
  const at = `BYHOUR=${hour ?? 0};BYMINUTE=${minute ?? 0};BYSECOND=0`;
  if (plan.kind === "daily") return { ...rest, recurrence: `RRULE:FREQ=DAILY;${at}` };
  if (plan.kind === "monthly")
    return { ...rest, recurrence: `RRULE:FREQ=MONTHLY;BYMONTHDAY=${plan.day};${at}` };
  const days = DAYS.filter((day) => plan.days.includes(day));
  return {
    ...rest,
    recurrence: `RRULE:FREQ=WEEKLY;BYDAY=${(days.length === 0 ? ["MO"] : days).join(",")};${at}`,
  };
}

/** The plan of another kind that is nearest to this one. */
export function turned(plan: Plan, kind: Plan["kind"]): Plan {
  const time = "time" in plan ? plan.time : "09:00";
  if (kind === plan.kind) return plan;
  if (kind === "interval") return { kind, every: 1, unit: "hours" };
  if (kind === "daily") return { kind, time };
  if (kind === "weekly") return { kind, days: ["MO", "TU", "WE", "TH", "FR"], time };
  if (kind === "monthly") return { kind, day: 1, time };
  return { kind, rule: withPlan({}, plan).recurrence ?? "RRULE:FREQ=HOURLY;BYMINUTE=0;BYSECOND=0" };
}

type Wall = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
};

function wallOf(moment: number, zone: string): Wall {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(new Date(moment));
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return {
    year: of("year"),
    month: of("month"),
    day: of("day"),
    hour: of("hour"),
    minute: of("minute"),
    second: of("second"),
  };
}

function asUtc(wall: Wall): number {
  return Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second);
}

/** The moment at which clocks there show this time; right after a gap when no clock shows it, the first time when they show it twice. */
export function momentOf(wall: Wall, zone: string): number {
  const wanted = asUtc(wall);
  const day = 86_400_000;
  const offsets = [
    ...new Set([wanted - day, wanted + day].map((about) => asUtc(wallOf(about, zone)) - about)),
  ];
  const fitting = offsets
    .map((offset) => wanted - offset)
    .filter((moment) => asUtc(wallOf(moment, zone)) === wanted);
  if (fitting.length > 0) return Math.min(...fitting);
  return edgeOfGap(wanted - day, wanted + day, zone, wanted);
}

function edgeOfGap(from: number, until: number, zone: string, wanted: number): number {
  let [low, high] = [from, until];
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (asUtc(wallOf(middle, zone)) >= wanted) high = middle;
    else low = middle;
  }
  return high;
}

const WEEKDAYS: readonly Day[] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

/** The next moments of a plan; none for a rule, which only the server reads. */
export function nextOf(plan: Plan, from: number, zone: string, count = 5): readonly number[] {
  if (plan.kind === "rule") return [];
  if (plan.kind === "interval") {
    const step = Math.max(30, plan.every * UNITS[plan.unit]) * 1000;
    return Array.from({ length: count }, (_, at) => from + (at + 1) * step);
  }
  const [hour = 0, minute = 0] = plan.time.split(":").map(Number);
  const today = wallOf(from, zone);
  const found: number[] = [];
  for (let ahead = 0; ahead < 800 && found.length < count; ahead += 1) {
    const date = new Date(Date.UTC(today.year, today.month - 1, today.day + ahead));
    if (plan.kind === "weekly" && !plan.days.includes(WEEKDAYS[date.getUTCDay()] as Day)) continue;
    if (plan.kind === "monthly" && date.getUTCDate() !== plan.day) continue;
    const wall = {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour,
      minute,
      second: 0,
    };
    const moment = momentOf(wall, zone);
    if (moment > from) found.push(moment);
  }
  return found;
}
