"""A connect session while it is under way: what is known of the account so far, and what is still to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec import Struct, field

from tieline.connectors.connections.answers import bound, sort_answers
from tieline.connectors.manifest.model import AuthMethod, Input, Manifest
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.auth import interactive
from tieline.connectors.runtime.origins import Base, origin_of
from tieline.core import json
from tieline.core.errors import BadInput
from tieline.security import resealing
from tieline.security.resealing import Place
from tieline.security.vault import Vault
from tieline.storage.tables import connect_sessions
from tieline.storage.unit import Unit


class Private(Struct, omit_defaults=True):
    """What of a session nobody gets to see: ``given`` with it, ``entered`` by the person, ``kept`` for the callback."""

    given: dict[str, str] = field(default_factory=dict)
    entered: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "<private>"


@dataclass(slots=True)
class Draft:
    """The session's row, and the account that it is about to become."""

    row: dict[str, Any]
    manifest: Manifest
    private: Private
    account: Account
    before: Account | None = None  # the connection that is being renewed, where it was for the same way to sign in

    @classmethod
    def of(cls, row: dict[str, Any], manifest: Manifest, private: Private, before: Account | None) -> Draft:
        """``before`` is the connection that is being renewed. Raises BadInput for answers that no longer fit."""
        settings = row["settings"]
        account = Account(
            manifest=manifest,
            connection_id=str(row["connection_id"] or row["id"]),
            tenant_id=str(row["tenant_id"]),
            auth_method=settings["auth_method"],
            server=settings["server"],
            params=dict(settings["params"]),
        )
        if before is not None and before.auth_method == account.auth_method:
            account.server = account.server or before.server
            account.params = {**before.params, **account.params}
        else:
            before = None
        draft = cls(row, manifest, private, account, before)
        draft._take(private.entered)
        return draft

    @property
    def method(self) -> AuthMethod | None:
        """The way to sign in that the session is about."""
        return self.account.method()

    @property
    def interactive(self) -> bool:
        """Whether the person has to sign in somewhere else."""
        return self.method is not None and interactive.interactive(self.method)

    @property
    def by_device(self) -> bool:
        """Whether he signs in with a code instead of being sent there and back."""
        method = self.method
        return method is not None and method.kind == "oauth2" and method.grants[:1] == ["device_code"]

    def answer(self, answers: Mapping[str, Any]) -> None:
        """Take what was entered; blanks are left out.

        Raises BadInput for what is not asked for. What came with the session is not: whoever holds its link could
        send an app's secret to a host of his own by naming another one.
        """
        entered = {name: value for name, value in answers.items() if value not in (None, "")}
        for name in entered:
            if name in self._settled():
                raise BadInput(f"{name[:100]!r} is settled already; leave it out", parameter=name[:100])
        entered = {**self.private.entered, **entered}
        self._take(entered)
        self.private.entered = entered

    def _take(self, entered: Mapping[str, Any]) -> None:
        found = sort_answers(self.manifest, self.account.auth_method, {}, dict(entered))
        self.account.params |= found.params
        self.account.secrets = {**self._inherited(), **self.private.given, **found.secrets}

    def _inherited(self) -> dict[str, str]:
        """The secrets of the connection that is renewed, as long as they go where they were entered for."""
        if self.before is None:
            return {}
        try:
            same = bound(self.account) == bound(self.before)
        except BadInput:
            same = False  # there is no base URL yet
        return dict(self.before.secrets) if same else {}

    def _settled(self) -> set[str]:
        """The answers that the person has no say in."""
        given = {*self.row["settings"]["params"], *self.private.given}
        if self.before is not None and self.interactive:
            given |= {*self.before.params, *self._inherited()}
        return given

    def questions(self) -> list[Input]:
        """What the person is to enter: what the connector asks for and nobody has answered yet.

        Where he only types in credentials, those of a connection that is to be renewed are asked for again: they are
        what stopped working.
        """
        method = self.method
        given = {*self.row["settings"]["params"], *self.private.given}
        renewing = self.row["connection_id"] is not None and not self.interactive
        asked = [] if method is None else list(method.fields)
        variables = self.manifest.servers[0].variables if self.manifest.servers and not self.account.server else {}
        asked += [
            Input(id=name, label=name, required=True, default=one.default, choices=list(one.choices))
            for name, one in variables.items()
            if name not in {spec.id for spec in asked}
        ]
        known = given if renewing else {*given, *self.account.params, *self.account.secrets}
        return [spec for spec in asked if spec.id not in known]

    def signs_in(self) -> str:
        """The host of the page that he will be sent to; empty where there is none or it is not known yet."""
        method = self.method
        if method is None or not self.interactive or not method.authorization_url:
            return ""
        try:
            return origin_of(Base(self.account).of_token(method.authorization_url)).partition("://")[2]
        except BadInput:
            return ""

    def redirect_uri(self, callback: str, state: str) -> str:
        """OAuth 1 has no state of its own (RFC 5849 section 2.1), so there the callback's address carries it."""
        oauth1 = self.method is not None and self.method.kind == "oauth1"
        return f"{callback}?{urlencode({'state': state})}" if oauth1 else callback


def seal(vault: Vault, unit: Unit, session_id: UUID, private: Private) -> bytes:
    """Bound to the row, so that it opens nowhere else."""
    return vault.seal(json.dumps(private), context=_context(unit.tenant_id, session_id))


def open_private(vault: Vault, unit: Unit, row: Mapping[str, Any]) -> Private:
    """Raises VaultError for what was sealed for another row."""
    if row["sealed"] is None:
        return Private()
    return msgspec.json.decode(vault.open(row["sealed"], context=_context(unit.tenant_id, row["id"])), type=Private)


def _context(tenant_id: UUID | None, session_id: UUID) -> bytes:
    return f"connect_sessions:{tenant_id}:{session_id}".encode()


resealing.register(
    Place(connect_sessions, connect_sessions.c.sealed, lambda row: _context(row["tenant_id"], row["id"]))
)
