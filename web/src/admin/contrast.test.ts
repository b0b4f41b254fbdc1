import { describe, expect, it } from "vitest";
import { colour, contrast, shown } from "./contrast";

describe("contrast", () => {
  it("reads what people write, and nothing else", () => {
    expect(colour("#1f5fbf")).toEqual([31, 95, 191]);
    expect(colour(" abc ")).toEqual([170, 187, 204]);
    for (const none of ["", "#12", "#12345", "red", "rgb(0,0,0)", "#1f5fbfff", "url(x)"]) {
      expect(colour(none)).toBeNull();
    }
  });

  it("gives the ratios of WCAG", () => {
    expect(contrast("#000", "#fff")).toBeCloseTo(21, 10);
    expect(contrast("#fff", "#ffffff")).toBe(1);
    expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.478, 3);
    expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.542, 3);
    expect(contrast("#ffffff", "#767676")).toBe(contrast("#767676", "#ffffff"));
    expect(contrast("blue", "#fff")).toBeNull();
  });

  it("never shows more than there is", () => {
    expect(shown(4.4999)).toBe(4.49);
    expect(shown(21)).toBe(21);
  });
});
