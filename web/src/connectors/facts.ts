import type { ConnectorFact } from "@client";

export type Section = "connector" | "auth" | "objects" | "blocks" | "webhooks";

/** Where a fact is: of what thing, of which part of it, and which of its values it is about. */
export type Place = {
  readonly section: Section;
  /** Id of the block (way to sign in, object, event); empty for the connector itself. */
  readonly of: string;
  /** `paging`, `incremental`, `rate`, `inputs/email`; empty for the thing itself. */
  readonly part: string;
  readonly field: string;
};

const SECTIONS: ReadonlySet<string> = new Set(["auth", "objects", "blocks", "webhooks"]);

/** The place that a path such as `/blocks/list_events/paging/style` names (RFC 6901, things by their ids). */
export function placeOf(path: string): Place {
  const parts = path
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const [first = ""] = parts;
  const [section, of, rest] = SECTIONS.has(first)
    ? [first as Section, parts[1] ?? "", parts.slice(2)]
    : ["connector" as const, "", parts];
  return { section, of, part: rest.slice(0, -1).join("/"), field: rest.at(-1) ?? "" };
}

export type Word = "certain" | "likely" | "unsure" | "guessed";

/** A confidence as a word; the number and the bar only help. */
export function wordOf(fact: Pick<ConnectorFact, "confidence" | "setBy">, threshold: number): Word {
  if (fact.setBy === "human" || fact.confidence >= 0.9) return "certain";
  if (fact.confidence >= threshold) return "likely";
  return fact.confidence >= 0.4 ? "unsure" : "guessed";
}

/** A fact that says that a person made (or took out) the whole thing: there is nothing about it to correct. */
export function aboutWhole(fact: Pick<ConnectorFact, "path">): boolean {
  const { field, section } = placeOf(fact.path);
  return field === "*" || (section === "connector" && SECTIONS.has(placeOf(fact.path).part));
}

/** What a person is to be asked, the least sure first. */
export function questions(facts: readonly ConnectorFact[]): readonly ConnectorFact[] {
  return facts
    .filter((fact) => fact.unsure && !aboutWhole(fact))
    .toSorted((a, b) => a.confidence - b.confidence);
}

/** Facts by the thing that they are about, in the order in which things appear. */
export function byThing(facts: readonly ConnectorFact[]): ReadonlyMap<string, readonly ConnectorFact[]> {
  const found = new Map<string, ConnectorFact[]>();
  for (const fact of facts) {
    const { section, of } = placeOf(fact.path);
    const key = `${section}/${of}`;
    const others = found.get(key);
    if (others === undefined) found.set(key, [fact]);
    else others.push(fact);
  }
  for (const [, list] of found) list.sort((a, b) => a.path.localeCompare(b.path));
  return found;
}

/** What was corrected and not sent yet, by path. */
export type Corrections = ReadonlyMap<string, unknown>;

/** The facts as they will be once the corrections are kept. */
export function corrected(
  facts: readonly ConnectorFact[],
  corrections: Corrections,
): readonly ConnectorFact[] {
  if (corrections.size === 0) return facts;
  return facts.map((fact) =>
    corrections.has(fact.path)
      ? { ...fact, value: corrections.get(fact.path), setBy: "human", unsure: false, confidence: 1 }
      : fact,
  );
}

/** A value as one edits it. */
export function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(", ");
  return JSON.stringify(value);
}

/** A value as one reads it: what a small object is about, not its braces. */
export function asShown(value: unknown): string {
  if (isThing(value) && typeof value["kind"] === "string") return value["kind"];
  return asText(value);
}

/** What was typed, of the same shape as the value that it corrects. Throws a SyntaxError for what cannot be one. */
export function fromText(before: unknown, text: string): unknown {
  if (Array.isArray(before) && before.every((one) => typeof one === "string")) {
    return text
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "");
  }
  if (typeof before === "number") {
    if (text.trim() === "" || !Number.isFinite(Number(text))) throw new SyntaxError("not a number");
    return Number(text);
  }
  if (typeof before === "boolean") return text === "true";
  return typeof before === "object" && before !== null ? (JSON.parse(text) as unknown) : text;
}

function isThing(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The choices of a fact, in text; those of an idempotency rule stand inside of it. */
export function choicesOf(fact: ConnectorFact): readonly string[] {
  if (fact.choices.length > 0) return fact.choices.map(String);
  if (placeOf(fact.path).field === "idempotency") return ["none", "header", "natural_key", "upsert"];
  return typeof fact.value === "boolean" ? ["true", "false"] : [];
}

/** The value that a choice stands for. */
export function chosen(fact: ConnectorFact, choice: string): unknown {
  if (placeOf(fact.path).field === "idempotency")
    return { ...(isThing(fact.value) ? fact.value : {}), kind: choice };
  if (fact.choices.length === 0) return choice === "true";
  return fact.choices.find((one) => String(one) === choice) ?? choice;
}

/** A pointer as people read it: without escapes, its parts apart. */
export function readable(evidence: string): string {
  if (!evidence.startsWith("/")) return evidence;
  return evidence
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .join(" › ");
}
