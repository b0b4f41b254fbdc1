"""Kinds whose credential is fetched, kept in the token store and replaced."""

from __future__ import annotations

import re
from abc import abstractmethod
from datetime import timedelta
from typing import Final

from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.auth.base import Auth, Headers, Refusal, Surroundings
from tieline.connectors.runtime.request import Request
from tieline.core.clock import now

MIN_VALID: Final = 60.0  # at most; a tenth of the token's life where that is less
_NOT_YET: Final = re.compile(r"not.?(?:yet|before).{0,12}|\bnbf\b|not active", re.IGNORECASE)
_SETTLE: Final = 10.0  # seconds for which a new token may not be known everywhere yet


class Held(Auth):
    """``fetch`` is called for everybody at once, over all processes, by the token store."""

    def __init__(self, method: AuthMethod, account: Account, around: Surroundings) -> None:
        super().__init__(method, account, around)
        self._token: StoredToken | None = None

    @abstractmethod
    async def fetch(self, old: StoredToken | None) -> StoredToken:
        """A new token in place of ``old``; one that is ``dead`` says that a person has to connect again."""

    async def token(self, request: Request) -> StoredToken:
        """The token for ``request``, noted there, so that a refusal can be told from one of an older token."""
        token = self._token
        if token is None or not token.fresh(MIN_VALID):
            token = self._token = await self.around.tokens.token(self.account, self.fetch, min_valid=MIN_VALID)
        request.credential, request.held = token.value, (token.refresh_token, token.secret)
        return token

    async def refused(self, request: Request, message: str, headers: Headers) -> Refusal:
        """One refresh for a token that is still the stored one; a re-read for one that somebody replaced already."""
        used = self._token
        if used is None or used.value != request.credential:
            return "replaced"  # by another call of this client
        asked = now()
        self._token = await self.around.tokens.token(
            self.account, self.fetch, min_valid=MIN_VALID, rejected=request.credential
        )
        return "renewed" if self._token.obtained_at >= asked else "replaced"

    def too_new(self, message: str) -> bool:
        return (
            self._token is not None
            and bool(_NOT_YET.search(message))
            and now() - self._token.obtained_at < timedelta(seconds=_SETTLE)
        )
