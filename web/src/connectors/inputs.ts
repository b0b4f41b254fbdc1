import type { BlockInputField } from "@client";

/** What is typed in a form, by the path of the input: `customer/name`. */
export type Drafts = Readonly<Record<string, string>>;

export type Collected = {
  readonly values: Readonly<Record<string, unknown>>;
  /** Paths of the inputs whose text is none of what they take. */
  readonly wrong: readonly string[];
  readonly missing: readonly string[];
};

/** What an input is edited as. */
export function editorOf(
  field: BlockInputField,
): "object" | "lines" | "json" | "flag" | "choice" | "number" | "long" | "text" {
  if (field.type === "object") return field.fields !== null && field.fields.length > 0 ? "object" : "json";
  if (field.type === "list") return field.items === null || isScalar(field.items) ? "lines" : "json";
  if (field.type === "boolean") return "flag";
  if (field.type === "select" && field.choices.length > 0) return "choice";
  if (field.type === "number") return "number";
  return field.type === "longtext" ? "long" : "text";
}

function isScalar(field: BlockInputField): boolean {
  return field.type !== "object" && field.type !== "list";
}

/** What the form begins with: the defaults of the document. */
export function startOf(fields: readonly BlockInputField[], under = ""): Drafts {
  const drafts: Record<string, string> = {};
  for (const field of fields) {
    const path = joined(under, field.id);
    if (editorOf(field) === "object") Object.assign(drafts, startOf(field.fields ?? [], path));
    else if (field.default !== null && field.default !== undefined)
      drafts[path] = textOf(field, field.default);
  }
  return drafts;
}

export function textOf(field: BlockInputField, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (editorOf(field) === "lines" && Array.isArray(value)) return value.map(String).join("\n");
  return typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
}

export function joined(under: string, id: string): string {
  const escaped = id.replaceAll("~", "~0").replaceAll("/", "~1");
  return under === "" ? escaped : `${under}/${escaped}`;
}

/** The values to send. What is empty is left out; what is required and empty, or cannot be read, is told. */
export function collect(fields: readonly BlockInputField[], drafts: Drafts, under = ""): Collected {
  const values: Record<string, unknown> = {};
  const wrong: string[] = [];
  const missing: string[] = [];
  for (const field of fields) {
    const path = joined(under, field.id);
    if (editorOf(field) === "object") {
      const inner = collect(field.fields ?? [], drafts, path);
      wrong.push(...inner.wrong);
      const given = Object.keys(inner.values).length > 0;
      // Nobody is asked for the inside of an object that is left out as a whole.
      if (given || field.required) missing.push(...inner.missing);
      if (given) values[field.id] = inner.values;
      continue;
    }
    const draft = drafts[path] ?? "";
    if (draft.trim() === "") {
      if (field.required) missing.push(path);
      continue;
    }
    const read = readAs(field, draft);
    if (read === undefined) wrong.push(path);
    else values[field.id] = read;
  }
  return { values, wrong, missing };
}

/** The value of a text; undefined where it is none. */
function readAs(field: BlockInputField, draft: string): unknown {
  switch (editorOf(field)) {
    case "number":
      return Number.isFinite(Number(draft)) ? Number(draft) : undefined;
    case "flag":
      return draft === "true";
    case "choice":
      return field.choices.find((choice) => String(choice.value) === draft)?.value ?? draft;
    case "lines": {
      const lines = draft.split("\n").filter((line) => line.trim() !== "");
      const numbers = field.items?.type === "number" ? lines.map(Number) : lines;
      return numbers.some((one) => typeof one === "number" && !Number.isFinite(one)) ? undefined : numbers;
    }
    case "json":
      try {
        return JSON.parse(draft) as unknown;
      } catch {
        return undefined;
      }
    default:
      return draft;
  }
}
