import type { ConnectorManifest } from "@client";

// What the studio reads of a manifest (docs/reference/manifest.md). Defaults are not written by the server, so that nearly
// everything may be absent.

export type SetBy = "importer" | "probe" | "human";

export type Fact = {
  readonly evidence?: readonly string[];
  readonly confidence?: number;
  readonly by?: SetBy;
  readonly note?: string;
};

export type Facts = Readonly<Record<string, Fact>>;

export type InputSpec = {
  readonly id: string;
  readonly label?: string;
  readonly type?: string;
  readonly location?: string;
  readonly name?: string;
  readonly required?: boolean;
  readonly secret?: boolean;
  readonly default?: unknown;
  readonly choices?: readonly unknown[];
  readonly description?: string;
  readonly example?: unknown;
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly format?: string;
  readonly read_only?: boolean;
  readonly options_from?: string;
};

export type AuthMethod = {
  readonly id: string;
  readonly kind: string;
  readonly label?: string;
  readonly fields?: readonly InputSpec[];
  readonly location?: string;
  readonly name?: string;
  readonly prefix?: string;
  readonly grants?: readonly string[];
  readonly token_url?: string;
  readonly authorization_url?: string;
  readonly request_token_url?: string;
  readonly scopes?: Readonly<Record<string, string>>;
  readonly scope_separator?: string;
  readonly facts?: Facts;
};

export type ServerVariable = {
  readonly default?: string;
  readonly choices?: readonly string[];
  readonly description?: string;
};

export type ServerSpec = {
  readonly url: string;
  readonly description?: string;
  readonly variables?: Readonly<Record<string, ServerVariable>>;
};

export type PagingSpec = {
  readonly style?: string;
  readonly param?: string;
  readonly next?: string;
  readonly size_param?: string;
  readonly size?: number;
  readonly facts?: Facts;
};

export type BlockSpec = {
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  readonly kind?: string;
  readonly object?: string;
  readonly method?: string;
  readonly path?: string;
  readonly server?: string;
  readonly inputs?: readonly InputSpec[];
  readonly records?: string;
  readonly paging?: PagingSpec;
  readonly incremental?: Readonly<Record<string, unknown>>;
  readonly idempotency?: Readonly<Record<string, unknown>>;
  readonly output?: Readonly<Record<string, unknown>>;
  readonly transport?: string;
  readonly graphql?: Readonly<Record<string, unknown>>;
  readonly deprecated?: boolean;
  readonly facts?: Facts;
};

export type ObjectSpec = {
  readonly name: string;
  readonly label?: string;
  readonly primary_key?: readonly string[];
  readonly created_field?: string;
  readonly updated_field?: string;
  readonly facts?: Facts;
};

export type WebhookSpec = {
  readonly id: string;
  readonly name?: string;
  readonly object?: string;
  readonly event?: string;
  readonly subscribe?: string;
  readonly lifetime?: number;
  readonly facts?: Facts;
};

export type Warning = { readonly code: string; readonly message: string; readonly pointer?: string };

export type SourceSpec = {
  readonly format?: string;
  readonly format_version?: string;
  readonly title?: string;
  readonly version?: string;
  readonly address?: string;
  readonly sha256?: string;
};

export type Manifest = {
  readonly name: string;
  readonly title?: string;
  readonly version?: string;
  readonly description?: string;
  readonly source?: SourceSpec;
  readonly storage?: { readonly kind: string };
  readonly servers?: readonly ServerSpec[];
  readonly auth?: readonly AuthMethod[];
  readonly paging?: PagingSpec;
  readonly objects?: readonly ObjectSpec[];
  readonly blocks?: readonly BlockSpec[];
  readonly webhooks?: readonly WebhookSpec[];
  readonly schemas?: Readonly<Record<string, unknown>>;
  readonly facts?: Facts;
  readonly warnings?: readonly Warning[];
};

/** The server has checked it against the schema before it kept it. */
export function asManifest(found: ConnectorManifest): Manifest {
  return found as unknown as Manifest;
}

/** Whether a call of the block changes something on the other side, by the rule that the server goes by. */
export function writes(block: BlockSpec): boolean {
  if (block.transport === "graphql") return block.graphql?.["operation"] === "mutation";
  const kind = block.kind ?? "action";
  if (["create", "update", "delete", "webhook_add", "webhook_remove"].includes(kind)) return true;
  return kind === "action" && !["GET", "HEAD", "OPTIONS"].includes(block.method ?? "GET");
}

/** Whether it gives records one by one, in pages. */
export function iterable(block: BlockSpec): boolean {
  return ["list", "search", "incremental", "list_types", "list_fields", "webhook_list"].includes(
    block.kind ?? "",
  );
}
