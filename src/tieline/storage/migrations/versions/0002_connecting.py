"""Connect sessions, webhook subscriptions, watched documents, notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from tieline.storage.migrations.helpers import tenant_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tenant_table(
        "notices",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="'connector:<uuid>', 'connection:<uuid>' ..."),
        sa.Column("key", sa.Text(), nullable=False, comment="one notice for one thing: a second one renews the first"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("data", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("count", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_notices_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_notices")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_notices_tenant_id_key")),
    )
    tenant_table(
        "connect_sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="what the person's browser shows"),
        sa.Column("state_hash", sa.LargeBinary(), nullable=True, comment="what the authorization server gives back"),
        sa.Column("connector_id", sa.Uuid(), nullable=False),
        sa.Column(
            "connection_id",
            sa.Uuid(),
            nullable=True,
            comment="set once connected, and from the start when reconnecting",
        ),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="open, waiting, connected, failed"),
        sa.Column(
            "settings",
            postgresql.JSONB(),
            nullable=False,
            comment="what may be shown: auth method, name, space, base URL, origin",
        ),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=True,
            comment="sealed JSON: answers, PKCE verifier, temporary credentials",
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connector_id"],
            ["connectors.tenant_id", "connectors.id"],
            name=op.f("fk_connect_sessions_tenant_id_connector_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_connect_sessions")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_connect_sessions_state_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_connect_sessions_token_hash")),
    )
    tenant_table(
        "connector_watches",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("connector_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("modified", sa.Text(), nullable=True, comment="Last-Modified as the server wrote it"),
        sa.Column("sha256", sa.Text(), nullable=True, comment="of the document that was seen last"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connector_id"],
            ["connectors.tenant_id", "connectors.id"],
            name=op.f("fk_connector_watches_tenant_id_connector_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "connector_id", name=op.f("pk_connector_watches")),
    )
    tenant_table(
        "webhook_subscriptions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="sealed JSON: token, signing secret"),
        sa.Column("connection_id", sa.Uuid(), nullable=True, comment="null = a URL that a person pastes somewhere"),
        sa.Column(
            "event",
            sa.Text(),
            server_default=sa.text("''"),
            nullable=False,
            comment="id of the manifest's webhook event",
        ),
        sa.Column("consumer", sa.Text(), nullable=False, comment="who is told: 'automation:<uuid>' ..."),
        sa.Column("inputs", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="verification, sync answer",
        ),
        sa.Column("status", sa.Text(), nullable=False, comment="pending, active, failed, removing, removed"),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True, comment="when the vendor forgets it"),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True, comment="last reconciliation"),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connections.tenant_id", "connections.id"],
            name=op.f("fk_webhook_subscriptions_tenant_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_webhook_subscriptions_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_webhook_subscriptions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_webhook_subscriptions_token_hash")),
    )
    op.create_index(
        "ix_webhook_subscriptions_of_connection", "webhook_subscriptions", ["tenant_id", "connection_id"], unique=False
    )
    tenant_table(
        "webhook_deliveries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False, comment="the vendor's id of the message, or a hash of it"),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="received, handled, merged, ignored, failed"),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "object_key", sa.Text(), nullable=True, comment="what the deliveries that count as one have in common"
        ),
        sa.Column("headers", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "subscription_id"],
            ["webhook_subscriptions.tenant_id", "webhook_subscriptions.id"],
            name=op.f("fk_webhook_deliveries_tenant_id_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "subscription_id", "dedup_key", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index("ix_webhook_deliveries_received", "webhook_deliveries", ["tenant_id", "received_at"], unique=False)
    op.create_index("ix_webhook_deliveries_id", "webhook_deliveries", ["tenant_id", "id"], unique=False)
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["tenant_id", "subscription_id", "object_key"],
        unique=False,
        postgresql_where=sa.text("status = 'received'"),
    )
