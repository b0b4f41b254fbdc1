"""Every table, as SQLAlchemy Core.

A table with a ``tenant_id`` column belongs to a tenant: its primary key starts with that column (so that it can be
distributed by tenant), it is listed in `TENANT_TABLES`, and the migrations put row-level security on it. Journal and
queue paths use plain SQL; the others use `tieline.storage.database.Unit`.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tieline.storage.api_tables import (
    audit_log,
    csp_origins,
    event_deliveries,
    event_webhooks,
    events,
    oauth_client_secrets,
    oauth_clients,
    oauth_codes,
    oauth_tokens,
    space_assignments,
    web_integrations,
)
from tieline.storage.automation_tables import (
    automation_versions,
    automations,
    block_pins,
    data_store,
    data_store_writes,
    form_answers,
    journal,
    pointers,
    purge_totals,
    run_blobs,
    run_file_pieces,
    run_files,
    runs,
    schedules,
    usage_days,
)
from tieline.storage.oem_tables import (
    embed_sessions,
    integrations,
    partner_keys,
    template_versions,
    templates,
    used_tokens,
)
from tieline.storage.schema import created, metadata, owned, updated
from tieline.storage.studio_tables import (
    passwords,
    studio_identities,
    studio_invitations,
    studio_sessions,
    studio_tokens,
)

__all__ = [
    "TENANT_TABLES",
    "api_keys",
    "audit_log",
    "automation_versions",
    "automations",
    "block_pins",
    "connect_sessions",
    "connection_tokens",
    "connections",
    "connector_revisions",
    "connector_watches",
    "connectors",
    "csp_origins",
    "data_store",
    "data_store_writes",
    "embed_sessions",
    "event_deliveries",
    "event_webhooks",
    "events",
    "form_answers",
    "integrations",
    "journal",
    "metadata",
    "notices",
    "oauth_client_secrets",
    "oauth_clients",
    "oauth_codes",
    "oauth_tokens",
    "partner_keys",
    "partners",
    "passwords",
    "pointers",
    "purge_totals",
    "rate_budgets",
    "rate_windows",
    "run_blobs",
    "run_file_pieces",
    "run_files",
    "runs",
    "schedules",
    "space_assignments",
    "spaces",
    "studio_identities",
    "studio_invitations",
    "studio_sessions",
    "studio_tokens",
    "template_versions",
    "templates",
    "tenants",
    "usage_days",
    "used_tokens",
    "users",
    "web_integrations",
    "webhook_deliveries",
    "webhook_subscriptions",
]

partners = Table(
    "partners",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("app_id", Text, nullable=False, unique=True),
    Column("api_key_hash", LargeBinary, nullable=True),
    Column("api_key_sealed", LargeBinary, nullable=True, comment="HS256 tokens are signed with it"),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'::jsonb"), comment="branding, origins, notices"),
    created(),
    updated(),
)

tenants = Table(
    "tenants",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("partner_id", Uuid, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("status", Text, nullable=False, server_default=text("'active'"), comment="active, disabled"),
    Column("status_at", DateTime(timezone=True), nullable=True),
    Column("purge_at", DateTime(timezone=True), nullable=True),
    created(),
    updated(),
    UniqueConstraint("partner_id", "external_id"),
    ForeignKeyConstraint(["partner_id"], ["partners.id"], ondelete="CASCADE"),
)

users = owned(
    "users",
    Column("external_id", Text, nullable=False),
    Column("email", Text, nullable=True),
    Column("name", Text, nullable=False, server_default=text("''")),
    Column("roles", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("status", Text, nullable=False, server_default=text("'active'"), comment="active, invited, disabled"),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'::jsonb"), comment="picture, locale, zone"),
    created(),
    updated(),
    UniqueConstraint("tenant_id", "external_id"),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)

spaces = owned(
    "spaces",
    Column("name", Text, nullable=False),
    Column("owner_id", Uuid, nullable=True),
    Column("type", Text, nullable=False, server_default=text("'shared'")),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("created_by", Uuid, nullable=True),
    created(),
    updated(),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)

api_keys = owned(
    "api_keys",
    Column("user_id", Uuid, nullable=False),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("expires_at", DateTime(timezone=True), nullable=True),
    Column("revoked_at", DateTime(timezone=True), nullable=True),
    Column("sub_type", Text, nullable=False, server_default=text("'user'"), comment="user, externalClient"),
    Column("created_by", Uuid, nullable=True),
    created(),
    updated(),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
)

connectors = owned(
    "connectors",
    Column("name", Text, nullable=False),
    Column("guid", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=text("''")),
    Column("version", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("manifest", LargeBinary, nullable=False, comment="the newest revision, JSON"),
    Column("sha256", LargeBinary, nullable=False),
    created(),
    updated(),
    UniqueConstraint("tenant_id", "name"),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)

connector_revisions = owned(
    "connector_revisions",
    Column("revision", Integer, primary_key=True),
    Column("version", Text, nullable=False),
    Column("manifest", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    created(),
    ForeignKeyConstraint(["tenant_id", "connector_id"], ["connectors.tenant_id", "connectors.id"], ondelete="CASCADE"),
    key=("connector_id",),
)

connections = owned(
    "connections",
    Column("connector_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner_id", Uuid, nullable=False),
    Column("space_id", Uuid, nullable=True),
    Column("auth_method", Text, nullable=False, server_default=text("''")),
    Column("server", Text, nullable=True, comment="base URL in place of the manifest's"),
    Column("params", JSONB, nullable=False, server_default=text("'{}'::jsonb"), comment="answers that are not secret"),
    Column("secrets", LargeBinary, nullable=True, comment="sealed JSON object"),
    Column("is_connected", Boolean, nullable=False, server_default=text("false")),
    Column("error", Text, nullable=True),
    created(),
    updated(),
    ForeignKeyConstraint(["tenant_id", "connector_id"], ["connectors.tenant_id", "connectors.id"]),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)

connection_tokens = owned(
    "connection_tokens",
    Column("generation", BigInteger, nullable=False, server_default=text("0")),
    Column("sealed", LargeBinary, nullable=True),
    Column("obtained_at", DateTime(timezone=True), nullable=True),
    Column("expires_at", DateTime(timezone=True), nullable=True),
    ForeignKeyConstraint(
        ["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"
    ),
    key=("connection_id",),
)

# A person on the way to connect an account; found by the hash of what the callback brings, so across tenants.
connect_sessions = owned(
    "connect_sessions",
    Column("token_hash", LargeBinary, nullable=False, unique=True, comment="what the person's browser shows"),
    Column("state_hash", LargeBinary, nullable=True, unique=True, comment="what the authorization server gives back"),
    Column("connector_id", Uuid, nullable=False),
    Column("connection_id", Uuid, nullable=True, comment="set once connected, and from the start when reconnecting"),
    Column("owner_id", Uuid, nullable=False),
    Column("status", Text, nullable=False, comment="open, waiting, connected, failed"),
    Column("settings", JSONB, nullable=False, comment="what may be shown: auth method, name, space, base URL, origin"),
    Column("sealed", LargeBinary, nullable=True, comment="sealed JSON: answers, PKCE verifier, temporary credentials"),
    Column("error", Text, nullable=True),
    created(),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=True),
    ForeignKeyConstraint(["tenant_id", "connector_id"], ["connectors.tenant_id", "connectors.id"], ondelete="CASCADE"),
)

# A subscription of ours at somebody's API; deliveries come to /hooks/{token} and are found by its hash.
webhook_subscriptions = owned(
    "webhook_subscriptions",
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("sealed", LargeBinary, nullable=False, comment="sealed JSON: token, signing secret"),
    Column("connection_id", Uuid, nullable=True, comment="null = a URL that a person pastes somewhere"),
    Column("event", Text, nullable=False, server_default=text("''"), comment="id of the manifest's webhook event"),
    Column("consumer", Text, nullable=False, comment="who is told: 'automation:<uuid>' ..."),
    Column("inputs", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'::jsonb"), comment="verification, sync answer"),
    Column("status", Text, nullable=False, comment="pending, active, failed, removing, removed"),
    Column("remote_id", Text, nullable=True),
    Column("error", Text, nullable=True),
    Column("expires_at", DateTime(timezone=True), nullable=True, comment="when the vendor forgets it"),
    Column("checked_at", DateTime(timezone=True), nullable=True, comment="last reconciliation"),
    Column("delivered_at", DateTime(timezone=True), nullable=True),
    created(),
    updated(),
    ForeignKeyConstraint(
        ["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
    Index("ix_webhook_subscriptions_of_connection", "tenant_id", "connection_id"),
)

webhook_deliveries = owned(
    "webhook_deliveries",
    Column("dedup_key", Text, primary_key=True, comment="the vendor's id of the message, or a hash of it"),
    Column("id", Uuid, nullable=False),
    Column("status", Text, nullable=False, comment="received, handled, merged, ignored, failed"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("object_key", Text, nullable=True, comment="what the deliveries that count as one have in common"),
    Column("headers", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("body", LargeBinary, nullable=True),
    Column("error", Text, nullable=True),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("handled_at", DateTime(timezone=True), nullable=True),
    ForeignKeyConstraint(
        ["tenant_id", "subscription_id"],
        ["webhook_subscriptions.tenant_id", "webhook_subscriptions.id"],
        ondelete="CASCADE",
    ),
    Index("ix_webhook_deliveries_received", "tenant_id", "received_at"),
    Index("ix_webhook_deliveries_id", "tenant_id", "id"),
    Index(
        "ix_webhook_deliveries_waiting",
        "tenant_id",
        "subscription_id",
        "object_key",
        postgresql_where=text("status = 'received'"),
    ),
    key=("subscription_id",),
)

# When the document of a connector was last looked at, for those that came from a URL.
connector_watches = owned(
    "connector_watches",
    Column("address", Text, nullable=False),
    Column("etag", Text, nullable=True),
    Column("modified", Text, nullable=True, comment="Last-Modified as the server wrote it"),
    Column("sha256", Text, nullable=True, comment="of the document that was seen last"),
    Column("error", Text, nullable=True),
    Column("checked_at", DateTime(timezone=True), nullable=True),
    Column("next_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["tenant_id", "connector_id"], ["connectors.tenant_id", "connectors.id"], ondelete="CASCADE"),
    key=("connector_id",),
)

# What a person should know of: a connection to renew, a document that has changed, a subscription that got lost.
notices = owned(
    "notices",
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="'connector:<uuid>', 'connection:<uuid>' ..."),
    Column("key", Text, nullable=False, comment="one notice for one thing: a second one renews the first"),
    Column("title", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=text("''")),
    Column("data", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("count", Integer, nullable=False, server_default=text("1")),
    created(),
    updated(),
    Column("closed_at", DateTime(timezone=True), nullable=True),
    UniqueConstraint("tenant_id", "key"),
    ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
)

rate_budgets = owned(
    "rate_budgets",
    Column("scope", Text, primary_key=True, comment="'' = the whole connection, else a block id"),
    Column("blocked_until", DateTime(timezone=True), nullable=True),
    Column("tokens", Float, nullable=True),
    Column("refilled_at", DateTime(timezone=True), nullable=True),
    Column("learned", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    key=("connection_id",),
)

# Counters of the API's rate limits: lost on a crash, which is fine; hence unlogged.
rate_windows = Table(
    "rate_windows",
    metadata,
    Column("key", Text, primary_key=True),
    Column("window_start", BigInteger, primary_key=True),
    Column("count", Integer, nullable=False),
    prefixes=["UNLOGGED"],
)

TENANT_TABLES: tuple[Table, ...] = tuple(table for table in metadata.sorted_tables if "tenant_id" in table.columns)
