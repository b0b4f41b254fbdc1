import type { Key } from "../i18n";
import type { Tone } from "../ui";

/** What is known of a connection: the list has only the flag, its own page also the reason, notices tell since when. */
export type Known = {
  readonly isConnected: boolean;
  readonly error?: { readonly message: string } | null | undefined;
};

export type Health = "connected" | "reconnect" | "unfinished" | "failing";

export function healthOf(known: Known, notice: { readonly kind: string } | undefined): Health {
  if (known.isConnected) return "connected";
  if (notice?.kind === "reconnect") return "reconnect";
  const reason = known.error?.message ?? "";
  // What the server says of credentials that nobody has entered yet (connectors/connections/answers.py).
  if (/^(enter |sign in)/i.test(reason)) return "unfinished";
  return reason === "" ? "reconnect" : "failing";
}

export const HEALTH: Readonly<Record<Health, { readonly tone: Tone; readonly key: Key }>> = {
  connected: { tone: "good", key: "connections.health.connected" },
  reconnect: { tone: "bad", key: "connections.health.reconnect" },
  unfinished: { tone: "warn", key: "connections.health.unfinished" },
  failing: { tone: "bad", key: "connections.health.failing" },
};
