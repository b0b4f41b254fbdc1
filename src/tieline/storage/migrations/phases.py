"""Which migrations may come while processes of an older version work, and which have to wait for their end.

A migration says ``phase = "pre"``: it only adds, and what runs already goes on. Or it says ``phase = "post"`` and
``since = "0011"``: it takes away what no process of schema 0011 or newer uses, and comes once no older one is there.
Each connection of ours carries its program's schema in ``application_name``; the oldest schema whose programs may work
with a database is written into the comment of its table ``alembic_version``. See docs/decisions/0014.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any, Final

import psycopg
from msgspec import Struct

FIRST: Final = "0011"
"""The first migration that has a phase. Those before it came all at once."""
APPLICATION: Final = "tieline"
_COMMENT = re.compile(r"Programs of schema (\d{4}) or newer may work with this database\.")
_REVISION = re.compile(r"\d{4}")

_CONNECTED = """
    SELECT application_name, count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND (application_name = %(name)s OR application_name LIKE %(name)s || ' %%') GROUP BY 1
"""


class Step(Struct, frozen=True):
    """A migration: ``since`` is empty for one that only adds."""

    revision: str
    since: str = ""


def step_of(module: ModuleType | Any, revision: str) -> Step:
    """What a migration's module says of its phase. Raises ValueError where it says nothing that can be."""
    phase, since = getattr(module, "phase", None), getattr(module, "since", "")
    if revision < FIRST:
        return Step(revision)
    if phase == "pre" and not since:
        return Step(revision)
    if phase == "post" and _REVISION.fullmatch(since) and since < revision:
        return Step(revision, since)
    raise ValueError(f'migration {revision} needs phase = "pre", or phase = "post" and since = an earlier revision')


def oldest(steps: Iterable[Step], base: str) -> str:
    """The oldest schema whose programs may work with a database on which these steps were taken."""
    return max([base, *(step.since for step in steps)])


def comment(schema: str) -> str:
    """The sentence that a database carries."""
    return f"Programs of schema {schema} or newer may work with this database."


def allowed(text: str | None, version: str) -> str:
    """The schema out of that sentence; without one only programs of the database's own schema."""
    found = _COMMENT.search(text or "")
    return found[1] if found else version


def application_name(schema: str) -> str:
    """How a connection of a program of this schema is called."""
    return f"{APPLICATION} {schema}"


def older(connection: psycopg.Connection[Any], schema: str) -> dict[str, int]:
    """Connections of programs that are older than ``schema``, by their schema; "" for those that do not say."""
    found: dict[str, int] = {}
    for name, count in connection.execute(_CONNECTED, {"name": APPLICATION}).fetchall():
        said = name.removeprefix(APPLICATION).strip()
        said = said if _REVISION.fullmatch(said) else ""
        if said < schema:
            found[said] = found.get(said, 0) + count
    return found


# What only adds ------------------------------------------------------------------------------------------------------

_SPLIT = re.compile(r";\s*\n\s*\n")
_WORDS = re.compile(r"\s+")
_NAME = r'"?([\w.]+)"?'
_MADE = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS )?{_NAME}", re.IGNORECASE)
_ON = re.compile(rf"(?:\bON|\bINTO|ALTER TABLE(?: IF EXISTS)?(?: ONLY)?) {_NAME}", re.IGNORECASE)
_ALWAYS = re.compile(
    r"CREATE (TABLE|TYPE|SEQUENCE|FUNCTION|VIEW|INDEX)\b|COMMENT ON |GRANT |SELECT 1\b|SET LOCAL ", re.IGNORECASE
)
_OF_NEW_TABLES = re.compile(
    r"CREATE (UNIQUE INDEX|POLICY|TRIGGER|CONSTRAINT TRIGGER)\b|INSERT INTO |ALTER TABLE ", re.IGNORECASE
)
_COLUMN = re.compile(r"ALTER TABLE \S+ ADD COLUMN ", re.IGNORECASE)
_SEVERAL = re.compile(r"\b(DROP|RENAME|SET NOT NULL|ALTER COLUMN|UNIQUE|CHECK|REFERENCES|PRIMARY KEY)\b", re.IGNORECASE)


def not_additive(statements: Sequence[str]) -> list[str]:
    """The sentences against a "pre" migration: each statement that is not known to leave older programs in peace."""
    plain = [_WORDS.sub(" ", one).strip().rstrip(";") for one in statements]
    made = {found[1].lower() for one in plain if (found := _MADE.match(one))}
    wrong = []
    for one in filter(None, plain):
        if reason := _against(one, made):
            wrong.append(f"{one[:120]}: {reason}")
    return wrong


def _against(statement: str, made: set[str]) -> str:
    about = _ON.search(statement)
    ours = about is not None and about[1].lower() in made
    if _ALWAYS.match(statement):
        return ""
    if _OF_NEW_TABLES.match(statement) and ours:
        return ""
    if _COLUMN.match(statement):
        if _SEVERAL.search(re.sub(r"DEFAULT '[^']*'|COMMENT '[^']*'", "", statement)):
            return "the new column binds what older programs write"
        if re.search(r"\bNOT NULL\b", statement, re.IGNORECASE) and " DEFAULT " not in statement.upper():
            return "older programs do not fill the new column: give it a default, or let it be null"
        return ""
    return 'it changes what older programs use: it belongs into a "post" migration'


def statements_of(module: ModuleType | Any) -> list[str]:
    """The SQL of a migration's ``upgrade``, without a database. It may ask the database for nothing."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written, "literal_binds": True}
    )
    with Operations.context(context):
        module.upgrade()
    return [one for one in _SPLIT.split(written.getvalue()) if one.strip()]
