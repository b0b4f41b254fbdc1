"""Tables of the API's own resources: origins, OAuth clients and tokens, event webhooks, the audit log. `tables` has
them all."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tieline.storage.schema import created, owned, updated

_NONE = text("'{}'::text[]")
_NOTHING = text("'{}'::jsonb")


def _of_tenant() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE")


# Origins whose pages may call the tenant's API from a browser.
web_integrations = owned(
    "web_integrations",
    Column("name", Text, nullable=False),
    Column("valid_origins", ARRAY(Text), nullable=False, server_default=_NONE),
    Column("created_by", Uuid, nullable=False),
    created(),
    updated(),
    _of_tenant(),
    Index("ix_web_integrations_origins", "valid_origins", postgresql_using="gin"),
)

# Origins that the tenant's pages may load things from, or be framed by.
csp_origins = owned(
    "csp_origins",
    Column("name", Text, nullable=False, server_default=text("''")),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("origin", Text, nullable=False),
    Column("directives", ARRAY(Text), nullable=False, server_default=_NONE, comment="imgSrc, frameAncestors ..."),
    created(),
    updated(),
    UniqueConstraint("tenant_id", "origin"),
    _of_tenant(),
)

space_assignments = owned(
    "space_assignments",
    Column("space_id", Uuid, nullable=False),
    Column("type", Text, nullable=False, comment="user, group, bot"),
    Column("assignee_id", Uuid, nullable=False),
    Column("roles", ARRAY(Text), nullable=False, server_default=_NONE),
    Column("created_by", Uuid, nullable=True),
    Column("updated_by", Uuid, nullable=True),
    created(),
    updated(),
    UniqueConstraint("tenant_id", "space_id", "type", "assignee_id"),
    ForeignKeyConstraint(["tenant_id", "space_id"], ["spaces.tenant_id", "spaces.id"], ondelete="CASCADE"),
    Index("ix_space_assignments_of_user", "tenant_id", "assignee_id"),
)

oauth_clients = owned(
    "oauth_clients",
    Column("client_id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("app_type", Text, nullable=False, comment="web, native, spa, anonymous-embed"),
    Column("settings", JSONB, nullable=False, server_default=_NOTHING, comment="description, addresses, public keys"),
    Column("redirect_uris", ARRAY(Text), nullable=False, server_default=_NONE),
    Column("allowed_origins", ARRAY(Text), nullable=False, server_default=_NONE),
    Column("allowed_scopes", ARRAY(Text), nullable=False, server_default=_NONE),
    Column("allowed_grant_types", ARRAY(Text), nullable=False, server_default=_NONE),
    Column("allowed_auth_methods", ARRAY(Text), nullable=False, server_default=_NONE),
    Column("consent_method", Text, nullable=False, server_default=text("'required'")),
    Column("published_at", DateTime(timezone=True), nullable=True),
    Column("created_by", Uuid, nullable=False),
    created(),
    updated(),
    _of_tenant(),
)

oauth_client_secrets = owned(
    "oauth_client_secrets",
    Column("hint", Text, primary_key=True, comment="the end of the secret, for people"),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("created_by", Uuid, nullable=True),
    created(),
    ForeignKeyConstraint(
        ["tenant_id", "oauth_client_id"], ["oauth_clients.tenant_id", "oauth_clients.id"], ondelete="CASCADE"
    ),
    key=("oauth_client_id",),
)

# Authorization codes: used once, soon.
oauth_codes = owned(
    "oauth_codes",
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("oauth_client_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("challenge", Text, nullable=False, comment="PKCE S256"),
    Column("token_id", Uuid, nullable=True, comment="what it was exchanged for: revoked when it comes again"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    created(),
    ForeignKeyConstraint(
        ["tenant_id", "oauth_client_id"], ["oauth_clients.tenant_id", "oauth_clients.id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
)

# A grant: the access token that is good now, and the refresh token that follows.
oauth_tokens = owned(
    "oauth_tokens",
    Column("oauth_client_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False, comment="whom it stands for; the client's maker for client credentials"),
    Column("grant_type", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column(
        "withheld",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="granted, and not in the present access token (RFC 6749 section 6)",
    ),
    Column("access_hash", LargeBinary, nullable=False, unique=True),
    Column("access_expires_at", DateTime(timezone=True), nullable=False),
    Column("refresh_hash", LargeBinary, nullable=True, unique=True),
    Column("previous_refresh_hash", LargeBinary, nullable=True, unique=True, comment="its coming again ends the grant"),
    Column("refresh_expires_at", DateTime(timezone=True), nullable=True),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("device_type", Text, nullable=False, server_default=text("''")),
    Column("auth_time", DateTime(timezone=True), nullable=True),
    Column("last_used_at", DateTime(timezone=True), nullable=True),
    Column("revoked_at", DateTime(timezone=True), nullable=True),
    created(),
    ForeignKeyConstraint(
        ["tenant_id", "oauth_client_id"], ["oauth_clients.tenant_id", "oauth_clients.id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
    Index("ix_oauth_tokens_of_user", "tenant_id", "user_id"),
)

# What programs of the tenant are told of (the webhooks that we send; those that we get are `webhook_subscriptions`).
event_webhooks = owned(
    "event_webhooks",
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("event_types", ARRAY(Text), nullable=False, server_default=_NONE),
    Column("level", Text, nullable=False, server_default=text("'tenant'")),
    Column("origin", Text, nullable=False, server_default=text("'api'")),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("settings", JSONB, nullable=False, server_default=_NOTHING, comment="description, filter, headers, flags"),
    Column("sealed", LargeBinary, nullable=True, comment="sealed JSON: signing secrets, encrypted headers"),
    Column("owner_id", Uuid, nullable=False),
    Column("created_by", Uuid, nullable=False),
    Column("updated_by", Uuid, nullable=True),
    Column("failing_since", DateTime(timezone=True), nullable=True),
    Column("disabled_code", Text, nullable=True),
    created(),
    updated(),
    _of_tenant(),
)

events = owned(
    "events",
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False, server_default=text("''"), comment="'run:<uuid>' ..."),
    Column("data", LargeBinary, nullable=False, comment="JSON, as it is sent"),
    created(),
    _of_tenant(),
    Index("ix_events_created", "tenant_id", "created_at"),
)

event_deliveries = owned(
    "event_deliveries",
    Column("event_webhook_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("status", Text, nullable=False, comment="pending, success, fail"),
    Column("status_message", Text, nullable=False, server_default=text("''")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_at", DateTime(timezone=True), nullable=True),
    Column("request", JSONB, nullable=True),
    Column("response", JSONB, nullable=True),
    Column("triggered_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(
        ["tenant_id", "event_webhook_id"], ["event_webhooks.tenant_id", "event_webhooks.id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(["tenant_id", "event_id"], ["events.tenant_id", "events.id"], ondelete="CASCADE"),
    Index("ix_event_deliveries_of_webhook", "tenant_id", "event_webhook_id", "id"),
    Index("ix_event_deliveries_of_event", "tenant_id", "event_id"),
    Index("ix_event_deliveries_due", "next_at", postgresql_where=text("status = 'pending'")),
)

# Who changed what, and who looked at a secret. Written in the transaction that does it; never changed.
audit_log = owned(
    "audit_log",
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor_kind", Text, nullable=False, comment="user, api key, oauth client, partner, system"),
    Column("actor_id", Text, nullable=False, server_default=text("''")),
    Column("user_id", Uuid, nullable=True),
    Column("action", Text, nullable=False, comment="automation.created, connection.secret-read ..."),
    Column("subject", Text, nullable=False, server_default=text("''"), comment="'automation:<uuid>' ..."),
    Column("name", Text, nullable=False, server_default=text("''"), comment="the subject's, as it was"),
    Column("detail", JSONB, nullable=False, server_default=_NOTHING, comment="what changed; never a secret"),
    Column("trace_id", Text, nullable=False, server_default=text("''")),
    Column("address", Text, nullable=False, server_default=text("''"), comment="of the caller"),
    _of_tenant(),
    Index("ix_audit_log_at", "tenant_id", "at"),
    Index("ix_audit_log_subject", "tenant_id", "subject"),
)
