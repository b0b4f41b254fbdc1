import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { useApi } from "../../api";
import { blockOf, type Doc } from "../document";
import { isConnectorBlock, operationOf, useConnectors } from "../panel/queries";
import { listOf, type Named } from "./scope";

/** Nearest first: what is further away than this is known after the first run. */
const MOST = 20;
const LISTS = new Set(["list", "search", "listnew", "listupdated"]);

/** What connectors say that their blocks give, by block: so one can map fields before anything has run. */
export function useKnownOutputs(doc: Doc, names: readonly Named[]): ReadonlyMap<string, unknown> {
  const api = useApi();
  const connectors = useConnectors().data;
  const asked = useMemo(() => {
    const blocks = names.flatMap((one) => {
      const block = one.blockId === null ? undefined : blockOf(doc, one.blockId);
      return block === undefined || !isConnectorBlock(block) || operationOf(block) === "" ? [] : [block];
    });
    return blocks.slice(0, MOST).flatMap((block) => {
      const guid = block.datasourcetype_guid;
      const connector = connectors?.find((one) => [one.guid, one.slug, one.id].includes(guid ?? ""));
      return connector === undefined ? [] : [{ block, connector: connector.id }];
    });
  }, [doc, names, connectors]);
  const answers = useQueries({
    queries: asked.map(({ block, connector }) => ({
      queryKey: ["connectors", connector, "blocks", operationOf(block)],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.workflows.getConnectorBlock(connector, operationOf(block), { signal }),
      staleTime: 60_000,
    })),
    combine: (found) => found.map((one) => one.data?.exampleOutput),
  });
  return useMemo(() => {
    const known = new Map<string, unknown>();
    asked.forEach(({ block }, at) => {
      const example = answers[at];
      if (typeof example !== "object" || example === null) return;
      known.set(block.id, LISTS.has(block.endpoint_role ?? "") ? listOf(example) : example);
    });
    return known;
  }, [asked, answers]);
}
