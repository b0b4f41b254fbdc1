import { createContext, use } from "react";

/** What a host page hears of; each becomes a CustomEvent `tieline-<name>` of its element. */
export type HostEvents = {
  readonly ready: { readonly expiresAt: string };
  readonly connected: { readonly connectionId: string };
  readonly integration: { readonly id: string; readonly state: string };
  readonly error: { readonly code: string; readonly detail: string };
  readonly resize: { readonly height: number };
  readonly navigate: { readonly path: string };
  readonly "signed-out": { readonly reason: "left" | "ended" | "closed" };
};

export type Say = <K extends keyof HostEvents>(name: K, detail: HostEvents[K]) => void;

/** Outside of frames nobody listens. */
export const HostContext = createContext<Say>(() => undefined);

export function useHost(): Say {
  return use(HostContext);
}
