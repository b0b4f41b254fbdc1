import type { BlockHistory, RunDetail, VersionItem } from "@client";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";
import { blockIds } from "./outline";

export type DocumentOf = {
  readonly version: number;
  /** Whether the run says so itself; else it is what fits best. */
  readonly sure: boolean;
  readonly workspace: unknown;
  /** The newest version that there is. */
  readonly latest: number;
};

/** The version that a run tells, where the server tells it. */
export function toldVersion(run: RunDetail): number | null {
  const version = (run as { readonly version?: unknown }).version;
  return typeof version === "number" ? version : null;
}

/** Versions that a run may have had, likeliest first: those that were there when it was made. */
export function candidates(run: RunDetail, versions: readonly VersionItem[]): number[] {
  const there = versions.filter((one) => Date.parse(one.createdAt) <= Date.parse(run.createdAt));
  const drafts = run.isTestRun || run.context === "editor" || run.context === "lookup";
  const live = drafts ? [] : there.filter((one) => one.isLive);
  const newest = there.filter((one) => !live.includes(one)).sort((one, other) => other.version - one.version);
  return [...live, ...newest].map((one) => one.version);
}

const TRIED = 4;

/** The workspace document that a run went through. */
export function useDocumentOf(
  automationId: string,
  run: RunDetail,
  came: readonly BlockHistory[] | undefined,
) {
  const api = useApi();
  const told = toldVersion(run);
  return useQuery({
    queryKey: ["automations", automationId, "runs", run.id, "document", { told, came: came?.length ?? 0 }],
    queryFn: async ({ signal }): Promise<DocumentOf> => {
      const page = await api.workflows.getVersions(automationId, { limit: 50 }, { signal });
      const latest = page.data[0]?.version ?? 0;
      const numbers = told === null ? candidates(run, page.data).slice(0, TRIED) : [told];
      let best: { version: number; workspace: unknown } | null = null;
      for (const version of numbers) {
        const { workspace } = await api.workflows.getVersion(automationId, version, { signal });
        const ids = blockIds(workspace);
        best ??= { version, workspace };
        if ((came ?? []).every((one) => ids.has(one.blockId))) {
          best = { version, workspace };
          break;
        }
      }
      return { version: 0, workspace: { blocks: [] }, ...best, sure: told !== null, latest };
    },
    enabled: came !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  });
}
