import type { BlockHistory, RunDetail, RunMetrics, ServerEvent } from "@client";

export type RunStatus = RunDetail["status"] | "paused" | "gone";

export type RunError = {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly blockId: string;
  readonly block: string;
  readonly path: string;
};

export type RunState = {
  readonly status: RunStatus;
  readonly title: string;
  readonly startedAt: string | null;
  readonly stoppedAt: string | null;
  readonly apiCalls: number;
  readonly items: number;
  readonly errors: readonly RunError[];
  /** How the news come: by the stream, by asking again and again, or not at all. */
  readonly feed: "waiting" | "stream" | "polling" | "over";
};

export type BlockStatus = "none" | "running" | "ok" | "failed" | "warning" | "replayed" | "unfinished";

export type BlockState = {
  readonly status: BlockStatus;
  readonly executions: number;
  readonly failed: number;
  readonly warnings: number;
  readonly seconds: number;
  readonly apiCalls: number;
  readonly pages: number;
  readonly records: number;
  /** Of a loop: the item that it is at, from 0; null for anything else and before the first. */
  readonly item: number | null;
  readonly error: RunError | null;
};

const ENDED: ReadonlySet<string> = new Set([
  "failed",
  "finished",
  "finished with warnings",
  "stopped",
  "exceeded limit",
  "gone",
]);

export function isOver(status: RunStatus): boolean {
  return ENDED.has(status);
}

/** The code of what a block's setting made of an error. */
export const WARNING = "warning";

type Tally = {
  executions: number;
  failed: number;
  warnings: number;
  seconds: number;
  apiCalls: number;
  pages: number;
  records: number;
  running: boolean;
  lastStatus: string | null;
  item: number | null;
};

const NOTHING: Tally = {
  executions: 0,
  failed: 0,
  warnings: 0,
  seconds: 0,
  apiCalls: 0,
  pages: 0,
  records: 0,
  running: false,
  lastStatus: null,
  item: null,
};

const BEFORE: RunState = {
  status: "not started",
  title: "",
  startedAt: null,
  stoppedAt: null,
  apiCalls: 0,
  items: 0,
  errors: [],
  feed: "waiting",
};

/** What a run did so far, block by block. Listeners of a block hear only of that block, once a frame at most. */
export class LiveStore {
  #run: RunState = BEFORE;
  readonly #tallies = new Map<string, Tally>();
  readonly #shown = new Map<string, BlockState | null>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #runListeners = new Set<() => void>();
  readonly #touched = new Set<string>();
  readonly #keys = new Map<string, string>();
  #latest: { readonly blockId: string; readonly path: string } | null = null;
  #runTouched = false;
  #waiting = false;
  readonly #later: (flush: () => void) => void;

  constructor(later: (flush: () => void) => void = (flush) => void setTimeout(flush, 60)) {
    this.#later = later;
  }

  run = (): RunState => this.#run;

  block(id: string): BlockState | null {
    const kept = this.#shown.get(id);
    if (kept !== undefined) return kept;
    const made = this.#state(id);
    this.#shown.set(id, made);
    return made;
  }

  /** The execution that was told last, for those who follow along; nobody is told when it changes. */
  latest = () => this.#latest;

  /** How paths of executions name a block (`b4`); undefined while the run did not come to it. */
  keyOf(id: string): string | undefined {
    return this.#keys.get(id);
  }

  onRun = (listener: () => void): (() => void) => {
    this.#runListeners.add(listener);
    return () => this.#runListeners.delete(listener);
  };

