import type { ConnectSession } from "@client";
import { describe, expect, it } from "vitest";
import { type Flow, type Happening, looksClosed, next, START } from "./flow";

const made: ConnectSession = {
  id: "s1",
  status: "open",
  connectorId: "c1",
  createdAt: "2026-11-23T00:00:00Z",
  expiresAt: "2026-11-23T00:30:00Z",
  link: "https://tieline.example/connect/tlc_1",
};

function flowOf(...happenings: readonly Happening[]): Flow {
  return happenings.reduce(next, START);
}

function told(
  status: ConnectSession["status"],
  more: Partial<ConnectSession> & { closed?: boolean } = {},
): Happening {
  const { closed = false, ...rest } = more;
  return { what: "told", closed, session: { ...made, link: null, status, ...rest } };
}

const clicked: Happening = { what: "clicked", blocked: false };
const wasMade: Happening = { what: "made", session: made };

describe("signing in in a window", () => {
  it("goes from the click to the connection", () => {
    expect(flowOf(clicked).at).toBe("opening");
    expect(flowOf(clicked, wasMade)).toMatchObject({ at: "waiting", link: made.link, begun: false });
    expect(flowOf(clicked, wasMade, told("waiting"))).toMatchObject({ at: "waiting", begun: true });
    const done = flowOf(clicked, wasMade, told("waiting"), told("connected", { connectionId: "k" }));
    expect(done).toEqual({ at: "connected", connection: "k" });
  });

  it("remembers that the browser kept the window from opening", () => {
    const flow = flowOf({ what: "clicked", blocked: true }, wasMade);
    expect(flow).toMatchObject({ at: "waiting", blocked: true });
    expect(
      looksClosed(next(next(flow, told("open", { closed: true })), told("open", { closed: true }))),
    ).toBe(false);
    expect(next(flow, { what: "opened-again", blocked: false })).toMatchObject({ blocked: false });
  });

  it("takes a closed window for a hint: it says so after a while, and goes on asking", () => {
    const once = flowOf(clicked, wasMade, told("waiting", { closed: true }));
    expect(looksClosed(once)).toBe(false);
    const twice = next(once, told("waiting", { closed: true }));
    expect(looksClosed(twice)).toBe(true);
    expect(looksClosed(next(twice, { what: "opened-again", blocked: false }))).toBe(false);
    expect(next(twice, told("connected", { connectionId: "k", closed: true })).at).toBe("connected");
  });

  it("shows what the other side refused, and lets one try again in the same session", () => {
    const flow = flowOf(clicked, wasMade, told("failed", { error: "access_denied" }));
    expect(flow).toMatchObject({ at: "waiting", problem: "access_denied" });
    expect(next(flow, told("waiting"))).toMatchObject({ problem: "" });
  });

  it("ends with the session's time, with an error, or when it is given up", () => {
    expect(flowOf(clicked, wasMade, told("expired"))).toEqual({ at: "expired" });
    expect(flowOf(clicked, { what: "failed", error: 1 })).toEqual({ at: "broken", error: 1 });
    expect(flowOf(clicked, wasMade, { what: "given-up" })).toEqual(START);
  });

  it("does not listen to a session that it has given up", () => {
    expect(flowOf(clicked, wasMade, { what: "given-up" }, told("connected", { connectionId: "k" }))).toEqual(
      START,
    );
    expect(flowOf(clicked, wasMade, told("connected", { id: "other", connectionId: "k" }))).toMatchObject({
      at: "waiting",
    });
    expect(flowOf({ what: "failed", error: 1 })).toEqual(START);
  });
});
