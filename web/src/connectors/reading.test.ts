import { describe, expect, it } from "vitest";
import { base64, bodyOf, mainOf, textOf } from "./reading";

const bytes = (text: string) => new TextEncoder().encode(text);

function file(name: string, content: string | Uint8Array<ArrayBuffer>): File {
  return new File([content], name);
}

describe("files to import", () => {
  it("sends a text as a text", async () => {
    expect(await bodyOf([file("openapi.yaml", "openapi: 3.1.0")])).toEqual({ document: "openapi: 3.1.0" });
  });

  it("sends what is no text in base64", async () => {
    const zip = new Uint8Array([0x50, 0x4b, 3, 4, 0, 255]);
    expect(await bodyOf([file("api.zip", zip)])).toEqual({ document: base64(zip), encoding: "base64" });
    expect(textOf(zip)).toBeNull();
    expect(textOf(bytes("ü"))).toBe("ü");
  });

  it("finds the document among several files, and calls the others its parts", async () => {
    const body = await bodyOf([
      file("schemas.json", "{ 'larger': 'than the other' }"),
      file("openapi.json", "{}"),
    ]);
    expect(body).toEqual({ document: "{}", parts: { "schemas.json": "{ 'larger': 'than the other' }" } });
    expect(
      mainOf([
        { name: "a.json", bytes: bytes("1") },
        { name: "b.json", bytes: bytes("22") },
      ])?.name,
    ).toBe("b.json");
  });

  it("writes base64 that can be read again", () => {
    const many = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
    expect(Uint8Array.from(atob(base64(many)), (one) => one.charCodeAt(0))).toEqual(many);
  });
});
