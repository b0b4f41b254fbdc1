import { type QueryKey, useInfiniteQuery } from "@tanstack/react-query";

type Linked<T> = {
  readonly data: readonly T[];
  readonly links: { readonly next?: { readonly href?: string | null | undefined } | null | undefined };
};

type Numbered<T> = {
  readonly data: readonly T[];
  readonly meta: { readonly current_page: number; readonly last_page: number };
};

const NAMES = ["next", "cursor", "startingAfter", "page"] as const;

/** Where a list goes on, taken from the link of its answer; its families call it differently. */
export function cursorOf(href: string | null | undefined): string | undefined {
  if (!href) return undefined;
  const query = new URL(href, "http://localhost").searchParams;
  for (const name of NAMES) {
    const value = query.get(name);
    if (value) return value;
  }
  return undefined;
}

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
    getNextPageParam: (last) => cursorOf(last.links.next?.href),
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
