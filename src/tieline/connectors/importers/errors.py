"""What an import can fail with, besides `UnreadableDocument`.

BadInput
|-- NotAnApiDocument     readable, but no format recognises it
`-- UnknownFormat        asked for a format that does not exist
"""

from __future__ import annotations

from tieline.core.errors import BadInput


class NotAnApiDocument(BadInput):
    """Readable data that describes no API."""

    code = "not-an-api-document"
    status = 422
    title = "Not an API document"


class UnknownFormat(BadInput):
    """No importer of that name."""

    code = "unknown-format"
    status = 400
    title = "Unknown document format"
