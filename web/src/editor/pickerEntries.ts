/** What the picker lists, in its order. */
import type { BlockType, ConnectionItem, ConnectorBlock, ConnectorItem } from "@client";
import type { Translate } from "../i18n";
import { type Catalog, offeredBlocks, offeredConnectors, offeredTypes } from "./catalog";

export type Entry =
  | { readonly kind: "type"; readonly key: string; readonly type: BlockType }
  | { readonly kind: "connector"; readonly key: string; readonly connector: ConnectorItem }
  | {
      readonly kind: "block";
      readonly key: string;
      readonly connector: ConnectorItem;
      readonly block: ConnectorBlock;
    }
  | {
      readonly kind: "connection";
      readonly key: string;
      readonly connector: ConnectorItem;
      readonly connection: ConnectionItem | null;
    };

export type Section = { readonly title: string; readonly entries: readonly Entry[] };

const MOST_BLOCKS = 30;

export function entriesFor(
  catalog: Catalog,
  query: string,
  recent: readonly string[],
  beside: readonly { readonly connector: ConnectorItem; readonly blocks: readonly ConnectorBlock[] }[],
  begun: boolean,
  t: Translate,
): readonly Section[] {
  // A second start block is for templates; who wants one asks for it.
  const types = offeredTypes(catalog.palette, query).filter(
    (type) => type.type !== "StartBlock" || !begun || query.trim() !== "",
  );
  const connectors: Section = {
    title: t("editor.pickConnectors"),
    entries: offeredConnectors(catalog.connectors, query).map((connector) => ({
      kind: "connector",
      key: connector.id,
      connector,
    })),
  };
  const groups = (catalog.palette?.groups ?? []).map<Section>((group) => ({
    title: group.title,
    entries: types.filter((type) => type.group === group.id).map(typeEntry),
  }));
  if (query.trim() === "") {
    const used = recent.flatMap((key) => {
      const type = catalog.types.get(key);
      return type === undefined || type.hidden ? [] : [typeEntry(type)];
    });
    return [{ title: t("editor.pickRecent"), entries: used }, connectors, ...groups];
  }
  const blocks = beside.flatMap(({ connector, blocks: some }) =>
    offeredBlocks(some, query).map<Entry>((block) => ({
      kind: "block",
      key: `${connector.id}/${block.id}`,
      connector,
      block,
    })),
  );
  const best: Section = { title: t("editor.blocks"), entries: types.map(typeEntry) };
  // A connector that only speaks of what is sought comes after the blocks that do it.
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const named = connectors.entries.filter(
    (one) =>
      one.kind === "connector" && words.every((word) => one.connector.name.toLowerCase().includes(word)),
  );
  const found: Section = {
    title: t("editor.pickConnectors"),
    entries: [
      ...named,
      ...blocks.slice(0, MOST_BLOCKS),
      ...connectors.entries.filter((one) => !named.includes(one)),
    ],
  };
  // What the title begins with is what people mean; a word somewhere in the explanation is not.
  const first = types[0]?.title.toLowerCase().includes(query.trim().toLowerCase()) === true;
  return first ? [best, found] : [found, best];
}

function typeEntry(type: BlockType): Entry {
  return { kind: "type", key: type.type, type };
}
