"""Whether a row has changed anywhere in the database."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

# What may change although nothing was done, and why.
EXCEPTIONS = {
    "rate_windows": "counts requests, those that are refused as well",
    "procrastinate_workers": "heartbeats",
}
COLUMNS = {"oauth_tokens": ("last_used_at",)}  # who may ask is noted once a minute


class Snapshot:
    """Sees every table of a database as its owner does, without row-level security."""

    def __init__(self, address: str) -> None:
        self._connection = psycopg.connect(address, autocommit=True)
        self._tables = self._connection.execute(
            "SELECT n.nspname, c.relname, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid "
            "AND a.attname = 'tenant_id' AND NOT a.attisdropped) FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname IN ('public', 'procrastinate') ORDER BY 1, 2"
        ).fetchall()
        self.size = len(self._tables)

    def close(self) -> None:
        self._connection.close()

    def take(self) -> dict[str, str]:
        """A fingerprint of all rows of each table."""
        return self._hashes("")

    def of(self, tenant: UUID, partner: UUID) -> dict[str, str]:
        """The same of the rows of one tenant and of its partner."""
        ids = {"tenants": ("id", tenant), "partners": ("id", partner), "templates": ("partner_id", partner)}
        parts = {name: f" WHERE t.{column} = '{value}'" for name, (column, value) in ids.items()}
        return self._hashes(f" WHERE t.tenant_id = '{tenant}'", parts)

    def _hashes(self, condition: str, parts: dict[str, str] | None = None) -> dict[str, str]:
        queries = []
        for schema, table, owned in self._tables:
            if table in EXCEPTIONS:
                continue
            where = condition
            if parts is not None and not owned:
                if table not in parts:
                    continue
                where = parts[table]
            # Where a row lies and which transaction wrote it: far cheaper than what it holds, and no write is missed.
            row = "t.ctid::text || t.xmin::text"
            if table in COLUMNS:
                row = "(to_jsonb(t)" + "".join(f" - '{name}'" for name in COLUMNS[table]) + ")::text"
            queries.append(
                f"SELECT '{table}', count(*) || ':' || coalesce(sum(hashtextextended({row}, 7)), 0) "
                f"FROM {schema}.{table} t{where}"
            )
        return dict(self._connection.execute(" UNION ALL ".join(queries)).fetchall())


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that differ."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def said_by(answer: Any) -> str:
    """Everything that an answer says, as one text."""
    return str(answer.headers) + answer.text
