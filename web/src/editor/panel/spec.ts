/** What a block's form is made of: the palette's or the connector's description of each field, and where its value stands. */
import { type Block, type Input, isObject, type Json } from "../document";

export type Where = "input" | "setting" | "field";
export type Choice = { readonly value: Json; readonly label: string };

export type Spec = {
  readonly id: string;
  readonly label: string;
  readonly type: string;
  readonly help: string;
  readonly choices: readonly Choice[];
  readonly required: boolean;
  readonly default: Json;
  readonly formula: boolean;
  readonly shownWhen: { readonly [field: string]: readonly Json[] };
  readonly only: readonly string[];
  readonly otherIds: readonly string[];
  readonly secret: boolean;
  readonly advanced: boolean;
  readonly where: Where;
  /** The connector's block that gives the choices. */
  readonly optionsFrom: string | null;
  /** What is inside of an object. */
  readonly fields: readonly Spec[] | null;
  /** What a list is made of. */
  readonly items: Spec | null;
  readonly example: Json;
};

/** A description as it comes, of the palette (`BlockType`), of a connector's form, or of the older list of its blocks. */
export type Loose = { readonly [field: string]: unknown };

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const OLD_TYPES: Record<string, string> = {
  string: "text",
  integer: "number",
  array: "list",
  password: "text",
  "date-time": "date",
};

export function specOf(source: Loose, where: Where): Spec {
  const old = text(source["fieldType"]);
  const type = old === "" ? text(source["type"]) || "text" : (OLD_TYPES[old] ?? old);
  const given = source["choices"] ?? source["options"];
  const guid = text(source["guid"]);
  const known = old === "" ? text(source["id"]) : text(source["name"]) || text(source["id"]);
  const others = list(source["otherIds"]).map(String);
  if (old !== "") others.push(text(source["id"]));
  if (guid !== "") others.push(guid);
  return {
    id: known,
    label: text(source["label"]) || known,
    type,
    help: text(source["help"]) || text(source["description"]),
    choices: list(given).map((one) =>
      isObject(one)
        ? { value: one["value"] ?? null, label: text(one["label"]) || String(one["value"]) }
        : { value: one as Json, label: String(one) },
    ),
    required: source["required"] === true || source["optional"] === false,
    default: (source["default"] ?? null) as Json,
    formula: source["formula"] !== false,
    shownWhen: isObject(source["shownWhen"]) ? (source["shownWhen"] as Spec["shownWhen"]) : {},
    only: list(source["only"]).map(String),
    otherIds: others.filter((one) => one !== "" && one !== known),
    secret: source["secret"] === true || old === "password",
    advanced: source["advanced"] === true,
    where,
    optionsFrom: text(source["optionsFrom"]) || null,
    fields: Array.isArray(source["fields"])
      ? source["fields"].map((one) => specOf(one as Loose, where))
      : null,
    items: isObject(source["items"]) ? specOf(source["items"], where) : null,
    example: (source["example"] ?? source["exampleValue"] ?? null) as Json,
  };
}

export type Form = { readonly inputs: readonly Spec[]; readonly settings: readonly Spec[] };

/** The form of a block: what the palette says of its type, and what its connector says of its operation. */
export function formOf(palette: Loose | undefined, operation: Loose | undefined): Form {
  const own = (name: string, where: Where) => list(palette?.[name]).map((one) => specOf(one as Loose, where));
  const inputs = list(operation?.["inputs"]).map((one) => specOf(one as Loose, "input"));
  const fields = own("fields", "field").filter(
    (one) => !["connector", "operation"].includes(one.type) || operation === undefined,
  );
  const connector = palette?.["type"] === "EndpointBlock" || palette?.["type"] === "SnippetBlock";
  const cases = fields.filter((one) => one.type === "statements");
  const first = connector ? [] : fields.filter((one) => one.type !== "statements");
  return {
    inputs: [...first, ...own("inputs", "input"), ...cases, ...inputs],
    settings: own("settings", "setting"),
  };
}

function entries(block: Block, where: "inputs" | "settings"): readonly Input[] {
  const found = block[where];
  return Array.isArray(found)
    ? (found as readonly unknown[]).filter((one): one is Input => isObject(one))
    : [];
}

/** Where the value of a field stands in this block: documents also have it under other ids, or in another of the three places. */
export function slotOf(block: Block, spec: Spec): { readonly where: Where; readonly id: string } {
  const ids = [spec.id, ...spec.otherIds];
  const places: readonly Where[] = [
    spec.where,
    ...(["input", "setting", "field"] as const).filter((one) => one !== spec.where),
  ];
  for (const where of places) {
    for (const id of ids) {
      if (where === "field") {
        if (where === spec.where || !RESERVED.has(id)) if (block[id] !== undefined) return { where, id };
      } else if (entries(block, where === "input" ? "inputs" : "settings").some((one) => one.id === id))
        return { where, id };
    }
  }
  return { where: spec.where, id: spec.id };
}

/** Fields of every block, which no input that bears the same name may take for its own. */
const RESERVED = new Set(
  "id type name displayName comment disabled childId inputs settings collapsed x y".split(" "),
);

export function entryOf(block: Block, spec: Spec): Input | undefined {
  const { where, id } = slotOf(block, spec);
  if (where === "field") return undefined;
  return entries(block, where === "input" ? "inputs" : "settings").find((one) => one.id === id);
}

export function readValue(block: Block, spec: Spec): Json {
  const { where, id } = slotOf(block, spec);
  if (where === "field") return (block[id] as Json | undefined) ?? null;
  return entryOf(block, spec)?.value ?? null;
}

/** Whether the other fields have the values with which this one means something. */
export function isShown(spec: Spec, all: readonly Spec[], block: Block): boolean {
  return Object.entries(spec.shownWhen).every(([id, wanted]) => {
    const other = all.find((one) => one.id === id);
    const value = other === undefined ? (block[id] as Json | undefined) : readValue(block, other);
    const now = value === null || value === undefined || value === "" ? (other?.default ?? null) : value;
    return wanted.some((one) => one === now || String(one) === String(now));
  });
}

/** Inputs and settings of a block that no description knows; they are kept, and shown as they are. */
export function unknownOf(
  block: Block,
  form: Form,
): { readonly inputs: readonly Input[]; readonly settings: readonly Input[] } {
  const known = new Set([...form.inputs, ...form.settings].flatMap((one) => [one.id, ...one.otherIds]));
  const rest = (where: "inputs" | "settings") =>
    entries(block, where).filter((one) => !known.has(one.id) && !SILENT.has(one.id));
  return { inputs: rest("inputs"), settings: rest("settings") };
}

const SILENT = new Set(["webhook_documentation"]);

/** A field for an input that nobody describes, by what stands in it: a form for placeholders. */
export function guessed(input: Input, where: Where): Spec {
  const kinds: Record<string, string> = {
    number: "number",
    boolean: "boolean",
    object: "object",
    array: "list",
    json: "longtext",
  };
  const value = input.value;
  const type = isObject(value)
    ? "object"
    : Array.isArray(value)
      ? "list"
      : (kinds[text(input.type)] ?? "text");
  const label = text(input["label"]) || text(input["name"]) || input.id;
  return specOf({ id: input.id, label, type, help: text(input.displayValue) }, where);
}
