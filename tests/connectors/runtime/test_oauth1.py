"""OAuth 1.0 against oauthlib's own server: every signature, with one leg and with three."""

from __future__ import annotations

from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import client, manifest
from tieline.connectors.manifest.model import AuthMethod, Block, Input
from tieline.connectors.runtime import Account, MemoryTokens
from tieline.connectors.runtime.auth.interactive import begin, finish, interactive
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.core.clock import now
from tieline.core.errors import BadInput, Misconfigured
from tieline.security.egress import Egress

pytestmark = [pytest.mark.anyio, pytest.mark.battery]
SIGNATURES = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"]
PLACES = [None, "query", "form"]
REDIRECT = "https://tieline.example/connect/callback"
INPUTS = [
    Input(id="q", location="query", name="q"),
    Input(id="again", location="query", name="q"),
    Input(id="text", location="form", name="text"),
]


def method(signature: str, place: Any = None, **more: Any) -> AuthMethod:
    where = {} if place is None else {"location": place}
    return AuthMethod(
        id="oauth1",
        kind="oauth1",
        signature=signature,
        fields=[
            Input(id="consumer_key"),
            Input(id="consumer_secret", secret=True),
            Input(id="private_key", secret=True),
        ],
        **where,
        **more,
    )


def three_legged(signature: str, place: Any = None, **more: Any) -> AuthMethod:
    return method(
        signature,
        place,
        request_token_url="/oauth1/initiate",
        authorization_url="/oauth1/authorize",
        token_url="/oauth1/token",
        **more,
    )


def block(path: str, verb: str = "GET", **more: Any) -> Block:
    return Block(id="items", method=verb, kind="list", path=path, records="$.items", inputs=INPUTS, **more)


async def secrets_of(egress: Egress, upstream: str) -> dict[str, str]:
    found = (await egress.request("GET", f"{upstream}/_ctl/oauth1")).json()
    return {
        "consumer_key": found["client_key"],
        "consumer_secret": found["client_secret"],
        "private_key": found["test_private_key_pem"],
    }


async def counts(egress: Egress, upstream: str) -> dict[str, int]:
    found: dict[str, int] = (await egress.request("GET", f"{upstream}/_ctl/oauth1")).json()["counts"]
    return found


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("signature", SIGNATURES)
async def test_one_leg(egress: Egress, upstream: str, signature: str, place: Any) -> None:
    if signature == "PLAINTEXT":
        place = None  # oauthlib's server decodes it twice elsewhere: see the next test
    await egress.request("POST", f"{upstream}/_ctl/reset")
    secrets = await secrets_of(egress, upstream)
    auth = method(signature, place, realm="items")
    reading, form = block("/oauth1/one-legged?b=2&a=%20x"), block("/oauth1/one-legged", "POST", body_type="form")
    other = block("/oauth1/one-legged", "POST", body_type="json")
    made = client(manifest(upstream, reading, form, other, auth=auth), egress, secrets)
    for number in range(3):
        found = await made.call(reading, {"q": f"a b&ü=~{number}%", "again": "a+b"})
        assert found.data == [1, 2, 3]
    if signature == "HMAC-SHA1" or place != "query":
        await made.call(form, {"q": "1", "text": "Zoë & co = 100%"})
    await made.call(other, {"q": "ü"})
    seen = await counts(egress, upstream)
    assert (seen["refused"], seen["nonce_replayed"], seen["stale_timestamp"]) == (0, 0, 0)


@pytest.mark.parametrize("place", ["query", "form"])
async def test_plaintext_is_encoded_once_more_in_query_and_form(egress: Egress, api: Api, place: str) -> None:
    """RFC 5849 section 3.4.4: the secrets are encoded, joined by "&", and encoded again with their parameter."""
    api.handler = lambda _: answer({"items": []})
    items = block("/x", "POST", body_type="form")
    made = client(manifest(api.base, items, auth=method("PLAINTEXT", place)), egress, {"consumer_key": "k"})
    made.account.secrets["consumer_secret"] = "s&%+ü"
    await made.call(items, {"text": "a b"})
    sent = urlsplit(api.asked[0].target).query if place == "query" else api.asked[0].body.decode()
    assert parse_qs(sent)["oauth_signature"] == ["s%26%25%2B%C3%BC&"]
    assert "text=a%20b" in api.asked[0].body.decode()


