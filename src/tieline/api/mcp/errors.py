"""What the transport refuses."""

from __future__ import annotations

from tieline.core.errors import Forbidden, NotFound, Terminal


class StrangeHost(Terminal):
    """The request asks for another server."""

    code = "unknown-host"
    status = 421
    title = "Not the host of this server"


class StrangeOrigin(Forbidden):
    """A page that nobody has registered asks."""

    code = "unknown-origin"
    title = "Origin not allowed"


class NoSuchSession(NotFound):
    """A session id that was not made here, or for somebody else."""

    code = "unknown-session"
    title = "No such session"
