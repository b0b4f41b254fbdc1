import type { ImportConnector } from "@client";

/** What one import may hold (api/edge/bodies.py). */
export const MOST_BYTES = 24 * 2 ** 20;
const MAIN =
  /(^|[/._-])(openapi|swagger|collection|schema|index|main|readme)([._-][^/]*)?\.(json|ya?ml|graphql|wsdl|md)$/i;

export class TooLarge extends Error {}

type Read = { readonly name: string; readonly bytes: Uint8Array };

/** Files that were dropped, as the body of an import. Of several, one is the document and the others are its parts. */
export async function bodyOf(files: readonly File[]): Promise<ImportConnector> {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > MOST_BYTES) throw new TooLarge();
  const read = await Promise.all(
    files.map(async (file) => ({ name: pathOf(file), bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
  const main = mainOf(read);
  if (main === undefined) throw new Error("no file");
  const texts = read.map((one) => textOf(one.bytes));
  const asText = texts.every((text) => text !== null);
  const written = (one: Read) => (asText ? (textOf(one.bytes) ?? "") : base64(one.bytes));
  const others = read.filter((one) => one !== main);
  const folder = main.name.includes("/") ? main.name.slice(0, main.name.lastIndexOf("/") + 1) : "";
  return {
    document: written(main),
    ...(!asText && { encoding: "base64" as const }),
    ...(others.length > 0 && {
      parts: Object.fromEntries(others.map((one) => [relative(one.name, folder), written(one)])),
    }),
  };
}

/** The document among several files: what is named like one, else the largest. */
export function mainOf<T extends { readonly name: string; readonly bytes: { readonly length: number } }>(
  files: readonly T[],
): T | undefined {
  const bySize = files.toSorted((a, b) => b.bytes.length - a.bytes.length);
  return bySize.find((file) => MAIN.test(file.name)) ?? bySize[0];
}

function pathOf(file: File): string {
  return file.webkitRelativePath || file.name;
}

function relative(name: string, folder: string): string {
  return folder !== "" && name.startsWith(folder) ? name.slice(folder.length) : name;
}

/** The text of a file in UTF-8; null where it is none. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

export function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}
