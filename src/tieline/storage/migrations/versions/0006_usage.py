"""What is left of purged runs: usage by day, totals; and which of them can still be retried"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tieline.storage.migrations.helpers import shared_table, tenant_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# PostgreSQL keeps samples of what it finds in a column, for its planner, long after the rows are gone. Nobody plans by
# the content of these.
_PAYLOADS = {
    "runs": ("inputs", "output", "trial", "error", "title", "start_key"),
    "journal": ("data",),
    "run_blobs": ("data",),
    "data_store_writes": ("result",),
    "webhook_deliveries": ("body", "headers"),
}


def upgrade() -> None:
    none = sa.text("0")
    tenant_table(
        "usage_days",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("automation_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="on which the runs were started, in UTC"),
        sa.Column("runs", sa.BigInteger(), server_default=none, nullable=False),
        sa.Column("scheduled_runs", sa.BigInteger(), server_default=none, nullable=False),
        sa.Column("triggered_runs", sa.BigInteger(), server_default=none, nullable=False),
        sa.Column("webhook_runs", sa.BigInteger(), server_default=none, nullable=False),
        sa.Column("seconds", sa.Numeric(), server_default=none, nullable=False),
        sa.Column("api_calls", sa.BigInteger(), server_default=none, nullable=False),
        sa.Column("received", sa.BigInteger(), server_default=none, nullable=False, comment="bytes"),
        sa.Column("sent", sa.BigInteger(), server_default=none, nullable=False, comment="bytes"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_usage_days_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "automation_id", "day", name=op.f("pk_usage_days")),
    )
    shared_table(
        "purge_totals",
        sa.Column("what", sa.Text(), nullable=False, comment="a table, or 'emptied': runs of which only the row stays"),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_purge_totals")),
    )
    op.add_column(
        "runs",
        sa.Column(
            "purged_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="since when what it kept is gone, or going: it cannot be retried",
        ),
    )
    op.create_index(
        "ix_runs_stopped",
        "runs",
        ["tenant_id", "stopped_at"],
        unique=False,
        postgresql_where=sa.text("stopped_at IS NOT NULL"),
    )
    op.create_index(
        "ix_runs_emptied_next",
        "runs",
        ["tenant_id", "stopped_at"],
        unique=False,
        postgresql_where=sa.text("status = 'finished' AND purged_at IS NULL"),
    )
    for table, columns in _PAYLOADS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
    _jobs()


def _jobs() -> None:
    """Two questions about runs that only the queue's tables can answer. Run with the owner's rights, for the same
    reason as tieline_defer."""
    op.execute("""
        CREATE FUNCTION procrastinate.tieline_busy_runs(wanted text[]) RETURNS SETOF text
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = procrastinate, pg_catalog, pg_temp
        AS $$
            SELECT DISTINCT args ->> 'run_id' FROM procrastinate_jobs
            WHERE status IN ('todo', 'doing') AND args ->> 'run_id' = ANY (wanted) AND task_name <> 'run'
        $$
    """)
    op.execute("""
        CREATE FUNCTION procrastinate.tieline_forget_runs(wanted text[]) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = procrastinate, pg_catalog, pg_temp
        AS $$
        DECLARE
            gone bigint;
        BEGIN
            DELETE FROM procrastinate_jobs WHERE status <> 'doing' AND args ->> 'run_id' = ANY (wanted);
            GET DIAGNOSTICS gone = ROW_COUNT;
            RETURN gone;
        END;
        $$
    """)
    for function in ("tieline_busy_runs", "tieline_forget_runs"):
        op.execute(f"REVOKE ALL ON FUNCTION procrastinate.{function}(text[]) FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION procrastinate.{function}(text[]) TO tieline_system")
