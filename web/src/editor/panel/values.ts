import { jsonIn } from "../../data/json";
import { isObject, type Json } from "../document";

export type Pair = { readonly key: string; readonly value: Json };

/** How an object stands in the document: a list of pairs (the original product's way), an object, or its JSON as text. */
export type PairsForm = "pairs" | "object" | "text";

/** An object's members in order, and the form to write them back in; null where it is something else, such as one formula. */
export function pairsOf(
  value: Json,
  preferred: PairsForm,
): { readonly pairs: readonly Pair[]; readonly form: PairsForm } | null {
  if (value === null || value === "") return { pairs: [], form: preferred };
  if (Array.isArray(value)) {
    if (!value.every((one) => isObject(one) && "key" in one)) return null;
    const pairs = value.map((one: unknown) => {
      const entry = one as { readonly [key: string]: Json };
      return { ...entry, key: String(entry["key"] ?? ""), value: entry["value"] ?? "" };
    });
    return { pairs, form: "pairs" };
  }
  if (isObject(value))
    return { pairs: Object.entries(value).map(([key, one]) => ({ key, value: one })), form: "object" };
  if (typeof value !== "string") return null;
  const found = jsonIn(value);
  if (isObject(found))
    return { pairs: Object.entries(found).map(([key, one]) => ({ key, value: one })), form: "text" };
  return Array.isArray(found) ? pairsOf(found, preferred) : null;
}

/** The members in the form that they had. A text becomes an object: formulas inside of it stay formulas of their member. */
export function writePairs(pairs: readonly Pair[], form: PairsForm): Json {
  if (form === "pairs") return pairs.map((one) => ({ ...one }));
  const made: Record<string, Json> = {};
  for (const one of pairs) made[one.key] = one.value;
  return made;
}

/** Whether two members have one name: an object cannot hold both, so that the form of pairs is kept until it is put right. */
export function hasTwins(pairs: readonly Pair[]): boolean {
  return new Set(pairs.map((one) => one.key)).size !== pairs.length;
}

/** Items of a list, also of one written as JSON text; null where it is one formula or another text. */
export function itemsOf(value: Json): readonly Json[] | null {
  if (value === null || value === "") return [];
  if (Array.isArray(value)) return value;
  if (typeof value !== "string") return null;
  const found = jsonIn(value);
  return Array.isArray(found) ? found : null;
}

export function isFlag(value: Json): boolean {
  return (
    value === true || value === 1 || (typeof value === "string" && /^(yes|true|1|on)$/i.test(value.trim()))
  );
}

/** A switch in the form that the document has: `yes`, `true`, `"true"`, 1. */
export function asFlag(on: boolean, before: Json, fallback: Json): Json {
  const model = before === null || before === "" ? fallback : before;
  if (typeof model === "boolean") return on;
  if (typeof model === "number") return on ? 1 : 0;
  if (typeof model === "string" && /^(true|false)$/i.test(model)) return on ? "true" : "false";
  return on ? "yes" : "no";
}

/** A value as one text to edit. */
export function asText(value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  return typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
}

export function isFormula(value: Json): boolean {
  return typeof value === "string" && /\{\s*(?:\$|[A-Za-z_]\w*\s*:)/.test(value);
}

/** What a person typed into a field of JSON; an error's text where it is none. */
export function readJson(source: string): { readonly value: Json } | { readonly error: string } {
  if (source.trim() === "") return { value: null };
  try {
    return { value: JSON.parse(source) as Json };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

export function moved<T>(items: readonly T[], from: number, to: number): readonly T[] {
  if (to < 0 || to >= items.length || from === to) return items;
  const next = [...items];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}
