"""What a connector is: a versioned description of one API (DESIGN 5.6).

A manifest is plain data (YAML or JSON). Importers write it, people correct it, the runtime reads it. Each value that
was inferred has a `Fact` beside it, under the same field name in ``facts``, which says where it comes from, how sure
we are and who said so; what a human said is never overwritten by a re-import.

Field locations are written ``path``, ``query``, ``header``, ``cookie``, ``body`` (a JSON pointer into the body),
``form`` or ``file``. Places in an answer are ``$``-paths in the subset ``$.a.b[0]`` (see
`tieline.connectors.manifest.paths`); ``$`` is the whole body.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from tieline.connectors.manifest.authsteps import AuthStep

SCHEMA: Literal["tieline.connector/1"] = "tieline.connector/1"

SetBy = Literal["importer", "probe", "human"]
BlockKind = Literal[
    "list",
    "search",
    "get",
    "get_by",
    "create",
    "update",
    "delete",
    "incremental",
    "list_types",
    "list_fields",
    "webhook_add",
    "webhook_remove",
    "webhook_list",
    "action",
]
PagingStyle = Literal[
    "none",
    "page",
    "offset",
    "cursor",
    "next_url",
    "link_header",
    "keyset",
    "total",
]
AuthKind = Literal[
    "none",
    "api_key",
    "basic",
    "bearer",
    "digest",
    "oauth1",
    "oauth2",
    "jwt_bearer",
    "session",
    "hmac",
    "custom",
    "wsse",
    "soap_header",
]
OAuth2Grant = Literal[
    "client_credentials",
    "authorization_code",
    "password",
    "refresh_token",
    "implicit",
    "device_code",
    "jwt_bearer",
    "token_exchange",
]
StorageKind = Literal["local", "ftp", "sftp", "s3", "http", "gcs", "azure_blob"]
Location = Literal["path", "query", "header", "cookie", "body", "form", "file"]


class Base(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Unset and default fields are not written, unknown fields are an error."""


class Fact(Base, kw_only=True):
    """Why a value is what it is."""

    evidence: list[str] = field(default_factory=list)  # JSON pointers into the source document, or "page 3, line 12"
    confidence: float = 1.0  # 0..1; below ASK_BELOW a person is asked
    by: SetBy = "importer"
    note: str = ""


ASK_BELOW = 0.7


class Source(Base, kw_only=True):
    """The document that the connector was made from."""

    format: str  # openapi, swagger, postman, graphql, wsdl, pdf, html, markdown, manifest
    format_version: str = ""
    title: str = ""
    version: str = ""
    address: str = ""  # URL or file name, without credentials
    sha256: str = ""


class ServerVariable(Base, kw_only=True):
    default: str = ""
    choices: list[str] = field(default_factory=list)
    description: str = ""


class Server(Base, kw_only=True):
    """A base URL; ``{name}`` stands for a variable that the connection fills in."""

    url: str
    description: str = ""
    variables: dict[str, ServerVariable] = field(default_factory=dict)


class Input(Base, kw_only=True):
    """One thing to ask a person for (of a connection or of a block) and where it goes."""

    id: str
    label: str = ""
    type: str = "string"  # string integer number boolean object array file password select
    location: Location | UnsetType = UNSET
    name: str = ""  # name on the wire; for body a JSON pointer ("/contact/email"; "" = the whole body)
    required: bool = False
    secret: bool = False
    default: Any = UNSET
    choices: list[Any] = field(default_factory=list)
    description: str = ""
    example: Any = UNSET
    schema: dict[str, Any] = field(default_factory=dict)  # JSON Schema; "#/schemas/X" points into Manifest.schemas
    style: str = ""  # OpenAPI style/collectionFormat where it is not the default
    explode: bool | UnsetType = UNSET
    format: str = ""
    read_only: bool = False
    options_from: str = ""  # id of a list_types / list_fields block that fetches the choices


class Storage(Base, kw_only=True):
    """Where files are kept: a connector that has this is a storage, used by file blocks, and has no calls."""

    kind: StorageKind


