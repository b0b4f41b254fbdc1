import type { ConnectorFact } from "@client";
import { describe, expect, it } from "vitest";
import {
  aboutWhole,
  asShown,
  asText,
  byThing,
  choicesOf,
  chosen,
  corrected,
  fromText,
  placeOf,
  questions,
  readable,
  wordOf,
} from "./facts";

function fact(path: string, more: Partial<ConnectorFact> = {}): ConnectorFact {
  const confidence = more.confidence ?? 1;
  const setBy = more.setBy ?? "importer";
  return {
    path,
    value: null,
    cut: false,
    note: "",
    evidence: [],
    choices: [],
    unsure: setBy !== "human" && confidence < 0.7,
    ...more,
    confidence,
    setBy,
  };
}

describe("facts", () => {
  it("reads where they are", () => {
    expect(placeOf("/idempotency")).toEqual({ section: "connector", of: "", part: "", field: "idempotency" });
    expect(placeOf("/blocks/get~1it/paging/style")).toEqual({
      section: "blocks",
      of: "get/it",
      part: "paging",
      field: "style",
    });
    expect(placeOf("/auth/key/fields/api_key")).toMatchObject({
      of: "key",
      part: "fields",
      field: "api_key",
    });
    expect(placeOf("/paging/style")).toMatchObject({ section: "connector", part: "paging", field: "style" });
  });

  it("asks only what is unsure, the least sure first, and never about a whole thing", () => {
    const facts = [
      fact("/blocks/a/kind", { confidence: 0.65 }),
      fact("/blocks/a/paging/style", { confidence: 0.3 }),
      fact("/blocks/b/*", { confidence: 0.1 }),
      fact("/blocks/c/kind", { confidence: 0.1, setBy: "human" }),
      fact("/blocks/d/kind", { confidence: 0.95 }),
    ];
    expect(questions(facts).map((one) => one.path)).toEqual(["/blocks/a/paging/style", "/blocks/a/kind"]);
    expect(aboutWhole(fact("/blocks/b/*"))).toBe(true);
    expect([...byThing(facts).keys()]).toEqual(["blocks/a", "blocks/b", "blocks/c", "blocks/d"]);
  });

  it("says in a word how sure it is", () => {
    const words = [0.95, 0.7, 0.69, 0.1].map((confidence) => wordOf({ confidence, setBy: "importer" }, 0.7));
    expect(words).toEqual(["certain", "likely", "unsure", "guessed"]);
    expect(wordOf({ confidence: 0.1, setBy: "human" }, 0.7)).toBe("certain");
  });

  it("shows a correction as what a person says", () => {
    const [one] = corrected(
      [fact("/blocks/a/kind", { confidence: 0.2, value: "get" })],
      new Map([["/blocks/a/kind", "list"]]),
    );
    expect(one).toMatchObject({ value: "list", setBy: "human", unsure: false });
  });

  it("keeps the shape of what is corrected", () => {
    expect(fromText(["id"], "id, region ,")).toEqual(["id", "region"]);
    expect(asText(["id", "region"])).toBe("id, region");
    expect(fromText(50, "20")).toBe(20);
    expect(() => fromText(50, "many")).toThrow(SyntaxError);
    expect(() => fromText({ a: 1 }, "{")).toThrow(SyntaxError);
    expect(fromText(true, "false")).toBe(false);
    expect(fromText(null, "$.data")).toBe("$.data");
  });

  it("offers the values that are allowed", () => {
    const style = fact("/paging/style", { choices: ["none", "page"], value: "none" });
    expect([choicesOf(style), chosen(style, "page")]).toEqual([["none", "page"], "page"]);
    const safe = fact("/blocks/a/idempotency", { value: { kind: "header", header: "K" } });
    expect(choicesOf(safe)).toContain("upsert");
    expect(chosen(safe, "none")).toEqual({ kind: "none", header: "K" });
    expect(asShown(safe.value)).toBe("header");
    const flag = fact("/auth/a/pkce", { value: true });
    expect([choicesOf(flag), chosen(flag, "false")]).toEqual([["true", "false"], false]);
  });

  it("makes a pointer readable", () => {
    expect(readable("/paths/~1orders/get")).toBe("paths › /orders › get");
    expect(readable("page 3")).toBe("page 3");
  });
});
