import { expect, it } from "vitest";
import { type Colours, checks, isEnough, PLAIN, pictureOf, sixDigits } from "./branding";

const plain: Colours = {
  light: { brand: PLAIN.brand.light, text: PLAIN.brandText.light },
  dark: { brand: PLAIN.brand.dark, text: PLAIN.brandText.dark },
};

it("finds the studio's own colours good", () => {
  expect(checks(plain).every(isEnough)).toBe(true);
});

it("says which colour is too weak, and in which theme", () => {
  const weak = checks({ ...plain, light: { brand: "#ffe9a8", text: "#ffffff" } }).filter(
    (one) => !isEnough(one),
  );
  expect(weak.map(({ theme, of }) => [theme, of])).toEqual([
    ["light", "brand"],
    ["light", "text"],
  ]);
  expect(checks({ ...plain, dark: { brand: "nonsense", text: "#000" } }).at(2)?.ratio).toBeNull();
});

it("writes colours as the API takes them", () => {
  expect(["#ABC", "1f5fbf", " #1F5FBF "].map(sixDigits)).toEqual(["#aabbcc", "#1f5fbf", "#1f5fbf"]);
});

it("takes small pictures of two kinds", async () => {
  const picture = (type: string, size = 4) => new File([new Uint8Array(size)], "logo", { type });
  expect(await pictureOf(picture("image/svg+xml"))).toBeNull();
  expect(await pictureOf(picture("image/png", 65 * 1024))).toBeNull();
});
