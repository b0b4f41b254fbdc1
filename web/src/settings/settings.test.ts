import { BadRequest } from "@client";
import { describe, expect, it } from "vitest";
import { inUnits, offered, seconds } from "./durations";
import { faultAt, faultElsewhere } from "./faults";
import { scopesOf } from "./scopes";

describe("durations", () => {
  it("reads those of ISO 8601", () => {
    expect(["PT24H", "P7D", "P1W", "P1DT2H3M4S"].map(seconds)).toEqual([86_400, 604_800, 604_800, 93_784]);
    expect(["", "P", "PT", "P1Y", "24H", "P-1D"].map(seconds)).toEqual([null, null, null, null, null, null]);
  });

  it("offers what the limit allows, and the limit", () => {
    expect(offered("PT24H")).toEqual(["PT1H", "PT24H"]);
    expect(offered("P400D")).toEqual(["PT1H", "PT24H", "P7D", "P30D", "P90D", "P365D", "P400D"]);
    expect(offered("P1Y")).toEqual(["P1Y"]);
    expect([inUnits("PT24H"), inUnits("P30D"), inUnits("PT90M")]).toEqual([
      { count: 24, unit: "hour" },
      { count: 30, unit: "day" },
      { count: 90, unit: "minute" },
    ]);
  });
});

it("makes scopes of what was chosen", () => {
  expect(scopesOf({ users: "read", automations: "change", connectors: "none" })).toEqual([
    "automations",
    "users:read",
  ]);
});

describe("faults", () => {
  const error = new BadRequest(
    400,
    {
      errors: [
        { code: "x", title: "X", detail: "validOrigins is wrong.", source: { pointer: "/validOrigins/0" } },
      ],
    },
    undefined,
  );
  const partner = new BadRequest(400, { error: "share is wrong.", code: "x", field: "/share" }, undefined);

  it("stand at their field, and else above the form", () => {
    expect(faultAt(error, "validOrigins")).toBe("validOrigins is wrong.");
    expect(faultAt(error, "name")).toBeUndefined();
    expect(faultAt(partner, "share")).toBe("share is wrong.");
    expect(faultAt(new Error("x"), "name")).toBeUndefined();
    expect(faultElsewhere(error, ["name", "validOrigins"])).toBeNull();
    expect(faultElsewhere(error, ["name"])).toBe(error);
  });
});
