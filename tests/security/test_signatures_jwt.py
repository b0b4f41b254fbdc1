"""Webhooks that carry a JSON Web Token."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tieline.core import json
from tieline.security.signatures import Message, SignatureRefused, verify

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
STAMP = int(NOW.timestamp())
KEY = "k" * 32
BODY = b"{}"
CONFIG = {"dialect": "jwt", "body_claim": "sha256"}
CLAIMS = {"iat": STAMP, "jti": "j-1", "sha256": hashlib.sha256(BODY).hexdigest()}


def sent(claims: dict[str, Any], key: str = KEY, algorithm: str = "HS256", body: bytes = BODY) -> Message:
    token = jwt.encode({"alg": algorithm}, claims, OctKey.import_key(key))
    return Message(headers=[("authorization", f"Bearer {token}")], body=body)


def test_a_genuine_token_is_accepted() -> None:
    found = verify(CONFIG, ["other" * 8, KEY], sent(CLAIMS), NOW)
    assert (found.id, found.timestamp) == ("j-1", NOW)


@pytest.mark.parametrize(
    "message",
    [
        sent(CLAIMS, body=b"[]"),
        sent(CLAIMS, "x" * 32),
        sent({**CLAIMS, "iat": STAMP - 301}),
        sent({**CLAIMS, "iat": STAMP + 301}),
        sent({**CLAIMS, "exp": STAMP - 1}),
        sent({**CLAIMS, "nbf": STAMP + 301}),
        sent({**CLAIMS, "iat": "now"}),
        sent({**CLAIMS, "iat": None}),
        sent({**CLAIMS, "iat": True}),
        sent({"iat": STAMP}),
        Message(headers=[("authorization", "Bearer e30.e30.")], body=BODY),
        Message(headers=[("authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")], body=BODY),
        Message(headers=[("authorization", "Basic x")], body=BODY),
        Message(headers=[("authorization", "Bearer é")], body=BODY),
        Message(body=BODY),
    ],
)
def test_anything_else_is_refused(message: Message) -> None:
    with pytest.raises(SignatureRefused):
        verify(CONFIG, [KEY], message, NOW)


def test_a_public_key_is_not_taken_for_a_shared_secret() -> None:
    key = ECKey.generate_key("P-256")
    public = key.as_pem(private=False).decode()
    config = {**CONFIG, "algorithm": "ES256"}
    token = jwt.encode({"alg": "ES256"}, CLAIMS, key)
    verify(config, [public], Message(headers=[("authorization", f"Bearer {token}")], body=BODY), NOW)
    with pytest.raises(SignatureRefused):
        verify(config, [public], Message(headers=[("authorization", f"Bearer {forged(public)}")], body=BODY), NOW)


def forged(key: str) -> str:
    """Signed by hand with the public key as if it were a shared secret, which the library refuses to do."""
    parts = [base64.urlsafe_b64encode(json.dumps(part)).rstrip(b"=") for part in ({"alg": "HS256"}, CLAIMS)]
    text = b".".join(parts)
    return (text + b"." + base64.urlsafe_b64encode(hmac.digest(key.encode(), text, "sha256")).rstrip(b"=")).decode()
