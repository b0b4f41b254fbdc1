"""For developers: write a migration from the difference between the tables and the migrations so far.

    python -m tieline.storage.migrations.draft "what changes"     the next migration, to be read and corrected
    python -m tieline.storage.migrations.draft --first            the first one anew: only until the first release

New tables come out as `tenant_table` or `shared_table`, so that their walls come with them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _add_table, renderers
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateTableOp
from sqlalchemy import Connection, create_engine

from tieline.storage.embedded import Embedded, destroy
from tieline.storage.migrations import HEAD, migrate
from tieline.storage.tables import metadata

_VERSIONS = Path(__file__).parent / "versions"

_HEAD = '''"""{message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from tieline.storage.migrations import queue_schema
from tieline.storage.migrations.helpers import CURRENT_TENANT, shared_table, tenant_table

revision = "{revision}"
down_revision = {down_revision!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
'''


@renderers.dispatch_for(CreateTableOp, replace=True)
def _render_table(context: AutogenContext, operation: CreateTableOp) -> str:
    text = str(_add_table(context, operation))
    owned = any(getattr(column, "name", None) == "tenant_id" for column in operation.columns)
    if operation.table_name == "tenants":
        # The one table without tenant_id of which a tenant may see a row: its own.
        text = text.removesuffix("\n)") + ',\napp_sees=f"id = {CURRENT_TENANT}",\n)'
    return text.replace("op.create_table(", "tenant_table(" if owned else "shared_table(", 1)


def draft(message: str, *, first: bool = False) -> Path:
    """The file of the new migration."""
    with _server(migrated=not first) as connection:
        options = {"sqlalchemy_module_prefix": "sa.", "alembic_module_prefix": "op.", "user_module_prefix": None}
        changes = produce_migrations(MigrationContext.configure(connection, opts=options), metadata)
        assert changes.upgrade_ops is not None
        body = render_python_code(changes.upgrade_ops)
    number, down = ("0001", None) if first else (f"{int(HEAD) + 1:04}", HEAD)
    if first:
        body += '\n    queue_schema.create("0001_queue.sql")\n'
    name = "foundation" if first else re.sub(r"\W+", "_", message.lower()).strip("_")
    path = _VERSIONS / f"{number}_{name}.py"
    body = re.sub(r"(?m)^ *# ###.*\n?", "", body).replace("astext_type=Text()", "")
    path.write_text(_HEAD.format(message=message, revision=number, down_revision=down) + "    " + body.strip() + "\n")
    for command in (["format"], ["check", "--fix"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, "--quiet", str(path)], check=False)
    return path


@contextmanager
def _server(*, migrated: bool) -> Iterator[Connection]:
    with tempfile.TemporaryDirectory(prefix="tl-") as folder:
        Path(folder).chmod(0o711)
        server = Embedded.join(Path(folder) / "data")
        try:
            if migrated:
                migrate(server.dsn)
            engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(server.dsn))
            with engine.connect() as connection:
                yield connection
            engine.dispose()
        finally:
            server.leave()
            destroy(Path(folder) / "data")


if __name__ == "__main__":
    argument = sys.argv[1]
    first = argument == "--first"
    made = draft("Partners, tenants and all that they own; the queue." if first else argument, first=first)
    sys.stdout.write(f"{made}\nRead it, then set HEAD in {Path(__file__).parent / '__init__.py'}.\n")
