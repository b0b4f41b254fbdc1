/** Reference names of blocks and variables, and the formulas that read them. */
import {
  type Block,
  blockOf,
  type Doc,
  type Json,
  nameOf,
  type Variable,
  type VariableType,
} from "./document";
import { replace, update } from "./edits";
import { mapTexts, references, renamed } from "./references";

/** Fields that are never formulas. Code and test payloads are data too. */
const NO_FORMULA = new Set([
  ...[
    "id",
    "type",
    "name",
    "displayName",
    "comment",
    "disabled",
    "collapsed",
    "x",
    "y",
    "logo",
    "variableGuid",
  ],
  ...["datasourcetype_guid", "endpoint_guid", "snippet_guid", "endpoint_role", "childId", "loopBlockId"],
  ...["childTrueId", "childFalseId", "tryChildId", "catchChildId", "defaultChildId", "statementChildrenIds"],
]);
const NO_FORMULA_INPUT = new Set(["code", "test_payload", "webhook_documentation"]);

/** The block with every formula in it changed; the same block where nothing changed. */
export function mapFormulas(block: Block, change: (text: string) => string): Block {
  let made: Record<string, unknown> | null = null;
  for (const [field, value] of Object.entries(block)) {
    if (NO_FORMULA.has(field) || value === undefined) continue;
    const next =
      (field === "inputs" || field === "settings") && Array.isArray(value)
        ? mapEntries(value, change)
        : mapTexts(value, change);
    if (next === value) continue;
    made ??= { ...block };
    made[field] = next;
  }
  return made === null ? block : (made as Block);
}

function mapEntries(list: readonly unknown[], change: (text: string) => string): readonly unknown[] {
  let same = true;
  const made = list.map((entry) => {
    if (typeof entry !== "object" || entry === null || !("id" in entry)) return entry;
    if (NO_FORMULA_INPUT.has(String(entry.id))) return entry;
    const { id, ...rest } = entry;
    const changed = mapTexts(rest, change);
    if (changed === rest) return entry;
    same = false;
    return inOrderOf(entry, { id, ...changed });
  });
  return same ? list : made;
}

function inOrderOf(old: object, made: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(old).map((field) => [field, made[field]]));
}

/** The names that a block reads, each once. */
export function readBy(block: Block): ReadonlySet<string> {
  const names = new Set<string>();
  mapFormulas(block, (text) => {
    for (const one of references(text)) names.add(one.name);
    return text;
  });
  return names;
}

/** The blocks whose formulas read this name. */
export function readersOf(doc: Doc, name: string): readonly string[] {
  return doc.blocks.filter((block) => readBy(block).has(name)).map((block) => block.id);
}

export function withReferencesRenamed(doc: Doc, names: ReadonlyMap<string, string>): Doc {
  const changed = new Map<string, Block>();
  for (const block of doc.blocks) {
    const next = mapFormulas(block, (text) => renamed(text, names));
    if (next !== block) changed.set(block.id, next);
  }
  return replace(doc, changed);
}

/** What formulas can read as a name without quotes. */
export function asName(wanted: string): string {
  return wanted
    .replace(/[.[\]{},"'`=<>!()&|$\\\r\n\t]+/g, " ")
    .replace(/ +/g, " ")
    .trim();
}

/** All names in use. Variable blocks bear the name of their variable and take none. */
export function namesIn(doc: Doc, except?: string): Set<string> {
  const names = new Set(doc.variables.map((variable) => variable.name));
  for (const block of doc.blocks) {
    if (block.id !== except && block.type !== "VariableBlock") names.add(nameOf(block));
  }
  return names;
}

export function freeName(taken: ReadonlySet<string>, wanted: string): string {
  const base = asName(wanted) || "block";
  if (!taken.has(base)) return base;
  const stem = base.replace(/\d+$/, "") || base;
  for (let number = 2; ; number += 1) if (!taken.has(`${stem}${number}`)) return `${stem}${number}`;
}

/** A reference name from a title: `listContacts` of "List contacts". */
export function nameFrom(title: string): string {
  const plain = title
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .normalize("NFC");
  const words = plain.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const name = words
    .map((word, at) => (at === 0 ? word[0]?.toLowerCase() : word[0]?.toUpperCase()) + word.slice(1))
    .join("");
  return name.slice(0, 40) || "block";
}

export function renameBlock(
  doc: Doc,
  id: string,
  wanted: string,
): { readonly doc: Doc; readonly name: string } {
  const block = blockOf(doc, id);
  const old = block === undefined ? "" : nameOf(block);
  if (block === undefined || asName(wanted) === "") return { doc, name: old };
  if (block.type === "VariableBlock") return { doc, name: old };
  const others = namesIn(doc, id);
  const name = freeName(others, wanted);
  if (name === block.name) return { doc, name };
  const next = update(doc, id, (one) => ({ ...one, name }));
  // Where another block bears the old name as well, nobody can tell which of the two is meant: formulas stay.
  return { doc: others.has(old) ? next : withReferencesRenamed(next, new Map([[old, name]])), name };
}

export function addVariable(doc: Doc, name: string, type: VariableType, guid: string): Doc {
  const fields = doc.fields.includes("variables") ? doc.fields : [...doc.fields, "variables"];
  return {
    ...doc,
    fields,
    variables: [...doc.variables, { guid, name: freeName(namesIn(doc), name), type }],
  };
}

function withVariable(doc: Doc, guid: string, patch: { readonly [field: string]: Json }): Doc {
  return {
    ...doc,
    variables: doc.variables.map((one) => (one.guid === guid ? ({ ...one, ...patch } as Variable) : one)),
  };
}

export function variableOf(doc: Doc, guid: string): Variable | undefined {
  return doc.variables.find((variable) => variable.guid === guid);
}

export function renameVariable(doc: Doc, guid: string, wanted: string): Doc {
  const variable = variableOf(doc, guid);
  if (variable === undefined || asName(wanted) === "" || wanted === variable.name) return doc;
  const taken = namesIn({ ...doc, variables: doc.variables.filter((one) => one.guid !== guid) });
  const name = freeName(taken, wanted);
  const shared = taken.has(variable.name);
  const blocks = new Map<string, Block>();
  for (const block of doc.blocks) {
    if (block["variableGuid"] === guid && block.name === variable.name)
      blocks.set(block.id, { ...block, name });
  }
  const next = replace(withVariable(doc, guid, { name }), blocks);
  return shared ? next : withReferencesRenamed(next, new Map([[variable.name, name]]));
}

export function retypeVariable(doc: Doc, guid: string, type: VariableType): Doc {
  return variableOf(doc, guid)?.type === type ? doc : withVariable(doc, guid, { type });
}

/** Where a variable is set and where it is read. */
export function usesOf(
  doc: Doc,
  guid: string,
): { readonly sets: readonly string[]; readonly reads: readonly string[] } {
  const variable = variableOf(doc, guid);
  if (variable === undefined) return { sets: [], reads: [] };
  const sets = doc.blocks.filter((block) => block["variableGuid"] === guid).map((block) => block.id);
  return { sets, reads: readersOf(doc, variable.name) };
}

export function removeVariable(doc: Doc, guid: string): Doc {
  const variables = doc.variables.filter((variable) => variable.guid !== guid);
  return variables.length === doc.variables.length ? doc : { ...doc, variables };
}
