import type { AuthMethod, InputSpec, Manifest } from "../connectors/manifest";

/** One field of the form of a connection. */
export type AuthField = {
  readonly id: string;
  readonly label: string;
  readonly kind: "text" | "secret" | "long-secret" | "number" | "choice" | "several" | "flag" | "long";
  readonly required: boolean;
  readonly secret: boolean;
  readonly help: string;
  readonly initial: string;
  readonly choices: readonly string[];
  /** `several`: what stands between the chosen ones in the answer. */
  readonly separator: string;
};

/** One way to sign in, as the form shows it. */
export type AuthChoice = {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly fields: readonly AuthField[];
  /** The person signs in on a page of the other side (or with a code on another device). */
  readonly elsewhere: boolean;
  readonly byCode: boolean;
  readonly scopes: readonly string[];
};

// What the server asks for where a manifest declares no fields (connectors/connections/answers.py).
const UNDECLARED: Readonly<Record<string, readonly string[]>> = {
  api_key: ["api_key"],
  basic: ["username", "password"],
  bearer: ["token"],
  digest: ["username", "password"],
  oauth1: ["consumer_key", "consumer_secret"],
  oauth2: ["client_id", "client_secret"],
  jwt_bearer: ["private_key"],
  hmac: ["secret"],
};
// Names that are no secret although the server keeps them as if they were: seeing what one types helps there.
const PLAIN = new Set(["username", "client_id", "consumer_key"]);

/** Whether connecting needs a person in a browser: the rule of the runtime (auth/interactive.py). */
export function signsInElsewhere(method: AuthMethod): boolean {
  if (method.kind === "oauth1") return Boolean(method.request_token_url);
  return method.kind === "oauth2" && ["authorization_code", "device_code"].includes(method.grants?.[0] ?? "");
}

export function authChoices(manifest: Manifest): readonly AuthChoice[] {
  return (manifest.auth ?? []).map((method) => ({
    id: method.id,
    kind: method.kind,
    label: method.label ?? "",
    fields: (method.fields?.length ? method.fields : undeclared(method.kind)).map((spec) => ({
      ...authField(spec),
      separator: method.scope_separator ?? " ",
    })),
    elsewhere: signsInElsewhere(method),
    byCode: method.kind === "oauth2" && method.grants?.[0] === "device_code",
    scopes: Object.keys(method.scopes ?? {}),
  }));
}

/** The variables of the addresses that are in use: a region, a subdomain. */
export function serverFields(manifest: Manifest): readonly AuthField[] {
  const used = new Set((manifest.blocks ?? []).map((block) => block.server ?? ""));
  const [first, ...others] = manifest.servers ?? [];
  const shown = [...(first === undefined ? [] : [first]), ...others.filter((server) => used.has(server.url))];
  const fields = new Map<string, AuthField>();
  for (const server of shown) {
    for (const [name, variable] of Object.entries(server.variables ?? {})) {
      if (fields.has(name)) continue;
      fields.set(
        name,
        authField({
          id: name,
          required: !variable.default,
          ...(variable.default === undefined ? {} : { default: variable.default }),
          ...(variable.choices === undefined ? {} : { choices: variable.choices }),
          ...(variable.description === undefined ? {} : { description: variable.description }),
        }),
      );
    }
  }
  return [...fields.values()];
}

function undeclared(kind: string): readonly InputSpec[] {
  return (UNDECLARED[kind] ?? []).map((id) => ({ id, required: true, secret: !PLAIN.has(id) }));
}

export function authField(spec: InputSpec): AuthField {
  const secret = spec.secret === true || spec.type === "password";
  return {
    id: spec.id,
    label: spec.label || words(spec.id),
    kind: kindOf(spec, secret),
    required: spec.required === true,
    secret,
    help: spec.description ?? "",
    // A secret is never filled in, whatever a document calls its default.
    initial: secret ? "" : written(spec.default),
    choices: (spec.choices ?? []).map(String),
    separator: " ",
  };
}

function written(value: unknown): string {
  if (value === undefined || value === null) return "";
  return Array.isArray(value) ? value.map(String).join(" ") : String(value);
}

function kindOf(spec: InputSpec, secret: boolean): AuthField["kind"] {
  const long = spec.format === "pem" || spec.format === "textarea" || spec.id.includes("private_key");
  if (spec.choices?.length) return spec.type === "array" ? "several" : "choice";
  if (secret) return long ? "long-secret" : "secret";
  if (spec.type === "boolean") return "flag";
  if (spec.type === "integer" || spec.type === "number") return "number";
  return long ? "long" : "text";
}

// The product that embeds has been registered at the other side; its customers know nothing of that.
const REGISTERED = new Set([...(UNDECLARED["oauth1"] ?? []), ...(UNDECLARED["oauth2"] ?? []), "client_key"]);

/** The fields that a customer in the frame of a product fills in: not the product's own registration, where it is known. */
export function customerFields(
  choice: AuthChoice | null,
  fields: readonly AuthField[],
  known: Answers,
  kept: ReadonlySet<string>,
): readonly AuthField[] {
  if (!choice?.elsewhere) return fields;
  const open = new Set(lacking(fields, initialAnswers(fields, known), kept));
  return fields.filter((field) => !REGISTERED.has(field.id) || open.has(field.id));
}

function words(id: string): string {
  const spaced = id.replaceAll(/[_-]+/g, " ").trim();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export type Answers = Readonly<Record<string, string>>;

/** What the form begins with: what is set already where it is not secret, else the defaults. */
export function initialAnswers(fields: readonly AuthField[], known: Answers): Answers {
  return Object.fromEntries(
    fields.map((field) => [field.id, field.secret ? "" : (known[field.id] ?? field.initial)]),
  );
}

/** Ids of the fields that have to be filled in before it can be sent. `kept`: secrets that the server has already. */
export function lacking(
  fields: readonly AuthField[],
  answers: Answers,
  kept: ReadonlySet<string>,
): readonly string[] {
  return fields
    .filter((field) => field.required && !answers[field.id]?.trim() && !(field.secret && kept.has(field.id)))
    .map((field) => field.id);
}

/** The answers to send. What is empty is left out, so that the server keeps what it has, unless it was taken away. */
export function answersToSend(fields: readonly AuthField[], answers: Answers, known: Answers): Answers {
  const sent: Record<string, string> = {};
  for (const field of fields) {
    const answer = answers[field.id] ?? "";
    // The ends of a pasted key are no part of it; the lines within are.
    const value = field.kind === "long" || field.kind === "long-secret" ? answer : answer.trim();
    if (value !== "" || (!field.secret && (known[field.id] ?? "") !== "")) sent[field.id] = value;
  }
  return sent;
}

/** The chosen ones of a field with several choices. */
export function chosenOf(field: AuthField, answer: string): readonly string[] {
  return answer.split(field.separator).filter((one) => one !== "");
}

export function toggled(field: AuthField, answer: string, choice: string): string {
  const chosen = new Set(chosenOf(field, answer));
  if (!chosen.delete(choice)) chosen.add(choice);
  // In the order of the document, whatever the order of the clicks.
  const known = field.choices.filter((one) => chosen.has(one));
  return [...known, ...[...chosen].filter((one) => !known.includes(one))].join(field.separator);
}
