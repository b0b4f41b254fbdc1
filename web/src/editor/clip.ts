/** Blocks as text: what copy puts on the clipboard and what paste takes, in this automation or in another one. */
import {
  type Block,
  below,
  blockOf,
  branches,
  chain,
  type Doc,
  isObject,
  nameOf,
  read,
  target,
  type Variable,
} from "./document";
import { insert, led, type Spot, topmost } from "./edits";
import { asName, freeName, mapFormulas, namesIn, readBy } from "./names";
import { mapTexts, renamed } from "./references";

const FORMAT = "tieline-blocks";

export type Clip = {
  readonly heads: readonly string[];
  readonly blocks: readonly Block[];
  readonly variables: readonly Variable[];
};

/** The blocks with all in their branches, one chain, and the variables that they set or read. */
export function copied(doc: Doc, ids: Iterable<string>): Clip {
  const heads = topmost(doc, ids).filter((id) => blockOf(doc, id)?.type !== "StartBlock");
  const inside = new Set(heads.flatMap((id) => below(doc, id)));
  const blocks = [...inside].map((id) => blockOf(doc, id) as Block);
  const parts = blocks.map((block) => trimmed(block, inside));
  const chained = heads.map((id, at) =>
    led(parts.find((one) => one.id === id) as Block, "childId", heads[at + 1] ?? null),
  );
  const byId = new Map(chained.map((block) => [block.id, block]));
  const read = new Set(blocks.flatMap((block) => [...readBy(block)]));
  const set = new Set(blocks.map((block) => block["variableGuid"]));
  return {
    heads,
    blocks: parts.map((block) => byId.get(block.id) ?? block),
    variables: doc.variables.filter((variable) => set.has(variable.guid) || read.has(variable.name)),
  };
}

/** Without edges to what is not copied. */
function trimmed(block: Block, inside: ReadonlySet<string>): Block {
  let made = block;
  for (const edge of [...branches(block), "childId" as const]) {
    const to = target(made, edge);
    if (to !== null && !inside.has(to)) made = led(made, edge, null);
  }
  return made;
}

export function asText(clip: Clip): string {
  return JSON.stringify({ format: FORMAT, ...clip });
}

/** What a text of the clipboard holds: blocks that were copied, or a whole exported workspace (without its start). */
export function fromText(text: string): Clip | null {
  if (!text.trimStart().startsWith("{")) return null;
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  const source = isObject(found) && isObject(found["workspace"]) ? found["workspace"] : found;
  if (!isObject(source) || !Array.isArray(source["blocks"])) return null;
  const listed = Array.isArray(source["variables"]) ? source["variables"] : [];
  if (source["blocks"].length === 0 || !source["blocks"].every(isBlock) || !listed.every(isVariable))
    return null;
  const doc = read(source);
  const heads = source["heads"];
  if (source["format"] === FORMAT && Array.isArray(heads)) {
    const known = heads.filter(
      (id): id is string => typeof id === "string" && blockOf(doc, id) !== undefined,
    );
    return known.length === 0 ? null : { heads: known, blocks: doc.blocks, variables: doc.variables };
  }
  const whole = doc.shape.roots.flatMap((id) => {
    const listed = chain(doc, id);
    return blockOf(doc, id)?.type === "StartBlock" ? listed.slice(1) : listed;
  });
  return whole.length === 0 ? null : { ...copied(doc, whole), variables: doc.variables };
}

function isBlock(value: unknown): value is Block {
  return (
    isObject(value) &&
    typeof value["id"] === "string" &&
    value["id"] !== "" &&
    typeof value["type"] === "string"
  );
}

function isVariable(value: unknown): value is Variable {
  return isObject(value) && typeof value["guid"] === "string" && typeof value["name"] === "string";
}

export type Pasted = { readonly doc: Doc; readonly heads: readonly string[] };

export function newId(): string {
  return crypto.randomUUID().toUpperCase();
}

/** New ids everywhere, free names with the formulas among the pasted blocks following, variables carried along; connections and
 * all that the studio does not know stay as they were. */
export function pasted(doc: Doc, clip: Clip, spot: Spot, makeId: () => string = newId): Pasted {
  const ids = new Map<string, string>(clip.blocks.map((block) => [block.id, makeId()]));
  const names = new Map<string, string>();
  const taken = namesIn(doc);
  const variables = carried(doc, clip, taken, names, ids, makeId);
  const kept = new Set(clip.variables.map((variable) => variable.name));
  for (const block of clip.blocks) {
    const old = nameOf(block);
    if (block.type === "VariableBlock" || names.has(old) || kept.has(old)) continue;
    const name = taken.has(old) ? freeName(taken, asName(old)) : old;
    names.set(old, name);
    taken.add(name);
  }
  const blocks = clip.blocks.map((block) => remade(block, ids, names));
  const heads = clip.heads.map((id) => ids.get(id) as string);
  const inserted = insert({ ...doc, ...withVariables(doc, variables) }, spot, blocks, heads);
  return { doc: inserted, heads };
}

function withVariables(doc: Doc, added: readonly Variable[]): Pick<Doc, "variables" | "fields"> {
  if (added.length === 0) return { variables: doc.variables, fields: doc.fields };
  const fields = doc.fields.includes("variables") ? doc.fields : [...doc.fields, "variables"];
  return { variables: [...doc.variables, ...added], fields };
}

/** The variables that are not there yet. One of the same name and type is the same variable. */
function carried(
  doc: Doc,
  clip: Clip,
  taken: Set<string>,
  names: Map<string, string>,
  ids: Map<string, string>,
  makeId: () => string,
): readonly Variable[] {
  const added: Variable[] = [];
  const guids = new Set(doc.variables.map((variable) => variable.guid));
  for (const variable of clip.variables) {
    const same =
      doc.variables.find((one) => one.guid === variable.guid && one.name === variable.name) ??
      doc.variables.find((one) => one.name === variable.name && one.type === variable.type);
    if (same !== undefined) {
      if (same.guid !== variable.guid) ids.set(variable.guid, same.guid);
      continue;
    }
    const name = taken.has(variable.name) ? freeName(taken, variable.name) : variable.name;
    const guid = guids.has(variable.guid) ? makeId() : variable.guid;
    if (guid !== variable.guid) ids.set(variable.guid, guid);
    if (name !== variable.name) names.set(variable.name, name);
    taken.add(name);
    added.push({ ...variable, guid, name });
  }
  return added;
}

function remade(block: Block, ids: ReadonlyMap<string, string>, names: ReadonlyMap<string, string>): Block {
  // Ids stand in edges, in the labels of gotos, in pointers and in fields that the studio does not know.
  const { name: _, displayName: __, comment: ___, ...rest } = block;
  const moved = { ...block, ...(mapTexts(rest, (text) => ids.get(text) ?? text) as Block) };
  const again = mapFormulas(moved, (text) => renamed(text, names));
  const name = names.get(nameOf(block));
  return block.name === undefined || name === undefined ? again : { ...again, name };
}

/** A second one right after each; names are free ones, formulas inside follow. */
export function duplicated(doc: Doc, ids: Iterable<string>, makeId: () => string = newId): Pasted {
  const clip = copied(doc, ids);
  const last = clip.heads.at(-1);
  if (last === undefined) return { doc, heads: [] };
  return pasted(doc, clip, { parent: last, edge: "childId" }, makeId);
}
