export type Json = null | boolean | number | string | readonly Json[] | { readonly [field: string]: Json };

/** `Value` is for whoever knows what the record holds. */
export function isRecord<Value = unknown>(value: unknown): value is Record<string, Value> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a text of JSON says, where it is an object or a list; undefined for anything else. */
export function jsonIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
