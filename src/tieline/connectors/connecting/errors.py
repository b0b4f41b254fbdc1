"""What can go wrong while an account is being connected."""

from __future__ import annotations

from tieline.core.errors import Conflict, NotFound


class NoSuchSession(NotFound):
    """A link or callback of ours that leads to no session: mistyped, used up, or over."""

    code = "connect-session-not-found"
    title = "There is no such connect session"


class SessionOver(Conflict):
    """The session was finished or has expired."""

    code = "connect-session-over"
    title = "The connect session is over"
