import type { HealthItem, Result, RollOut } from "@client";
import { describe, expect, it } from "vitest";
import { chunks, failed, inBulk, type Outcome, replaced } from "./bulk";
import { byUrgency, countByHealth, type Health, installed, isBehind, updatesPending, worst } from "./health";
import { failures, nextStage, progress, reach, shareOf, spread } from "./rollout";

function item(n: number, health: Health, version = 1, error: string | null = null): HealthItem {
  return {
    account: { guid: `a${n}`, externalid: `c${n}`, name: `Customer ${n}` },
    blend: {
      guid: `b${n}`,
      name: "Sync",
      template_guid: "t",
      template_name: "Sync",
      version,
      pinned_version: null,
      detached: false,
    },
    health,
    last_run:
      error === null
        ? null
        : { guid: `r${n}`, status: "failed", starttime: null, stoptime: `2026-01-0${n}`, error },
  };
}

const state: RollOut = {
  template_guid: "t",
  version: 3,
  live_version: 1,
  canary_version: 3,
  canary_share: 0.25,
  integrations: { "1": 30, "2": 10, "3": 10 },
  pinned: 10,
};

describe("health", () => {
  const all = [
    item(1, "ok"),
    item(2, "failing", 1, "boom"),
    item(3, "unused"),
    item(4, "failing", 2, "boom"),
  ].map(installed);

  it("puts the worst first, and of those the latest", () => {
    expect(byUrgency(all).map((one) => one.guid)).toEqual(["b4", "b2", "b3", "b1"]);
    expect(worst(all)).toBe("failing");
    expect(worst([])).toBeNull();
    expect(countByHealth(all)).toMatchObject({ failing: 2, ok: 1, unused: 1, setup: 0 });
  });

  it("counts who is behind, without those that have gone their own way", () => {
    const newest = new Map([["t", 2]]);
    expect(updatesPending(all, newest)).toBe(3);
    const [first] = all;
    expect(first !== undefined && isBehind({ ...first, detached: true }, newest)).toBe(false);
    expect(updatesPending(all, new Map())).toBe(0);
  });
});

describe("roll-out", () => {
  it("shows every version that runs, the live one and the canary", () => {
    expect(spread(state).map(({ version, count, share }) => [version, count, share])).toEqual([
      [3, 10, 0.2],
      [2, 10, 0.2],
      [1, 30, 0.6],
    ]);
    expect(spread({ ...state, integrations: {} }).map(({ version, share }) => [version, share])).toEqual([
      [3, 0],
      [1, 0],
    ]);
  });

  it("knows whom a share reaches, and what comes next", () => {
    expect(reach(state, 0.25)).toBe(10);
    expect(reach(state, 1)).toBe(40);
    expect([0, 0.05, 0.3, 0.5, 1].map(nextStage)).toEqual([0.05, 0.1, 0.5, 1, null]);
    expect(["25", " 2,5 ", "0", "100", "", "101", "-1", "x"].map(shareOf)).toEqual([
      0.25,
      0.025,
      0,
      1,
      null,
      null,
      null,
      null,
    ]);
  });

  it("groups failures by reason", () => {
    const all = [
      item(1, "failing", 3, "a"),
      item(2, "failing", 3, "b"),
      item(3, "failing", 3, "b"),
      item(4, "failing", 1, "a"),
      item(5, "ok", 3),
    ];
    expect(failures(all.map(installed), 3).map(({ error, customers }) => [error, customers.length])).toEqual([
      ["b", 2],
      ["a", 1],
    ]);
    expect(progress(all.map(installed), 3)).toEqual({ done: 4, total: 5, failing: 3 });
  });
});

describe("bulk", () => {
  const items = Array.from({ length: 60 }, (_, n) => ({ account: `c${n}` }));
  const fine = (some: readonly { account: string }[]): Result[] =>
    some.map(({ account }, index) => ({ index, account, status: account === "c7" ? 409 : 200 }));

  it("goes on where one request fails, and says so for each of its items", async () => {
    let calls = 0;
    const told: number[] = [];
    const done = await inBulk(
      items,
      async (some) => {
        calls += 1;
        if (calls === 2) throw new Error("gone");
        return { results: fine(some), ok: 0, failed: 0 };
      },
      (so) => told.push(so.length),
      new AbortController().signal,
    );
    expect(told).toEqual([25, 50, 60]);
    expect(failed(done)).toHaveLength(26);
    const again: Outcome<{ account: string }>[] = failed(done).map(({ item: one }) => ({
      item: one,
      result: { index: 0, account: one.account, status: 200 },
    }));
    expect(failed(replaced(done, again))).toHaveLength(0);
    expect(replaced(done, again)).toHaveLength(60);
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    const done = await inBulk(
      items,
      async (some) => {
        stop.abort();
        return { results: fine(some), ok: 0, failed: 0 };
      },
      () => {},
      stop.signal,
    );
    expect(done).toHaveLength(25);
    expect(chunks([], 5)).toEqual([]);
  });
});
