"""Which blocks may be called only to see what they give.

A document says GET, and ``GET /session/logout`` ends the session all the same: servers that change something on a GET
(against RFC 9110 section 9.2.1) show it in the name.
"""

from __future__ import annotations

import re
from typing import Final

from tieline.connectors.manifest.model import Block

_CHANGES: Final = frozenset(
    (
        *("accept", "acknowledge", "activate", "approve", "cancel", "clear", "confirm", "create", "deactivate"),
        *("decline", "delete", "destroy", "dial", "disable", "disconnect", "drop", "enable", "erase", "execute"),
        *("hangup", "insert", "kill", "lock", "logoff", "logout", "merge", "pay", "publish", "purge"),
        *("reboot", "refund", "regenerate", "reject", "remove", "resend", "reset", "restart", "restore", "revoke"),
        *("rotate", "save", "send", "shutdown", "signout", "submit", "subscribe", "suspend", "terminate", "trigger"),
        *("undelete", "unlock", "unpublish", "unsubscribe", "update", "upgrade", "wipe", "write"),
    )
)
_NEVER_READS: Final = frozenset(("PUT", "PATCH", "DELETE"))
_PAIRS: Final = (("log", "out"), ("log", "off"), ("sign", "out"), ("shut", "down"), ("hang", "up"))
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def changes_something(block: Block) -> bool:
    """Whether a person is asked before a call: also where a manifest calls a read what no read is sent by."""
    return block.writes or block.method.upper() in _NEVER_READS


def harmless(block: Block) -> bool:
    """Whether a call leaves everything as it is, as far as kind, method and name tell."""
    if block.writes:
        return False
    if block.transport not in ("graphql", "soap"):
        method = block.method.upper()
        if method not in ("GET", "HEAD", "OPTIONS", "QUERY") and not (
            method == "POST" and block.kind in ("list", "search", "list_types", "list_fields")
        ):
            return False
    steps = [step for step in block.path.split("/") if step and "{" not in step]
    return not any(_changes(name) for name in (block.id, *steps[-1:]))


def _changes(name: str) -> bool:
    """By the first or last word: ``deleteUser``, ``user.delete``; but not ``deleted`` or ``send_times``."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    return bool(_CHANGES & {words[0], words[-1]}) or tuple(words[:2]) in _PAIRS or tuple(words[-2:]) in _PAIRS
