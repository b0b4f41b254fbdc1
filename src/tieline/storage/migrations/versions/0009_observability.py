"""The trace that a run goes on in; an audit log that nobody can change; scopes that a refresh gives back"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tieline.storage.roles import APP, SYSTEM

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


_WITHHELD = "granted, and not in the present access token (RFC 6749 section 6)"


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column(
            "trace",
            sa.Text(),
            nullable=True,
            comment="traceparent or trace id of what started it (W3C Trace Context)",
        ),
    )
    op.add_column(
        "oauth_tokens",
        sa.Column("withheld", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'"), comment=_WITHHELD),
    )
    # Records go with their tenant and in no other way, and nobody changes one: not even the owner of the table, who
    # is who foreign keys work as.
    op.execute(f"REVOKE UPDATE, DELETE ON audit_log FROM {APP}")
    op.execute(f"REVOKE UPDATE ON audit_log FROM {SYSTEM}")
    op.execute("""
        CREATE FUNCTION tieline_audit_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' OR EXISTS (
                SELECT FROM tenants WHERE id = OLD.tenant_id AND status IN ('active', 'partner')
            ) THEN
                RAISE EXCEPTION 'records of the audit log stay as they are' USING ERRCODE = 'insufficient_privilege';
            END IF;
            RETURN OLD;
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER audit_log_stays BEFORE UPDATE OR DELETE ON audit_log
        FOR EACH ROW EXECUTE FUNCTION tieline_audit_log_stays()
    """)
