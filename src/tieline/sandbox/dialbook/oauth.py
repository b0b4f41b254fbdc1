"""OAuth 2.0 client credentials (RFC 6749 section 4.4) and bearer tokens (RFC 6750)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from urllib.parse import parse_qsl, unquote_plus

from tieline.sandbox.ledger import Ledger
from tieline.sandbox.service import Settings
from tieline.sandbox.web import JSON, Refusal, Reply, Request, encode

CLIENT_ID = "dialbook-demo"
CLIENT_SECRET = "dbs_demo_4h7mQ2xW9kTz"
SCOPES = ("contacts.read", "contacts.write", "calls.read", "calls.write", "numbers.read", "numbers.write", "webhooks")
_REALM = b'Bearer realm="Dialbook"'
_NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_KEPT = 10_000


class Tokens:
    """Access tokens by value with the moment (monotonic seconds) when they end."""

    def __init__(self, settings: Settings) -> None:
        self.ledger = Ledger("tokens")
        self._settings = settings
        self._ends: dict[str, float] = {}

    def issue(self, request: Request) -> Reply:
        """`POST /oauth/token`: form body; the client in it or in a Basic header. Errors as in RFC 6749 section 5.2."""
        media = request.header(b"content-type").split(";", 1)[0].strip().lower()
        if media != "application/x-www-form-urlencoded":
            return _error(400, "invalid_request", "Send the parameters as application/x-www-form-urlencoded.")
        try:
            pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=50)
        except ValueError:
            return _error(400, "invalid_request", "The body is no form in UTF-8.")
        form = dict(pairs)
        if len(form) != len(pairs):
            return _error(400, "invalid_request", "A parameter is given twice.")
        client = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        if not _same(client[0], CLIENT_ID) or not _same(client[1], CLIENT_SECRET):
            self.ledger.tokens_refused["invalid_client"] += 1
            return _error(401, "invalid_client", "Unknown client or wrong secret.", (b"www-authenticate", b"Basic"))
        if form.get("grant_type") != "client_credentials":
            code = "unsupported_grant_type" if form.get("grant_type") else "invalid_request"
            return _error(400, code, "'grant_type' must be client_credentials.")
        asked = form.get("scope", "").split() or list(SCOPES)
        if not set(asked) <= set(SCOPES):
            return _error(400, "invalid_scope", f"Known scopes: {' '.join(SCOPES)}.")
        token = "dbt_" + secrets.token_urlsafe(24)
        if len(self._ends) >= _KEPT:
            del self._ends[next(iter(self._ends))]
        self._ends[token] = time.monotonic() + self._settings.token_seconds
        self.ledger.tokens_issued += 1
        seconds = int(self._settings.token_seconds)
        body = {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(asked)}
        return Reply(200, encode(body), (JSON, *_NO_STORE))

    def caller(self, request: Request) -> str:
        """Refuses with 401 and `WWW-Authenticate` where no valid token came."""
        kind, _, token = request.header(b"authorization").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise Refusal(401, "unauthorized", "Send 'Authorization: Bearer <token>'.", headers=_challenge(b""))
        ends = self._ends.get(token.strip())
        if ends is None or ends <= time.monotonic():
            text = "The access token is unknown." if ends is None else "The access token has expired."
            self.ledger.tokens_refused["unknown" if ends is None else "expired"] += 1
            raise Refusal(401, "invalid_token", text, headers=_challenge(text.encode()))
        return CLIENT_ID

    def expire(self) -> int:
        """Ends all tokens now; returns how many were alive."""
        now = time.monotonic()
        alive = sum(ends > now for ends in self._ends.values())
        self._ends = dict.fromkeys(self._ends, now)
        return alive


def _challenge(text: bytes) -> tuple[tuple[bytes, bytes], ...]:
    error = b', error="invalid_token", error_description="%s"' % text if text else b""
    return ((b"www-authenticate", _REALM + error),)


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, value = request.header(b"authorization").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _error(status: int, code: str, text: str, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(status, encode({"error": code, "error_description": text}), (JSON, *_NO_STORE, *headers))
