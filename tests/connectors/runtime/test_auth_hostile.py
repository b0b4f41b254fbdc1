"""Authorization servers that are broken or hostile: bounded, said clearly, and nothing secret in what is said."""

from __future__ import annotations

import gzip
import logging
from typing import Any

import pytest
from aiohttp import web

from tests.connectors.runtime.api import Api, answer, lost, serving
from tests.connectors.runtime.support import QUICK, client, manifest
from tieline.connectors.manifest.authsteps import AuthStep, StepInject, StepRequest
from tieline.connectors.manifest.model import AuthMethod, Block, Input
from tieline.connectors.runtime import Account, MemoryTokens, StoredToken
from tieline.connectors.runtime.auth import discovery
from tieline.connectors.runtime.auth.interactive import begin, device_begin, finish
from tieline.connectors.runtime.errors import BadAnswer, ReconnectNeeded, UpstreamBusy, UpstreamUnavailable
from tieline.core.clock import now
from tieline.core.errors import BadInput, TielineError
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio
RESOURCE = Block(id="resource", kind="get", path="/resource")
SECRET = "s3cr3t-s3cr3t-s3cr3t"
TEN_MB = 10 * 1024 * 1024
REDIRECT = "https://tieline.example/callback"


def oauth(grant: Any = "client_credentials", **more: Any) -> AuthMethod:
    fields = [Input(id="client_id"), Input(id="client_secret", secret=True)]
    return AuthMethod(id="a", kind="oauth2", grants=[grant], token_url="/token", fields=fields, **more)


def session() -> AuthMethod:
    return AuthMethod(
        id="a",
        kind="session",
        fields=[Input(id="client_secret", secret=True)],
        steps=[
            AuthStep(
                request=StepRequest(url="/token", json={"password": "{client_secret}"}),
                extract={"session": "$.access_token"},
            ),
            AuthStep(inject=[StepInject(name="X-Session", value="{session}")]),
        ],
    )


