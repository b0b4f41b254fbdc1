import type { Account, Oem, Template } from "@client";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useApi } from "../api";
import { type Installed, installed } from "./health";

type Numbered<T> = { readonly data: readonly T[]; readonly meta: { readonly last_page: number } };

const PER_PAGE = 100;

/** All rows of a numbered list: a thousand are ten requests; what is drawn is cut elsewhere. */
export async function everything<T>(ask: (page: number, size: number) => Promise<Numbered<T>>): Promise<T[]> {
  const rows: T[] = [];
  for (let page = 1; ; page += 1) {
    const { data, meta } = await ask(page, PER_PAGE);
    rows.push(...data);
    if (page >= meta.last_page) return rows;
  }
}

/** A query of the partner's API, whose code is fetched with the first one. */
export function useOemQuery<T>(
  queryKey: readonly unknown[],
  ask: (oem: Oem, signal: AbortSignal) => Promise<T>,
  options: { readonly every?: number | false; readonly enabled?: boolean } = {},
) {
  const api = useApi();
  return useQuery({
    queryKey: ["oem", ...queryKey],
    queryFn: async ({ signal }) => ask(await api.oem(), signal),
    refetchInterval: options.every ?? false,
    enabled: options.enabled ?? true,
  });
}

export function useAccounts() {
  return useOemQuery<Account[]>(["accounts"], (oem, signal) =>
    everything((page, per_page) => oem.listAccounts({ page, per_page }, { signal })),
  );
}

export type Standing = "active" | "disabled" | "all";

/** The customers that the server finds, page by page; with ``whole`` all of them, for what only we can filter by. */
export function useFoundAccounts(search: string, status: Standing, whole: boolean) {
  const api = useApi();
  const query = useInfiniteQuery({
    queryKey: ["oem", "accounts", "found", { search, status }],
    initialPageParam: 1,
    queryFn: async ({ pageParam: page, signal }) =>
      (await api.oem()).listAccounts(
        { page, per_page: PER_PAGE, status, ...(search && { search }) },
        { signal },
      ),
    getNextPageParam: ({ meta }) => (meta.current_page < meta.last_page ? meta.current_page + 1 : undefined),
    placeholderData: keepPreviousData,
  });
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  useEffect(() => {
    if (whole && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [whole, hasNextPage, isFetching, isError, fetchNextPage]);
  const rows = useMemo(() => query.data?.pages.flatMap(({ data }) => data) ?? [], [query.data]);
  return { query, rows, total: query.data?.pages[0]?.meta.total ?? 0 };
}

/** How all integrations are, or those of one template. */
export function useFleet(template?: string, every: number | false = false) {
  const query = useOemQuery(
    ["health", template ?? ""],
    (oem, signal) => everything((page, per_page) => oem.getHealth({ page, per_page, template }, { signal })),
    { every },
  );
  const rows = useMemo<readonly Installed[]>(() => (query.data ?? []).map(installed), [query.data]);
  return { query, rows };
}

export type Offered = Template & {
  readonly version: number;
  readonly liveVersion: number;
  readonly externalId: string | null;
};

/** What answers hold beyond their documented form. */
function further(template: Template): Offered {
  const said = new Map<string, unknown>(Object.entries(template));
  const external = said.get("externalid");
  return {
    ...template,
    version: Number(said.get("version") ?? 1),
    liveVersion: Number(said.get("live_version") ?? 1),
    externalId: typeof external === "string" ? external : null,
  };
}

export function useTemplates() {
  return useOemQuery<Offered[]>(["templates"], async (oem, signal) => {
    const rows: Offered[] = [];
    for (let page = 1; ; page += 1) {
      const some = await oem.listTemplates({ page, per_page: PER_PAGE }, { signal });
      rows.push(...some.map(further));
      if (some.length < PER_PAGE) return rows;
    }
  });
}

/** The newest version of each template. */
export function useNewest(): ReadonlyMap<string, number> {
  const { data } = useTemplates();
  return useMemo(() => new Map((data ?? []).map((one) => [one.guid, one.version])), [data]);
}
