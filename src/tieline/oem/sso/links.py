"""Signed links: ``/sso?accountid=&userid=&timestamp=&hash=``, for products that have no JWT library.

``hash`` is the hexadecimal HMAC-SHA256, with the partner's API key, of the URL-encoded whole address before ``&hash=``:

    address = "https://tieline.example/sso?accountid=acme&userid=ann&timestamp=1767225600"
    hash = hmac.new(api_key.encode(), urllib.parse.quote(address, safe="").encode(), "sha256").hexdigest()

The languages' functions for URL-encoding differ in how they write ``~ ! * ' ( )``; each of their spellings is taken.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, quote

from tieline.core.clock import now
from tieline.oem.sso.claims import LONGEST, Person, SignOn, storable
from tieline.oem.sso.errors import SignOnRefused

LONGEST_LIFE: Final = timedelta(seconds=120)
LEEWAY: Final = timedelta(seconds=10)
NAMES: Final = ("accountid", "userid", "timestamp")
_QUERY = re.compile(r"(?P<signed>[!-~]{1,4096})&hash=(?P<hash>[0-9A-Fa-f]{64})")
_TIME = re.compile(r"[0-9]{1,11}")


def verify(address: str, query: str, api_key: bytes | None, *, app_id: str) -> SignOn:
    """A link's sign-on; ``address`` is that of the page without query, ``query`` the query as it came.

    Raises `SignOnRefused`.
    """
    match = _QUERY.fullmatch(query)
    if match is None:
        raise SignOnRefused("The link does not end with &hash= and the 64 hexadecimal digits of an HMAC-SHA256.")
    signed = f"{address}?{match['signed']}"
    given = match["hash"].lower().encode()
    good = [
        hmac.compare_digest(given, hmac.new(api_key or b"\0", text.encode(), hashlib.sha256).hexdigest().encode())
        for text in _spellings(signed)
    ]
    if api_key is None or not any(good):
        raise SignOnRefused("The link is not signed with the API key of this partner.")
    values = _values(match["signed"])
    moment = _moment(values["timestamp"])
    if moment > now() + LEEWAY or moment <= now() - LONGEST_LIFE:
        raise SignOnRefused("The link's timestamp is not of the last 120 seconds; make a new link for each sign-on.")
    return SignOn(
        account=values["accountid"],
        person=Person(external_id=values["userid"]),
        digest=hashlib.sha256(f"sso-link\0{app_id}\0{signed}".encode()).digest(),
        until=moment + LONGEST_LIFE + LEEWAY,
        how="link",
    )


def _spellings(text: str) -> list[str]:
    plain = quote(text, safe="")  # RFC 3986
    php = plain.replace("~", "%7E")
    javascript = quote(text, safe="!*'()")
    return [plain, php, javascript]


def _values(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=20)
    values = dict(pairs)
    if len(values) < len(pairs):
        raise SignOnRefused("The link has a parameter twice.")
    for name in NAMES:
        value = values.get(name, "")
        if not value.strip() or len(value) > LONGEST or not storable(value):
            raise SignOnRefused(f"The link has no good {name}: it is a text of 1 to {LONGEST} characters.")
    return values


def _moment(text: str) -> datetime:
    if _TIME.fullmatch(text) is None:
        raise SignOnRefused("The link's timestamp has to be in seconds since 1970.")
    return datetime.fromtimestamp(int(text), UTC)
