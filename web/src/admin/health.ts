import type { HealthItem } from "@client";

/** In the order in which somebody should look at them. */
export const HEALTHS = ["failing", "disconnected", "setup", "disabled", "unused", "ok"] as const;
export type Health = (typeof HEALTHS)[number];

export type LastRun = {
  readonly guid: string;
  readonly status: string;
  readonly startedAt: string | null;
  readonly stoppedAt: string | null;
  readonly error: string | null;
};

/** An integration of a customer, as the partner's list of all of them has it. */
export type Installed = {
  readonly guid: string;
  readonly name: string;
  readonly account: { readonly guid: string; readonly externalId: string; readonly name: string };
  readonly template: string;
  readonly templateName: string;
  readonly version: number;
  readonly pinned: number | null;
  readonly detached: boolean;
  readonly health: Health;
  readonly lastRun: LastRun | null;
};

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const maybe = (value: unknown): string | null => (typeof value === "string" ? value : null);

export function installed(item: HealthItem): Installed {
  const { account, blend, last_run: run } = item;
  const pinned = blend["pinned_version"];
  return {
    guid: text(blend["guid"]),
    name: text(blend["name"]),
    account: {
      guid: text(account["guid"]),
      externalId: text(account["externalid"]),
      name: text(account["name"]),
    },
    template: text(blend["template_guid"]),
    templateName: text(blend["template_name"]),
    version: Number(blend["version"]),
    pinned: typeof pinned === "number" ? pinned : null,
    detached: blend["detached"] === true,
    health: item.health,
    lastRun:
      run === null
        ? null
        : {
            guid: text(run["guid"]),
            status: text(run["status"]),
            startedAt: maybe(run["starttime"]),
            stoppedAt: maybe(run["stoptime"]),
            error: maybe(run["error"]),
          },
  };
}

export function countByHealth(all: readonly Installed[]): Record<Health, number> {
  const counts = Object.fromEntries(HEALTHS.map((one) => [one, 0])) as Record<Health, number>;
  for (const one of all) counts[one.health] += 1;
  return counts;
}

/** The worst first; among equals what ran last first. */
export function byUrgency(all: readonly Installed[]): readonly Installed[] {
  return [...all].sort(
    (one, other) =>
      HEALTHS.indexOf(one.health) - HEALTHS.indexOf(other.health) ||
      (other.lastRun?.stoppedAt ?? "").localeCompare(one.lastRun?.stoppedAt ?? ""),
  );
}

/** What an account comes to: its worst integration that is meant to work; null where it has none. */
export function worst(all: readonly Installed[]): Health | null {
  return byUrgency(all)[0]?.health ?? null;
}

/** How many integrations could get a newer version than they run: they follow, are not detached, and are behind. */
export function updatesPending(all: readonly Installed[], newest: ReadonlyMap<string, number>): number {
  return all.filter((one) => isBehind(one, newest)).length;
}

export function isBehind(one: Installed, newest: ReadonlyMap<string, number>): boolean {
  return !one.detached && one.version < (newest.get(one.template) ?? 0);
}

export function grouped(
  all: readonly Installed[],
  of: (one: Installed) => string,
): ReadonlyMap<string, readonly Installed[]> {
  const groups = new Map<string, Installed[]>();
  for (const one of all) {
    const group = groups.get(of(one));
    if (group === undefined) groups.set(of(one), [one]);
    else group.push(one);
  }
  return groups;
}
