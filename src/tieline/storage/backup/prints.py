"""What each table holds, in numbers that do not depend on the order of its rows."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from tieline.storage.backup.archive import Held

_TABLES = """
    SELECT format('%I.%I', schemaname, tablename), schemaname, tablename FROM pg_tables
    WHERE schemaname IN ('public', 'procrastinate') ORDER BY 1
"""
# A row's text depends on these.
_PLAINLY = (
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601'; "
    "SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL search_path = pg_catalog"
)


def of(connection: psycopg.Connection[Any]) -> dict[str, Held]:
    """Every table of ours, in the transaction that ``connection`` is in. Reads every row."""
    connection.execute(_PLAINLY)
    found = {}
    for name, schema, table in connection.execute(_TABLES).fetchall():
        statement = sql.SQL(
            "SELECT count(*), coalesce(sum(pg_catalog.hashtextextended(t::text, 0)::numeric), 0)::text FROM {} AS t"
        )
        row = connection.execute(statement.format(sql.Identifier(schema, table))).fetchone()
        assert row is not None  # an aggregate has one row
        found[name] = Held(*row)
    return found
