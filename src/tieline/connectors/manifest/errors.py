"""What can be wrong with a document that comes from outside.

BadInput
|-- UnreadableDocument     not JSON or YAML that we can read
|   `-- DocumentTooLarge   over a stated limit of size, depth or number of values
`-- ManifestError          readable, but not a connector manifest
"""

from __future__ import annotations

from typing import Any

from tieline.core.errors import BadInput


class UnreadableDocument(BadInput):
    """The bytes are not a document in a form that we know; ``meta`` holds ``line`` and ``column`` (from 1) if known."""

    code = "unreadable-document"
    status = 422
    title = "The document cannot be read"

    def __init__(
        self,
        detail: str = "",
        *,
        line: int | None = None,
        column: int | None = None,
        pointer: str | None = None,
        meta: dict[str, Any] | None = None,
    ) -> None:
        place = {} if line is None else {"line": line, "column": column or 1}
        if line is not None:
            detail = f"line {line}, column {column or 1}: {detail}"
        super().__init__(detail, pointer=pointer, meta={**place, **(meta or {})})
        self.line = line
        self.column = column


class DocumentTooLarge(UnreadableDocument):
    """Over one of the limits of `tieline.connectors.manifest.limits`."""

    code = "document-too-large"
    status = 413
    title = "The document is too large"


class ManifestError(BadInput):
    """A manifest breaks a rule of the model; ``meta["place"]`` is the ``$``-path of the wrong value."""

    code = "invalid-manifest"
    status = 422
    title = "Not a valid connector manifest"
