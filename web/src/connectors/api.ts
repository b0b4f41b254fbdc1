import type { ImportConnector } from "@client";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api";
import { asManifest } from "./manifest";

/** Reading a large document takes the server a while. */
export const PATIENT = { timeout: 180_000 } as const;

export function useConnector(id: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["connectors", id],
    queryFn: ({ signal }) => api.workflows.getAutomationConnector(id, { signal }),
  });
}

export function useManifest(id: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["connectors", id, "manifest"],
    queryFn: async ({ signal }) => asManifest(await api.workflows.getConnectorManifest(id, { signal })),
  });
}

export function useFacts(id: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["connectors", id, "facts"],
    queryFn: ({ signal }) => api.workflows.getConnectorFacts(id, { signal }),
  });
}

/** What people give for an import: files, or an address, and a name if they like. */
export type Given = { readonly label: string; readonly body: ImportConnector };
