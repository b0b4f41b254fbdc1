"""What can be refused about documents."""

from __future__ import annotations

from tieline.core.errors import NotFound


class NoSuchDocument(NotFound):
    """A family that does not exist."""

    code = "no-such-document"
    title = "No such document"
