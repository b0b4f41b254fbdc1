import { describe, expect, it } from "vitest";
import { momentOf, nextOf, planOf, turned, withPlan } from "./recurrence";

describe("plans", () => {
  it.each([
    [{ interval: 30 }, { kind: "interval", every: 30, unit: "seconds" }],
    [{ interval: 900 }, { kind: "interval", every: 15, unit: "minutes" }],
    [{ interval: 7200 }, { kind: "interval", every: 2, unit: "hours" }],
    [{ recurrence: "RRULE:FREQ=DAILY;BYHOUR=9;BYMINUTE=30;BYSECOND=0" }, { kind: "daily", time: "09:30" }],
    [{ recurrence: "FREQ=DAILY;BYHOUR=6" }, { kind: "daily", time: "06:00" }],
    [
      { recurrence: "RRULE:FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=7;BYMINUTE=5;BYSECOND=0" },
      { kind: "weekly", days: ["MO", "FR"], time: "07:05" },
    ],
    [
      { recurrence: "RRULE:FREQ=MONTHLY;BYMONTHDAY=31;BYHOUR=0;BYMINUTE=0;BYSECOND=0" },
      { kind: "monthly", day: 31, time: "00:00" },
    ],
  ] as const)("reads %j and writes it again", (schedule, plan) => {
    expect(planOf(schedule)).toEqual(plan);
    expect(planOf(withPlan(schedule, planOf(schedule)))).toEqual(plan);
  });
  it.each([
    ["0 6 * * *"],
    ["RRULE:FREQ=DAILY;BYHOUR=6,18"],
    ["RRULE:FREQ=DAILY;INTERVAL=2;BYHOUR=6"],
    ["RRULE:FREQ=WEEKLY;BYDAY=1MO;BYHOUR=6"],
    ["RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=6"],
    ["RRULE:FREQ=DAILY;BYHOUR=6;COUNT=3"],
    ["RRULE:FREQ=HOURLY;BYMINUTE=0"],
  ])("leaves %s as it is written", (recurrence) => {
    expect(planOf({ recurrence })).toEqual({ kind: "rule", rule: recurrence });
    expect(withPlan({ recurrence }, planOf({ recurrence })).recurrence).toBe(recurrence);
  });
  it("keeps id, zone and bounds", () => {
    const schedule = { id: "1", timezone: "Europe/Brussels", startAt: "2026-01-01 00:00:00", interval: 60 };
    expect(withPlan(schedule, { kind: "daily", time: "08:00" })).toEqual({
      id: "1",
      timezone: "Europe/Brussels",
      startAt: "2026-01-01 00:00:00",
      recurrence: "RRULE:FREQ=DAILY;BYHOUR=8;BYMINUTE=0;BYSECOND=0",
    });
  });
  it("turns into each other and keeps the time", () => {
    expect(turned({ kind: "daily", time: "08:15" }, "weekly")).toMatchObject({ time: "08:15" });
    expect(turned({ kind: "daily", time: "08:15" }, "rule")).toMatchObject({
      rule: expect.stringContaining("BYMINUTE=15"),
    });
    expect(turned({ kind: "interval", every: 5, unit: "minutes" }, "daily")).toEqual({
      kind: "daily",
      time: "09:00",
    });
  });
});

describe("the next times", () => {
  const at = (text: string) => new Date(text).getTime();
  const texts = (moments: readonly number[]) =>
    moments.map((moment) => new Date(moment).toISOString().slice(0, 16));
  it("are those of the clocks there, also when these are put forward", () => {
    const found = nextOf({ kind: "daily", time: "02:30" }, at("2026-03-28T00:00:00Z"), "Europe/Brussels", 3);
    expect(texts(found)).toEqual(["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]);
  });
  it("come once when clocks are put back", () => {
    const found = nextOf({ kind: "daily", time: "02:30" }, at("2026-10-24T12:00:00Z"), "Europe/Brussels", 2);
    expect(texts(found)).toEqual(["2026-10-25T00:30", "2026-10-26T01:30"]);
  });
  it("pass over days that are not meant", () => {
    expect(
      texts(nextOf({ kind: "weekly", days: ["MO"], time: "09:00" }, at("2026-11-23T10:00:00Z"), "UTC", 2)),
    ).toEqual(["2026-11-30T09:00", "2026-12-07T09:00"]);
    expect(
      texts(nextOf({ kind: "monthly", day: 31, time: "09:00" }, at("2026-11-01T00:00:00Z"), "UTC", 2)),
    ).toEqual(["2026-12-31T09:00", "2027-01-31T09:00"]);
  });
  it("count on from now for an interval, and are the server's business for a rule", () => {
    expect(nextOf({ kind: "interval", every: 30, unit: "seconds" }, 0, "UTC", 2)).toEqual([30_000, 60_000]);
    expect(nextOf({ kind: "rule", rule: "0 6 * * *" }, 0, "UTC")).toEqual([]);
  });
  it("know other zones", () => {
    expect(
      momentOf({ year: 2026, month: 7, day: 1, hour: 12, minute: 0, second: 0 }, "America/New_York"),
    ).toBe(at("2026-07-01T16:00:00Z"));
  });
});
