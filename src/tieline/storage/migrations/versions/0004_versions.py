"""Live versions, failure notices, pauses, test runs with pinned outputs"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from tieline.storage.migrations.helpers import tenant_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tenant_table(
        "block_pins",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("automation_id", sa.Uuid(), nullable=False),
        sa.Column("block_id", sa.Text(), nullable=False),
        sa.Column("output", sa.LargeBinary(), nullable=False, comment="JSON"),
        sa.Column("pinned_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "automation_id"],
            ["automations.tenant_id", "automations.id"],
            name=op.f("fk_block_pins_tenant_id_automation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "automation_id", "block_id", name=op.f("pk_block_pins")),
    )
    none = sa.text("0")
    _add(
        "automations",
        sa.Column("live_version", sa.Integer(), nullable=True, comment="what triggers start; null = always the newest"),
        sa.Column(
            "priority", sa.SmallInteger(), server_default=none, nullable=False, comment="-1 low, 0 normal, 1 high"
        ),
        sa.Column(
            "failure_notice",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="who is told of a run that ended badly: {on, mail, webhook, everySeconds}; {} = nobody",
        ),
        sa.Column("failure_told_at", sa.DateTime(timezone=True), nullable=True, comment="when somebody was told last"),
        sa.Column("failures_untold", sa.Integer(), server_default=none, nullable=False, comment="since then"),
    )
    _add(
        "automation_versions",
        sa.Column(
            "note",
            sa.Text(),
            server_default=sa.text("''"),
            nullable=False,
            comment="what the person who saved it says of it",
        ),
        sa.Column("restored_from", sa.Integer(), nullable=True, comment="the version that this one brings back"),
    )
    _add(
        "runs",
        sa.Column("pause_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rerun_of", sa.Uuid(), nullable=True, comment="the run whose inputs this one began with"),
        sa.Column(
            "trial",
            sa.LargeBinary(),
            nullable=True,
            comment="JSON of a test run: pinned outputs, where it ends, sample data",
        ),
    )
    op.execute((Path(__file__).parent / "0004_queue.sql").read_text(encoding="utf-8"))


def _add(table: str, *columns: sa.Column[object]) -> None:
    for column in columns:
        op.add_column(table, column)
