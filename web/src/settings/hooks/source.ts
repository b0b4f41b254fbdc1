/** A webhook, whichever API it comes from. */
export type Hook = {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly description: string;
  readonly eventTypes: readonly string[];
  readonly enabled: boolean;
  readonly hasSecret: boolean;
  readonly disabledReason: string | null;
};

export type HookDraft = {
  readonly name: string;
  readonly url: string;
  readonly description: string;
  readonly eventTypes: string[];
  readonly enabled: boolean;
  /** Empty: what is there stays, or one is made. */
  readonly secret: string;
};

export type Sent = {
  readonly id: string;
  readonly eventType: string;
  readonly ok: boolean;
  readonly message: string;
  readonly at: string;
  readonly attempts: number;
  readonly nextAt: string | null;
};

export type SentDetail = Sent & { readonly request: unknown; readonly response: unknown };
export type EventKind = { readonly name: string; readonly title: string; readonly description: string };
export type Chunk<T> = { readonly rows: readonly T[]; readonly next: string | undefined };

/** Where webhooks live: those of the account, and those of the partner, are managed alike. */
export type HookSource = {
  /** First part of the query keys. */
  readonly key: string;
  /** The field of the API that holds the types, for its errors. */
  readonly typesField: string;
  readonly list: (cursor: string | undefined, signal: AbortSignal) => Promise<Chunk<Hook>>;
  readonly get: (id: string, signal: AbortSignal) => Promise<Hook>;
  /** Gives the secret where the server has made one. */
  readonly create: (draft: HookDraft) => Promise<string | null>;
  readonly update: (id: string, draft: HookDraft) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly kinds: (signal: AbortSignal) => Promise<readonly EventKind[]>;
  readonly sent: (id: string, cursor: string | undefined, signal: AbortSignal) => Promise<Chunk<Sent>>;
  readonly one: (id: string, sent: string, signal: AbortSignal) => Promise<SentDetail>;
  readonly resend: (id: string, sent: string) => Promise<void>;
  readonly replay: (id: string, since: string) => Promise<{ readonly count: number; readonly more: boolean }>;
};
