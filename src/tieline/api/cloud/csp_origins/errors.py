"""What can be refused about CSP origins."""

from __future__ import annotations

from tieline.core.errors import Terminal


class NotAcceptable(Terminal):
    """The client takes none of the forms that there are (RFC 9110 section 15.5.7)."""

    code = "not-acceptable"
    status = 406
    title = "Not acceptable"
