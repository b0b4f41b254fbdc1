"""Writes the JSON Schema of manifests where editors and other people's tools find it.

``python -m tieline.connectors.manifest.publish [FILE]``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tieline.connectors.manifest.io import json_schema

_DEFAULT = Path("docs/reference/connector.schema.json")


def publish(file: Path = _DEFAULT) -> None:
    """Write the schema to ``file``."""
    file.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    publish(*(Path(argument) for argument in sys.argv[1:2]))
