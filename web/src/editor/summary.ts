/** What a row of the tree tells of a block beside its name. */
import {
  type Block,
  blockOf,
  caseOf,
  casesOf,
  type Doc,
  type Edge,
  inputOf,
  isObject,
  type Json,
  settingOf,
  titleOf,
} from "./document";

const LONGEST = 160;

function short(value: Json | undefined): string {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "string") return value.slice(0, LONGEST).replace(/\s+/g, " ").trim();
  if (typeof value === "object") return JSON.stringify(value).slice(0, LONGEST);
  return String(value);
}

function of(block: Block, ...ids: readonly string[]): string {
  for (const id of ids) {
    const entry = inputOf(block, id);
    const text = short(entry?.displayValue) || short(entry?.value) || short(block[id] as Json | undefined);
    if (text !== "") return text;
  }
  return "";
}

const UNSPOKEN = new Set([
  "run_mode",
  "test_payload",
  "webhook_documentation",
  "datasourcetype_guid",
  "language",
]);

/** One line about the inputs; the texts of people and formulas, never words of ours. */
export function summaryOf(block: Block, doc: Doc): string {
  switch (block.type) {
    case "StartBlock":
      return [of(block, "run_mode"), of(block, "webhook_event_guid")].filter(Boolean).join(" · ");
    case "IfElseBlock":
      return conditions(block);
    case "VariableBlock":
      return operations(block, doc);
    case "CallUrlBlock":
      return [of(block, "method"), of(block, "url")].filter(Boolean).join(" ");
    case "GotoBlock": {
      const label = blockOf(doc, of(block, "label"));
      return label === undefined ? "" : titleOf(label);
    }
    case "CustomCodeBlock3":
      return firstLine(inputOf(block, "code")?.value);
    case "FormBlock":
      return labels(block["form"] as Json | undefined);
    case "CaseBlock":
      return of(block, "expression");
    case "SleepBlock":
      return of(block, "time") === "" ? "" : `${of(block, "time")} s`;
    default:
      return inputs(block);
  }
}

function inputs(block: Block): string {
  const told: string[] = [];
  for (const input of Array.isArray(block.inputs) ? block.inputs : []) {
    if (!isObject(input) || UNSPOKEN.has(String(input["id"]))) continue;
    const text = short(input["displayValue"] as Json) || short(input["value"] as Json);
    if (text !== "") told.push(text);
    if (told.length === 3) break;
  }
  return told.join(" · ");
}

const SAID: Record<string, string> = {
  notEmpty: "is not empty",
  empty: "is empty",
  doesntContain: "does not contain",
};

function conditions(block: Block): string {
  const value = inputOf(block, "conditions")?.value ?? (block["conditions"] as Json | undefined);
  if (!isObject(value) || !Array.isArray(value["conditions"])) return "";
  const joint = value["mode"] === "some" ? " | " : " & ";
  return (value["conditions"] as readonly Json[])
    .flatMap((one) => {
      if (!isObject(one)) return [];
      const operator = short(one["operator"]);
      const text = [short(one["input1"]), SAID[operator] ?? operator, short(one["input2"])]
        .filter(Boolean)
        .join(" ");
      return short(one["input1"]) === "" ? [] : [text];
    })
    .join(joint);
}

function operations(block: Block, doc: Doc): string {
  const name = doc.variables.find((one) => one.guid === block["variableGuid"])?.name ?? "";
  const list = Array.isArray(block["operations"]) ? (block["operations"] as readonly Json[]) : [];
  const told = list.flatMap((one) =>
    isObject(one)
      ? [[short(one["name"]) || short(one["id"]), short(one["value"])].filter(Boolean).join(" ")]
      : [],
  );
  return [name, ...told].filter(Boolean).join(" · ");
}

function labels(form: Json | undefined): string {
  if (!Array.isArray(form)) return "";
  return form
    .flatMap((field) => (isObject(field) && typeof field["label"] === "string" ? [field["label"]] : []))
    .join(", ");
}

function firstLine(code: Json | undefined): string {
  if (typeof code !== "string") return "";
  return (
    code
      .split("\n")
      .map((line) => line.trim())
      .find((line) => line !== "" && !line.startsWith("#"))
      ?.slice(0, LONGEST) ?? ""
  );
}

/** The connection a connector block lacks is worth a word. */
export function isUnbound(block: Block): boolean {
  return (
    typeof block.datasourcetype_guid === "string" &&
    block.type !== "StartBlock" &&
    short(settingOf(block, "datasource")?.value) === ""
  );
}

/** What a case is about; null for other branches. */
export function caseText(block: Block, edge: Edge): string | null {
  const at = caseOf(edge);
  if (at === null) return null;
  const value = casesOf(block)[at];
  return short(isObject(value) ? value["value"] : value) || String(at + 1);
}

const ICONS: Record<string, string> = {
  connector: "plug",
  switch: "branch",
  shield: "lock",
  batch: "loop",
  exit: "skip",
  folder: "file",
  "file-plus": "file",
  "file-edit": "file",
  automation: "rocket",
  database: "table",
  output: "text",
  form: "list",
  sort: "list",
  split: "branch",
  group: "list",
  flatten: "list",
  column: "table",
  reverse: "list",
  limit: "list",
  deduplicate: "filter",
  merge: "list",
  compare: "list",
  rename: "edit",
  transform: "edit",
  move: "drag",
  redirect: "open",
  title: "text",
  label: "pin",
  goto: "skip",
  pointer: "history",
};

/** The palette names more pictures than we have drawn. */
export function drawn(name: string): string {
  return ICONS[name] ?? name;
}
