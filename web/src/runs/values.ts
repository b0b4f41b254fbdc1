import { isRecord } from "../data/json";

/** A list of records, as a table shows it: one that is one, or that a single field of an answer holds. */
export function recordsOf(value: unknown): readonly Record<string, unknown>[] | null {
  if (Array.isArray(value)) {
    return value.length > 0 && value.every(isRecord) ? value : null;
  }
  if (!isRecord(value)) return null;
  const lists = Object.values(value).filter(
    (one) => Array.isArray(one) && one.length > 0 && one.every(isRecord),
  );
  return lists.length === 1 ? (lists[0] as Record<string, unknown>[]) : null;
}

export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The item of a loop that a path lies in: `b2.37/b4` -> `b2.37`. */
export function aroundOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The loops' items in a path, outermost first: `b2.37/b4~2.1/b5` -> [{path: "b2.37", index: 37}, {…}]. */
export function itemsOf(iteration: string): { readonly path: string; readonly index: number }[] {
  if (iteration === "") return [];
  const parts = iteration.split("/");
  return parts.map((part, at) => ({
    path: parts.slice(0, at + 1).join("/"),
    index: Number(part.slice(part.lastIndexOf(".") + 1)),
  }));
}

/** The same place in another item: `b2.37`, 5 -> `b2.5`. */
export function otherItem(path: string, index: number): string {
  return `${path.slice(0, path.lastIndexOf("."))}.${index}`;
}

/** Something in it was masked by the server, so that sending it back would send stars. */
export function hasMasked(value: unknown): boolean {
  if (typeof value === "string") return value.includes("***");
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasMasked);
}