  onBlock(id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** The run as the API gives it. */
  setRun(run: RunDetail): void {
    this.#change({
      status: run.paused ? "paused" : run.status,
      title: run.title,
      startedAt: run.startTime ?? null,
      stoppedAt: run.stopTime ?? null,
      errors: errorsOf(run.error),
      ...figures(run.metrics),
    });
  }

  /** The overview, which is right about everything up to the moment it was asked for. */
  setBlocks(blocks: readonly BlockHistory[]): void {
    const over = isOver(this.#run.status);
    for (const one of blocks) {
      const before = this.#tallies.get(one.blockId) ?? NOTHING;
      this.#keys.set(one.blockId, one.path);
      // Events may be ahead of an overview while the run goes on; numbers do not jump back then.
      const most = (now: number, told: number) => (over ? told : Math.max(now, told));
      this.#put(one.blockId, {
        executions: most(before.executions, one.executions),
        failed: most(before.failed, one.failed),
        warnings: one.warnings,
        seconds: one.seconds,
        apiCalls: one.apiCalls,
        pages: one.pages,
        records: one.records,
        running: one.running && !over,
        lastStatus: one.lastStatus ?? before.lastStatus,
        item: before.item,
      });
    }
  }

  setFeed(feed: RunState["feed"]): void {
    this.#change({ feed });
  }

  /** One event of the stream; true when the overview should be read again. */
  take(event: ServerEvent): boolean {
    const data = record(event.data);
    if (event.event === "run") {
      const status = text(data["status"]) as RunStatus;
      // A paused run is told as queued, the nearest word of the published API.
      const paused = this.#run.status === "paused" && status === "queued";
      this.#change({
        status: paused ? "paused" : status,
        title: text(data["title"]),
        startedAt: text(data["startedAt"]) || null,
        stoppedAt: text(data["stoppedAt"]) || null,
        ...(isOver(status) ? {} : { errors: [] }),
        ...figures(data["metrics"] as RunMetrics | null),
      });
      return true;
    }
    if (event.event === "end") {
      this.#change({
        status: text(data["status"]) as RunStatus,
        errors: errorsOf(data["error"]),
        feed: "over",
      });
      return true;
    }
    if (event.event === "block") this.#took(data);
    return false;
  }

  #took(data: Record<string, unknown>): void {
    const id = text(data["blockId"]);
    if (!id) return;
    const before = this.#tallies.get(id) ?? NOTHING;
    const status = text(data["status"]);
    const failed = status === "failed";
    const milliseconds = data["milliseconds"];
    this.#put(id, {
      ...before,
      executions: before.executions + 1,
      failed: before.failed + (failed ? 1 : 0),
      seconds: before.seconds + (typeof milliseconds === "number" ? milliseconds / 1000 : 0),
      running: false,
      lastStatus: status,
    });
    for (const loop of Array.isArray(data["iteration"]) ? data["iteration"] : []) {
      const { blockId, index } = record(loop);
      if (typeof blockId !== "string" || typeof index !== "number") continue;
      const around = this.#tallies.get(blockId) ?? NOTHING;
      if (around.item !== index || !around.running)
        this.#put(blockId, { ...around, item: index, running: true });
    }
    this.#latest = { blockId: id, path: text(data["path"]) };
  }

  #put(id: string, tally: Tally): void {
    this.#tallies.set(id, tally);
    this.#touched.add(id);
    this.#soon();
  }

  #change(part: Partial<RunState>): void {
    const next = { ...this.#run, ...part };
    const same = (Object.keys(part) as (keyof RunState)[]).every((name) =>
      Object.is(this.#run[name], next[name]),
    );
    if (same) return;
    const whole = next.status !== this.#run.status || next.errors !== this.#run.errors;
    this.#run = next;
    this.#runTouched = true;
    // How the run ended decides how each of its blocks is shown.
    if (whole) for (const id of this.#tallies.keys()) this.#touched.add(id);
    this.#soon();
  }

  #soon(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#later(() => this.flush());
  }

  /** Tells the listeners what changed since the last time. */
  flush(): void {
    this.#waiting = false;
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const id of touched) {
      const before = this.#shown.get(id);
      const now = this.#state(id);
      if (before !== undefined && alike(before, now)) continue;
      this.#shown.set(id, now);
      for (const listener of this.#listeners.get(id) ?? []) listener();
    }
    if (!this.#runTouched) return;
    this.#runTouched = false;
    for (const listener of this.#runListeners) listener();
  }

  #state(id: string): BlockState | null {
    const tally = this.#tallies.get(id);
    const error = this.#run.errors.find((one) => one.blockId === id && one.code !== WARNING) ?? null;
    if (tally === undefined && error === null) return null;
    const { running, lastStatus, ...counts } = tally ?? NOTHING;
    return { ...counts, error, status: statusOf(tally ?? NOTHING, error, this.#run.status) };
  }
}

function statusOf(tally: Tally, error: RunError | null, run: RunStatus): BlockStatus {
  const over = isOver(run);
  if (error !== null && over) return "failed";
  if (tally.running && !over) return "running";
  if (tally.executions === 0)
    return tally.pages > 0 || tally.item !== null ? (over ? "unfinished" : "running") : "none";
  if (tally.failed > 0) return "warning";
  return tally.lastStatus === "replayed" ? "replayed" : "ok";
}

function figures(metrics: unknown): Partial<RunState> {
  if (typeof metrics !== "object" || metrics === null) return {};
  const found = record(metrics);
  const calls = found["totalApiCalls"] ?? record(found["network"])["apiCalls"];
  return { apiCalls: number(calls), items: number(found["items"]) };
}

export function errorsOf(found: unknown): RunError[] {
  return (Array.isArray(found) ? found : []).map((one) => {
    const entry = record(one);
    return {
      code: text(entry["code"]),
      title: text(entry["title"]),
      detail: text(entry["detail"]),
      blockId: text(entry["blockId"]),
      block: text(entry["block"]),
      path: text(entry["path"]),
    };
  });
}

function alike(one: BlockState | null, other: BlockState | null): boolean {
  if (one === null || other === null) return one === other;
  return (Object.keys(one) as (keyof BlockState)[]).every((name) => Object.is(one[name], other[name]));
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
