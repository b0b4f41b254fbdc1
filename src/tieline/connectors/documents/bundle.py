"""One documentation: the document to import and its further files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tieline.connectors.manifest.limits import MAX_BYTES

MAX_FILES: Final = 500


@dataclass(slots=True)
class Bundle:
    """``parts`` are the further files by their path relative to the document; ``address`` is where that came from.

    ``missing`` names what is referred to and was not found, not allowed or over a limit.
    """

    data: bytes
    address: str = ""
    parts: dict[str, bytes] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def room(self) -> int:
        """How many bytes more may come in; 0 where the number of files is used up."""
        if len(self.parts) >= MAX_FILES:
            return 0
        return max(0, MAX_BYTES - len(self.data) - sum(map(len, self.parts.values())))

    def lacks(self, name: str) -> None:
        """Remember a file that is not here."""
        if name not in self.missing and len(self.missing) < MAX_FILES:
            self.missing.append(name)
