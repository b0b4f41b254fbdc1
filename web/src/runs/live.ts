import { ApiError, type Workflows } from "@client";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useApi } from "../api";
import { type BlockState, isOver, LiveStore, type RunState } from "./liveStore";

export type { BlockState, BlockStatus, RunError, RunState, RunStatus } from "./liveStore";
export { isOver, LiveStore } from "./liveStore";

const OVERVIEW_EVERY = 2_500;
const POLL_EVERY = 3_000;
const STREAM_AGAIN_AFTER = 20_000;

type Source = { readonly workflows: Pick<Workflows, "getRun" | "getRunBlocks" | "getRunEvents"> };

/** Follows a run until it is over or the signal says so; works where the stream does not, by asking. */
export async function follow(
  api: Source,
  automationId: string,
  runId: string,
  store: LiveStore,
  signal: AbortSignal,
): Promise<void> {
  const { workflows } = api;
  const reader = new Overview(async () => {
    store.setRun(await workflows.getRun(automationId, runId, { signal }));
    for (let complete = false; !complete && !signal.aborted; ) {
      const page = await workflows.getRunBlocks(automationId, runId, { signal });
      complete = page.complete;
      store.setBlocks(page.data);
      store.flush();
    }
  }, signal);
  await reader.now();
  let last = "now";
  while (!signal.aborted && !isOver(store.run().status)) {
    try {
      store.setFeed("stream");
      for await (const event of workflows.getRunEvents(automationId, runId, { after: last }, { signal })) {
        last = event.id || last;
        const asked = store.take(event);
        if (event.event === "end") break;
        if (asked || event.event === "block") reader.soon(OVERVIEW_EVERY);
      }
      if (!isOver(store.run().status)) await pause(POLL_EVERY, signal);
    } catch (error) {
      if (signal.aborted) return;
      // Gone, or not for us: nothing to wait for.
      if (error instanceof ApiError && error.status < 429) return store.setFeed("over");
      store.setFeed("polling");
      const until = Date.now() + STREAM_AGAIN_AFTER;
      while (!signal.aborted && Date.now() < until && !isOver(store.run().status)) {
        await pause(POLL_EVERY, signal);
        await reader.now();
      }
    }
  }
  await reader.now();
  store.setFeed("over");
}

/** Reads the overview now, or soon: never twice at once, and what fails is asked again with the next news. */
class Overview {
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #read: () => Promise<void>;
  readonly #signal: AbortSignal;

  constructor(read: () => Promise<void>, signal: AbortSignal) {
    this.#read = read;
    this.#signal = signal;
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  soon(milliseconds: number): void {
    if (this.#timer !== undefined || this.#signal.aborted) return;
    this.#timer = setTimeout(() => void this.now(), milliseconds);
  }

  async now(): Promise<void> {
    if (this.#signal.aborted) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      await this.#read();
    } catch {
      this.soon(POLL_EVERY);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}

/** The live state of a run. `again` changes when a run that was over goes on (retry, resume). */
export function useLiveRun(automationId: string, runId: string | null, again: unknown = 0): LiveStore {
  const api = useApi();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another run, or the same one once more, begins with nothing.
  const store = useMemo(() => new LiveStore(), [automationId, runId, again]);
  useEffect(() => {
    if (runId === null) return;
    const ending = new AbortController();
    void follow(api, automationId, runId, store, ending.signal);
    return () => ending.abort();
  }, [api, automationId, runId, store]);
  return store;
}

export function useLiveState(live: LiveStore): RunState {
  return useSyncExternalStore(live.onRun, live.run);
}

/** How one block stands; null while the run did not come to it. Renders only when that changes. */
export function useLiveBlock(live: LiveStore, blockId: string): BlockState | null {
  const subscribe = useMemo(() => (listener: () => void) => live.onBlock(blockId, listener), [live, blockId]);
  return useSyncExternalStore(subscribe, () => live.block(blockId));
}