class AuthMethod(Base, kw_only=True):
    """One way to authenticate; a block names the ones it accepts by ``id``."""

    id: str
    kind: AuthKind
    label: str = ""
    fields: list[Input] = field(default_factory=list)  # what to ask the person who makes the connection
    location: Location | UnsetType = UNSET  # api_key
    name: str = ""  # api_key: header, query or cookie name
    prefix: str = ""  # what stands before the secret in the header, with its blank ("Bearer ")
    grants: list[OAuth2Grant] = field(default_factory=list)
    token_url: str = ""
    authorization_url: str = ""
    refresh_url: str = ""
    revoke_url: str = ""
    device_url: str = ""  # oauth2: device authorization (RFC 8628)
    request_token_url: str = ""  # oauth1: temporary credentials; without it and authorization_url it is 1-legged
    discovery_url: str = ""  # OpenID Connect or RFC 8414 document, which names the URLs that are not given here
    issuer: str = ""  # oauth2: what `iss` of the callback must be (RFC 9207) where no discovery document says it
    scopes: dict[str, str] = field(default_factory=dict)
    scope_separator: str = " "
    pkce: bool = True
    client_auth: Literal["basic", "post", "json", "none", "client_secret_jwt", "private_key_jwt"] = "basic"
    authorize_params: dict[str, str] = field(default_factory=dict)  # added to the authorization URL: prompt, audience
    token_params: dict[str, str] = field(default_factory=dict)  # added to token requests (templates): audience
    signature: str = ""  # oauth1: HMAC-SHA1 ...; hmac: HMAC-SHA256 ...; JWTs: RS256 ...
    realm: str = ""  # oauth1
    key: str = ""  # template: what hmac and JWTs are signed with; empty = the method's secret field
    template: str = ""  # hmac: the text that is signed
    encoding: Literal["hex", "base64", "base64url"] = "hex"  # hmac: of the signature
    claims: dict[str, Any] = field(default_factory=dict)  # JWTs: templates; iat, exp and jti are set, null leaves out
    jwt_header: dict[str, str] = field(default_factory=dict)  # JWTs: templates (kid ...)
    lifetime: int = 300  # JWTs: seconds
    steps: list[AuthStep] = field(default_factory=list)  # session, custom, hmac: let, request, extract, inject
    facts: dict[str, Fact] = field(default_factory=dict)


class Paging(Base, kw_only=True):
    """How to get from one page to the next and when to stop.

    ``stop`` rules are read in order: ``empty`` (no records), ``short`` (fewer records than asked), ``no_next`` (no
    cursor or link), ``has_more`` (the flag at ``has_more`` is false), ``total`` (``total`` records or ``total_pages``
    pages reached).
    """

    style: PagingStyle = "none"
    param: str = ""  # the parameter that moves: page, offset, cursor, starting_after ...
    location: Literal["query", "body", "header", "path"] = "query"
    size_param: str = ""
    size_location: Literal["query", "body", "header"] = "query"
    size: int = 0  # what to ask for; 0 = the server's default
    size_max: int = 0
    start: int = 1  # first page number, or first offset
    step: Literal["page", "records"] = "page"
    next: str = ""  # $-path in the body, or header name, of the next cursor or URL
    next_in: Literal["body", "header"] = "body"
    key: str = ""  # keyset: field of the last record that goes into param
    has_more: str = ""
    total: str = ""
    total_pages: str = ""
    total_in: Literal["body", "header"] = "body"
    stop: list[Literal["empty", "short", "no_next", "has_more", "total"]] = field(default_factory=lambda: ["empty"])
    facts: dict[str, Fact] = field(default_factory=dict)


class RateBudget(Base, kw_only=True):
    """How many calls a connection may make, and the headers that say what is left."""

    calls: int = 0  # 0 = unknown
    seconds: float = 60.0
    concurrent: int = 0  # 0 = not limited
    remaining_header: str = ""
    reset_header: str = ""
    facts: dict[str, Fact] = field(default_factory=dict)


