import type { AutomationForm, ConnectorToConnect, SettingField } from "@client";
import { isRecord } from "../data/json";

export type Choice = { readonly value: string; readonly label: string };

/** Where choices come from that only the connected account knows. */
export type Asks = { readonly connection: string } & (
  | { readonly block: string; readonly input: string }
  | { readonly object: string }
);

/** What can be chosen: a list, something to ask for, or null where anything may be written. */
export type Source = readonly Choice[] | Asks | null;

/** One question of a step. */
export type Asked = {
  readonly id: string;
  readonly label: string;
  /** Markdown. */
  readonly help: string;
  readonly kind: "input" | "select" | "multi_select" | "object" | "field_mapping" | "button";
  readonly required: boolean;
  readonly persisted: boolean;
  readonly secret: boolean;
  /** A secret that the server has and does not hand out. */
  readonly kept: boolean;
  readonly initial: unknown;
  readonly choices: Source;
  /** What a mapping maps to; `choices` is what it maps from. */
  readonly targets: Source;
};

export type Answers = Readonly<Record<string, unknown>>;

const KINDS = ["input", "select", "multi_select", "object", "field_mapping", "button"] as const;
const SECRET = /passw|passphrase|secret|token|api[ _-]?key|private[ _-]?key|credential/i;

/** The questions of a step: what the step says, with the texts and choices that the form of the document has. */
export function questions(
  fields: readonly SettingField[],
  form: AutomationForm | undefined,
  connectors: readonly ConnectorToConnect[],
): Asked[] {
  const known = new Map(
    (form?.forms ?? []).flatMap((block) => block.fields).map((field) => [field.label, field]),
  );
  return fields.map((field) => {
    const more = known.get(field.label);
    const kind = KINDS.find((one) => one === field.kind) ?? "input";
    const from = more?.optionsFrom ?? null;
    const listed =
      more?.options ??
      (field.options.length > 0 ? field.options.map((value) => ({ value, label: value })) : null);
    const mapping = kind === "field_mapping" && isRecord(from) ? from : {};
    return {
      id: field.id,
      label: field.label,
      help: field.prompt === field.label ? "" : field.prompt,
      kind,
      required: field.required,
      persisted: field.persisted,
      secret: kind === "input" && SECRET.test(field.label),
      kept: field.hasValue && field.value === null,
      initial: field.value ?? more?.answer ?? (field.hasValue ? null : (more?.default ?? null)),
      choices:
        kind === "field_mapping"
          ? source(mapping["sources"], connectors)
          : (listed ?? source(from, connectors)),
      targets: source(mapping["targets"], connectors),
    };
  });
}

function source(said: unknown, connectors: readonly ConnectorToConnect[]): Source {
  if (Array.isArray(said)) return said.map(choice);
  if (!isRecord(said) || said["type"] !== "connector") return null;
  const connection = connectionOf(said, connectors);
  if (connection === null) return null;
  if (typeof said["object"] === "string") return { connection, object: said["object"] };
  const { block, input } = said;
  return typeof block === "string" && typeof input === "string" ? { connection, block, input } : null;
}

/** The connection of the customer: the one that is named, else that of the connector, else the only one. */
function connectionOf(
  said: Record<string, unknown>,
  connectors: readonly ConnectorToConnect[],
): string | null {
  const named = connectors.flatMap((one) => one.connections).find((one) => one.id === said["datasource"]);
  if (named !== undefined) return named.id;
  const wanted = said["connector"];
  const one = connectors.find((each) => each.connectorGuid === wanted || each.name === wanted);
  return (one ?? (connectors.length === 1 ? connectors[0] : undefined))?.connection ?? null;
}

function choice(one: unknown): Choice {
  if (!isRecord(one)) return { value: String(one), label: String(one) };
  const value = String(one["value"] ?? one["id"] ?? one["name"] ?? one["label"]);
  return { value, label: String(one["label"] ?? one["name"] ?? value) };
}

export function isAsked(choices: Source): choices is Asks {
  return choices !== null && "connection" in choices;
}

export function initialAnswers(asked: readonly Asked[]): Answers {
  return Object.fromEntries(
    asked.filter((one) => one.kind !== "button").map((one) => [one.label, one.initial]),
  );
}

export function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/** Labels of what is required and has no answer, here or on the server. */
export function lacking(asked: readonly Asked[], answers: Answers): string[] {
  return asked
    .filter((one) => one.required && one.kind !== "button" && !one.kept && isEmpty(answers[one.label]))
    .map((one) => one.label);
}

/** What differs from what the server has; a secret that is left empty is left as it is. */
export function changes(asked: readonly Asked[], answers: Answers): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const one of asked) {
    if (one.kind === "button" || !one.persisted) continue;
    const answer = answers[one.label] ?? null;
    if (one.kept && isEmpty(answer)) continue;
    if (JSON.stringify(answer) === JSON.stringify(one.initial ?? null)) continue;
    if (isEmpty(answer) && one.required) continue;
    found[one.label] = isEmpty(answer) && (one.kind === "input" || one.kind === "select") ? null : answer;
  }
  return found;
}

/** All answers as a flow takes them, with those that nobody keeps. */
export function forFlow(
  asked: readonly Asked[],
  answers: Answers,
  pressed?: string,
): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const one of asked) {
    const answer = answers[one.label];
    if (one.kind === "button") {
      if (one.label === pressed) found[one.label] = true;
    } else if (!isEmpty(answer)) found[one.label] = answer;
  }
  return found;
}

/** Rows of an object that is being typed: names may be empty, or there twice, until they are right. */
export type Pair = { readonly key: number; readonly name: string; readonly value: string };

export function pairsOf(value: unknown): Pair[] {
  if (!isRecord(value)) return [];
  return Object.entries(value).map(([name, one], key) => ({ key, name, value: text(one) }));
}

export function objectOf(pairs: readonly Pair[]): Record<string, unknown> {
  return Object.fromEntries(pairs.filter((pair) => pair.name !== "").map((pair) => [pair.name, pair.value]));
}

export function text(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Names of both sides that are the same but for writing: what a person would map first. */
export function proposed(sources: readonly Choice[], targets: readonly Choice[]): Record<string, string> {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
  const found: Record<string, string> = {};
  for (const target of targets) {
    const same = sources.find((one) =>
      [one.value, one.label].some((name) =>
        [target.value, target.label].some((to) => plain(name) === plain(to)),
      ),
    );
    if (same !== undefined) found[target.value] = same.value;
  }
  return found;
}
