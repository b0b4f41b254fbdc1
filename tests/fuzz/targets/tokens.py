"""What proves who somebody is: sign-on tokens and links, signatures, forms of the token endpoint, keys, seals."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from functools import cache
from random import Random
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from tests.fuzz.engine import target
from tests.fuzz.mutation import mutated_bytes, mutated_json, mutated_text, odd, of_texts, words
from tieline.api.cloud.oauth import intake
from tieline.api.edge.seals import Seals
from tieline.core.errors import BadInput
from tieline.oem.sso import links
from tieline.oem.sso import tokens as sso
from tieline.security import signatures
from tieline.security import tokens as keys
from tieline.security.vault import Vault, VaultError
from tieline.tenancy.oauth import assertions

KEY = b"partner-key-of-32-bytes-or-more!!"
PARTNER = sso.PartnerSecrets(app_id="app", api_key=KEY, public=())


def _part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode("utf-8", "replace")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: Any, claims: Any) -> str:
    """A token of whatever is given, with a true signature."""
    head = f"{_part(header)}.{_part(claims)}"
    return f"{head}.{_part(hmac.digest(KEY, head.encode(), hashlib.sha256))}"


def claims() -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": "app",
        "aud": "https://a.example",
        "iat": now,
        "exp": now + 60,
        "jti": "one",
        "account": {"external_id": "acme", "name": "Acme"},
        "user": {
            "external_id": "u1",
            "name": "Ada",
            "email": "ada@acme.example",
            "locale": "en-GB",
            "roles": ["admin"],
        },
        "scopes": ["templates"],
        "origin": "https://a.example",
        "embed": {"mode": "redirect", "target": "parent", "redirect_url": "https://a.example/x"},
        "inputs": {"x": 1},
        "datasource": {"a": {"key": "b"}},
    }


def token(random: Random) -> str:
    header: Any = {"alg": "HS256", "typ": "JWT"}
    chosen = random.randrange(4)
    if chosen == 0:
        return mutated_text(random, signed(header, claims()))
    if chosen == 1:
        header = mutated_json(random, {**header, "kid": "k", "crit": []})
    body: Any = mutated_json(random, claims()) if chosen != 1 else claims()
    if random.random() < 0.1:
        body = mutated_bytes(random, json.dumps(claims()).encode())
    return signed(header, body)


@target("sso-token", token, ci=1200)
def sso_token(text: str) -> None:
    sso.issuer(text)
    found = sso.verify(text, PARTNER, audience={"https://a.example", "app"})
    json.dumps(found.account).encode()


@cache
def _client_key() -> Any:
    from joserfc.jwk import ECKey

    return ECKey.generate_key("P-384", {"kid": "k", "alg": "ES384", "use": "sig"})


def assertion(random: Random) -> str:
    from joserfc import jws

    body = {"iss": "me", "sub": "me", "aud": "https://a.example", "exp": int(time.time()) + 60, "jti": "x", "iat": 1}
    made = json.dumps(mutated_json(random, body)).encode("utf-8", "replace")
    if random.random() < 0.5:
        return jws.serialize_compact({"alg": "ES384", "kid": "k"}, made, _client_key(), algorithms=["ES384"])
    header = mutated_json(random, {"alg": "ES384", "kid": "k"})
    if random.random() < 0.1:
        made = b"[" * 5000
    return mutated_text(random, signed(header, made))


@target("client-assertion", assertion, ci=500)
def client_assertion(text: str) -> None:
    assert isinstance(assertions.subject(text), str)
    keys = [_client_key().as_dict(private=False)]
    assertions.verify(text, keys, client_id="me", audience={"https://a.example"})


def link(random: Random) -> tuple[str, str]:
    query = mutated_text(random, f"accountid=a&userid=b&timestamp={int(time.time())}")
    address = "https://a.example/sso"
    digest = hmac.new(KEY, quote(f"{address}?{query}", safe="").encode(), hashlib.sha256).hexdigest()
    return address, f"{query}&hash={digest}" if random.random() < 0.7 else mutated_text(
        random, f"{query}&hash={digest}"
    )


@target("sso-link", link, ci=600)
def sso_link(made: tuple[str, str]) -> None:
    links.verify(*made, KEY, app_id="app")


DIALECTS = sorted(signatures.dialects())
MOMENT = datetime(2026, 1, 31, tzinfo=UTC)
HEADERS = (
    "Authorization X-Hub-Signature-256 X-Hub-Signature Stripe-Signature X-Slack-Signature X-Slack-Request-Timestamp "
)
HEADERS += "X-Shopify-Hmac-Sha256 X-HubSpot-Signature-v3 X-HubSpot-Request-Timestamp webhook-id webhook-timestamp "
HEADERS += "webhook-signature X-Twilio-Signature X-Zendesk-Webhook-Signature X-Zendesk-Webhook-Signature-Timestamp "
HEADERS += "x-zm-signature x-zm-request-timestamp X-Hook-Signature Linear-Signature Calendly-Webhook-Signature "
HEADERS += "Paddle-Signature"
SIGNS = [
    "sha256=" + "0" * 64,
    "t=1769817600,v1=" + "0" * 64,
    "v0=" + "a" * 64,
    "v1,YWJj v1a,YWJj",
    "Basic YTpi",
    "1769817600",
]


def delivery(random: Random) -> tuple[Any, list[str], Any]:
    make = of_texts(
        [*SIGNS, signed({"alg": "HS256"}, {"iat": 1769817600, "exp": 1e400})],
        ["t=", "v1=", ",", "=", "é", " ", "9" * 30, ";"],
    )
    headers = [(name, make(random)) for name in HEADERS.split() if random.random() < 0.8]
    if random.random() < 0.2:
        headers += [(name.lower(), make(random)) for name, _ in headers[:2]]
    config: Any = {"dialect": random.choice(DIALECTS)}
    if random.random() < 0.3:
        names = [
            "header",
            "prefix",
            "algorithm",
            "encoding",
            "template",
            "timestamp_header",
            "id_path",
            "tolerance",
            "pairs",
        ]
        config |= {random.choice(names): odd(random) for _ in range(2)}
    secrets = [random.choice(["whsec_YWJj", "geheim", "é", "a:b", "\0", "-----BEGIN PUBLIC KEY-----\nx"])]
    body = mutated_bytes(random, b'{"id": "x", "event_id": 1}')
    message = signatures.Message(headers=headers, body=body, url=mutated_text(random, "https://a.example/h?x=1"))
    return config, secrets, message


@target("signature", delivery, ci=1200)
def signature(made: tuple[Any, list[str], Any]) -> None:
    config, secrets, message = made
    signatures.verify(config, secrets, message, MOMENT)
    assert config.get("dialect") in ("unsigned", "token", "basic") or len(config) > 1, "a forged signature was taken"


class Posted:
    """As much of a request as the token endpoint reads."""

    def __init__(self, kind: str, authorization: list[str], body: bytes) -> None:
        self.headers = SimpleNamespace(
            get=lambda name, default="": kind if name == "content-type" else default,
            getlist=lambda name: authorization if name == "authorization" else [],
        )
        self._body = body

    async def body(self) -> bytes:
        return self._body


_loop = asyncio.new_event_loop()
FORMS = [
    b"grant_type=client_credentials&client_id=a&client_secret=b",
    b"user_lookup[field]=subject&user_lookup.value=x",
]
FORM_TOKENS = ["a", "=", "&", "%", "%00", "%ff", "+", "user_lookup", "[field]", ".value", ";", "client_id", "\0"]


def posted(random: Random) -> tuple[str, list[str], bytes]:
    kind = random.choice([intake.FORM, "application/json", "", "text/plain", intake.FORM + "; charset=\0"])
    body = mutated_bytes(
        random, random.choice([*FORMS, b'{"grant_type": "x", "user_lookup": {"field": "subject", "value": "a"}}'])
    )
    if random.random() < 0.3:
        body = words(random, FORM_TOKENS).encode()
    basic = mutated_text(random, "Basic " + base64.b64encode(b"a:b%20c").decode())
    return kind, [basic] * random.choice((0, 1, 1, 2)), body


@target("token-request", posted, ci=1200)
def token_request(made: tuple[str, list[str], bytes]) -> None:
    request: Any = Posted(*made)
    sent = _loop.run_until_complete(intake.fields_of(request))
    intake.presented(request, sent)
    intake.lookup(sent)


@target("api-key", of_texts([keys.new_token("tl_")], ["tl", "_", "a", "0", "é"]), ci=400)
def api_key(text: str) -> None:
    keys.is_well_formed(text)
    keys.is_well_formed(text, "tl_")
    keys.hash_token(text)


@cache
def _seals() -> tuple[Seals, str, Vault, bytes]:
    made, vault = Seals([b"k" * 32]), Vault([b"k" * 32, b"o" * 32])
    return made, made.seal(b"hello", "login"), vault, vault.seal(b"hello", context=b"a/b")


@target("seal", lambda random: (mutated_text(random, _seals()[1]), random.choice(["login", "é", "logout"])), ci=400)
def seal(made: tuple[str, str]) -> None:
    found = _seals()[0].open(*made)
    assert found is None or (found == b"hello" and made == (_seals()[1], "login")), "a changed seal opened"


@target("envelope", lambda random: mutated_bytes(random, _seals()[3]), refuses=(VaultError,), ci=600)
def envelope(data: bytes) -> None:
    vault, whole = _seals()[2:]
    opened = vault.open(data, context=b"a/b")
    assert data == whole and opened == b"hello", "a changed envelope opened"


def secrets_asked(random: Random) -> Any:
    more = {"algorithm": odd(random)} if random.random() < 0.7 else {"header": odd(random)}
    return {"dialect": random.choice([*DIALECTS, "", "nope"]), **more}


@target("dialect", secrets_asked, refuses=(BadInput,), ci=300)
def dialect(config: Any) -> None:
    signatures.opened(config)
