"""Files that runs are writing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tieline.storage.migrations.helpers import tenant_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    none = sa.text("0")
    tenant_table(
        "run_files",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False, comment="of the run's path, the same on a repeat"),
        sa.Column("state", sa.Text(), nullable=False, comment="begun, open, done"),
        sa.Column("size", sa.BigInteger(), server_default=none, nullable=False, comment="bytes written so far"),
        sa.Column("pieces", sa.BigInteger(), server_default=none, nullable=False),
        sa.Column(
            "about",
            sa.LargeBinary(),
            nullable=False,
            comment="as run data in the journal: where it goes, how it is written",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["runs.tenant_id", "runs.id"],
            name=op.f("fk_run_files_tenant_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "id", name=op.f("pk_run_files")),
    )
    tenant_table(
        "run_file_pieces",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="of the path of the block that wrote it"),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="in the order of the file"),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id", "file_id"],
            ["run_files.tenant_id", "run_files.run_id", "run_files.id"],
            name=op.f("fk_run_file_pieces_tenant_id_run_id_file_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "file_id", "key", name=op.f("pk_run_file_pieces")),
    )
    op.create_index(
        "ix_run_file_pieces_in_order",
        "run_file_pieces",
        ["tenant_id", "run_id", "file_id", "number"],
        unique=False,
    )
    # The planner needs no samples of what people write to files.
    op.execute("ALTER TABLE run_file_pieces ALTER COLUMN data SET STATISTICS 0")
    op.execute("ALTER TABLE run_files ALTER COLUMN about SET STATISTICS 0")
