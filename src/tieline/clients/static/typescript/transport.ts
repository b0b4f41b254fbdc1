/** The transport of the client: credentials, retries, errors, pages, and streams of events. */

export interface ClientOptions {
  /** Address of the server, such as `https://tieline.example.com`. */
  baseUrl: string;
  /** An API key. */
  apiKey?: string | undefined;
  /** OAuth 2 client credentials. */
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  /** Gives a bearer token for each call, in place of a key. */
  token?: (() => string | Promise<string>) | undefined;
  /** A partner's credentials, for the operations of `oem`. */
  appId?: string | undefined;
  partnerKey?: string | undefined;
  /** Milliseconds for one attempt; 60,000 unless told so. */
  timeout?: number | undefined;
  /** How often a call is tried again after 429 or 503; 4 unless told so. */
  retries?: number | undefined;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch | undefined;
}

export interface RequestOptions {
  /** Ends the call, also while it waits to try again. */
  signal?: AbortSignal | undefined;
  /** Milliseconds for one attempt. */
  timeout?: number | undefined;
  /** Further headers. */
  headers?: Record<string, string> | undefined;
  /** Sees the answer before its body is read, for its headers such as `ETag`. */
  onResponse?: ((response: Response) => void) | undefined;
}

/** What a stream of server-sent events tells. */
export interface ServerEvent {
  event: string;
  id: string;
  data: unknown;
}

/** One entry of the `errors` of an answer. */
export interface ErrorEntry {
  code: string | number;
  title: string;
  detail?: string | null;
  source?: { pointer?: string | null; parameter?: string | null } | null;
  meta?: Record<string, unknown> | null;
  status?: string | number | null;
}

export type Credentials = "key" | "partner" | "none";

type Value = string | number | boolean | null | undefined | readonly (string | number | boolean)[];

export interface Call {
  method: string;
  path: string;
  query?: Record<string, Value>;
  headers?: Record<string, Value>;
  body?: unknown;
  credentials: Credentials;
  kind: "json" | "text" | "events" | "empty";
}

/** All that the client throws, but for what `signal` was aborted with. */
export class TielineError extends Error {
  override name = "TielineError";
}

/** No answer came: no connection, or none in time. */
export class NoAnswer extends TielineError {
  override name = "NoAnswer";
}

/** The server refused; one of the classes below where its status has one. */
export class ApiError extends TielineError {
  override name = "ApiError";
  readonly status: number;
  /** Stable name of the error. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  /** Where it lies: a JSON pointer into the body, or the name of a parameter. */
  readonly source: string;
  readonly meta: Record<string, unknown>;
  readonly traceId: string;
  /** All of them; the fields above are those of the first. */
  readonly errors: readonly ErrorEntry[];
  /** Seconds until it may be tried again, where the server says so. */
  readonly retryAfter: number | undefined;

  constructor(status: number, body: unknown, retryAfter: number | undefined) {
    const told = isObject(body) ? body : {};
    const errors = (Array.isArray(told["errors"]) ? told["errors"] : []) as ErrorEntry[];
    const first = errors[0];
    const title = first?.title ?? `HTTP ${status}`;
    const detail = first?.detail ?? text(told["error"]) ?? "";
    super(detail ? `${status}: ${detail}` : `${status}: ${title}`);
    this.status = status;
    this.code = String(first?.code ?? text(told["code"]) ?? status);
    this.title = title;
    this.detail = detail;
    this.source = first?.source?.pointer ?? first?.source?.parameter ?? text(told["field"]) ?? "";
    this.meta = first?.meta ?? (isObject(told["meta"]) ? told["meta"] : {});
    this.traceId = text(told["traceId"]) ?? "";
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
}

/** 400, 413, 415, 422: something about the request is wrong. */
export class BadRequest extends ApiError {
  override name = "BadRequest";
}
/** 401: the credentials are not good, or no longer. */
export class Unauthorized extends ApiError {
  override name = "Unauthorized";
}
/** 403: the caller may not do this. */
export class Forbidden extends ApiError {
  override name = "Forbidden";
}
/** 404: there is no such thing for this caller. */
export class NotFound extends ApiError {
  override name = "NotFound";
}
/** 409, 412: somebody else changed it meanwhile, or its state does not allow this. */
export class Conflict extends ApiError {
  override name = "Conflict";
}
/** 429: too many calls; the client has tried again as often as it may. */
export class RateLimited extends ApiError {
  override name = "RateLimited";
}
/** 5xx. */
export class ServerFailed extends ApiError {
  override name = "ServerFailed";
}

const CLASSES: Record<number, typeof ApiError> = {
  400: BadRequest,
  401: Unauthorized,
  403: Forbidden,
  404: NotFound,
  409: Conflict,
  412: Conflict,
  413: BadRequest,
  415: BadRequest,
  422: BadRequest,
  429: RateLimited,
};

const REPEATABLE = new Set(["GET", "HEAD", "PUT", "DELETE"]);
const LONGEST_WAIT = 60_000;
const PER_PAGE = 100;

/** A path whose parameters stay one segment each, whatever is in them. */
export function path(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce((whole, part, index) => whole + encodeURIComponent(String(values[index - 1])) + part);
}

export class Transport {
  readonly #options: ClientOptions;
  readonly #base: string;
  #token: { value: string; until: number } | undefined;
  #asking: Promise<string> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#base = options.baseUrl.replace(/\/+$/, "");
  }

