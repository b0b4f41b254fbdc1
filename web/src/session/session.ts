import { ApiError, NoAnswer } from "@client";

/** Who is signed in, as the server tells. */
export type Signed = {
  readonly token: string;
  readonly expiresAt: string;
  readonly user: {
    readonly id: string;
    readonly name: string;
    readonly email: string | null;
    readonly roles: readonly string[];
  };
  readonly account: { readonly id: string; readonly name: string };
  readonly partnerAdmin: boolean;
};

/** What the sign-in page has to offer. */
export type Door = {
  readonly state: "setup" | "signed-out";
  readonly password: boolean;
  readonly oidc: { readonly name: string } | null;
};

const PATH = "/studio/session";
const EARLY = 0.2; // of a token's life: renewed when less is left

async function ask<T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  const request: RequestInit = { method, credentials: "same-origin", cache: "no-store" };
  if (method === "POST") {
    request.headers = { "content-type": "application/json" };
    request.body = JSON.stringify(body ?? {});
  }
  let answer: Response;
  try {
    answer = await fetch(path, request);
  } catch {
    throw new NoAnswer();
  }
  const said: unknown = answer.status === 204 ? undefined : await answer.json().catch(() => undefined);
  if (!answer.ok) throw new ApiError(answer.status, said, undefined);
  return said as T;
}

export const door = () => ask<Door>("GET", PATH);
export const signIn = (email: string, password: string) => ask<Signed>("POST", PATH, { email, password });
export const renew = () => ask<Signed>("POST", `${PATH}/token`);
export const signOut = () => ask<void>("DELETE", PATH);
export const setUp = (given: { code: string; email: string; name: string; password: string }) =>
  ask<Signed>("POST", "/studio/setup", given);
export const accept = (code: string, password: string) =>
  ask<Signed>("POST", "/studio/invitations/accept", { code, password });

/** Keeps a bearer fresh. It is in memory only; the cookie that renews it cannot be read by any script. */
export class Bearer {
  #signed: Signed;
  #until: number;
  #renewing: Promise<string> | undefined;

  constructor(
    signed: Signed,
    readonly ended: () => void,
    readonly renewed: () => Promise<Signed> = renew,
  ) {
    this.#signed = signed;
    this.#until = freshUntil(signed);
  }

  token = async (): Promise<string> => {
    if (Date.now() < this.#until) return this.#signed.token;
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  };

  another = async (refused: string): Promise<string> => {
    if (refused === this.#signed.token) this.#until = 0;
    return this.token();
  };

  /** What the server gave with an answer, a change of the password say. */
  take(signed: Signed): void {
    this.#signed = signed;
    this.#until = freshUntil(signed);
  }

  async #renew(): Promise<string> {
    try {
      this.take(await this.renewed());
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.ended();
      else if (Date.now() < Date.parse(this.#signed.expiresAt)) return this.#signed.token;
      throw error;
    }
    return this.#signed.token;
  }
}

export function freshUntil(signed: Signed, now = Date.now()): number {
  const end = Date.parse(signed.expiresAt);
  return end - (end - now) * EARLY;
}
