"""OAuth 1.0 (RFC 5849), signed by oauthlib: 1-legged with the client's credentials, 3-legged with a token's besides."""

from __future__ import annotations

import secrets
from typing import Any, Final
from urllib.parse import unquote_plus, urlencode, urlsplit

from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.auth import token_answers
from tieline.connectors.runtime.auth.base import Auth, Headers, Refusal, Surroundings, register
from tieline.connectors.runtime.auth.clock import Clock
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.styles import encode
from tieline.connectors.runtime.tokens import Made, TokenReply
from tieline.core.errors import Misconfigured

_METHODS: Final = (*("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"),)
_FORM: Final = "application/x-www-form-urlencoded"
Pairs = list[tuple[str, str]]


@register("oauth1")
class OAuth1(Auth):
    """``signature`` is the method, ``location`` header (or none), query or form. Each attempt has its own nonce."""

    def __init__(self, method: AuthMethod, account: Account, around: Surroundings) -> None:
        super().__init__(method, account, around)
        self.signature = method.signature.upper() or "HMAC-SHA1"
        if self.signature not in _METHODS:
            raise Misconfigured(
                f"the signature {method.signature!r} of auth method {method.id!r} is not known; use one of"
                f" {', '.join(_METHODS)}"
            )
        self.server = f"the authorization server of {account.manifest.title or account.manifest.name!r}"
        self._clock = Clock()
        self._token: StoredToken | None = None

    @property
    def three_legged(self) -> bool:
        return bool(self.method.request_token_url or self.method.authorization_url)

    async def apply(self, request: Request) -> None:
        token, secret = await self._credentials()
        request.credential, request.held = token or self.consumer_key(), (secret,)
        place = str(self.method.location) if self.method.location in ("query", "form", "body") else "header"
        if request.form is not None:
            request.form = [pair for pair in request.form if not _is_ours(pair[0])]
        request.query = [pair for pair in request.query if not _is_ours(pair[0])]
        if place in ("form", "body") and request.form is None:
            place = "header"  # RFC 5849 section 3.5.2: only a form can carry them
        mine = self.signed(request, self.parameters(token), secret)
        if place == "query":
            for name, value in mine:
                request.add_query(name, value)
                request.secret_query.add(name)
        elif place == "header":
            request.set_header("authorization", self._header(mine))
            request.secret_headers.add("authorization")
        else:
            request.form = [*(request.form or []), *mine]

    async def refused(self, request: Request, message: str, headers: Headers) -> Refusal:
        """Signed once more where the server's clock says that our timestamp could not fit, or where somebody has given
        consent anew meanwhile."""
        if self._clock.learn(headers):
            return "replaced"
        if self._token is None or self._token.value != request.credential:
            return ""
        self._token = await self.around.tokens.token(self.account, self._no_token, min_valid=0)
        return "replaced" if self._token.value != request.credential else ""

    async def _credentials(self) -> tuple[str, str]:
        """The token and its secret: what was entered, else what consent gave; empty for 1-legged calls."""
        token = self._secret("token", "access_token", "oauth_token")
        if token or not self.three_legged:
            return token, self._secret("token_secret", "access_token_secret", "oauth_token_secret")
        if self._token is None:
            self._token = await self.around.tokens.token(self.account, self._no_token, min_valid=0)
        return self._token.value, self._token.secret

    async def _no_token(self, old: StoredToken | None) -> StoredToken:
        raise ReconnectNeeded(f"nobody has given consent at {self.server} yet; connect in a browser")

    def consumer_key(self) -> str:
        return self.answer("consumer_key", "client_key", "client_id", "api_key", at=0)

    def _secret(self, *names: str) -> str:
        return next((self.account.secrets[name] for name in names if self.account.secrets.get(name)), "")

    def parameters(self, token: str) -> Pairs:
        """The protocol parameters (section 3.1) but the signature."""
        pairs = [
            ("oauth_consumer_key", self.consumer_key()),
            ("oauth_nonce", secrets.token_hex(16)),
            ("oauth_signature_method", self.signature),
            ("oauth_timestamp", str(int(self._clock.seconds()))),
            ("oauth_version", "1.0"),
        ]
        return [*pairs, ("oauth_token", token)] if token else pairs

    def signed(self, request: Request, mine: Pairs, secret: str) -> Pairs:
        """``mine`` with the signature over them, the query and the form (section 3.4.1.3), but no other body."""
        from oauthlib.oauth1.rfc5849 import signature as by

        client = self._client(secret)
        if self.signature == "PLAINTEXT":
            return [*mine, ("oauth_signature", by.sign_plaintext(client.client_secret, secret))]
        pairs: Pairs = [(name, unquote_plus(pair.partition("=")[2])) for name, pair in request.query]
        pairs += mine
        pairs += request.form or []
        untyped: Any = by  # its stubs want a dict of parameters and the nine methods of RFC 9110
        base = untyped.signature_base_string(
            request.method,
            by.base_string_uri(request.origin + (request.path or "/")),
            untyped.normalize_parameters(pairs),
        )
        return [*mine, ("oauth_signature", self._sign(base, client))]

    def _sign(self, base: str, client: Any) -> str:
        try:
            value: str = client.SIGNATURE_METHODS[self.signature](base, client)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ReconnectNeeded(
                f"the connection's key cannot sign with {self.signature}; enter the right one"
            ) from None
        except Exception as error:  # oauthlib lets PyJWT's errors about keys through
            if type(error).__module__.startswith(("jwt", "cryptography")):
                raise ReconnectNeeded(
                    f"the connection's key cannot sign with {self.signature}; enter the right one"
                ) from None
            raise
        return value

    def _client(self, secret: str) -> Any:
        import logging

        from oauthlib.oauth1 import Client

        logging.getLogger("oauthlib").setLevel(logging.WARNING)  # it would log what it signs
        mine = self.answer("consumer_secret", "client_secret", "api_secret", "secret", at=1, required=False)
        key = self._secret("private_key", "rsa_key").replace("\\n", "\n")
        if self.signature.startswith("RSA") and not key:
            key, mine = mine.replace("\\n", "\n"), ""
        if self.signature.startswith("RSA") and not key:
            raise ReconnectNeeded("the connection has no private key to sign with; enter it and connect again")
        return Client(
            self.consumer_key(),
            client_secret=mine,
            resource_owner_secret=secret,
            signature_method=self.signature,
            rsa_key=key or None,
        )

    def _header(self, mine: Pairs) -> str:
        """Section 3.5.1; the realm is not signed."""
        pairs = ([("realm", self.method.realm)] if self.method.realm else []) + mine
        return "OAuth " + ", ".join(f'{name}="{encode(value)}"' for name, value in pairs)

    async def asked(self, url: str, token: str, secret: str, more: Pairs) -> dict[str, str]:
        """Temporary or token credentials (sections 2.1 and 2.3); raises ReconnectNeeded with the server's reason."""
        reply = await self.around.fetch(url, lambda: self._post(url, token, secret, more))
        if reply.status in (400, 401) and self._clock.learn(reply.headers):
            reply = await self.around.fetch(url, lambda: self._post(url, token, secret, more))
        found = token_answers.mapping(reply.body)
        if reply.status >= 300 or found is None or not found.get("oauth_token"):
            raise ReconnectNeeded(f"{self.server} refuses the request ({self._said(reply, secret)}); connect again")
        return {name: str(value) for name, value in found.items() if isinstance(value, str | int)}

    def _post(self, url: str, token: str, secret: str, more: Pairs) -> Made:
        request = Request("POST", url)
        mine = self.signed(request, [*self.parameters(token), *more], secret)
        if self.method.location in ("form", "body"):
            return urlencode(mine).encode(), {"content-type": _FORM}
        request.set_header("authorization", self._header(mine))
        return b"", {"content-type": _FORM, "authorization": request.headers["authorization"]}

    def _said(self, reply: TokenReply, secret: str) -> str:
        return token_answers.refusal(reply.body, reply.status, {*self.account.secrets.values(), secret})


def _is_ours(name: str) -> bool:
    return name in _OURS


_OURS: Final = frozenset(
    f"oauth_{name}"
    for name in ("consumer_key", "nonce", "signature", "signature_method", "timestamp", "token", "version")
)


def with_state(redirect_uri: str, state: str) -> str:
    """OAuth 1 has no state: it travels in the callback's own query."""
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{urlencode({'state': state})}"
