import { describe, expect, it } from "vitest";
import { firstSentence } from "./ConnectorsPage";
import { addressOf } from "./Notices";

describe("what pages make of the server's texts", () => {
  it("leads from a notice to what it is about", () => {
    expect(addressOf("connector:1")).toBe("~/studio/connectors/1?tab=changes");
    expect(addressOf("connection:2")).toBe("~/studio/connections/2");
    expect(addressOf("automation:3")).toBe("~/studio/automations/3");
    expect(addressOf("tenant:4")).toBeNull();
    expect(addressOf("connector")).toBeNull();
  });

  it("takes the beginning of a description, without its marks", () => {
    expect(firstSentence("Runs **events**, see [there](https://x.example).\n\nMore.")).toBe(
      "Runs events, see there.",
    );
    expect(firstSentence("a".repeat(500))).toHaveLength(241);
  });
});
