"""Looks for a text wherever a database may have it: in every column of every table, and in the files below it."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

_COLUMNS = """
    SELECT n.nspname, c.relname, a.attname FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
_SAMPLES = """
    SELECT count(*) FROM pg_stats
    WHERE most_common_vals::text LIKE %(text)s OR histogram_bounds::text LIKE %(text)s
       OR most_common_vals::text LIKE %(hex)s OR histogram_bounds::text LIKE %(hex)s
"""


def in_tables(superuser_dsn: str, text: str) -> list[str]:
    """Columns that hold the text, as ``schema.table.column``; ``pg_stats``: what the planner has sampled."""
    found = []
    # bytea shows as hexadecimal digits, everything else as it is.
    wanted = {"text": f"%{text}%", "hex": f"%{text.encode().hex()}%"}
    with psycopg.connect(superuser_dsn) as connection:
        columns = connection.execute(_COLUMNS).fetchall()
        assert len(columns) > 200
        for schema, table, column in columns:
            statement = sql.SQL(
                "SELECT count(*) FROM {table} WHERE {column}::text LIKE %(text)s OR {column}::text LIKE %(hex)s"
            ).format(table=sql.Identifier(schema, table), column=sql.Identifier(column))
            if (connection.execute(statement, wanted).fetchone() or (0,))[0]:
                found.append(f"{schema}.{table}.{column}")
        if (connection.execute(_SAMPLES, wanted).fetchone() or (0,))[0]:
            found.append("pg_stats")
    return sorted(found)


def in_files(folder: Path, text: str) -> list[str]:
    """Files that hold the bytes of the text. Not of the write-ahead log, which is overwritten in its own time, and not
    what PostgreSQL has compressed: ask with a text that stands alone in its value, or in one that does not compress.
    """
    needle = text.encode()
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "pg_wal" not in path.parts and needle in path.read_bytes()
    )
