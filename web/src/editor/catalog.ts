/** What can be put into an automation: the built-in blocks of the palette and the blocks of connectors. */
import type { BlockPalette, BlockType, ConnectorBlock, ConnectorItem } from "@client";
import { newId } from "./clip";
import type { Block, Doc, Json } from "./document";
import { freeName, nameFrom, namesIn } from "./names";

export type Catalog = {
  readonly palette: BlockPalette | undefined;
  readonly types: ReadonlyMap<string, BlockType>;
  readonly connectors: readonly ConnectorItem[];
  /** By what documents call it. */
  readonly byGuid: ReadonlyMap<string, ConnectorItem>;
};

export function catalogOf(palette: BlockPalette | undefined, connectors: readonly ConnectorItem[]): Catalog {
  const types = new Map<string, BlockType>();
  for (const type of palette?.data ?? []) {
    types.set(type.type, type);
    for (const alias of type.aliases) if (!types.has(alias)) types.set(alias, type);
  }
  return { palette, types, connectors, byGuid: new Map(connectors.map((one) => [one.guid, one])) };
}

const READING = ["list", "search", "listnew", "listupdated", "get", "get_by", "incremental"];

/** Blocks of a connector by what they do: read, then write, then the rest. */
export function rankOf(role: string): number {
  const at = READING.indexOf(role.toLowerCase());
  if (at >= 0) return at;
  return ["create", "update", "upsert", "delete"].indexOf(role.toLowerCase()) < 0 ? 30 : 20;
}

function fits(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word));
}

/** The better the place of the first word, the higher it stands: at the beginning of the title, in it, elsewhere. */
function placeIn(title: string, words: readonly string[]): number {
  const first = words[0];
  if (first === undefined) return 0;
  const at = title.toLowerCase().indexOf(first);
  return at === 0 ? 0 : at > 0 ? 1 : 2;
}

export function offeredTypes(palette: BlockPalette | undefined, query: string): readonly BlockType[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = (palette?.data ?? []).filter(
    (type) => !type.hidden && type.type !== "EndpointBlock" && type.type !== "SnippetBlock",
  );
  if (words.length === 0) return shown;
  return shown
    .filter((type) =>
      fits(`${type.title} ${type.keywords.join(" ")} ${type.type} ${type.doc}`.toLowerCase(), words),
    )
    .map((type) => ({ type, place: placeIn(type.title, words) }))
    .sort((one, other) => one.place - other.place)
    .map(({ type }) => type);
}

export function offeredConnectors(
  connectors: readonly ConnectorItem[],
  query: string,
): readonly ConnectorItem[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return connectors.filter((one) =>
    fits(`${one.name} ${one.slug} ${one.description ?? ""}`.toLowerCase(), words),
  );
}

export function offeredBlocks(blocks: readonly ConnectorBlock[], query: string): readonly ConnectorBlock[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return blocks
    .filter((one) =>
      fits(
        `${one.name} ${one.key} ${one.role} ${one.objectType ?? ""} ${one.description ?? ""}`.toLowerCase(),
        words,
      ),
    )
    .map((block) => ({ block, rank: placeIn(block.name, words) * 100 + rankOf(block.role) }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ block }) => block);
}

/** A built-in block as the palette begins it, with an id and a name of its own. */
export function builtIn(doc: Doc, type: BlockType): Block {
  const template = structuredClone(type.template) as { readonly [field: string]: Json };
  const wanted =
    typeof template["name"] === "string" && template["name"] !== "" ? template["name"] : nameFrom(type.title);
  const name = type.type === "VariableBlock" ? wanted : freeName(namesIn(doc), wanted);
  return {
    displayName: type.title,
    comment: "",
    disabled: false,
    ...template,
    id: newId(),
    type: type.type,
    name,
  } as Block;
}

const LOOPING = new Set(["list", "search", "listnew", "listupdated"]);

export function ofConnector(
  doc: Doc,
  connector: ConnectorItem,
  block: ConnectorBlock,
  connection: string | null,
): Block {
  const settings: Record<string, Json>[] = [
    { id: "blendr_on_error", value: "stop", type: "select", structure: [] },
  ];
  if (connection !== null)
    settings.unshift({ id: "datasource", value: connection, type: "select", structure: [] });
  return {
    id: newId(),
    type: "EndpointBlock",
    disabled: false,
    name: freeName(namesIn(doc), nameFrom(block.name)),
    displayName: `${connector.name} - ${block.name}`,
    comment: "",
    childId: null,
    inputs: block.inputs
      .filter((input) => !input.setting)
      .map((input) => ({ id: input.id, value: null, type: "string", structure: [] })),
    settings,
    collapsed: [{ name: "loop", isCollapsed: false }],
    datasourcetype_guid: connector.guid,
    endpoint_guid: block.id,
    endpoint_role: block.role,
    ...(LOOPING.has(block.role) ? { loopBlockId: null } : {}),
  } as unknown as Block;
}

/** The document that a blank automation begins with. */
export function blankWorkspace(title: string): Record<string, unknown> {
  const start = {
    id: newId(),
    type: "StartBlock",
    disabled: false,
    name: "start",
    displayName: title,
    comment: "",
    childId: null,
    inputs: [{ id: "run_mode", value: "manual", type: "select", structure: [] }],
    settings: [],
    collapsed: [{ name: "loop", isCollapsed: false }],
    x: 0,
    y: 0,
  };
  return { blocks: [start], variables: [] };
}
