import type { ConnectSession } from "@client";

/**
 * Signing in in a window of its own, as states.
 *
 * The window is opened empty by the click itself (later, browsers block it) and sent on once the session is made. Nothing
 * depends on it afterwards: the server finishes the session, and the page asks the server. That the window is closed is only
 * a hint, because a sign-in page that isolates itself (Cross-Origin-Opener-Policy) looks closed from here.
 */
export type Flow =
  | { readonly at: "form" }
  | { readonly at: "opening"; readonly blocked: boolean }
  | {
      readonly at: "waiting";
      readonly session: string;
      readonly link: string;
      readonly expiresAt: string;
      readonly blocked: boolean;
      /** How many answers of the server have come since the window was last seen open. */
      readonly gone: number;
      /** The person has reached the sign-in page. */
      readonly begun: boolean;
      readonly problem: string;
    }
  | { readonly at: "connected"; readonly connection: string }
  | { readonly at: "expired" }
  | { readonly at: "broken"; readonly error: unknown };

export type Happening =
  | { readonly what: "clicked"; readonly blocked: boolean }
  | { readonly what: "made"; readonly session: ConnectSession }
  | { readonly what: "told"; readonly session: ConnectSession; readonly closed: boolean }
  | { readonly what: "opened-again"; readonly blocked: boolean }
  | { readonly what: "failed"; readonly error: unknown }
  | { readonly what: "given-up" };

export const START: Flow = { at: "form" };
/** After so many answers without a window it is said that the window seems to be closed. */
const PATIENCE = 2;

export function next(flow: Flow, happening: Happening): Flow {
  switch (happening.what) {
    case "clicked":
      return { at: "opening", blocked: happening.blocked };
    case "made":
      if (flow.at !== "opening") return flow;
      if (!happening.session.link) return { at: "broken", error: new Error("the session has no link") };
      return {
        at: "waiting",
        session: happening.session.id,
        link: happening.session.link,
        expiresAt: happening.session.expiresAt,
        blocked: flow.blocked,
        gone: 0,
        begun: false,
        problem: "",
      };
    case "told":
      return flow.at === "waiting" && flow.session === happening.session.id
        ? told(flow, happening.session, happening.closed)
        : flow;
    case "opened-again":
      return flow.at === "waiting" ? { ...flow, blocked: happening.blocked, gone: 0, problem: "" } : flow;
    case "failed":
      return flow.at === "form" || flow.at === "connected" ? flow : { at: "broken", error: happening.error };
    case "given-up":
      return START;
  }
}

function told(flow: Extract<Flow, { at: "waiting" }>, session: ConnectSession, closed: boolean): Flow {
  if (session.status === "connected" && session.connectionId)
    return { at: "connected", connection: session.connectionId };
  if (session.status === "expired") return { at: "expired" };
  return {
    ...flow,
    begun: session.status === "waiting",
    gone: closed ? flow.gone + 1 : 0,
    problem: session.status === "failed" ? (session.error ?? "") || "?" : "",
  };
}

/** Whether to say that the window seems to be closed. */
export function looksClosed(flow: Flow): boolean {
  return flow.at === "waiting" && !flow.blocked && flow.gone >= PATIENCE;
}
