import type { HostEvents, Say } from "./host";
import { type Look, lookOf } from "./look";

const PATIENCE = 15_000;

type Waiting = { readonly resolve: (jwt: string) => void; readonly reject: (error: Error) => void };

/**
 * The way to the page around the frame, or to the one that opened the window.
 *
 * Only a page of one of the partner's origins can open it; which one did is part of the session. Tokens come through the
 * port alone, never through window messages, so that no other script of either page hears them.
 */
export class Channel {
  readonly #port: MessagePort;
  readonly origin: string;
  #waiting: Waiting[] = [];
  #onLook: (look: Look) => void = () => undefined;
  #look: Look | null = null;
  #onToken: (jwt: string) => void = () => undefined;

  constructor(port: MessagePort, origin: string) {
    this.#port = port;
    this.origin = origin;
    port.onmessage = ({ data }: MessageEvent<unknown>) => this.#heard(data);
  }

  #heard(data: unknown): void {
    if (typeof data !== "object" || data === null) return;
    const said = data as Readonly<Record<string, unknown>>;
    if (said["type"] === "look") {
      this.#look = lookOf(said);
      this.#onLook(this.#look);
    } else if (said["type"] === "token" && typeof said["jwt"] === "string") {
      const waiting = this.#waiting;
      this.#waiting = [];
      if (waiting.length === 0) this.#onToken(said["jwt"]);
      for (const one of waiting) one.resolve(said["jwt"]);
    } else if (said["type"] === "token-failed") {
      for (const one of this.#waiting.splice(0)) one.reject(new Error("token-failed"));
    }
  }

  /** A new sign-on token of the host's. */
  token(): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("token-failed")), PATIENCE);
      const over =
        <T>(end: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          end(value);
        };
      this.#waiting.push({ resolve: over(resolve), reject: over(reject) });
      if (this.#waiting.length === 1) this.#port.postMessage({ type: "token-wanted" });
    });
  }

  /** `listener` hears how the host wants it to look: what it has said before, and what it says from now on. */
  onLook(listener: (look: Look) => void): void {
    this.#onLook = listener;
    if (this.#look !== null) listener(this.#look);
  }

  /** A token that nobody asked for: the host wants the session to go on, or somebody else to be signed in. */
  onToken(listener: (jwt: string) => void): void {
    this.#onToken = listener;
  }

  say: Say = (name, detail) => this.#port.postMessage({ type: "event", name, detail });

  signedIn(expiresAt: string): void {
    this.#port.postMessage({ type: "signed-in", expiresAt });
  }

  refused(error: HostEvents["error"]): void {
    this.#port.postMessage({ type: "refused", ...error });
    this.say("error", error);
  }
}

/** The first page of an allowed origin that hands a port over; says before that this one is there. */
export function opened(origins: readonly string[], signal: AbortSignal): Promise<Channel> {
  const around = parent === window ? (opener as Window | null) : parent;
  return new Promise((resolve) => {
    if (around === null) return;
    const hear = (event: MessageEvent<{ type?: unknown } | null>) => {
      const port = event.ports[0];
      if (event.source !== around || !origins.includes(event.origin)) return;
      if (event.data?.type !== "tieline:port" || port === undefined) return;
      removeEventListener("message", hear);
      resolve(new Channel(port, event.origin));
    };
    addEventListener("message", hear, { signal });
    around.postMessage({ type: "tieline:ready" }, "*");
  });
}

/** Whether there is a page that could hand a token over. */
export function isAlone(): boolean {
  return parent === window && opener === null;
}