class ErrorRule(Base, kw_only=True):
    """First rule that fits decides; without one the status class does (RFC 9110 section 15).

    ``partial``: it happened, but not all of it (some entries of a bulk call were refused); the answer is kept, nothing
    is sent again, and the run ends with a warning. ``path`` may hold a wildcard then: ``$.results[*].error``.
    """

    then: Literal["retry", "refresh", "rate_limited", "ignore", "done", "fail", "reconnect", "partial"]
    status: list[int] = field(default_factory=list)  # empty = any, 200 included ("200 with error")
    path: str = ""  # $-path into the body
    equals: Any = UNSET  # UNSET = the path exists and is not empty
    message: str = ""  # $-path of the text to show


class Idempotency(Base, kw_only=True):
    """What makes a write safe to send twice.

    ``header``: the API honours a key in that header. ``natural_key``: a second create is refused with one of
    ``conflict``, which counts as done. ``upsert``: the same call twice leaves one record. ``none``: at least once.
    """

    kind: Literal["none", "header", "natural_key", "upsert"] = "none"
    header: str = "Idempotency-Key"
    conflict: list[int] = field(default_factory=lambda: [409])


class ObjectType(Base, kw_only=True):
    """A thing that the API keeps: contact, event, invoice."""

    name: str
    label: str = ""
    primary_key: list[str] = field(default_factory=list)
    created_field: str = ""
    updated_field: str = ""
    parent: str = ""
    schema: dict[str, Any] = field(default_factory=dict)
    fields_block: str = ""  # id of the list_fields block that fetches the schema
    facts: dict[str, Fact] = field(default_factory=dict)


class Incremental(Base, kw_only=True):
    """How "new and updated since" is asked for."""

    by: Literal["param", "sort", "filter"] = "param"
    param: str = ""
    location: Literal["query", "body", "header"] = "query"
    format: str = "iso"  # iso, unix, unix_ms, date, or a strftime pattern
    field: str = ""  # the record's field that the pointer follows
    created_field: str = ""  # fallback where the field is null
    inclusive: bool = True
    sort_param: str = ""
    sort_value: str = ""
    facts: dict[str, Fact] = msgspec.field(default_factory=dict)


class Block(Base, kw_only=True):
    """One operation that an automation can use."""

    id: str  # unique within the connector, stable over re-imports
    guid: str = ""  # what a workspace document calls it (endpoint_guid, snippet_guid)
    name: str = ""
    description: str = ""
    kind: BlockKind = "action"
    object: str = ""
    method: str = "GET"
    path: str = ""  # with {name} for path inputs; GraphQL and SOAP: the endpoint's path
    server: str = ""  # overrides Manifest.servers
    inputs: list[Input] = field(default_factory=list)
    body_type: Literal["", "json", "form", "multipart", "xml", "text", "binary"] = ""
    headers: dict[str, str] = field(default_factory=dict)  # constant headers
    auth: list[str] | UnsetType = UNSET  # ids of methods, any one of them; UNSET = all; [] = none
    records: str = ""  # $-path of the record list (list kinds) or of the record (others)
    item_path: str = ""  # $-path from a list entry to its record ("$.node" of GraphQL edges)
    paging: Paging | UnsetType = UNSET
    incremental: Incremental | UnsetType = UNSET
    idempotency: Idempotency | UnsetType = UNSET
    output: dict[str, Any] = field(default_factory=dict)  # JSON Schema of one record
    transport: Literal["rest", "graphql", "soap"] = "rest"
    graphql: dict[str, Any] = field(default_factory=dict)
    soap: dict[str, Any] = field(default_factory=dict)
    errors: list[ErrorRule] = field(default_factory=list)
    rate: RateBudget | UnsetType = UNSET
    cache: float = 0.0  # seconds for which the answer of a read may serve again; 0 = ask each time
    deprecated: bool = False
    tags: list[str] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)

    @property
    def iterable(self) -> bool:
        """True where the block gives records one by one (a loop hangs under it)."""
        return self.kind in ("list", "search", "incremental", "list_types", "list_fields", "webhook_list")

    @property
    def writes(self) -> bool:
        """True where a call changes something on the other side. A GraphQL query is a POST, but reads."""
        if self.transport == "graphql":
            return self.graphql.get("operation") == "mutation"
        if self.kind in ("create", "update", "delete", "webhook_add", "webhook_remove"):
            return True
        return self.kind == "action" and self.method not in ("GET", "HEAD", "OPTIONS")


