"""OAuth 2.0 grants: what each sends to the token endpoint. Add one by adding a class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, TypeVar

from tieline.connectors.runtime.auth.jwts import claims_of, key_of, signed
from tieline.connectors.runtime.errors import ReconnectNeeded

if TYPE_CHECKING:
    from tieline.connectors.runtime.auth.oauth2 import OAuth2

GRANTS: dict[str, type[Grant]] = {}


class Grant(ABC):
    """How one grant asks for a token."""

    name: ClassVar[str]
    person: ClassVar[bool] = False  # it needs a person in a browser
    renews: ClassVar[bool] = True  # a refresh token that comes with it is used

    @abstractmethod
    def form(self, auth: OAuth2, token_url: str) -> dict[str, str]:
        """The parameters of the token request, without those that identify the client."""

    def can(self, auth: OAuth2) -> bool:
        """Whether the connection has what the grant needs."""
        return True


G = TypeVar("G", bound=type[Grant])


def _register(cls: G) -> G:
    GRANTS[cls.name] = cls
    return cls


@_register
class ClientCredentials(Grant):
    """RFC 6749 section 4.4."""

    name = "client_credentials"
    renews = False

    def form(self, auth: OAuth2, token_url: str) -> dict[str, str]:
        return {"grant_type": "client_credentials", **auth.scope()}


@_register
class Password(Grant):
    """RFC 6749 section 4.3, which new servers no longer have (RFC 9700 section 2.4)."""

    name = "password"

    def form(self, auth: OAuth2, token_url: str) -> dict[str, str]:
        user = auth.entered("username", "user", "login")
        word = auth.entered("password", "user_password")
        if not user or not word:
            raise ReconnectNeeded("the connection has no user name or no password; enter them and connect again")
        return {"grant_type": "password", "username": user, "password": word, **auth.scope()}

    def can(self, auth: OAuth2) -> bool:
        return bool(auth.entered("username", "user", "login"))


@_register
class RefreshToken(Grant):
    """RFC 6749 section 6, with a refresh token that somebody entered."""

    name = "refresh_token"

    def form(self, auth: OAuth2, token_url: str) -> dict[str, str]:
        token = auth.entered("refresh_token")
        if not token:
            raise ReconnectNeeded("the connection has no refresh token; enter it and connect again")
        return {"grant_type": "refresh_token", "refresh_token": token}

    def can(self, auth: OAuth2) -> bool:
        return bool(auth.entered("refresh_token"))


class _Person(Grant):
    person = True

    def form(self, auth: OAuth2, token_url: str) -> dict[str, str]:
        raise ReconnectNeeded(f"nobody has given consent at {auth.server} yet; connect in a browser")


@_register
class AuthorizationCode(_Person):
    """RFC 6749 section 4.1 with PKCE (RFC 7636); the code is exchanged by `interactive.finish`."""

    name = "authorization_code"


@_register
class DeviceCode(_Person):
    """RFC 8628; the code is exchanged by `interactive.device_poll`."""

    name = "device_code"


@_register
class Implicit(_Person):
    """RFC 6749 section 4.2, whose token arrives in a browser and nowhere else: it is entered by hand."""

    name = "implicit"

    def form(self, auth: OAuth2, token_url: str) -> dict[str, str]:
        raise ReconnectNeeded("the connection has no access token; enter it and connect again")


@_register
class JwtBearer(Grant):
    """RFC 7523 section 2.1: a signed assertion for a token."""

    name = "jwt_bearer"
    renews = False

    def form(self, auth: OAuth2, token_url: str) -> dict[str, str]:
        scope = auth.names()
        identity = auth.entered("client_id", "id", "issuer")
        claims, _ = claims_of(
            auth.method, scope, {"iss": identity, "sub": auth.entered("subject", "sub") or identity, "aud": token_url}
        )
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": signed(auth.method, key_of(auth.method, scope), claims, scope),
            **({} if "scope" in claims else auth.scope()),
        }

    def can(self, auth: OAuth2) -> bool:
        return bool(auth.method.key or auth.entered("private_key", "key", "signing_key"))


@_register
class TokenExchange(Grant):
    """RFC 8693: a token that somebody entered for another; ``token_params`` replace and add parameters."""

    name = "token_exchange"
    renews = False

    def form(self, auth: OAuth2, token_url: str) -> dict[str, str]:
        token = auth.entered("subject_token", "token", "api_key")
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            **({"subject_token": token} if token else {}),
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            **auth.scope(),
        }

    def can(self, auth: OAuth2) -> bool:
        return bool(auth.entered("subject_token", "token", "api_key")) or "subject_token" in auth.method.token_params
