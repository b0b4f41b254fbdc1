"""The operations of our own document, as requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Operation:
    """One operation of a document."""

    method: str
    path: str
    spec: Mapping[str, Any] = field(hash=False, compare=False, repr=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def id(self) -> str:
        """The name of the operation without its family's prefix."""
        return str(self.spec["operationId"]).rpartition(".")[2]

    @property
    def secured(self) -> bool:
        return bool(self.spec.get("security"))

    @property
    def of_partner(self) -> bool:
        return self.path.startswith("/oem/")

    @property
    def reads(self) -> bool:
        return self.method == "GET"

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.spec["responses"] if status.isdigit()}

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Those of the path: (the segment before, name)."""
        segments = self.path.split("/")
        names = [(at, match[1]) for at, part in enumerate(segments) if (match := re.fullmatch(r"\{(\w+)\}", part))]
        return [(segments[at - 1], name) for at, name in names]

    @property
    def query(self) -> list[str]:
        return [one["name"] for one in self.spec.get("parameters", ()) if one["in"] == "query"]

    @property
    def body(self) -> str | None:
        """The name of the schema of its JSON body."""
        content = self.spec.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        return str(schema["$ref"]).rpartition("/")[2] if "$ref" in schema else None

    def at(self, values: Mapping[str, str]) -> str:
        """The path with these values."""
        return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], self.path)


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """All of them."""
    for path, item in document["paths"].items():
        for method, spec in item.items():
            if method in METHODS:
                yield Operation(method.upper(), path, spec)
