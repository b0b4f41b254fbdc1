"""Tables of the studio: what people sign in with, and what their browsers are signed in with. `tables` has them all."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKeyConstraint, Index, LargeBinary, Text, UniqueConstraint, Uuid, func

from tieline.storage.schema import created, owned


def _of_user() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE")


passwords = owned(
    "passwords",
    Column("hash", Text, nullable=False, comment="argon2id, in the PHC form"),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    _of_user(),
    key=("user_id",),
)

# Who a person is at the identity provider, once known.
studio_identities = owned(
    "studio_identities",
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    created(),
    UniqueConstraint("issuer", "subject"),
    _of_user(),
    key=("user_id",),
)

# What a browser is signed in with: the cookie, which gives nothing but short tokens.
studio_sessions = owned(
    "studio_sessions",
    Column("user_id", Uuid, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True, comment="of the cookie"),
    Column("method", Text, nullable=False, comment="password, oidc, invitation, setup"),
    Column("last_used_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    created(),
    _of_user(),
    Index("ix_studio_sessions_of_user", "tenant_id", "user_id"),
)

studio_tokens = owned(
    "studio_tokens",
    Column("session_id", Uuid, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "session_id"], ["studio_sessions.tenant_id", "studio_sessions.id"], ondelete="CASCADE"
    ),
    Index("ix_studio_tokens_of_session", "tenant_id", "session_id"),
)

# A link by which a person chooses a password; used once.
studio_invitations = owned(
    "studio_invitations",
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("created_by", Uuid, nullable=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    created(),
    _of_user(),
    key=("user_id",),
)
