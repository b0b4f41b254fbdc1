import type { RunDetail } from "@client";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";

/** The workspace document that a run goes through; a version never changes. */
export function useDocumentOf(automationId: string, run: RunDetail) {
  const api = useApi();
  const version = run.version ?? 0;
  return useQuery({
    queryKey: ["automations", automationId, "versions", version],
    queryFn: async ({ signal }) =>
      (await api.workflows.getVersion(automationId, version, { signal })).workspace as unknown,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  });
}

/** The newest version of an automation, as it is now: somebody may have mended what failed. */
export function useNewest(automationId: string): number | null {
  const api = useApi();
  const newest = useQuery({
    queryKey: ["automations", automationId, "versions", "newest"],
    queryFn: async ({ signal }) =>
      (await api.workflows.getVersions(automationId, { limit: 1 }, { signal })).data[0]?.version ?? 0,
    staleTime: 0,
  });
  return newest.data ?? null;
}