  /** The decoded answer; `undefined` for an empty one. */
  async call<T>(call: Call, options: RequestOptions): Promise<T> {
    const response = await this.#answer(call, options);
    if (call.kind === "text") return (await response.text()) as T;
    const found = await response.text();
    if (!found) return undefined as T;
    try {
      return JSON.parse(found) as T;
    } catch {
      return found as T;
    }
  }

  /** Every row of a list, over all its pages. */
  async *pages<T>(call: Call, options: RequestOptions, style: "links" | "number"): AsyncGenerator<T, void, undefined> {
    if (style === "number") {
      const size = Number(call.query?.["per_page"] ?? PER_PAGE);
      for (let page = Number(call.query?.["page"] ?? 1); ; page++) {
        const rows = await this.call<T[]>({ ...call, query: { ...call.query, page, per_page: size } }, options);
        yield* rows;
        if (rows.length < size) return;
      }
    }
    let next: Call | undefined = call;
    while (next) {
      const page: unknown = await this.call<unknown>(next, options);
      if (!isObject(page)) return;
      yield* page["data"] as T[];
      const links: unknown = page["links"];
      const link: unknown = isObject(links) ? links["next"] : undefined;
      const href: string | undefined = isObject(link) ? text(link["href"]) : text(link);
      // Through the address that we came by: behind a proxy, the server's own name may not be reachable from here.
      next = href ? { ...call, path: withoutHost(href), query: {} } : undefined;
    }
  }

