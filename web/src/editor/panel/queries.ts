import type { ConnectorItem } from "@client";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useApi } from "../../api";
import { type Block, connectionOf, withSetting } from "../document";
import { type Form, formOf, type Loose } from "./spec";

const MOST_PAGES = 20;

/** All entries of a list that is read page by page, as far as a picker can show them. */
async function all<T>(
  pages: AsyncGenerator<T, void, undefined>,
  most = MOST_PAGES * 100,
): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of pages) {
    found.push(one);
    if (found.length >= most) break;
  }
  return found;
}

export function usePalette() {
  const api = useApi();
  return useQuery({
    queryKey: ["blocks"],
    queryFn: ({ signal }) => api.workflows.getBlockTypes({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useConnectors() {
  const api = useApi();
  return useQuery({
    queryKey: ["connectors", "all"],
    queryFn: ({ signal }) => all(api.workflows.allAutomationConnectors({ limit: 100 }, { signal })),
    staleTime: 60_000,
  });
}

export function useConnections() {
  const api = useApi();
  return useQuery({
    queryKey: ["connections", "all"],
    queryFn: ({ signal }) => all(api.workflows.allAutomationConnections({ limit: 100 }, { signal })),
    staleTime: 30_000,
  });
}

export function useAutomations(wanted: boolean) {
  const api = useApi();
  return useQuery({
    queryKey: ["automations", "all"],
    queryFn: ({ signal }) => all(api.workflows.allAutomations({ limit: 100, sort: "name" }, { signal })),
    staleTime: 30_000,
    enabled: wanted,
  });
}

export function isConnectorBlock(block: Block): boolean {
  return block.type === "EndpointBlock" || block.type === "SnippetBlock";
}

export function operationOf(block: Block): string {
  return block.endpoint_guid ?? block.snippet_guid ?? "";
}

/** Another operation; what the block is (whether it loops, say) follows. */
export function withOperation(
  block: Block,
  field: "endpoint_guid" | "snippet_guid",
  key: string,
  role: string | undefined,
): Block {
  const next = { ...block, [field]: key };
  if (role === undefined || role === block.endpoint_role) return next;
  const loops = ["list", "search", "listnew", "listupdated"].includes(role);
  return {
    ...next,
    endpoint_role: role,
    ...(loops && block["loopBlockId"] === undefined ? { loopBlockId: null } : {}),
  };
}

/** Another connector; a connection of the old one is of no use then. */
export function withConnector(block: Block, guid: string): Block {
  if (guid === block.datasourcetype_guid) return block;
  const next = { ...block, datasourcetype_guid: guid };
  return connectionOf(block) === null
    ? next
    : withSetting(next, "datasource", { value: "", displayValue: undefined });
}

/** The connector that a block names, or that its connection is to, among those that the tenant has; undefined while unknown. */
export function useConnectorOf(block: Block): ConnectorItem | null | undefined {
  const connectors = useConnectors();
  const connections = useConnections();
  const named = block.datasourcetype_guid ?? "";
  const through = named === "" ? connectionOf(block) : null;
  const waiting = through !== null && connections.isPending;
  const wanted = named || (connections.data?.find((one) => one.id === through)?.connectorId ?? "");
  return useMemo(() => {
    if (waiting) return undefined;
    if (wanted === "") return null;
    if (connectors.data === undefined) return undefined;
    return (
      connectors.data.find((one) => one.guid === wanted || one.slug === wanted || one.id === wanted) ?? null
    );
  }, [connectors.data, wanted, waiting]);
}

export type Described = {
  readonly form: Form;
  readonly palette: Loose | undefined;
  readonly operation: Loose | undefined;
  readonly connector: ConnectorItem | null | undefined;
  readonly structures: Loose;
  readonly loading: boolean;
  readonly error: unknown;
  /** A connector block whose connector or operation is not known here. */
  readonly placeholder: boolean;
};

/** All that is known of a block's form. */
export function useDescribed(block: Block): Described {
  const api = useApi();
  const palette = usePalette();
  const bound = isConnectorBlock(block);
  const connector = useConnectorOf(block);
  const operation = useQuery({
    queryKey: ["connectors", connector?.id, "blocks", operationOf(block)],
    queryFn: ({ signal }) =>
      api.workflows.getConnectorBlock(connector?.id ?? "", operationOf(block), { signal }),
    enabled: bound && connector != null && operationOf(block) !== "",
    staleTime: 60_000,
  });
  const found = palette.data?.data.find((one) => one.type === block.type || one.aliases.includes(block.type));
  const form = useMemo(
    () => formOf(found as Loose | undefined, operation.data as Loose | undefined),
    [found, operation.data],
  );
  const unknownConnector = bound && connector === null;
  return {
    form,
    palette: found as Loose | undefined,
    operation: operation.data as Loose | undefined,
    connector,
    structures: (palette.data?.structures ?? {}) as Loose,
    loading: palette.isPending || (bound && connector === undefined) || operation.isLoading,
    error: palette.error,
    placeholder:
      unknownConnector ||
      (bound && (operation.isError || (connector !== undefined && operationOf(block) === ""))),
  };
}
