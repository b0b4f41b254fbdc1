"""Procrastinate's tables and functions, in a schema of their own that only workers and `Unit.defer` reach."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from alembic import op


def create(additions: str) -> None:
    """Procrastinate's own schema, then ``additions``: a file of SQL beside the migrations."""
    op.execute("CREATE SCHEMA procrastinate")
    op.execute("SET LOCAL search_path = procrastinate")
    _run(_script())
    op.execute("SET LOCAL search_path = public")
    _run((Path(__file__).parent / "versions" / additions).read_text(encoding="utf-8"))


def _run(script: str) -> None:
    # Scripts hold % signs, which the driver would read as placeholders if there were parameters.
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(script)


def _script() -> str:
    """Procrastinate's own schema, read from its package without importing it, which takes longer than the migration."""
    spec = importlib.util.find_spec("procrastinate")
    assert spec is not None
    assert spec.submodule_search_locations
    return (Path(spec.submodule_search_locations[0]) / "sql" / "schema.sql").read_text(encoding="utf-8")
