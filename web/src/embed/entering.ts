import { ApiError, NoAnswer } from "@client";
import type { Signed } from "../session/session";

/** What the server tells the page of a frame about itself. */
export type Facts = {
  readonly partner: { readonly appId: string; readonly name: string };
  readonly sessions: string;
  readonly origins: readonly string[];
  readonly branding: unknown;
};

/** An embed session as `POST /embed/{partner}/sessions` gives it. */
export type Entered = {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: string;
  readonly user: {
    readonly id: string;
    readonly name: string;
    readonly email: string | null;
    readonly locale: string | null;
  };
  readonly account: { readonly guid: string; readonly externalid: string; readonly name: string };
  readonly view: {
    readonly view: string;
    readonly template: string | null;
    readonly integration: string | null;
  };
};

export function factsOf(text: string): Facts {
  const said = JSON.parse(text) as Partial<Facts>;
  return {
    partner: said.partner ?? { appId: "", name: "" },
    sessions: said.sessions ?? "",
    origins: said.origins ?? [],
    branding: said.branding ?? {},
  };
}

/** Takes a code out of the address at once, so that no later look at it, or into the history, finds one. */
export function codeInAddress(): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (location.hash !== "") history.replaceState(null, "", location.pathname);
  return code;
}

/** Shows a token or a code; with the bearer of a session, that session goes on. No cookie goes along. */
export async function enter(
  facts: Facts,
  shown: { readonly jwt: string; readonly origin: string } | { readonly code: string },
  bearer?: string,
): Promise<Entered> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (bearer !== undefined) headers["authorization"] = `Bearer ${bearer}`;
  let answer: Response;
  try {
    answer = await fetch(facts.sessions, {
      method: "POST",
      headers,
      body: JSON.stringify(shown),
      credentials: "omit",
      cache: "no-store",
    });
  } catch {
    throw new NoAnswer();
  }
  const said: unknown = await answer.json().catch(() => undefined);
  if (!answer.ok) throw new ApiError(answer.status, said, undefined);
  return said as Entered;
}

/** Ends a session while its page goes away. What it has started goes on. */
export function leave(id: string, bearer: string): void {
  void fetch(`/api/v1/embed-sessions/${id}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${bearer}` },
    credentials: "omit",
    keepalive: true,
  }).catch(() => undefined);
}

export function signed(entered: Entered): Signed {
  const { user, account } = entered;
  return {
    token: entered.token,
    expiresAt: entered.expiresAt,
    user: { id: user.id, name: user.name || user.email || account.name, email: user.email, roles: [] },
    account: { id: account.guid, name: account.name },
    partnerAdmin: false,
  };
}

/** What a refusal is called, for the host and for the choice of our sentence. */
export function codeOf(error: unknown): string {
  if (error instanceof ApiError) return String(error.errors[0]?.code ?? error.status);
  return error instanceof NoAnswer ? "unreachable" : "failed";
}