class WebhookEvent(Base, kw_only=True):
    """Something that the API can tell us about by itself.

    What can be left out is found out: an input for the callback URL by its name, the subscription's id in the answer
    and in the vendor's list by the usual names, our own entries in that list by our URL.
    """

    id: str
    name: str = ""
    guid: str = ""
    object: str = ""
    event: str = ""  # the value that subscribes to it
    subscribe: str = ""  # block ids
    unsubscribe: str = ""
    list: str = ""
    renew: str = ""  # without it a subscription that runs out is made anew
    url_input: str = ""  # inputs of the subscribe block: where our callback URL goes
    event_input: str = ""
    secret_input: str = ""  # where the signing secret goes that we have made
    expires_input: str = ""  # where the wanted end goes (RFC 3339), ``lifetime`` seconds from now; of renew too
    inputs: dict[str, Any] = field(default_factory=dict)  # constants for the subscribe block
    remote_input: str = ""  # input of the unsubscribe and renew blocks: the vendor's id of the subscription
    id_path: str = ""  # $-paths into the answer of the subscribe block, and into an entry of the list
    secret_path: str = ""  # the signing secret where the vendor makes it
    secret_from: str = ""  # field of the connection that holds the signing secret, as of Slack and HubSpot
    expires_path: str = ""
    active_path: str = ""  # false, or a word such as "disabled": the vendor keeps it but does not deliver
    lifetime: int = 0  # seconds after which the vendor forgets a subscription; 0 = never
    payload: str = "$"  # $-path of what is handed on; a list there is handed on as it is
    type_path: str = ""  # $-path, or "header:X-Event", of the event's name: what names another event is ignored
    object_path: str = ""  # $-path of the id of the object that changed
    coalesce: float = 0.0  # seconds in which deliveries about one object count as one
    fetch: str = ""  # where a delivery carries only ids: block that gets the object
    fetch_inputs: dict[str, str] = field(default_factory=dict)  # its inputs: $-paths into the body
    schema: dict[str, Any] = field(default_factory=dict)
    verification: dict[str, Any] = field(default_factory=dict)  # {"dialect": ..., settings}: see webhooks.md
    handshake: dict[str, Any] = field(default_factory=dict)  # {"kind": ..., settings}: see webhooks.md
    facts: dict[str, Fact] = field(default_factory=dict)


class Notice(Base, kw_only=True):
    """Something that the importer mended, skipped or is unsure about."""

    code: str
    message: str
    pointer: str = ""


class Manifest(Base, kw_only=True):
    """One connector."""

    schema: Literal["tieline.connector/1"] = SCHEMA
    name: str  # lower-case words joined by "-", unique within a tenant
    title: str = ""
    version: str = "1.0.0"
    guid: str = ""  # what a workspace document calls it (datasourcetype_guid)
    description: str = ""
    source: Source | UnsetType = UNSET
    storage: Storage | UnsetType = UNSET
    servers: list[Server] = field(default_factory=list)
    auth: list[AuthMethod] = field(default_factory=list)
    paging: Paging | UnsetType = UNSET  # where a block has none of its own
    rate: RateBudget | UnsetType = UNSET
    errors: list[ErrorRule] = field(default_factory=list)
    idempotency: Idempotency | UnsetType = UNSET
    objects: list[ObjectType] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    webhooks: list[WebhookEvent] = field(default_factory=list)
    schemas: dict[str, Any] = field(default_factory=dict)
    soap: dict[str, Any] = field(default_factory=dict)  # "types": how each type is written as XML (see manifest.md)
    facts: dict[str, Fact] = field(default_factory=dict)
    warnings: list[Notice] = field(default_factory=list)
