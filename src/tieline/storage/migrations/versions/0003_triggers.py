"""Schedules and what else starts runs, the data store, answers of forms"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from tieline.storage.migrations.helpers import tenant_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tenant_table(
        "data_store",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="value, row"),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False, comment="as run data in the journal"),
        sa.Column("size", sa.Integer(), nullable=False, comment="bytes of value"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_data_store_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "store", "key", name=op.f("pk_data_store")),
    )
    op.create_index(
        "ix_data_store_expired",
        "data_store",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    tenant_table(
        "data_store_writes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="of the run's path, the same on a repeat"),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["runs.tenant_id", "runs.id"],
            name=op.f("fk_data_store_writes_tenant_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "key", name=op.f("pk_data_store_writes")),
    )
    tenant_table(
        "form_answers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("automation_id", sa.Uuid(), nullable=False),
        sa.Column("block_id", sa.Text(), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "automation_id"],
            ["automations.tenant_id", "automations.id"],
            name=op.f("fk_form_answers_tenant_id_automation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "automation_id", "block_id", name=op.f("pk_form_answers")),
    )
    tenant_table(
        "schedules",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("automation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="rrule, interval"),
        sa.Column("rule", sa.Text(), nullable=False, comment="RFC 5545 recurrence rules, one a line, or seconds"),
        sa.Column("timezone", sa.Text(), server_default=sa.text("'UTC'"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("misfire", sa.Text(), server_default=sa.text("'once'"), nullable=False, comment="once, skip, all"),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("anchor", sa.DateTime(timezone=True), nullable=False, comment="what intervals are counted from"),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True, comment="the slot that was started last"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True, comment="when it was started"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "automation_id"],
            ["automations.tenant_id", "automations.id"],
            name=op.f("fk_schedules_tenant_id_automation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_schedules")),
    )
    op.create_index(
        "ix_schedules_due",
        "schedules",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("enabled AND due_at IS NOT NULL"),
    )
    op.create_index("ix_schedules_of_automation", "schedules", ["tenant_id", "automation_id"], unique=False)
    _starting()


def _starting() -> None:
    """What a run and an automation know of how they are started."""
    empty = sa.text("'{}'::jsonb")
    op.add_column(
        "automations",
        sa.Column(
            "start_settings",
            postgresql.JSONB(),
            server_default=empty,
            nullable=False,
            comment="what the start block of the newest version says: sync, webhook",
        ),
    )
    op.add_column(
        "automations",
        sa.Column(
            "follows",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
            comment="list of {automationId, on}: starts when that one ends",
        ),
    )
    op.create_index(
        "ix_automations_following",
        "automations",
        ["tenant_id"],
        unique=False,
        postgresql_where=sa.text("follows <> '[]'::jsonb"),
    )
    no = sa.text("false")
    for column in (
        sa.Column(
            "start_key",
            sa.Text(),
            nullable=True,
            comment="what started it, once: a schedule's slot, a delivery, a call",
        ),
        sa.Column(
            "parent_id", sa.Uuid(), nullable=True, comment="the run that waits for this one, or that it followed"
        ),
        sa.Column(
            "depth",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="runs above it that started each other",
        ),
        sa.Column("awaited", sa.Boolean(), server_default=no, nullable=False, comment="wake the parent at the end"),
        sa.Column("woken", sa.Boolean(), server_default=no, nullable=False, comment="a child has ended: do not sleep"),
    ):
        op.add_column("runs", column)
    op.create_index(
        "ix_runs_start_key",
        "runs",
        ["tenant_id", "automation_id", "start_key"],
        unique=True,
        postgresql_where=sa.text("start_key IS NOT NULL"),
    )
    # A sleeping run has one job, which waits for its hour; this lets it come now. Run with the owner's rights, for the
    # same reason as tieline_defer.
    op.execute("""
        CREATE FUNCTION procrastinate.tieline_hasten(wanted text) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = procrastinate, pg_catalog, pg_temp
        AS $$
        BEGIN
            UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE queueing_lock = wanted AND status = 'todo';
            IF FOUND THEN
                PERFORM tieline_wake();
            END IF;
            RETURN FOUND;
        END;
        $$
    """)
    op.execute("REVOKE ALL ON FUNCTION procrastinate.tieline_hasten(text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION procrastinate.tieline_hasten(text) TO tieline_app, tieline_system")
