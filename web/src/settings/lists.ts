import { type QueryKey, useInfiniteQuery } from "@tanstack/react-query";
import { cursorOf } from "../api/pages";

type Linked<T> = {
  readonly data: readonly T[];
  readonly links: { readonly next?: { readonly href?: string | null | undefined } | null | undefined };
};

type Numbered<T> = {
  readonly data: readonly T[];
  readonly meta: { readonly current_page: number; readonly last_page: number };
};

/** A list whose pages are linked (`/api/…`). */
export function useLinked<T>(
  queryKey: QueryKey,
  ask: (cursor: string | undefined, signal: AbortSignal) => Promise<Linked<T>>,
  enabled = true,
) {
  const query = useInfiniteQuery({
    queryKey,
    enabled,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => ask(pageParam, signal),
    getNextPageParam: (last) => cursorOf(last),
  });
  return { query, rows: query.data?.pages.flatMap((page) => page.data) ?? [] };
}

/** A list whose pages are numbered (`/oem/v1/…`). */
export function useNumbered<T>(
  queryKey: QueryKey,
  ask: (page: number, signal: AbortSignal) => Promise<Numbered<T>>,
  enabled = true,
) {
  const query = useInfiniteQuery({
    queryKey,
    enabled,
    initialPageParam: 1,
    queryFn: ({ pageParam, signal }) => ask(pageParam, signal),
    getNextPageParam: ({ meta }) => (meta.current_page < meta.last_page ? meta.current_page + 1 : undefined),
  });
  return { query, rows: query.data?.pages.flatMap((page) => page.data) ?? [] };
}
