"""An installation with one partner: links need not say whose they are, as those of the original product do not."""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import quote

import pytest

from tests.api.embed.conftest import Door

pytestmark = pytest.mark.anyio


async def test_a_token_needs_no_issuer(door: Door) -> None:
    assert (await door.code_at("/sso", jwt=door.token())).startswith("tlec_")


async def test_a_signed_link_needs_no_app_id(door: Door) -> None:
    query = f"accountid=acme&userid=bob&timestamp={int(time.time())}"
    message = quote(f"{door.base}/sso?{query}", safe="")
    signed = hmac.new(door.partner.key.encode(), message.encode(), hashlib.sha256).hexdigest()
    assert (await door.http.get(f"/sso?{query}&hash={signed}")).status_code == 303
