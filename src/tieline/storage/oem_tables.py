"""Tables of the partner's side: templates, integrations, sign-on. `tables` has them all."""

from __future__ import annotations

from sqlalchemy import (
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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tieline.storage.schema import created, metadata, owned, updated

_NOTHING = text("'{}'::jsonb")
_EMPTY = text("'[]'::jsonb")

# A template belongs to a partner; tenants see it by way of their integrations.
templates = Table(
    "templates",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("partner_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'hidden'"), comment="live, hidden, coming soon"),
    Column("texts", JSONB, nullable=False, server_default=_NOTHING, comment="descriptions, icons, help"),
    Column("groups", JSONB, nullable=False, server_default=_EMPTY, comment="list of {id, name}"),
    Column("position", Integer, nullable=False, server_default=text("0")),
    Column("prevent_duplicates", Boolean, nullable=False, server_default=text("false")),
    Column("members", JSONB, nullable=False, server_default=_EMPTY, comment="ids of a bundle's templates, in order"),
    Column("version", Integer, nullable=False, comment="the newest"),
    Column("live_version", Integer, nullable=False, comment="what integrations run that are not pinned"),
    Column("canary_version", Integer, nullable=True),
    Column("canary_share", Float, nullable=False, server_default=text("0"), comment="of the integrations, 0 to 1"),
    Column("source", JSONB, nullable=False, server_default=_NOTHING, comment="{tenantId, automationId} it came from"),
    created(),
    updated(),
    ForeignKeyConstraint(["partner_id"], ["partners.id"], ondelete="CASCADE"),
    Index("ix_templates_of_partner", "partner_id", "position"),
)

template_versions = Table(
    "template_versions",
    metadata,
    Column("template_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("workspace", LargeBinary, nullable=False, comment="the document as it came, JSON"),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("published_by", Text, nullable=False, server_default=text("''")),
    created(),
    ForeignKeyConstraint(["template_id"], ["templates.id"], ondelete="CASCADE"),
)

# A template activated in a tenant: its automation runs the template's document, with these settings and connections.
integrations = owned(
    "integrations",
    Column("template_id", Uuid, nullable=False),
    Column("automation_id", Uuid, nullable=False),
    Column("bundle_id", Uuid, nullable=True, comment="the integration of the bundle that this one is part of"),
    Column("pinned_version", Integer, nullable=True),
    Column("share", Float, nullable=False, comment="0 to 1: a canary takes those below its share"),
    Column("inputs", JSONB, nullable=False, server_default=_NOTHING, comment="persisted top inputs by block and field"),
    Column("inputs_hash", Text, nullable=False, server_default=text("''"), comment="to tell duplicates"),
    Column("connections", JSONB, nullable=False, server_default=_NOTHING, comment="connection by connector"),
    Column("setup_complete", Boolean, nullable=False, server_default=text("false")),
    Column("detached_at", DateTime(timezone=True), nullable=True, comment="a copy of its own since then"),
    created(),
    updated(),
    UniqueConstraint("tenant_id", "automation_id"),
    ForeignKeyConstraint(["template_id"], ["templates.id"]),
    ForeignKeyConstraint(
        ["tenant_id", "automation_id"], ["automations.tenant_id", "automations.id"], ondelete="CASCADE"
    ),
    Index("ix_integrations_of_template", "template_id"),
)

# Keys with which a partner signs; HS256 uses its API key, which is kept sealed for that.
partner_keys = Table(
    "partner_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("partner_id", Uuid, nullable=False),
    Column("kid", Text, nullable=False),
    Column("algorithm", Text, nullable=False, comment="EdDSA, RS256"),
    Column("public_key", JSONB, nullable=False, comment="a JWK"),
    Column("revoked_at", DateTime(timezone=True), nullable=True),
    created(),
    UniqueConstraint("partner_id", "kid"),
    ForeignKeyConstraint(["partner_id"], ["partners.id"], ondelete="CASCADE"),
)

# Sign-on tokens that were used: each counts once.
used_tokens = Table(
    "used_tokens",
    metadata,
    Column("partner_id", Uuid, primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["partner_id"], ["partners.id"], ondelete="CASCADE"),
    Index("ix_used_tokens_expired", "expires_at"),
)

# What a frame of ours in a partner's page is signed in with.
embed_sessions = owned(
    "embed_sessions",
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("user_id", Uuid, nullable=False),
    Column("scopes", JSONB, nullable=False, server_default=_EMPTY),
    Column("settings", JSONB, nullable=False, server_default=_NOTHING, comment="origin, view, redirect"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True), nullable=True),
    created(),
    ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
)
