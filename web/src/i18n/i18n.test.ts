import { expect, test } from "vitest";
import { load, preferred, translator } from ".";
import { en, type Key } from "./en";
import { nl } from "./nl";

const keys = Object.keys(en) as Key[];

test("every language says the same things, with as many parts", () => {
  expect(Object.keys(nl).sort()).toEqual([...keys].sort());
  for (const key of keys) {
    const [ours, theirs] = [en[key] as unknown, nl[key] as unknown];
    expect(typeof theirs, key).toBe(typeof ours);
    if (typeof ours === "string") expect((theirs as string).trim(), key).not.toBe("");
  }
});

test("no text is left in English by mistake: long ones differ", () => {
  const same = keys.filter((key) => {
    const ours = en[key] as unknown;
    return typeof ours === "string" && ours.split(" ").length > 3 && ours === (nl[key] as unknown);
  });
  expect(same).toEqual([]);
});

test.each([
  [["nl-BE", "en"], null, "nl"],
  [["fr", "en-GB"], null, "en"],
  [["fr"], null, "en"],
  [["en"], "nl", "nl"],
  [["nl"], "xx", "nl"],
] as const)("of %j with %j kept, %s is spoken", (offered, kept, spoken) => {
  expect(preferred(offered, kept)).toBe(spoken);
});

test("a language is spoken once it is loaded", async () => {
  await load("nl");
  expect(translator("nl")("action.cancel")).toBe("Annuleren");
  expect(translator("nl")("count.blocks", 2)).toBe("2 blokken");
});
