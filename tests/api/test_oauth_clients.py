"""OAuth clients: made, changed, deleted; their secrets and their connection."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Tenant, World, client
from tests.api.oauth_world import BACK, CLIENTS, make, named, token

pytestmark = pytest.mark.anyio


async def test_a_web_client_has_a_secret_that_is_shown_once(api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, description="Copies things")
    assert made["clientSecret"].startswith("tlns_")
    assert len(made["clientSecret"]) <= 64
    [hint] = made["clientSecrets"]
    assert hint["hint"] == made["clientSecret"][-5:]
    assert hint["createdBy"] == made["ownerId"] == str(tenant.admin_id)
    read = (await api.get(f"{CLIENTS}/{made['clientId']}")).json()
    assert made["clientSecret"] not in str(read)
    assert read["redirectUris"] == [BACK]
    assert (read["description"], read["allowedAuthMethods"]) == ("Copies things", ["client_secret"])


async def test_a_client_without_scopes_may_do_what_its_user_may(api: httpx.AsyncClient) -> None:
    answer = await api.post(CLIENTS, json={"appType": "native", "clientName": "App"})
    assert answer.json()["allowedScopes"] == ["user_default"]
    assert answer.json()["clientSecret"] == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"appType": "other"},
        {"clientName": ""},
        {"redirectUris": ["http://app.example.com/back"]},
        {"redirectUris": ["https://app.example.com/#here"]},
        {"redirectUris": ["https://*.example.com/"]},
        {"redirectUris": ["https://user@app.example.com/"]},
        {"redirectUris": ["https:/app.example.com/"]},
        {"redirectUris": ["javascript:alert(1)"]},
        {"redirectUris": ["com.example.app:/back"]},
        {"redirectUris": ["/back"]},
        {"redirectUris": [f"https://app.example.com/{number}" for number in range(6)]},
        {"allowedOrigins": ["https://app.example.com"]},
        {"appType": "spa", "allowedOrigins": ["https://app.example.com/path"]},
        {"appType": "spa", "allowedOrigins": ["*"]},
        {"appType": "spa", "allowedGrantTypes": ["client_credentials"]},
        {"appType": "spa", "allowedAuthMethods": ["client_secret"]},
        {"allowedGrantTypes": ["password"]},
        {"allowedScopes": ["two words"]},
        {"allowedScopes": [""]},
        {"allowedAuthMethods": ["private_key_jwt"]},
        {"publicKeys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": "AQAB", "e": "AQAB"}]},
        {"publicKeys": [{"kty": "EC", "use": "sig", "alg": "RS256", "kid": "1"}]},
    ],
)
async def test_what_cannot_be_a_client(api: httpx.AsyncClient, fields: dict[str, Any]) -> None:
    answer = await api.post(CLIENTS, json={"appType": "web", "clientName": "Sync", **fields})
    assert answer.status_code == 400, answer.text
    assert (await api.get(CLIENTS)).json()["data"] == []


async def test_a_native_client_may_have_a_scheme_of_its_own(api: httpx.AsyncClient) -> None:
    uris = ["com.example.app:/back", "http://127.0.0.1:8123/back"]
    assert (await make(api, appType="native", redirectUris=uris))["redirectUris"] == uris


async def test_patch(api: httpx.AsyncClient) -> None:
    made = await make(api)
    where = f"{CLIENTS}/{made['clientId']}"
    patch = [
        {"op": "replace", "path": "/clientName", "value": "New"},
        {"op": "replace", "path": "/allowedScopes", "value": "automations:read"},
        {"op": "add", "path": "/redirectUris", "value": ["https://new.example.com/"]},
        {"op": "remove", "path": "/allowedGrantTypes"},
        {"op": "replace", "path": "/clientUri", "value": "https://example.com"},
    ]
    answer = await api.patch(where, json=patch)
    assert (answer.status_code, answer.content) == (204, b"")
    read = (await api.get(where)).json()
    assert read["clientName"] == "New"
    assert read["allowedScopes"] == ["automations:read"]
    assert read["redirectUris"] == ["https://new.example.com/"]
    assert read["allowedGrantTypes"] == []
    assert read["clientUri"] == "https://example.com"


@pytest.mark.parametrize(
    "patch",
    [
        {"op": "replace"},
        [{"op": "test", "path": "/clientName", "value": "x"}],
        [{"op": "replace", "path": "/appType", "value": "spa"}],
        [{"op": "replace", "path": "/clientName"}],
        [{"op": "remove", "path": "/clientName"}],
        [{"op": "replace", "path": "/clientName", "value": ["x"]}],
        [{"op": "replace", "path": "/redirectUris", "value": ["https://good.example.com/", "nothing"]}],
        [{"op": "replace", "path": "/publicKeys", "value": ["{}"]}],
        [{"op": "replace", "path": "/publicKeys", "value": ["nothing"]}],
        [{"op": "replace", "path": "/clientName", "value": "y"}, {"op": "replace", "path": "/nothing", "value": ""}],
    ],
)
async def test_what_cannot_be_a_patch_changes_nothing(api: httpx.AsyncClient, patch: Any) -> None:
    made = await make(api)
    before = (await api.get(f"{CLIENTS}/{made['clientId']}")).json()
    assert (await api.patch(f"{CLIENTS}/{made['clientId']}", json=patch)).status_code == 400
    assert (await api.get(f"{CLIENTS}/{made['clientId']}")).json() == before


async def test_a_patch_that_needs_a_secret_makes_one(api: httpx.AsyncClient) -> None:
    made = await make(api, allowedAuthMethods=["private_key_jwt"], publicKeys=[await a_key()])
    assert made["clientSecret"] == ""
    where = f"{CLIENTS}/{made['clientId']}"
    methods = ["client_secret", "private_key_jwt"]
    answer = await api.patch(where, json=[{"op": "replace", "path": "/allowedAuthMethods", "value": methods}])
    assert answer.status_code == 202
    assert answer.json()["clientSecret"].startswith("tlns_")
    again = await api.patch(where, json=[{"op": "replace", "path": "/allowedAuthMethods", "value": methods}])
    assert again.status_code == 204


async def a_key() -> dict[str, Any]:
    from joserfc.jwk import ECKey

    return {**ECKey.generate_key("P-384").as_dict(private=False), "use": "sig", "alg": "ES384", "kid": "1"}


async def test_a_private_key_is_refused(api: httpx.AsyncClient) -> None:
    from joserfc.jwk import ECKey

    key: dict[str, Any] = {
        **ECKey.generate_key("P-384").as_dict(private=True),
        "use": "sig",
        "alg": "ES384",
        "kid": "1",
    }
    answer = await api.post(CLIENTS, json={"appType": "web", "clientName": "Sync", "publicKeys": [key]})
    assert answer.status_code == 400
    assert key["d"] not in answer.text


async def test_five_secrets_at_most_and_a_deleted_one_is_dead(address: str, api: httpx.AsyncClient) -> None:
    made = await make(api)
    where = f"{CLIENTS}/{made['clientId']}/client-secrets"
    others = [(await api.post(where)).json() for _ in range(4)]
    assert (await api.post(where)).status_code == 409
    second = {**named(made), "client_secret": others[0]["clientSecret"]}
    assert (await token(address, "client_credentials", second)).status_code == 200
    assert (await api.delete(f"{where}/{others[0]['hint']}")).status_code == 204
    assert (await token(address, "client_credentials", second)).status_code == 401
    assert (await token(address, "client_credentials", named(made))).status_code == 200
    assert (await api.delete(f"{where}/{others[0]['hint']}")).status_code == 404


async def test_only_web_clients_have_secrets(api: httpx.AsyncClient) -> None:
    made = await make(api, appType="spa")
    assert (await api.post(f"{CLIENTS}/{made['clientId']}/client-secrets")).status_code == 400


async def test_delete_wants_the_id_twice(address: str, api: httpx.AsyncClient) -> None:
    made = await make(api)
    where = f"{CLIENTS}/{made['clientId']}"
    assert (await api.delete(where)).status_code == 400
    assert (await api.delete(where, headers={"qlik-confirm-delete": "x"})).status_code == 400
    assert (await api.get(where)).status_code == 200
    assert (await api.delete(where, headers={"qlik-confirm-delete": made["clientId"]})).status_code == 204
    assert (await api.get(where)).status_code == 404
    assert (await token(address, "client_credentials", named(made))).status_code == 401


async def test_publish_keeps_the_first_moment(api: httpx.AsyncClient) -> None:
    made = await make(api)
    first = await api.post(f"{CLIENTS}/{made['clientId']}/actions/publish")
    assert first.status_code == 201
    assert (await api.post(f"{CLIENTS}/{made['clientId']}/actions/publish")).json() == first.json()
    assert (await api.get(f"{CLIENTS}/{made['clientId']}")).json()["publishedAt"] == first.json()["publishedAt"]


async def test_connection(api: httpx.AsyncClient) -> None:
    made = await make(api, connectionConfig={"consentMethod": "trusted"})
    where = f"{CLIENTS}/{made['clientId']}/connection-configs/me"
    assert (await api.get(where)).json()["consentMethod"] == "trusted"
    patch = [{"op": "replace", "path": "/consentMethod", "value": "required"}]
    assert (await api.patch(where, json=patch)).status_code == 204
    assert (await api.get(where)).json() == {
        "status": "enabled",
        "consentMethod": "required",
        "deletedByOwner": False,
    }
    assert (await api.delete(where)).status_code == 204
    assert (await api.get(where)).status_code == 404
    assert (await api.delete(where)).status_code == 404
    assert (await api.patch(where, json=patch)).status_code == 204
    assert (await api.get(where)).status_code == 200


async def test_list_pages_filters_sorts_and_counts(api: httpx.AsyncClient) -> None:
    for number in range(5):
        await make(api, clientName=f"Client {number}", appType="web" if number % 2 else "spa")
    first = (await api.get(CLIENTS, params={"limit": 2, "sort": "-clientName", "totalResults": "true"})).json()
    assert [item["clientName"] for item in first["data"]] == ["Client 4", "Client 3"]
    assert first["totalResults"] == 5
    second = (await api.get(first["links"]["next"]["href"])).json()
    assert [item["clientName"] for item in second["data"]] == ["Client 2", "Client 1"]
    back = (await api.get(second["links"]["prev"]["href"])).json()
    assert [item["clientName"] for item in back["data"]] == ["Client 4", "Client 3"]
    found = (await api.get(CLIENTS, params={"filter": 'appType eq "spa" and clientName co "2"'})).json()
    assert [item["clientName"] for item in found["data"]] == ["Client 2"]
    none = (await api.get(CLIENTS, params={"filter": 'clientId eq "x"', "totalResults": "true"})).json()
    assert none["data"] == []
    assert none["totalResults"] == 0


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"sort": "x"}, {"filter": "x"}, {"next": "x"}, {"totalResults": "x"}, {"limit": "101"}]
)
async def test_a_bad_query_is_forbidden_as_the_document_says(api: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await api.get(CLIENTS, params=query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "query-refused")


async def test_others_see_less_and_change_nothing(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    made = await make(api)
    where = f"{CLIENTS}/{made['clientId']}"
    _, key = await world.user(tenant.id)
    async with client(address, key) as person:
        read = (await person.get(where)).json()
        assert not {"redirectUris", "clientSecrets", "publicKeys"} & read.keys()
        assert (await person.post(CLIENTS, json={"appType": "web", "clientName": "x"})).status_code == 403
        for method, path in (
            ("PATCH", where),
            ("DELETE", where),
            ("POST", f"{where}/actions/publish"),
            ("POST", f"{where}/client-secrets"),
            ("DELETE", f"{where}/client-secrets/{made['clientSecrets'][0]['hint']}"),
            ("PATCH", f"{where}/connection-configs/me"),
            ("DELETE", f"{where}/connection-configs/me"),
        ):
            headers = {"qlik-confirm-delete": made["clientId"]}
            assert (await person.request(method, path, json=[], headers=headers)).status_code == 403, path
    narrow = await world.key(tenant.id, tenant.admin_id, ["automations"])
    async with client(address, narrow) as person:
        assert (await person.get(CLIENTS)).status_code == 403


async def test_another_tenants_client_is_not_there(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    made = await make(api)
    where = f"{CLIENTS}/{made['clientId']}"
    headers = {"qlik-confirm-delete": made["clientId"]}
    patch = [{"op": "replace", "path": "/consentMethod", "value": "trusted"}]
    assert (await other.get(CLIENTS)).json()["data"] == []
    for method, path, body in (
        ("GET", where, None),
        ("PATCH", where, [{"op": "replace", "path": "/clientName", "value": "x"}]),
        ("DELETE", where, None),
        ("POST", f"{where}/actions/publish", None),
        ("POST", f"{where}/client-secrets", None),
        ("DELETE", f"{where}/client-secrets/{made['clientSecrets'][0]['hint']}", None),
        ("GET", f"{where}/connection-configs/me", None),
        ("PATCH", f"{where}/connection-configs/me", patch),
        ("DELETE", f"{where}/connection-configs/me", None),
    ):
        assert (await other.request(method, path, json=body, headers=headers)).status_code == 404, path
    assert (await api.get(where)).json()["updatedAt"] == made["updatedAt"]
