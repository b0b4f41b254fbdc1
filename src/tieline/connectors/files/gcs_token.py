"""Access tokens of a Google service account (RFC 7523; https://developers.google.com/identity/protocols/oauth2)."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from typing import Any
from urllib.parse import urlencode

import msgspec

from tieline.connectors.files.errors import StorageLoginRefused, StorageUnavailable
from tieline.connectors.files.web_calls import Web
from tieline.core import clock, json
from tieline.core.errors import BadInput

SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_LIFETIME = 3600
_SPARE = 60.0  # seconds before its end at which a token is replaced
_KEPT = 256

_tokens: OrderedDict[str, tuple[float, str]] = OrderedDict()


def account_of(text: str) -> dict[str, str]:
    """The fields of a service account's key file; raises `StorageLoginRefused` where something is missing."""
    try:
        found = json.loads(text)
    except msgspec.DecodeError:
        found = None
    wanted = ("client_email", "private_key")
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in wanted):
        raise StorageLoginRefused(
            "the service account is not a key file; paste the JSON that Google gave, with client_email and private_key"
        )
    kept = {name: found[name] for name in wanted}
    for name in ("private_key_id", "token_uri"):
        if isinstance(found.get(name), str):
            kept[name] = found[name]
    return kept


async def token_for(web: Web, account: dict[str, str]) -> str:
    """A token that is good for a minute at least; kept in this process until then."""
    url = account.get("token_uri") or TOKEN_URL
    if not url.startswith(("https://", "http://")):
        raise BadInput("token_uri of the service account is not an address")
    name = hashlib.sha256(f"{url}\n{account['client_email']}\n{account['private_key']}".encode()).hexdigest()
    kept = _tokens.get(name)
    if kept is not None and kept[0] > time.monotonic() + _SPARE:
        return kept[1]
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": _assertion(account, url)}
    answer = await web.call(
        "POST", url, {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(form).encode()
    )
    if answer.status in (429, 500, 502, 503, 504):
        raise StorageUnavailable(f"Google gave no token ({answer.status}); it may work later")
    said: Any = None
    if answer.status == 200:
        said = answer.json()
    if not isinstance(said, dict) or not isinstance(said.get("access_token"), str):
        raise StorageLoginRefused(f"Google refused the service account ({answer.status}); make a new key for it")
    seconds = said.get("expires_in")
    lifetime = float(seconds) if isinstance(seconds, int | float) and 0 < seconds <= _LIFETIME else 300.0
    _tokens[name] = (time.monotonic() + lifetime, said["access_token"])
    if len(_tokens) > _KEPT:
        _tokens.popitem(last=False)
    return str(said["access_token"])


def _assertion(account: dict[str, str], url: str) -> str:
    from joserfc import jwk, jwt
    from joserfc.errors import JoseError

    moment = int(clock.now().timestamp())
    claims = {"iss": account["client_email"], "scope": SCOPE, "aud": url, "iat": moment, "exp": moment + _LIFETIME}
    header = {"alg": "RS256", "typ": "JWT"}
    if account.get("private_key_id"):
        header["kid"] = account["private_key_id"]
    try:
        return jwt.encode(header, claims, jwk.RSAKey.import_key(account["private_key"]), algorithms=["RS256"])
    except (JoseError, ValueError, TypeError):
        raise StorageLoginRefused("the private key of the service account cannot be read; paste the key file") from None
