import { ApiError, type Oem, Transport, V1, Workflows } from "@client";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useMemo } from "react";

/** The public API, as the one who is signed in. */
export type Api = {
  /** Everything about automations, ours too. */
  readonly workflows: Workflows;
  readonly v1: V1;
  /** The partner's side; its code is fetched when somebody needs it. */
  readonly oem: () => Promise<Oem>;
};

const Context = createContext<Api | null>(null);

/** `token` gives a bearer that is good for a while; it is asked before each call. */
export function makeApi(token: () => Promise<string>): Api {
  const transport = new Transport({ baseUrl: location.origin, token, retries: 2 });
  return {
    workflows: new Workflows(transport),
    v1: new V1(transport),
    oem: async () => new (await import("@client")).Oem(transport),
  };
}

/** What no second try can change is not tried again. */
export function makeQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
      },
      mutations: { retry: false },
    },
  });
}

export function ApiProvider({ api, children }: { readonly api: Api; readonly children: ReactNode }) {
  // A new client for whoever signs in: nothing that somebody else has read is shown to him.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `api` stands for who is signed in
  const queries = useMemo(makeQueries, [api]);
  return (
    <Context value={api}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </Context>
  );
}

export function useApi(): Api {
  const api = use(Context);
  if (api === null) throw new Error("useApi needs an ApiProvider above it");
  return api;
}
