"""Tickets: the ``admin_sso_url`` of an integration, which lets its opener in as the integration's owner, once.

The partner's own answers hold them, so nothing is kept until one is used: the edge signs what `write` gives.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from tieline.core.clock import now
from tieline.oem.sso.errors import SignOnRefused

PURPOSE: Final = "sso-ticket"
LIFETIME: Final = timedelta(seconds=120)


class Ticket(Struct, frozen=True, array_like=True):
    """An integration by its automation's id, and until when the ticket is good (seconds since 1970)."""

    tenant_id: UUID
    automation_id: UUID
    expires: float
    nonce: str

    @property
    def until(self) -> datetime:
        return datetime.fromtimestamp(self.expires, UTC)

    @property
    def digest(self) -> bytes:
        """Names the ticket, so that it counts once."""
        return hashlib.sha256(f"sso-ticket\0{self.nonce}".encode()).digest()


def write(tenant_id: UUID, automation_id: UUID) -> bytes:
    """A new ticket, to be signed."""
    expires = (now() + LIFETIME).timestamp()
    return msgspec.json.encode(Ticket(tenant_id, automation_id, expires, secrets.token_urlsafe(16)))


def read(data: bytes | None) -> Ticket:
    """The ticket of a signed text that was opened; None = its signature is not ours. Raises `SignOnRefused`."""
    if data is None:
        raise SignOnRefused("The link is not one that Tieline has given out.")
    ticket = msgspec.json.decode(data, type=Ticket)
    if ticket.until <= now():
        raise SignOnRefused("The link has expired; ask for the integration again to get a new one.")
    return ticket
