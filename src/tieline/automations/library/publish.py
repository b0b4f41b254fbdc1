"""Writes the JSON Schemas of automations where editors and other people's tools find them.

``python -m tieline.automations.library.publish [FOLDER]``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tieline.automations import blocks as _registered  # noqa: F401 - the schemas name the built-in blocks
from tieline.automations.workspace.schema import automation_schema, workspace_schema

_DEFAULT = Path("docs/reference")


def schemas() -> dict[str, dict[str, Any]]:
    """File name -> schema."""
    return {"workspace.schema.json": workspace_schema(), "automation.schema.json": automation_schema()}


def publish(folder: Path = _DEFAULT) -> None:
    """Write the schemas to ``folder``."""
    for name, schema in schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    publish(*(Path(argument) for argument in sys.argv[1:2]))
