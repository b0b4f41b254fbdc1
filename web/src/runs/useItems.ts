import { useInfiniteQuery } from "@tanstack/react-query";
import { useApi } from "../api";

type Asked = {
  readonly automationId: string;
  readonly runId: string;
  readonly blockId: string;
  readonly around: string;
  readonly status: "" | "ok" | "failed" | "running";
  readonly limit?: number;
  readonly again?: number | false;
};

/** The items of a loop, page by page. A page may be empty and the list still go on. */
export function useItems({
  automationId,
  runId,
  blockId,
  around,
  status,
  limit = 100,
  again = false,
}: Asked) {
  const api = useApi();
  return useInfiniteQuery({
    queryKey: ["automations", automationId, "runs", runId, "items", { blockId, around, status, limit }],
    queryFn: ({ signal, pageParam }) =>
      api.workflows.getRunIterations(
        automationId,
        runId,
        blockId,
        { limit, after: pageParam || undefined, iteration: around || undefined, status: status || undefined },
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: (page) => (page.complete ? undefined : page.after),
    enabled: blockId !== "",
    refetchInterval: again,
  });
}

/** Executions of a block, page by page. */
export function useExecutions({
  automationId,
  runId,
  blockId,
  item,
  status,
  again,
}: {
  readonly automationId: string;
  readonly runId: string;
  readonly blockId: string;
  readonly item: string;
  readonly status: "" | "ok" | "failed" | "replayed";
  readonly again: number | false;
}) {
  const api = useApi();
  return useInfiniteQuery({
    queryKey: ["automations", automationId, "runs", runId, "executions", { blockId, item, status }],
    queryFn: ({ signal, pageParam }) =>
      api.workflows.getRunExecutions(
        automationId,
        runId,
        blockId,
        {
          limit: 25,
          after: pageParam || undefined,
          iteration: item || undefined,
          status: status || undefined,
        },
        { signal },
      ),
    initialPageParam: "",
    getNextPageParam: (page) => (page.complete ? undefined : page.after),
    enabled: blockId !== "",
    // Only the newest page grows, and reading all of a long list again and again is for nobody.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 2 ? false : again),
  });
}