def reply(body: bytes, status: int = 200, **headers: str) -> web.Response:
    return web.Response(body=body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


HOSTILE: dict[str, tuple[Any, type[TielineError]]] = {
    "ten megabytes": (lambda _: reply(b'{"access_token":"' + b"a" * TEN_MB + b'"}'), BadAnswer),
    "a bomb": (lambda _: reply(gzip.compress(b"a" * TEN_MB), Content_Encoding="gzip"), BadAnswer),
    "a redirect": (lambda _: reply(b"", 302, Location="/elsewhere"), ReconnectNeeded),
    "a web page": (lambda _: reply(b"<html>sign in</html>", Content_Type="text/html"), ReconnectNeeded),
    "a sick web page": (lambda _: reply(b"<html>502</html>", 502, Content_Type="text/html"), UpstreamUnavailable),
    "a list": (lambda _: answer([{"access_token": "a"}]), ReconnectNeeded),
    "nested": (lambda _: reply(b"[" * 50_000, Content_Type="application/json"), ReconnectNeeded),
    "a thousand fields": (lambda _: reply(b"access_token=a&" * 1000), ReconnectNeeded),
    "half": (lambda _: reply(b'{"access_token":"a', Content_Type="application/json"), ReconnectNeeded),
    "a list as token": (lambda _: answer({"access_token": ["a"]}), ReconnectNeeded),
    "a line break": (lambda _: answer({"access_token": "a\r\nX-Evil: 1"}), ReconnectNeeded),
    "an emoji": (lambda _: answer({"access_token": "tökén-🔥\u0000"}), ReconnectNeeded),
    "a long token": (lambda _: answer({"access_token": "a" * 200_000}), ReconnectNeeded),
    "an echo": (
        lambda _: answer({"error": "invalid_client", "error_description": f"no {SECRET} here"}, 401),
        ReconnectNeeded,
    ),
    "an echo as code": (lambda _: answer({"error": SECRET}, 400), ReconnectNeeded),
    "an object as code": (lambda _: answer({"error": {"code": {"a": 1}, "message": [1]}}, 400), ReconnectNeeded),
    "silence": (lost, UpstreamUnavailable),
}


@pytest.mark.parametrize("kind", ["oauth2", "session"])
@pytest.mark.parametrize("name", HOSTILE)
async def test_what_a_hostile_server_gets(
    egress: Egress, api: Api, caplog: pytest.LogCaptureFixture, name: str, kind: str
) -> None:
    handler, error = HOSTILE[name]
    if kind == "session" and name == "an emoji":
        handler = lambda _: answer({"access_token": "a\u0000"})  # noqa: E731
    caplog.set_level(logging.DEBUG)
    api.handler = handler
    auth = oauth() if kind == "oauth2" else session()
    made = client(manifest(api.base, RESOURCE, auth=auth), egress, {"client_id": "me", "client_secret": SECRET})
    with pytest.raises(error) as caught:
        await made.call(RESOURCE, {})
    assert len(caught.value.detail) < 600
    shown = f"{caught.value.detail} {caught.value.meta} {caught.value!r} {caplog.text}"
    assert SECRET not in shown
    assert "\n" not in caught.value.detail
    assert all(asked.target.startswith("/token") for asked in api.asked)


async def test_a_redirect_is_not_followed_with_the_secret(egress: Egress, api: Api) -> None:
    async with serving() as foreign:
        api.handler = lambda _: answer(None, 307, Location=f"{foreign.base}/token")
        for auth in (oauth(), session()):
            made = client(manifest(api.base, RESOURCE, auth=auth), egress, {"client_id": "m", "client_secret": SECRET})
            with pytest.raises(TielineError):
                await made.call(RESOURCE, {})
        assert foreign.asked == []


@pytest.mark.parametrize(
    ("life", "known"),
    [(60, True), ("60", True), ("60.5", True), (0, False), (-1, False), (None, False), ("soon", False), (True, False)],
)
async def test_lives_of_tokens(egress: Egress, api: Api, life: Any, known: bool) -> None:
    api.handler = lambda request: answer({"access_token": "at", "expires_in": life} if request.path == "/token" else {})
    store = MemoryTokens()
    made = client(
        manifest(api.base, RESOURCE, auth=oauth()), egress, {"client_id": "m", "client_secret": SECRET}, tokens=store
    )
    await made.call(RESOURCE, {})
    await made.call(RESOURCE, {})

    async def never(old: StoredToken | None) -> StoredToken:
        raise AssertionError

    token = await store.token(made.account, never, min_valid=0)
    assert (token.expires_at is not None) is known
    assert [asked.target for asked in api.asked] == ["/token", "/resource", "/resource"]


def held(api: Api, store: MemoryTokens) -> Any:
    document = manifest(api.base, RESOURCE, auth=oauth("authorization_code", authorization_url="/authorize"))
    account = Account(
        manifest=document,
        connection_id="c1",
        auth_method="a",
        secrets={"client_id": "me", "client_secret": SECRET},
    )
    store.put(account, StoredToken(value="at-0", refresh_token="rt-0-rt-0", obtained_at=now(), expires_at=now()))
    return document, account


@pytest.mark.parametrize("grace", [True, False])
async def test_a_lost_answer_of_a_rotating_refresh(egress: Egress, api: Api, grace: bool) -> None:
    """The server has rotated, we never heard of it: the old token once more, and then a person."""
    answered = 0

    def handle(request: Any) -> Any:
        nonlocal answered
        if request.path != "/token":
            return answer({"id": 1})
        answered += 1
        if answered == 1:
            return lost(request)
        if grace:
            return answer({"access_token": "at-2", "refresh_token": "rt-2-rt-2", "expires_in": 3600})
        return answer({"error": "invalid_grant", "error_description": "rt-0-rt-0 was used"}, 400)

    api.handler = handle
    store = MemoryTokens()
    document, account = held(api, store)
    made = client(document, egress, account.secrets, tokens=store)
    if grace:
        await made.call(RESOURCE, {})
        assert [asked.target for asked in api.asked] == ["/token", "/token", "/resource"]
        return
    for _ in range(3):
        with pytest.raises(ReconnectNeeded, match="the answer to the last renewal was lost") as caught:
            await made.call(RESOURCE, {})
        assert "rt-0" not in caught.value.detail
    assert [asked.target for asked in api.asked] == ["/token", "/token"]


async def test_a_refresh_whose_answers_keep_getting_lost_is_not_sent_a_third_time(egress: Egress, api: Api) -> None:
    api.handler = lost
    store = MemoryTokens()
    document, account = held(api, store)
    with pytest.raises(UpstreamUnavailable):
        await client(document, egress, account.secrets, tokens=store).call(RESOURCE, {})
    assert len(api.asked) == 2


async def test_a_token_without_refresh_token_that_is_refused(egress: Egress, api: Api) -> None:
    api.handler = lambda _: answer({}, 401)
    store = MemoryTokens()
    document, account = held(api, store)
    store.put(account, StoredToken(value="at-0"))
    with pytest.raises(ReconnectNeeded, match="gave no refresh token"):
        await client(document, egress, account.secrets, tokens=store).call(RESOURCE, {})
    assert [asked.target for asked in api.asked] == ["/resource"]


async def test_a_server_that_wants_to_be_left_alone_for_long_is(egress: Egress, api: Api) -> None:
    api.handler = lambda _: answer({}, 429, Retry_After="3600")
    made = client(manifest(api.base, RESOURCE, auth=oauth()), egress, {"client_id": "me", "client_secret": SECRET})
    with pytest.raises(UpstreamBusy) as caught:
        await made.call(RESOURCE, {})
    assert caught.value.retry_after == 3600
    assert len(api.asked) == 1


async def test_busy_with_an_odd_status_is_tried_again(egress: Egress, api: Api) -> None:
    api.script = [
        answer({"error": "temporarily_unavailable"}, 400),
        answer({"error": "server_error"}, 200),
        answer({"access_token": "at"}),
        answer({"id": 1}),
    ]
    made = client(manifest(api.base, RESOURCE, auth=oauth()), egress, {"client_id": "me", "client_secret": SECRET})
    await made.call(RESOURCE, {})
    assert len(api.asked) == 4


@pytest.mark.parametrize(
    "document",
    [b"[]", b"<html>", b'{"token_endpoint": 7}', b'{"token_endpoint": "javascript:alert(1)"}', b"{}"],
    ids=["list", "html", "number", "javascript", "empty"],
)
async def test_discovery_documents_that_are_none(egress: Egress, api: Api, document: bytes) -> None:
    discovery._KNOWN.clear()
    api.handler = lambda _: reply(document)
    auth = oauth(discovery_url="/.well-known/openid-configuration")
    auth.token_url = ""
    made = client(manifest(api.base, RESOURCE, auth=auth), egress, {"client_id": "me", "client_secret": SECRET})
    with pytest.raises((BadAnswer, BadInput)):
        await made.call(RESOURCE, {})
    assert SECRET not in str(api.asked)


async def test_discovery_is_read_once(egress: Egress, api: Api) -> None:
    discovery._KNOWN.clear()

    def handle(request: Any) -> Any:
        if request.path == "/token2":
            return answer({"access_token": f"at-{len(api.asked)}"})
        found = {
            "issuer": api.base,
            "token_endpoint": f"{api.base}/token2",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
        return answer(found) if "well-known" in request.path else answer({"id": 1})

    api.handler = handle
    auth = oauth(discovery_url="/.well-known/openid-configuration")
    auth.token_url = ""
    secrets = {"client_id": "me", "client_secret": SECRET}
    for _ in range(2):
        await client(manifest(api.base, RESOURCE, auth=auth), egress, secrets).call(RESOURCE, {})
    targets = [asked.target for asked in api.asked]
    assert targets.count("/.well-known/openid-configuration") == 1
    assert targets.count("/token2") == 2
    assert all(b"client_secret=" in asked.body for asked in api.asked if asked.target == "/token2")


async def test_answers_to_a_person_are_bounded_and_masked(egress: Egress, api: Api) -> None:
    document, account = held(api, MemoryTokens())
    begun = await begin(account, egress=egress, redirect_uri=REDIRECT, state="s")
    odd = {"state": "s", "error": "x" * 5000, "error_description": "a\r\n\x00b"}
    with pytest.raises(ReconnectNeeded) as caught:
        await finish(account, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer=odd)
    assert len(caught.value.detail) < 400
    assert "\n" not in caught.value.detail
    for answer_ in ({"state": "s"}, {"state": "s", "code": "c" * 20_000}, {}, {"state": "ü"}):
        with pytest.raises(BadInput):
            await finish(account, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer=answer_)
    api.handler = lambda _: answer({"error": "invalid_grant", "error_description": f"code C0DE-C0DE {SECRET}"}, 400)
    with pytest.raises(ReconnectNeeded) as caught:
        await finish(
            account,
            egress=egress,
            redirect_uri=REDIRECT,
            kept=begun.kept,
            answer={"state": "s", "code": "C0DE-C0DE"},
            policy=QUICK,
        )
    assert "C0DE" not in caught.value.detail
    assert SECRET not in caught.value.detail
    for bad in ("ftp://x", "javascript:1", "https://x/#a", ""):
        with pytest.raises(BadInput):
            await begin(account, egress=egress, redirect_uri=bad, state="s")
    assert document.name == "upstream"


async def test_a_device_page_that_is_no_web_address(egress: Egress, api: Api) -> None:
    auth = oauth("device_code", device_url="/device")
    account = Account(
        manifest=manifest(api.base, RESOURCE, auth=auth),
        auth_method="a",
        secrets={"client_id": "m", "client_secret": "s"},
    )
    for page in ("javascript:alert(1)", "", None, 7):
        api.handler = lambda _, page=page: answer({"device_code": "d", "user_code": "u", "verification_uri": page})
        with pytest.raises(BadAnswer):
            await device_begin(account, egress=egress)


async def test_an_api_that_repeats_a_token_does_not_bring_it_into_an_error(egress: Egress, api: Api) -> None:
    token = "at-very-secret-token"

    def handle(request: Any) -> Any:
        if request.path == "/token":
            return answer({"access_token": token})
        return answer({"message": f"the token {token} may not do this"}, 403)

    api.handler = handle
    made = client(manifest(api.base, RESOURCE, auth=oauth()), egress, {"client_id": "me", "client_secret": SECRET})
    with pytest.raises(TielineError) as caught:
        await made.call(RESOURCE, {})
    assert token not in f"{caught.value.detail} {caught.value.meta}"
    assert "the token *** may not do this" in caught.value.detail
