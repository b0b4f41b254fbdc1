"""A JWT that the client signs itself, sent as a bearer token: Zoom, GitHub Apps, Google service accounts, App Store."""

from __future__ import annotations

from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.auth.base import Auth, Headers, Refusal, Surroundings, for_templates, register
from tieline.connectors.runtime.auth.clock import Clock
from tieline.connectors.runtime.auth.jwts import claims_of, key_of, signed
from tieline.connectors.runtime.auth.template import Names
from tieline.connectors.runtime.request import Request


@register("jwt_bearer")
class JwtBearer(Auth):
    """One token serves until a tenth of its life is left."""

    def __init__(self, method: AuthMethod, account: Account, around: Surroundings) -> None:
        super().__init__(method, account, around)
        self._clock = Clock()
        self._token = ""
        self._until = 0.0

    async def apply(self, request: Request) -> None:
        if not self._token or self._clock.seconds() >= self._until:
            self._token, self._until = self._made()
        name = (self.method.name or "Authorization").lower()
        if self.method.location == "query":
            request.set_query(self.method.name or "jwt", self._token)
            request.secret_query.add(self.method.name or "jwt")
        else:
            request.set_header(name, (self.method.prefix or "Bearer ") + self._token)
            request.secret_headers.add(name)
        request.credential = self._token

    async def refused(self, request: Request, message: str, headers: Headers) -> Refusal:
        """Another token, with the server's own time where ours was wrong."""
        if request.credential != self._token:
            return "replaced"
        self._token = ""
        self._clock.learn(headers)
        return "renewed"

    def _made(self) -> tuple[str, float]:
        names = Names(*for_templates(self), {"base_url": self.around.base.url})
        claims, expires = claims_of(self.method, names, {}, offset=self._clock.offset)
        life = expires - self._clock.seconds()
        return signed(self.method, key_of(self.method, names), claims, names), expires - life / 10
