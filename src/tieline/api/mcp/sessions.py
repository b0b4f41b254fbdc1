"""Session ids of clients that begin with ``initialize`` (protocol versions up to 2025-11-25).

Nothing is kept of a session: its id is a random number, signed for who has asked, that every process recognizes. It
tells the requests of one client from those of another that uses the same key, so that only the client that has made a
call can cancel it. Since 2026-07-28 there are no sessions.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from tieline.api.edge.access import Call
from tieline.api.mcp.errors import NoSuchSession
from tieline.core import json
from tieline.core.ids import new_id
from tieline.core.paging import BadCursor, Cursor, Position

HEADER = "mcp-session-id"


def begin(call: Call) -> str:
    """The id of a new session of this caller: 128 random bits and a signature."""
    position = Position(secrets.token_urlsafe(16), call.principal.user_id)
    return call.edge.cursors.write(Cursor(position, ""), _context(call))


def check(call: Call) -> str:
    """The session that the request names; "" where it names none. Raises `NoSuchSession`."""
    sent = call.request.headers.get(HEADER, "")
    if sent:
        try:
            call.edge.cursors.read(sent, _context(call))
        except BadCursor:
            raise NoSuchSession("The session id is not one of ours; begin again with initialize.") from None
    return sent


def start_key(call: Call, session: str, request_id: Any) -> str:
    """What a call's run is started under: a repeated request does not start another one, and a cancellation finds it.

    It names what let the caller in, so that the run stops when that is revoked.
    """
    mark = hashlib.sha256(json.dumps([session, request_id])).hexdigest() if session else str(new_id())
    credential = call.principal.credential
    return f"mcp:{mark}" if credential is None else f"{credential}:mcp:{mark}"


def _context(call: Call) -> bytes:
    principal = call.principal
    return f"mcp-session/{principal.tenant_id}/{principal.counted_as}/{principal.key_id}".encode()
