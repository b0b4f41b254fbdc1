import { describe, expect, it } from "vitest";
import { csv } from "./csv";

describe("csv", () => {
  it("quotes as RFC 4180 says", () => {
    expect(csv([["a", "b,c", 'd"e', "f\ng", 1.5, null]])).toBe('a,"b,c","d""e","f\ng",1.5,\r\n');
    expect(csv([])).toBe("");
  });

  it("disarms what a spreadsheet would run", () => {
    for (const first of ["=", "+", "-", "@", "|", "%", "＝"])
      expect(csv([[`${first}1`]])).toBe(`'${first}1\r\n`);
    expect(csv([["\t=1"]])).toBe('"\'\t=1"\r\n');
    expect(csv([[' =HYPERLINK("http://x")']])).toBe('"\' =HYPERLINK(""http://x"")"\r\n');
  });

  it("leaves figures as they are, also below nought", () => {
    expect(csv([[-5, 0, "2026-11-23", "שלום 🙂"]])).toBe("-5,0,2026-11-23,שלום 🙂\r\n");
  });
});
