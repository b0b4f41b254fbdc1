import { ApiError, type BlockHistory, type RunDetail, type ServerEvent } from "@client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { follow, LiveStore } from "./live";

const run = (status: string, more: object = {}) =>
  ({
    id: "r",
    status,
    title: "",
    paused: false,
    error: null,
    metrics: null,
    ...more,
  }) as unknown as RunDetail;
const came = (blockId: string, more: Partial<BlockHistory> = {}) =>
  ({
    blockId,
    path: blockId,
    executions: 1,
    failed: 0,
    warnings: 0,
    seconds: 1,
    apiCalls: 0,
    pages: 0,
    records: 0,
    lastStatus: "ok",
    running: false,
    ...more,
  }) as BlockHistory;
const ended = (blockId: string, status = "ok", iteration: unknown[] = []): ServerEvent => ({
  event: "block",
  id: "1.1",
  data: { blockId, path: blockId, status, milliseconds: 5, iteration },
});
const now = () => new LiveStore((flush) => flush());

describe("the live store", () => {
  it("tells only the listeners of what changed", () => {
    const store = now();
    const [a, b] = [vi.fn(), vi.fn()];
    store.setBlocks([came("a"), came("b")]);
    store.onBlock("a", a);
    store.onBlock("b", b);
    const before = store.block("b");
    store.take(ended("a"));
    expect(a).toHaveBeenCalledTimes(1);
    expect(b).not.toHaveBeenCalled();
    expect(store.block("a")?.executions).toBe(2);
    expect(store.block("b")).toBe(before);
  });
  it("shows loops by the item that they are at", () => {
    const store = now();
    store.take(ended("inner", "ok", [{ blockId: "loop", index: 6 }]));
    expect(store.block("loop")).toMatchObject({ status: "running", item: 6 });
    store.take({ event: "end", id: "9.end", data: { status: "stopped", error: null } });
    expect(store.block("loop")?.status).toBe("unfinished");
  });
  it("marks the block that ended the run, and others as done with errors", () => {
    const store = now();
    store.setBlocks([came("a", { failed: 1, lastStatus: "failed" }), came("b", { failed: 1, warnings: 1 })]);
    expect(store.block("a")?.status).toBe("warning");
    store.setRun(
      run("failed", {
        error: [
          { code: "x", title: "X", detail: "d", blockId: "a", path: "a" },
          { code: "warning", title: "Warning", detail: "d", blockId: "b" },
        ],
      }),
    );
    expect(store.block("a")).toMatchObject({ status: "failed", error: { title: "X" } });
    expect(store.block("b")?.status).toBe("warning");
  });
  it("does not let numbers jump back while the run goes on, and believes the overview at its end", () => {
    const store = now();
    store.setRun(run("running"));
    for (let at = 0; at < 5; at++) store.take(ended("a"));
    store.setBlocks([came("a", { executions: 3 })]);
    expect(store.block("a")?.executions).toBe(5);
    store.setRun(run("finished"));
    store.setBlocks([came("a", { executions: 4 })]);
    expect(store.block("a")?.executions).toBe(4);
  });
  it("knows a paused run although the stream calls it queued", () => {
    const store = now();
    store.setRun(run("queued", { paused: true }));
    store.take({ event: "run", id: "", data: { status: "queued", title: "", metrics: null } });
    expect(store.run().status).toBe("paused");
    store.take({ event: "run", id: "", data: { status: "running", title: "", metrics: null } });
    expect(store.run().status).toBe("running");
  });
});

describe("following", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const source = (runs: RunDetail[], streams: (() => AsyncGenerator<ServerEvent, void, undefined>)[]) => {
    let asked = 0;
    const afters: (string | undefined)[] = [];
    return {
      afters,
      workflows: {
        getRun: async () => runs[Math.min(asked++, runs.length - 1)] as RunDetail,
        getRunBlocks: async () => ({ data: [came("a")], complete: true }),
        getRunEvents: (_id: string, _run: string, params: { after?: string | undefined } = {}) => {
          afters.push(params.after);
          const next = streams.shift();
          if (next === undefined) throw new Error("no more streams");
          return next();
        },
      },
    };
  };

  it("reads the stream to the end of the run", async () => {
    const store = now();
    const from = source(
      [run("running"), run("finished")],
      [
        async function* () {
          yield ended("a");
          yield { event: "end", id: "1.end", data: { status: "finished", error: null } };
        },
      ],
    );
    await follow(from, "x", "r", store, new AbortController().signal);
    expect(store.run()).toMatchObject({ status: "finished", feed: "over" });
    expect(from.afters).toEqual(["now"]);
  });
  it("asks again and again where the stream breaks, and comes back behind its last event", async () => {
    const store = now();
    const from = source(
      [run("running")],
      [
        // biome-ignore lint/correctness/useYield: it breaks before
        async function* () {
          throw new Error("broken");
        },
        async function* () {
          yield ended("a");
          throw new Error("broken");
        },
        async function* () {
          yield { event: "end", id: "2.end", data: { status: "finished", error: null } };
        },
      ],
    );
    const done = follow(from, "x", "r", store, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(store.run().feed).toBe("polling");
    await vi.advanceTimersByTimeAsync(60_000);
    await done;
    expect(from.afters).toEqual(["now", "now", "1.1"]);
    expect(store.run().feed).toBe("over");
  });
  it("asks for nothing more once nobody looks, or the run is gone", async () => {
    const store = now();
    const gone = source([run("running")], []);
    gone.workflows.getRunEvents = () => {
      throw new ApiError(404, {}, undefined);
    };
    await follow(gone, "x", "r", store, new AbortController().signal);
    expect(store.run().feed).toBe("over");
    const ending = new AbortController();
    ending.abort();
    await follow(source([run("running")], []), "x", "r", now(), ending.signal);
  });
});
