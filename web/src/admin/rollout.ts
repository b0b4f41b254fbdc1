import type { RollOut } from "@client";
import type { Installed } from "./health";

export type Slice = {
  readonly version: number;
  readonly count: number;
  /** Of all integrations, 0 to 1. */
  readonly share: number;
  readonly live: boolean;
  readonly canary: boolean;
};

/** Which versions run where, the newest first; the live version and the canary also where nobody runs them. */
export function spread(state: RollOut): readonly Slice[] {
  const counts = new Map(
    Object.entries(state.integrations).map(([version, count]) => [Number(version), count]),
  );
  for (const version of [state.live_version, state.canary_version]) {
    if (version !== null && !counts.has(version)) counts.set(version, 0);
  }
  const total = totalOf(state);
  return [...counts]
    .sort(([one], [other]) => other - one)
    .map(([version, count]) => ({
      version,
      count,
      share: total === 0 ? 0 : count / total,
      live: version === state.live_version,
      canary: version === state.canary_version,
    }));
}

export function totalOf(state: RollOut): number {
  return Object.values(state.integrations).reduce((sum, count) => sum + count, 0);
}

/** About how many integrations a share reaches: pinned ones stay where they are. */
export function reach(state: RollOut, share: number): number {
  return Math.round((totalOf(state) - state.pinned) * share);
}

export const STAGES = [0.05, 0.1, 0.25, 0.5, 1] as const;

/** The stage behind this share; null when it is at all of them. */
export function nextStage(share: number): number | null {
  return STAGES.find((stage) => stage > share + 1e-9) ?? null;
}

/** Per cent that a person wrote, as a share; null where it is none. */
export function shareOf(percent: string): number | null {
  const value = Number(percent.trim().replace(",", "."));
  return percent.trim() !== "" && value >= 0 && value <= 100 ? value / 100 : null;
}

export type Progress = { readonly done: number; readonly total: number; readonly failing: number };

/** How far a version has come, and how many of those that run it are failing. */
export function progress(all: readonly Installed[], version: number): Progress {
  const running = all.filter((one) => one.version === version);
  const failing = running.filter((one) => one.health === "failing" || one.health === "disconnected");
  return { done: running.length, total: all.length, failing: failing.length };
}

export type Reason = { readonly error: string; readonly customers: readonly Installed[] };

/** Failures of a version, grouped by what the run said; the most frequent first. */
export function failures(all: readonly Installed[], version: number | null): readonly Reason[] {
  const groups = new Map<string, Installed[]>();
  for (const one of all) {
    if (one.health !== "failing" || (version !== null && one.version !== version)) continue;
    const error = one.lastRun?.error ?? "";
    groups.set(error, [...(groups.get(error) ?? []), one]);
  }
  return [...groups]
    .map(([error, customers]) => ({ error, customers }))
    .sort(
      (one, other) => other.customers.length - one.customers.length || one.error.localeCompare(other.error),
    );
}
