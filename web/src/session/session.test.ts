import { ApiError, NoAnswer } from "@client";
import { describe, expect, test, vi } from "vitest";
import { Bearer, freshUntil, type Signed } from "./session";

function signed(token: string, seconds: number): Signed {
  return {
    token,
    expiresAt: new Date(Date.now() + seconds * 1000).toISOString(),
    user: { id: "u", name: "U", email: null, roles: [] },
    account: { id: "a", name: "A" },
    partnerAdmin: false,
  };
}

describe("a bearer", () => {
  test("is used while four fifths of its life are not over", () => {
    const now = 1_000_000;
    const one = { ...signed("t", 0), expiresAt: new Date(now + 100_000).toISOString() };
    expect(freshUntil(one, now)).toBe(now + 80_000);
  });

  test("is renewed once for all who ask at the same time", async () => {
    const renewed = vi.fn(async () => signed("second", 900));
    const bearer = new Bearer(signed("first", -1), () => undefined, renewed);
    expect(await Promise.all([bearer.token(), bearer.token(), bearer.token()])).toEqual([
      "second",
      "second",
      "second",
    ]);
    expect(renewed).toHaveBeenCalledTimes(1);
    expect(await bearer.token()).toBe("second");
  });

  test("ends where the server knows nobody any more", async () => {
    const ended = vi.fn();
    const bearer = new Bearer(signed("first", -1), ended, async () => {
      throw new ApiError(401, { errors: [{ code: "x", title: "Unauthorized" }] }, undefined);
    });
    await expect(bearer.token()).rejects.toThrow("Unauthorized");
    expect(ended).toHaveBeenCalledOnce();
  });

  test("that the server refuses before its time is renewed, once for all who were refused", async () => {
    const renewed = vi.fn(async () => signed("second", 900));
    const bearer = new Bearer(signed("first", 900), () => undefined, renewed);
    expect(await Promise.all([bearer.another("first"), bearer.another("first")])).toEqual([
      "second",
      "second",
    ]);
    expect(await bearer.another("first")).toBe("second");
    expect(renewed).toHaveBeenCalledTimes(1);
  });

  test("goes on with the old one while the server cannot be reached and it is still good", async () => {
    const ended = vi.fn();
    const bearer = new Bearer(signed("first", 10), ended, async () => {
      throw new NoAnswer();
    });
    vi.useFakeTimers({ now: Date.now() + 9000 });
    try {
      expect(await bearer.token()).toBe("first");
      expect(ended).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });
});
