import type { Result, Results } from "@client";

export type Outcome<T> = { readonly item: T; readonly result: Result };

/** How many go with one request: few enough that the progress is seen, many enough for a thousand customers. */
export const AT_ONCE = 25;

export function chunks<T>(items: readonly T[], size = AT_ONCE): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}

/**
 * Does it for all items, some at a time. What a whole request fails with counts for each of its items, so that they
 * can be tried again; where it was stopped, what is done stays done.
 */
export async function inBulk<T extends { readonly account: string }>(
  items: readonly T[],
  call: (some: T[], signal: AbortSignal) => Promise<Results>,
  told: (done: readonly Outcome<T>[]) => void,
  signal: AbortSignal,
): Promise<readonly Outcome<T>[]> {
  const outcomes: Outcome<T>[] = [];
  for (const some of chunks(items)) {
    if (signal.aborted) break;
    let results: readonly Result[];
    try {
      results = (await call([...some], signal)).results;
    } catch (error) {
      if (signal.aborted) break;
      const status = error instanceof Error && "status" in error ? Number(error.status) : 0;
      const detail = error instanceof Error && "detail" in error ? String(error.detail) : String(error);
      results = some.map((item, index) => ({ index, account: item.account, status, error: detail }));
    }
    for (const [index, item] of some.entries()) {
      const result = results.find((one) => one.index === index);
      outcomes.push({ item, result: result ?? { index, account: item.account, status: 0 } });
    }
    told([...outcomes]);
  }
  return outcomes;
}

export function failed<T>(outcomes: readonly Outcome<T>[]): readonly Outcome<T>[] {
  return outcomes.filter(({ result }) => result.status < 200 || result.status >= 400);
}

/** The outcomes after some of them were tried again. */
export function replaced<T>(
  before: readonly Outcome<T>[],
  again: readonly Outcome<T>[],
): readonly Outcome<T>[] {
  const fresh = new Map(again.map((one) => [one.item, one]));
  return before.map((one) => fresh.get(one.item) ?? one);
}
