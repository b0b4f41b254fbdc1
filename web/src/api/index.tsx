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
  /** What only the studio has (`/studio/…`), as the one who is signed in. */
  readonly studio: <T>(path: string, body: unknown) => Promise<T>;
};

const Context = createContext<Api | null>(null);

/** Where calls take their bearer from. */
export type Credentials = {
  /** One that is good for a while; asked before each call. */
  readonly token: () => Promise<string>;
  /** Another in place of one that the server has just refused: it was ended early, by a new password say. */
  readonly another: (refused: string) => Promise<string>;
};

export function makeApi(credentials: Credentials): Api {
  const send: typeof fetch = async (address, request) => {
    const answer = await fetch(address, request);
    const sent = new Headers(request?.headers).get("authorization");
    if (answer.status !== 401 || sent === null) return answer;
    await answer.body?.cancel();
    const headers = new Headers(request?.headers);
    headers.set("authorization", `Bearer ${await credentials.another(sent.replace(/^Bearer /, ""))}`);
    return fetch(address, { ...request, headers });
  };
  const transport = new Transport({
    baseUrl: location.origin,
    token: credentials.token,
    retries: 2,
    fetch: send,
  });
  return {
    workflows: new Workflows(transport),
    v1: new V1(transport),
    oem: async () => new (await import("@client")).Oem(transport),
    studio: (path, body) =>
      transport.call({ method: "POST", path, body, credentials: "key", kind: "json" }, {}),
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
