"""A hook of the wheel: no wheel without the studio. An editable install, as a checkout has, needs none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("src", "tieline", "api", "studio", "dist", "index.html")


class Studio(BuildHookInterface[Any]):
    """Refuses to build where `bin/build_studio.py` was not run."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Hatch calls this before it builds."""
        if version == "standard" and not (Path(self.root) / PAGE).is_file():
            raise RuntimeError("The studio is not built: run `make web` first, then build the wheel again.")
