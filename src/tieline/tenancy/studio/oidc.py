"""Signing in by an identity provider: OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636).

    provider = Provider(egress, issuer="https://login.example.com", client_id="tieline", client_secret="...")
    url, kept = await provider.begin(redirect_uri)                    # to the browser, and into its cookie
    identity = await provider.finish(code, redirect_uri, kept)        # OidcRefused, OidcFailed

What the provider says is believed only where it is signed by a key that its own document names, for us, now, and for
the very attempt that the browser has begun.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct

from tieline.core.errors import Forbidden, TielineError, Unavailable
from tieline.security.egress import Egress

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SCOPE: Final = "openid email profile"
LEEWAY_SECONDS: Final = 60
LONGEST_TOKEN: Final = 32_768
_REMEMBERED_SECONDS: Final = 600.0
_TIMEOUT: Final = 10.0
_MAX_BYTES: Final = 1_000_000
_KEY_KINDS: Final = frozenset({"RSA", "EC", "OKP"})


class OidcRefused(Forbidden):
    """What came back does not prove who it is."""

    code = "oidc-refused"
    title = "Not signed in"


class OidcFailed(Unavailable):
    """The identity provider does not answer as it should."""

    code = "oidc-failed"
    title = "The identity provider does not answer"


class Kept(Struct, frozen=True):
    """What the browser keeps between going and coming back."""

    state: str
    nonce: str
    verifier: str


class Identity(Struct, frozen=True):
    """A person as the provider knows him. ``email`` is None where the provider has not verified it."""

    issuer: str
    subject: str
    email: str | None
    name: str


class Provider:
    """One identity provider; its document and keys are asked for again every ten minutes."""

    def __init__(self, egress: Egress, *, issuer: str, client_id: str, client_secret: str | None) -> None:
        self._egress = egress
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    async def begin(self, redirect_uri: str) -> tuple[str, Kept]:
        """Where to send the browser, and what it has to bring back."""
        about = await self._document()
        kept = Kept(*(secrets.token_urlsafe(32) for _ in range(3)))
        challenge = urlsafe_b64encode(hashlib.sha256(kept.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": kept.state,
            "nonce": kept.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint(about, "authorization_endpoint")
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}", kept

    async def finish(self, code: str, redirect_uri: str, kept: Kept) -> Identity:
        """Who it is that came back with this code."""
        about = await self._document()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": kept.verifier,
        }
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        methods = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if self._client_secret is None:
            form["client_id"] = self._client_id
        elif "client_secret_basic" in methods:
            # RFC 6749 section 2.3.1: both are form-encoded before they are joined.
            pair = f"{quote(self._client_id, safe='')}:{quote(self._client_secret, safe='')}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        answer = await self._ask(
            "POST", self._endpoint(about, "token_endpoint"), headers=headers, body=urlencode(form).encode()
        )
        token = answer.get("id_token")
        if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
            raise OidcRefused("The identity provider gave no id_token; sign in again.")
        claims = await self._claims(about, token, kept.nonce)
        name, said = claims.get("name"), claims
        if claims.get("email") is None and isinstance(answer.get("access_token"), str):
            # The address and that it is verified from one place: they are about each other.
            said = await self._userinfo(about, answer["access_token"], claims["sub"])
            name = name or said.get("name")
        email, verified = said.get("email"), said.get("email_verified")
        return Identity(
            issuer=self._issuer,
            subject=claims["sub"],
            # Some providers write the boolean as text.
            email=email if isinstance(email, str) and verified in (True, "true") else None,
            name=name if isinstance(name, str) else "",
        )

    async def _userinfo(self, about: Mapping[str, Any], token: str, subject: str) -> dict[str, Any]:
        if not isinstance(about.get("userinfo_endpoint"), str):
            return {}
        headers = {"accept": "application/json", "authorization": f"Bearer {token}"}
        found = await self._ask("GET", self._endpoint(about, "userinfo_endpoint"), headers=headers)
        # OpenID Connect Core section 5.3.2: another sub is another person.
        return found if found.get("sub") == subject else {}

    async def _claims(self, about: Mapping[str, Any], token: str, nonce: str) -> dict[str, Any]:
        from joserfc import jws
        from joserfc.errors import JoseError

        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError, TypeError, KeyError):
            raise OidcRefused("The identity provider's id_token is none; sign in again.") from None
        if not isinstance(header.get("alg"), str) or header["alg"] not in ALGORITHMS or "crit" in header:
            raise OidcRefused("The identity provider's id_token is signed in a way that is not taken.")
        address = self._endpoint(about, "jwks_uri")
        claims = _signed(token, header, await self._remembered(address))
        if claims is None:
            # The provider may have changed its keys since.
            self._known.pop(address, None)
            claims = _signed(token, header, await self._remembered(address))
        if claims is None:
            raise OidcRefused("The id_token is not signed by a key of the identity provider.")
        _check(claims, issuer=self._issuer, client_id=self._client_id, nonce=nonce)
        return claims

    async def _document(self) -> dict[str, Any]:
        found = await self._remembered(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._issuer:
            raise OidcFailed("The identity provider's document names another issuer than TIELINE_OIDC_ISSUER.")
        return found

    def _endpoint(self, about: Mapping[str, Any], name: str) -> str:
        """An address of the document; never less secure than the issuer's own."""
        address = about.get(name)
        schemes = {"https", urlsplit(self._issuer).scheme}
        try:
            usable = isinstance(address, str) and urlsplit(address).scheme in schemes
        except ValueError:
            usable = False
        if not usable:
            raise OidcFailed(f"The identity provider's document has no usable {name}.")
        return str(address)

    async def _remembered(self, address: str) -> dict[str, Any]:
        known = self._known.get(address)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        found = await self._ask("GET", address, headers={"accept": "application/json"})
        self._known[address] = (time.monotonic() + _REMEMBERED_SECONDS, found)
        return found

    async def _ask(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> dict[str, Any]:
        try:
            answer = await self._egress.request(
                method,
                address,
                headers=dict(headers),
                body=body,
                timeout=_TIMEOUT,
                max_bytes=_MAX_BYTES,
                follow_redirects=method == "GET",
                secret_headers=("authorization",),
            )
            found = answer.json() if answer.body else None
        except TielineError as error:
            raise OidcFailed(f"The identity provider cannot be asked: {error.detail}") from None
        if method == "POST" and answer.status in {400, 401}:
            raise OidcRefused("The identity provider refused the code; sign in again.")
        if answer.status != 200 or not isinstance(found, dict):
            raise OidcFailed(f"The identity provider answered {answer.status} where 200 and JSON were due.")
        return found


def _signed(token: str, header: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any] | None:
    """The claims, where one of the keys has signed them."""
    import warnings

    from joserfc import jwk, jwt
    from joserfc.errors import JoseError

    listed = keys.get("keys")
    for one in listed if isinstance(listed, list) else []:
        if not isinstance(one, dict) or one.get("kty") not in _KEY_KINDS or one.get("use", "sig") != "sig":
            continue
        if header.get("kid") not in (None, one.get("kid")) or one.get("alg", header["alg"]) != header["alg"]:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about names of algorithms
            try:
                return dict(jwt.decode(token, jwk.import_key(one), algorithms=[header["alg"]]).claims)
            except (JoseError, ValueError, TypeError, KeyError):
                continue
    return None


def _check(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str) -> None:
    """OpenID Connect Core section 3.1.3.7."""
    audience = claims.get("aud")
    meant = [audience] if isinstance(audience, str) else audience
    if claims.get("iss") != issuer or not isinstance(meant, list) or client_id not in meant:
        raise OidcRefused("The id_token is from another issuer, or for another program.")
    if (len(meant) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        raise OidcRefused("The id_token was given to another program.")
    moment, expires, issued = time.time(), _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    if expires is None or issued is None or expires + LEEWAY_SECONDS <= moment or issued - LEEWAY_SECONDS > moment:
        raise OidcRefused("The id_token has expired, or is not good yet; sign in again, and compare the clocks.")
    sent = claims.get("nonce")
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), nonce.encode()):
        raise OidcRefused("The id_token belongs to another attempt; sign in again.")
    if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
        raise OidcRefused("The id_token names nobody.")


def _seconds(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:
        return None
