"""The partner's side: templates, integrations, sign-on"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from tieline.storage.migrations.helpers import shared_table, tenant_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    shared_table(
        "partner_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False, comment="EdDSA, RS256"),
        sa.Column("public_key", postgresql.JSONB(), nullable=False, comment="a JWK"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_partner_keys_partner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_keys")),
        sa.UniqueConstraint("partner_id", "kid", name=op.f("uq_partner_keys_partner_id_kid")),
    )
    shared_table(
        "templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "status", sa.Text(), server_default=sa.text("'hidden'"), nullable=False, comment="live, hidden, coming soon"
        ),
        sa.Column(
            "texts",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="descriptions, icons, help",
        ),
        sa.Column(
            "groups",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
            comment="list of {id, name}",
        ),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("prevent_duplicates", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "members",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
            comment="ids of a bundle's templates, in order",
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="the newest"),
        sa.Column("live_version", sa.Integer(), nullable=False, comment="what integrations run that are not pinned"),
        sa.Column("canary_version", sa.Integer(), nullable=True),
        sa.Column(
            "canary_share",
            sa.Float(),
            server_default=sa.text("0"),
            nullable=False,
            comment="of the integrations, 0 to 1",
        ),
        sa.Column(
            "source",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="{tenantId, automationId} it came from",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_templates_partner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
    )
    op.create_index("ix_templates_of_partner", "templates", ["partner_id", "position"], unique=False)
    shared_table(
        "used_tokens",
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_used_tokens_partner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner_id", "hash", name=op.f("pk_used_tokens")),
    )
    op.create_index("ix_used_tokens_expired", "used_tokens", ["expires_at"], unique=False)
    shared_table(
        "template_versions",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.LargeBinary(), nullable=False, comment="the document as it came, JSON"),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("published_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["templates.id"], name=op.f("fk_template_versions_template_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("template_id", "version", name=op.f("pk_template_versions")),
    )
    tenant_table(
        "embed_sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="origin, view, redirect",
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_embed_sessions_tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_embed_sessions")),
        sa.UniqueConstraint("hash", name=op.f("uq_embed_sessions_hash")),
    )
    tenant_table(
        "integrations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("automation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "bundle_id", sa.Uuid(), nullable=True, comment="the integration of the bundle that this one is part of"
        ),
        sa.Column("pinned_version", sa.Integer(), nullable=True),
        sa.Column("share", sa.Float(), nullable=False, comment="0 to 1: a canary takes those below its share"),
        sa.Column(
            "inputs",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="persisted top inputs by block and field",
        ),
        sa.Column("inputs_hash", sa.Text(), server_default=sa.text("''"), nullable=False, comment="to tell duplicates"),
        sa.Column(
            "connections",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="connection by connector",
        ),
        sa.Column("setup_complete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("detached_at", sa.DateTime(timezone=True), nullable=True, comment="a copy of its own since then"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["template_id"], ["templates.id"], name=op.f("fk_integrations_template_id")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "automation_id"],
            ["automations.tenant_id", "automations.id"],
            name=op.f("fk_integrations_tenant_id_automation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_integrations")),
        sa.UniqueConstraint("tenant_id", "automation_id", name=op.f("uq_integrations_tenant_id_automation_id")),
    )
    op.create_index("ix_integrations_of_template", "integrations", ["template_id"], unique=False)
