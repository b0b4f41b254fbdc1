import type { ConnectorItem } from "@client";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useApi } from "../api";
import { type Catalog, catalogOf } from "./catalog";

const NO_CONNECTORS: readonly ConnectorItem[] = [];
const SELDOM = 300_000;

/** The palette and the connectors; both change seldom, and the tree is drawn without waiting for them. */
export function useCatalog(): Catalog {
  const api = useApi();
  const palette = useQuery({
    queryKey: ["blocks"],
    queryFn: ({ signal }) => api.workflows.getBlockTypes({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const connectors = useQuery({
    queryKey: ["connectors", "all"],
    queryFn: async ({ signal }) => {
      const found: ConnectorItem[] = [];
      for await (const one of api.workflows.allAutomationConnectors(
        { limit: 100, sort: "+name" },
        { signal },
      ))
        found.push(one);
      return found;
    },
    staleTime: SELDOM,
  });
  return useMemo(
    () => catalogOf(palette.data, connectors.data ?? NO_CONNECTORS),
    [palette.data, connectors.data],
  );
}
