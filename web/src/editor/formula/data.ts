import { isRecord } from "../../data/json";
import type { Step } from "./tokens";

/** Something that a formula of a block can read, with a sample of it where one is known. */
export type Datum = {
  readonly name: string;
  /** What people call the block; a variable's own name. */
  readonly title: string;
  readonly kind: "block" | "loop" | "variable";
  readonly blockId: string | null;
  /** The sample; undefined where nothing is known. */
  readonly value?: unknown;
  /** Where the sample comes from. */
  readonly source?: "run" | "pin" | "example";
};

export type Child = { readonly step: Step; readonly label: string; readonly value: unknown };

const PLAIN = /^[^.[\]{},"'`\s=<>!()&|*$@?:]+$/;
const MOST_CHILDREN = 200;

/** How a step is written: `.name`, `['first name']`, `[0]`, `[*]`. `quote` must not be that of a text around the path. */
export function written(step: Step, quote = "'"): string {
  if ("every" in step) return "[*]";
  if ("index" in step) return `[${step.index}]`;
  if (PLAIN.test(step.key) && !/^-?\d+$/.test(step.key)) return `.${step.key}`;
  const around = step.key.includes(quote) ? (quote === '"' ? "'" : '"') : quote;
  return `[${around}${step.key}${around}]`;
}

export function pathText(name: string, steps: readonly Step[]): string {
  return `$${written({ key: name })}${steps.map((step) => written(step)).join("")}`;
}

/** What a path leads to in a sample. A step that picks several goes on with the first that has what follows. */
export function reach(value: unknown, steps: readonly Step[]): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if ("every" in step) {
    const members = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];
    for (const member of members.slice(0, 50)) {
      const found = reach(member, rest);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if ("index" in step) {
    if (Array.isArray(value)) return reach(value.at(step.index), rest);
    return isRecord(value) ? reach(value[String(step.index)], rest) : undefined;
  }
  return isRecord(value) && Object.hasOwn(value, step.key) ? reach(value[step.key], rest) : undefined;
}

/** Fields that objects of a list have, each with the first value that is not null. */
function fieldsOfAll(list: readonly unknown[]): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const item of list.slice(0, 50)) {
    if (!isRecord(item)) continue;
    for (const [key, value] of Object.entries(item)) {
      if (!found.has(key) || found.get(key) === null) found.set(key, value);
    }
  }
  return found;
}

/** What can follow a value: its fields, or items of a list. */
export function childrenOf(value: unknown): readonly Child[] {
  if (isRecord(value)) {
    return Object.entries(value)
      .slice(0, MOST_CHILDREN)
      .map(([key, member]) => ({ step: { key }, label: key, value: member }));
  }
  if (!Array.isArray(value) || value.length === 0) return [];
  const found: Child[] = value
    .slice(0, 10)
    .map((item: unknown, index) => ({ step: { index }, label: `[${index}]`, value: item }));
  const every = value.slice(0, 50) as unknown[];
  found.splice(1, 0, { step: { every: true }, label: "[*]", value: every });
  if (value.length > 1) found.push({ step: { index: -1 }, label: "[-1]", value: value.at(-1) as unknown });
  return found;
}

/** What a path that ends in `[*]` offers next: the fields of the items. */
export function childrenAt(value: unknown, steps: readonly Step[]): readonly Child[] {
  const at = steps.findLastIndex((step) => "every" in step);
  if (at === steps.length - 1 && at >= 0) {
    const list = reach(value, steps.slice(0, at));
    const items = Array.isArray(list) ? list : isRecord(list) ? Object.values(list) : [];
    return [...fieldsOfAll(items)].map(([key, member]) => ({ step: { key }, label: key, value: member }));
  }
  return childrenOf(reach(value, steps));
}

export type TypeName = "text" | "number" | "boolean" | "list" | "object" | "null";

export function typeOf(value: unknown): TypeName {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "list";
  if (typeof value === "object") return "object";
  if (typeof value === "number") return "number";
  return typeof value === "boolean" ? "boolean" : "text";
}

/** A value in one short line. */
export function brief(value: unknown, most = 48): string {
  if (value === undefined) return "";
  let text: string;
  if (typeof value === "string") text = value.slice(0, most + 1).replace(/\s+/g, " ");
  else if (Array.isArray(value)) text = value.length > 20 ? `[… ${value.length}]` : short(value);
  else text = short(value);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function short(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "string" && member.length > 40
      ? `${member.slice(0, 39)}…`
      : Array.isArray(member) && member.length > 20
        ? member.slice(0, 20)
        : member,
  );
}