@pytest.mark.parametrize(("signature", "place"), [*((one, None) for one in SIGNATURES), ("HMAC-SHA256", "form")])
async def test_three_legs(egress: Egress, upstream: str, signature: str, place: Any) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    secrets = await secrets_of(egress, upstream)
    items, store = block("/oauth1/resource"), MemoryTokens()
    auth = three_legged(signature, place, realm="items")
    document = manifest(upstream, items, auth=auth)
    account = Account(manifest=document, connection_id="c1", auth_method="oauth1", secrets=secrets)
    assert interactive(auth)
    assert not interactive(method(signature))
    begun = await begin(account, egress=egress, redirect_uri=REDIRECT, state="st4te")
    assert begun.kept["secret"] not in f"{begun!r} {begun.url}"
    page = await egress.request("GET", begun.url, follow_redirects=False)
    back = urlsplit(page.headers["Location"])
    query = dict(parse_qsl(back.query))
    assert f"{back.scheme}://{back.netloc}{back.path}" == REDIRECT
    for wrong in ({"state": "other"}, {"oauth_token": "other"}, {"oauth_verifier": ""}):
        with pytest.raises(BadInput):
            await finish(account, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer={**query, **wrong})
    with pytest.raises(ReconnectNeeded, match="says no"):
        await finish(account, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer={**query, "denied": "x"})
    done = await finish(account, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer=query)
    assert done.token is not None
    assert done.token.secret not in f"{done!r} {done.token!r}"
    made = client(document, egress, secrets, tokens=store)
    with pytest.raises(ReconnectNeeded, match="nobody has given consent"):
        await made.call(items, {})
    store.put(account, done.token)
    for _ in range(3):
        assert (await made.call(items, {"q": "a b&ü"})).data == [1, 2, 3]
    seen = await counts(egress, upstream)
    assert (seen["good"], seen["refused"]) == (3, 0)


async def test_a_token_that_was_entered_by_hand(egress: Egress, api: Api) -> None:
    auth = method("PLAINTEXT")
    auth.fields += [Input(id="token", secret=True), Input(id="token_secret", secret=True)]
    items = block("/x")
    api.handler = lambda _: answer({"items": []})
    entered = {"consumer_key": "k", "consumer_secret": "s&", "token": "t", "token_secret": "ü"}
    await client(manifest(api.base, items, auth=auth), egress, entered).call(items, {})
    header = api.asked[0].headers["authorization"]
    assert 'oauth_token="t"' in header
    assert 'oauth_signature="s%2526%26%25C3%25BC"' in header


async def test_wrong_secrets_and_keys_that_are_none(egress: Egress, upstream: str) -> None:
    items, secrets = block("/oauth1/one-legged"), await secrets_of(egress, upstream)
    for signature, name, match in (
        ("HMAC-SHA1", "consumer_secret", "refuses the connection's credentials"),
        ("RSA-SHA1", "private_key", "cannot sign with RSA-SHA1"),
    ):
        document = manifest(upstream, items, auth=method(signature))
        with pytest.raises(ReconnectNeeded, match=match) as caught:
            await client(document, egress, {**secrets, name: "wr0ng-secret"}).call(items, {})
        assert "wr0ng" not in caught.value.detail
    with pytest.raises(Misconfigured, match="'HMAC-MD4'"):
        client(manifest(upstream, items, auth=method("HMAC-MD4")), egress, secrets)


async def test_our_clock_is_corrected_by_the_servers_date(egress: Egress, api: Api) -> None:
    """A refused timestamp and a Date that is another: signed once more, with the server's time."""
    ahead = 4000
    stamps: list[int] = []

    def handle(request: Any) -> Any:
        header = request.headers["Authorization"]
        stamps.append(int(header.partition('oauth_timestamp="')[2].partition('"')[0]))
        there = now().timestamp() + ahead
        date = format_datetime(now().fromtimestamp(there, now().tzinfo), usegmt=True)
        good = abs(stamps[-1] - there) < 300
        return answer({"items": [1]} if good else {"error": "timestamp_refused"}, 200 if good else 401, Date=date)

    api.handler = handle
    items = block("/x")
    made = client(manifest(api.base, items, auth=method("HMAC-SHA1")), egress, {"consumer_key": "k"})
    assert (await made.call(items, {})).data == [1]
    assert (await made.call(items, {})).data == [1]
    assert len(stamps) == 3


async def test_a_second_attempt_has_another_nonce_and_no_second_set_of_parameters(egress: Egress, api: Api) -> None:
    api.script = [answer({}, 503)]
    api.handler = lambda _: answer({"items": []})
    items = block("/x")
    await client(manifest(api.base, items, auth=method("HMAC-SHA1", "query")), egress, {"consumer_key": "k"}).call(
        items, {"q": "1"}
    )
    first, second = (parse_qs(urlsplit(asked.target).query) for asked in api.asked)
    assert all(len(values) == 1 for values in second.values())
    assert first["oauth_nonce"] != second["oauth_nonce"]
