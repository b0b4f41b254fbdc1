"""A program of a newer version: this one's code with two more migrations, one that adds and one that takes away.

``python -m tests.storage.newer DSN HEAD FOLDER`` opens the database as it would, and prints the schema that it finds.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tieline.core.errors import TielineError
from tieline.storage import migrations
from tieline.storage.database import Database

ADDS = '''"""A column that may be empty, and a table"""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0011", "0010", None, None
phase = "pre"

def upgrade() -> None:
    op.add_column("runs", sa.Column("added", sa.Text(), nullable=True))
    op.create_table("things", sa.Column("id", sa.Integer(), primary_key=True))
'''
TAKES_AWAY = '''"""A column that no program of 0011 uses"""
from alembic import op
revision, down_revision, branch_labels, depends_on = "0012", "0011", None, None
phase, since = "post", "0011"

def upgrade() -> None:
    op.drop_column("runs", "trace")
'''
ADDS_MORE = '''"""Something that the next program needs"""
from alembic import op
revision, down_revision, branch_labels, depends_on = "0013", "0012", None, None
phase = "pre"

def upgrade() -> None:
    op.execute("CREATE TABLE more (id integer)")
'''


def written(folder: Path) -> Path:
    """A folder with the migrations of newer versions."""
    folder.mkdir(exist_ok=True)
    for name, text in (("0011_adds", ADDS), ("0012_takes_away", TAKES_AWAY), ("0013_adds_more", ADDS_MORE)):
        (folder / f"{name}.py").write_text(text)
    return folder


async def main(dsn: str, head: str, folder: str) -> str:
    migrations.HEAD = head
    migrations.PLACES.append(folder)
    try:
        async with await Database.open(dsn, Path()) as database:
            return str((await database.autocommit("SELECT version_num FROM alembic_version"))[0][0])
    except TielineError as error:
        return f"{error.code}: {error.detail}"


if __name__ == "__main__":
    print(asyncio.run(main(*sys.argv[1:4])))
