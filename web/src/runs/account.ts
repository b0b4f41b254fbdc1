import type { RunErrorCount, RunPoint, Workflows } from "@client";
import { cursorOf } from "../api/pages";
import { type Filters, scim, stretch } from "./filters";
import type { ListedRun } from "./RunTable";

/** A page of the runs of all automations. */
export async function runsOfAccount(
  workflows: Workflows,
  filters: Filters,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly runs: readonly ListedRun[]; readonly next: string | undefined }> {
  const now = new Date();
  const { from, to } = stretch(filters, now);
  const page = await workflows.getAccountRuns(
    { limit: 25, cursor, filter: scim(filters, now, true), from: from?.toISOString(), to: to?.toISOString() },
    { signal },
  );
  return { runs: page.data, next: cursorOf(page) };
}

export type Asked = {
  readonly from: string;
  readonly to: string;
  readonly step: "hour" | "day";
  readonly automationId: string | null;
};

export type Figures = { readonly points: readonly RunPoint[]; readonly errors: readonly RunErrorCount[] };

export async function figuresOf(workflows: Workflows, asked: Asked, signal: AbortSignal): Promise<Figures> {
  return workflows.getRunStatistics({ ...asked, automationId: asked.automationId ?? undefined }, { signal });
}
