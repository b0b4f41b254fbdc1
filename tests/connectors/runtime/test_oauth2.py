"""OAuth 2.0 client credentials against an authorization server with manners of all kinds."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import client, manifest
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Server, ServerVariable
from tieline.connectors.runtime import Account, MemoryTokens
from tieline.connectors.runtime.auth.interactive import begin, finish
from tieline.connectors.runtime.errors import ReconnectNeeded, UpstreamUnavailable
from tieline.core import json
from tieline.core.errors import Misconfigured
from tieline.security.egress import Egress

pytestmark = [pytest.mark.anyio, pytest.mark.battery]
RESOURCE = Block(id="resource", kind="get", path="/oauth2/resource")


def method(**more: Any) -> AuthMethod:
    return AuthMethod(
        id="oauth",
        kind="oauth2",
        grants=["client_credentials"],
        token_url="/oauth2/token",
        fields=[Input(id="client_id"), Input(id="client_secret", secret=True)],
        **more,
    )


# personality -> (calls to the token endpoint for the first resource call, client authentication that worked)
PERSONALITIES = {
    "app": 1,
    "short": 1,
    "rotate": 1,
    "rotate-grace": 1,
    "rotate-slow": 1,
    "no-expires": 1,
    "expires-string": 1,
    "expires-zero": 1,
    "expires-lie": 1,
    "form-answer": 1,
    "error-200": 1,
    "html-error": 2,
    "no-type": 1,
    "odd-type": 1,
    "no-refresh": 1,
    "token-429": 2,
    "skew": 1,
    "post-only": 2,
    "basic-only": 1,
    "invalid-grant": 1,
    "temp-unavailable": 1,
}


async def upstream_state(egress: Egress, upstream: str) -> dict[str, int]:
    found: dict[str, int] = (await egress.request("GET", f"{upstream}/_ctl/oauth2")).json()["counts"]
    return found


async def token_calls(egress: Egress, upstream: str) -> int:
    url = f"{upstream}/_ctl/requests?path=/oauth2/token"
    count: int = (await egress.request("GET", url)).json()["count"]
    return count


@pytest.mark.parametrize("personality", PERSONALITIES)
async def test_personalities(egress: Egress, upstream: str, personality: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    secret = "s+c/r e:t%" if personality == "basic-only" else "secret"
    made = client(
        manifest(upstream, RESOURCE, auth=method()), egress, {"client_id": personality, "client_secret": secret}
    )
    answers = await asyncio.gather(*(made.call(RESOURCE, {}) for _ in range(5)))
    assert {entry.data["client"] for entry in answers} == {personality}
    assert await token_calls(egress, upstream) == PERSONALITIES[personality]
    counts = await upstream_state(egress, upstream)
    assert counts["issued"] == 1
    # The server's clock moves past the token's life, ours does not: all five are refused, one refresh serves them.
    if personality != "skew":
        await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 4000}')
        answers = await asyncio.gather(*(made.call(RESOURCE, {}) for _ in range(5)))
        assert {entry.status for entry in answers} == {200}
        assert (await upstream_state(egress, upstream))["issued"] == 2


@pytest.mark.parametrize("way", ["basic", "post"])
async def test_client_authentications(egress: Egress, upstream: str, way: Any) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    made = client(
        manifest(upstream, RESOURCE, auth=method(client_auth=way)),
        egress,
        {"client_id": "app", "client_secret": "secret"},
    )
    await made.call(RESOURCE, {})
    assert (await upstream_state(egress, upstream))[f"client_auth_{way}"] == 1


async def test_parameters_of_the_token_request(egress: Egress, api: Api) -> None:
    api.script = [answer({"access_token": "at", "expires_in": 60}), answer({"id": 1})]
    auth = method(client_auth="json", token_params={"audience": "https://api"}, prefix="Token ")
    made = client(
        manifest(api.base, RESOURCE, auth=auth),
        egress,
        {"client_id": "a", "client_secret": "s"},
        params={"scope": ["read", "write"]},
    )
    await made.call(RESOURCE, {})
    assert json.loads(api.asked[0].body) == {
        "grant_type": "client_credentials",
        "scope": "read write",
        "audience": "https://api",
        "client_id": "a",
        "client_secret": "s",
    }
    assert api.asked[0].headers["content-type"] == "application/json"
    assert api.asked[1].headers["authorization"] == "Token at"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": "invalid_client"}),
        (400, {"error": "invalid_scope", "error_description": "no such scope, secret is secret"}),
        (200, {"ok": False, "error": "invalid_client"}),
        (400, {"error": "unauthorized_client"}),
        (403, {"message": "nope"}),
        (404, b"<html>not found</html>"),
        (200, {"token": "at"}),
        (200, []),
        (302, b""),
    ],
)
async def test_dead_credentials_ask_for_a_person_and_are_not_tried_again(
    egress: Egress, api: Api, status: int, body: Any
) -> None:
    api.handler = lambda _: answer(body, status, **({"Location": "https://evil.example"} if status == 302 else {}))
    made = client(manifest(api.base, RESOURCE, auth=method()), egress, {"client_id": "a", "client_secret": "secret"})
    with pytest.raises(ReconnectNeeded) as caught:
        await made.call(RESOURCE, {})
    assert len(api.asked) <= 2
    assert "secret is secret" not in caught.value.detail


@pytest.mark.parametrize(
    ("status", "body"), [(503, {"error": "temporarily_unavailable"}), (500, b"<html>"), (429, {}), (502, b"")]
)
async def test_a_sick_authorization_server_does_not_cost_the_connection(
    egress: Egress, api: Api, status: int, body: Any
) -> None:
    api.handler = lambda _: answer(body, status)
    made = client(manifest(api.base, RESOURCE, auth=method()), egress, {"client_id": "a", "client_secret": "s"})
    with pytest.raises(UpstreamUnavailable):
        await made.call(RESOURCE, {})
    assert 2 <= len(api.asked) <= 6


async def test_a_refused_token_is_refreshed_once_and_then_a_person_is_asked(egress: Egress, api: Api) -> None:
    def handle(request: Any) -> Any:
        if request.path == "/oauth2/token":
            return answer({"access_token": f"at-{len(api.asked)}", "expires_in": 3600})
        return answer({"error": "invalid_token"}, 401)

    api.handler = handle
    made = client(manifest(api.base, RESOURCE, auth=method()), egress, {"client_id": "a", "client_secret": "s"})
    with pytest.raises(ReconnectNeeded):
        await made.call(RESOURCE, {})
    assert [asked.target for asked in api.asked] == ["/oauth2/token", "/oauth2/resource"] * 2


async def test_a_token_that_somebody_replaced_is_read_again_and_not_refreshed(egress: Egress, api: Api) -> None:
    good = "at-1"

    def handle(request: Any) -> Any:
        nonlocal good
        if request.path == "/oauth2/token":
            good = f"at-{sum(asked.target == '/oauth2/token' for asked in api.asked)}"
            return answer({"access_token": good})
        return answer({"id": 1}, 200 if request.headers["Authorization"] == f"Bearer {good}" else 401)

    api.handler = handle
    store = MemoryTokens()
    document, secrets = manifest(api.base, RESOURCE, auth=method()), {"client_id": "a", "client_secret": "s"}
    one = client(document, egress, secrets, tokens=store)
    two = client(document, egress, secrets, tokens=store)
    await one.call(RESOURCE, {})
    await two.call(RESOURCE, {})
    good = "at-revoked"
    await one.call(RESOURCE, {})  # refreshes
    await two.call(RESOURCE, {})  # holds the old one still
    assert sum(asked.target == "/oauth2/token" for asked in api.asked) == 2


async def test_the_secret_goes_to_the_token_url_only(egress: Egress, api: Api) -> None:
    def handle(request: Any) -> Any:
        return answer({"access_token": "at"} if request.path == "/oauth2/token" else {"id": 1})

    api.handler = handle
    made = client(
        manifest(api.base, RESOURCE, auth=method(client_auth="post")),
        egress,
        {"client_id": "a", "client_secret": "s3cret"},
    )
    await made.call(RESOURCE, {})
    assert b"s3cret" in api.asked[0].body
    assert "s3cret" not in str(api.asked[1])


async def test_a_token_for_a_token(egress: Egress, api: Api) -> None:
    """RFC 8693, with parameters that the manifest adds and replaces."""
    api.script = [answer({"access_token": "at", "expires_in": 60}), answer({"id": 1})]
    auth = method(
        token_params={"subject_token_type": "urn:x:pat", "resource": "https://{tenant}.example"}, client_auth="none"
    )
    auth.grants, auth.fields = ["token_exchange"], [Input(id="subject_token", secret=True), Input(id="tenant")]
    secrets = {"subject_token": "pat-1"}
    made = client(manifest(api.base, RESOURCE, auth=auth), egress, secrets, params={"tenant": "acme"})
    await made.call(RESOURCE, {})
    assert dict(parse_qsl(api.asked[0].body.decode())) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "pat-1",
        "subject_token_type": "urn:x:pat",
        "resource": "https://acme.example",
    }


@pytest.mark.parametrize("grant", ["implicit", "authorization_code"])
async def test_an_access_token_that_was_entered_by_hand(egress: Egress, api: Api, grant: Any) -> None:
    api.script = [answer({"id": 1})]
    auth = method()
    auth.grants, auth.fields = [grant], [Input(id="access_token", secret=True)]
    made = client(manifest(api.base, RESOURCE, auth=auth), egress, {"access_token": "at-1"})
    await made.call(RESOURCE, {})
    assert api.asked[0].headers["authorization"] == "Bearer at-1"
    api.handler = lambda _: answer({}, 401)
    with pytest.raises(ReconnectNeeded, match="not accepted any more"):
        await made.call(RESOURCE, {})


async def test_a_client_secret_under_another_name(egress: Egress, api: Api) -> None:
    api.script = [answer({"access_token": "at"}), answer({"id": 1})]
    auth = method(client_auth="post")
    auth.fields = [Input(id="app_id"), Input(id="password", secret=True), Input(id="app_secret", secret=True)]
    secrets = {"app_id": "a", "password": "p", "app_secret": "s"}
    await client(manifest(api.base, RESOURCE, auth=auth), egress, secrets).call(RESOURCE, {})
    assert dict(parse_qsl(api.asked[0].body.decode())) == {
        "grant_type": "client_credentials",
        "client_id": "a",
        "client_secret": "s",
    }


async def test_what_comes_with_a_token_and_is_asked_for(egress: Egress, api: Api) -> None:
    """The address of the customer's own server (Salesforce), the company that he chose (QuickBooks)."""
    api.handler = lambda _: answer({"access_token": "at", "instance_url": "https://eu1.example", "id": "x", "n": {}})
    auth = method(authorization_url="/authorize")
    auth.grants = ["authorization_code"]
    auth.fields += [Input(id="realmId"), Input(id="id", secret=True)]
    document = manifest(api.base, RESOURCE, auth=auth)
    document.servers.append(Server(url="{instance_url}", variables={"instance_url": ServerVariable()}))
    account = Account(manifest=document, auth_method="oauth", secrets={"client_id": "a", "client_secret": "s"})
    redirect = "https://tieline.example/callback"
    begun = await begin(account, egress=egress, redirect_uri=redirect, state="s")
    back = {"state": "s", "code": "c", "realmId": "42", "instance_url": "https://evil.example"}
    done = await finish(account, egress=egress, redirect_uri=redirect, kept=begun.kept, answer=back)
    assert done.params == {"grant": "authorization_code", "instance_url": "https://eu1.example", "realmId": "42"}


def test_a_grant_that_nothing_serves_is_a_mistake_of_the_manifest() -> None:
    saml: Any = ["saml2_bearer"]
    auth = AuthMethod(id="oauth", kind="oauth2", grants=saml, token_url="/t")
    with pytest.raises(Misconfigured, match="client_credentials"):
        client(manifest("https://x.example", auth=auth), Egress())
