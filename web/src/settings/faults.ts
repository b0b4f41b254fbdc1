import { ApiError } from "@client";

const plain = (pointer: string) => pointer.replace(/^[#/]+/, "");

function lies(pointer: string | null | undefined, field: string): boolean {
  const where = plain(pointer ?? "");
  return where === field || where.startsWith(`${field}/`);
}

/** What the server says about a field of the form, by its pointer; undefined where it says nothing about it. */
export function faultAt(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const entry = error.errors.find(({ source }) => lies(source?.pointer ?? source?.parameter, field));
  if (entry !== undefined) return entry.detail ?? entry.title;
  return lies(error.source, field) ? error.detail || error.title : undefined;
}

/** The same error, where no field of the form shows it. */
export function faultElsewhere(error: unknown, fields: readonly string[]): unknown {
  return fields.some((field) => faultAt(error, field) !== undefined) ? null : error;
}
