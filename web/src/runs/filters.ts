/** What the list of runs is narrowed to; it lives in the address, so that it can be sent to a colleague. */
export type Filters = {
  readonly status: string;
  readonly automation: string;
  readonly from: string;
  readonly to: string;
  readonly range: Range;
  readonly error: string;
  readonly title: string;
  readonly tests: "" | "no" | "only";
};

export const RANGES = ["hour", "day", "week", "month", "all", "own"] as const;
export type Range = (typeof RANGES)[number];

export const STATUSES = [
  "running",
  "waiting",
  "finished",
  "finished with warnings",
  "failed",
  "stopped",
  "exceeded limit",
] as const;

const HOURS: Record<Exclude<Range, "all" | "own">, number> = { hour: 1, day: 24, week: 168, month: 720 };
/** More points than the server gives are left out at the beginning. */
const MOST_POINTS = 800;
const DAY_MS = 86_400_000;

export function filtersOf(query: URLSearchParams, otherwise: Range = "week"): Filters {
  const range = query.get("range");
  const own = query.get("from") !== null || query.get("to") !== null;
  return {
    status: STATUSES.find((one) => one === query.get("status")) ?? "",
    automation: query.get("automation") ?? "",
    from: moment(query.get("from")),
    to: moment(query.get("to")),
    range: own ? "own" : (RANGES.find((one) => one === range) ?? otherwise),
    error: (query.get("error") ?? "").slice(0, 200),
    title: (query.get("title") ?? "").slice(0, 200),
    tests: query.get("tests") === "no" ? "no" : query.get("tests") === "only" ? "only" : "",
  };
}

/** The address's query with some filters changed; what says nothing is left out. */
export function withFilters(
  query: URLSearchParams,
  changed: Partial<Record<keyof Filters, string>>,
): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changed)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  if (changed.range !== undefined && changed.range !== "own") {
    next.delete("from");
    next.delete("to");
  }
  return next;
}

export type Stretch = { readonly from: Date | null; readonly to: Date | null };

export function stretch(filters: Filters, now: Date): Stretch {
  if (filters.range === "own") {
    return {
      from: filters.from ? new Date(filters.from) : null,
      to: filters.to ? new Date(filters.to) : null,
    };
  }
  if (filters.range === "all") return { from: null, to: null };
  // Whole minutes, so that the same question has the same name for a while.
  const end = Math.floor(now.getTime() / 60_000) * 60_000;
  return { from: new Date(end - HOURS[filters.range] * 3_600_000), to: null };
}

/** What the charts show: the stretch of the list, or the last 30 days where that has no beginning. */
export function chartStretch(
  filters: Filters,
  now: Date,
): { readonly from: Date; readonly to: Date; readonly step: "hour" | "day" } {
  const asked = stretch(filters, now);
  const to = asked.to ?? new Date(Math.ceil(now.getTime() / 60_000) * 60_000);
  const wanted = asked.from ?? new Date(to.getTime() - 30 * DAY_MS);
  const from = new Date(Math.max(wanted.getTime(), to.getTime() - (MOST_POINTS - 1) * DAY_MS));
  return {
    from: from < to ? from : new Date(to.getTime() - DAY_MS),
    to,
    step: to.getTime() - from.getTime() <= 4 * DAY_MS ? "hour" : "day",
  };
}

const WAITING = ["queued", "not started"];
const RUNNING = ["running", "starting", "must stop"];

/** The SCIM expression of the filters; the list of all automations' runs knows more of them than that of one. */
export function scim(filters: Filters, now: Date, account = false): string | undefined {
  const parts: string[] = [];
  // There, moments are parameters of their own, so that runs which have not begun yet are listed too.
  const { from, to } = account ? { from: null, to: null } : stretch(filters, now);
  if (filters.status === "waiting") parts.push(anyOf("status", WAITING));
  else if (filters.status === "running") parts.push(anyOf("status", RUNNING));
  else if (filters.status) parts.push(`status eq ${quoted(filters.status)}`);
  if (from) parts.push(`startTime ge ${quoted(from.toISOString())}`);
  if (to) parts.push(`startTime le ${quoted(to.toISOString())}`);
  if (filters.title) parts.push(`title co ${quoted(filters.title)}`);
  if (account && filters.automation) parts.push(`automationId eq ${quoted(filters.automation)}`);
  if (account && filters.error) parts.push(`errorCode eq ${quoted(filters.error)}`);
  if (account && filters.tests) parts.push(`isTestRun eq ${filters.tests === "only"}`);
  return parts.length === 0 ? undefined : parts.join(" and ");
}

function anyOf(field: string, values: readonly string[]): string {
  return `(${values.map((value) => `${field} eq ${quoted(value)}`).join(" or ")})`;
}

function quoted(value: string): string {
  return JSON.stringify(value);
}

function moment(text: string | null): string {
  if (text === null) return "";
  const found = new Date(text);
  return Number.isNaN(found.getTime()) ? "" : found.toISOString();
}