  /** A stream of server-sent events; comes back where the connection breaks, until the server says that it is over. */
  async *events(call: Call, options: RequestOptions): AsyncGenerator<ServerEvent, void, undefined> {
    let last = text(call.headers?.["Last-Event-ID"]) ?? "";
    for (let broken = 0; ; ) {
      const headers = { ...call.headers, "Last-Event-ID": last || undefined, Accept: "text/event-stream" };
      try {
        const response = await this.#answer({ ...call, headers }, { ...options, timeout: 0 });
        if (response.status === 204 || !response.body) return;
        for await (const event of parsed(response.body)) {
          broken = 0;
          last = event.id || last;
          yield event;
          if (event.event === "end") return;
        }
      } catch (error) {
        const known = error instanceof ApiError || options.signal?.aborted;
        if (known || ++broken > (this.#options.retries ?? 4)) throw error;
      }
      await pause(Math.min(1000 * 2 ** broken, 10_000), options.signal);
    }
  }

  async #answer(call: Call, options: RequestOptions): Promise<Response> {
    const tries = this.#options.retries ?? 4;
    for (let attempt = 0, renewed = false; ; attempt++) {
      const response = await this.#send(call, options);
      options.onResponse?.(response);
      if (response.status < 400) return response;
      const oauth = this.#token !== undefined && call.credentials === "key";
      if (response.status === 401 && oauth && !renewed) {
        await response.body?.cancel();
        this.#token = undefined;
        renewed = true;
        continue;
      }
      const after = seconds(response.headers.get("retry-after"));
      const again = response.status === 429 || (response.status === 503 && REPEATABLE.has(call.method));
      const wait = after === undefined ? 500 * 2 ** attempt : after * 1000;
      if (!again || attempt >= tries || wait > LONGEST_WAIT) throw await refused(response, after);
      await response.body?.cancel();
      await pause(wait, options.signal);
    }
  }

  async #send(call: Call, options: RequestOptions): Promise<Response> {
    const url = new URL(this.#base + call.path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined && one !== null) url.searchParams.append(name, String(one));
      }
    }
    const headers = new Headers({ Accept: "application/json" });
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      if (value !== undefined && value !== null) headers.set(name, String(value));
    }
    await this.#identify(headers, call.credentials, options.signal);
    for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
    const request: RequestInit = { method: call.method, headers };
    if (call.body !== undefined) {
      headers.set("Content-Type", "application/json");
      request.body = JSON.stringify(call.body);
    }
    return this.#fetch(url, request, options);
  }

  async #fetch(url: URL, request: RequestInit, options: RequestOptions): Promise<Response> {
    const timeout = options.timeout ?? this.#options.timeout ?? 60_000;
    const ending = new AbortController();
    const abort = (): void => ending.abort(options.signal?.reason);
    if (options.signal?.aborted) abort();
    options.signal?.addEventListener("abort", abort, { once: true });
    const timer = timeout ? setTimeout(() => ending.abort(new NoAnswer(`no answer within ${timeout} ms`)), timeout) : 0;
    try {
      const send = this.#options.fetch ?? fetch;
      const response = await send(url, { ...request, signal: ending.signal });
      // The body of a stream is read later, and must end with the signal too.
      if (timeout === 0) return response;
      const body = [204, 205, 304].includes(response.status) ? null : await response.arrayBuffer();
      return new Response(body, response);
    } catch (error) {
      if (ending.signal.aborted) throw ending.signal.reason;
      throw new NoAnswer(`no answer from ${url.origin}: ${String(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
      if (timeout !== 0) options.signal?.removeEventListener("abort", abort);
    }
  }

  async #identify(headers: Headers, credentials: Credentials, signal: AbortSignal | undefined): Promise<void> {
    const { apiKey, token, clientId, appId, partnerKey } = this.#options;
    // A person who administers the partner needs no key of it.
    if (credentials === "partner" && (appId || !token)) {
      if (appId) headers.set("X-App-Id", appId);
      if (partnerKey) headers.set("X-Api-Key", partnerKey);
    } else if (credentials !== "none") {
      const bearer = token ? await token() : (apiKey ?? (clientId ? await this.#oauth(signal) : undefined));
      if (bearer) headers.set("Authorization", `Bearer ${bearer}`);
    }
  }

  async #oauth(signal: AbortSignal | undefined): Promise<string> {
    if (this.#token && Date.now() < this.#token.until) return this.#token.value;
    // Calls that run side by side ask for one token together.
    this.#asking ??= this.#asked(signal).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #asked(signal: AbortSignal | undefined): Promise<string> {
    const { clientId, clientSecret } = this.#options;
    const body = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
    const call: Call = { method: "POST", path: "/oauth/token", body, credentials: "none", kind: "json" };
    const answer = await this.call<{ access_token: string; expires_in?: number }>(call, { signal });
    // Renewed a little early, so that none ends on its way.
    this.#token = { value: answer.access_token, until: Date.now() + ((answer.expires_in ?? 300) - 30) * 1000 };
    return answer.access_token;
  }
}

async function* parsed(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let waiting = "";
  let fields: { event: string; id: string; data: string[] } = { event: "message", id: "", data: [] };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (waiting + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r/);
      waiting = lines.pop() ?? "";
      for (const line of lines) {
        if (!line) {
          if (fields.data.length) yield { event: fields.event, id: fields.id, data: decoded(fields.data.join("\n")) };
          fields = { event: "message", id: fields.id, data: [] };
          continue;
        }
        const [, name, told] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
        if (name === "data") fields.data.push(told ?? "");
        else if (name === "event" || name === "id") fields[name] = told ?? "";
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function refused(response: Response, after: number | undefined): Promise<ApiError> {
  const kind = CLASSES[response.status] ?? (response.status >= 500 ? ServerFailed : ApiError);
  return new kind(response.status, decoded(await response.text()), after);
}

function decoded(found: string): unknown {
  try {
    return JSON.parse(found);
  } catch {
    return found;
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

function seconds(header: string | null): number | undefined {
  if (!header) return undefined;
  const found = Number(header);
  return Number.isFinite(found) ? found : Math.max(0, (Date.parse(header) - Date.now()) / 1000) || undefined;
}

function withoutHost(href: string): string {
  const url = new URL(href, "http://server");
  return url.pathname + url.search;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value ? value : undefined;
}
