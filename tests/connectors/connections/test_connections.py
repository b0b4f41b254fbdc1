"""Connections: secrets that stay sealed, bound to their origins, and other people's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from tests.connectors.connections.making import connect, key_manifest, make_tenant, oauth_manifest, vault
from tieline.connectors.connections import Connections
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import AuthMethod, Input, Server, ServerVariable
from tieline.connectors.runtime.account import StoredToken
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.core.errors import BadInput, NotFound
from tieline.core.ids import new_id
from tieline.security.egress import Egress, Policy, parse_allow
from tieline.security.vault import Vault, VaultError
from tieline.storage import tables
from tieline.storage.database import Database
from tieline.tenancy import notices

pytestmark = pytest.mark.anyio
BASE = "https://api.example.com/v1"


@pytest.fixture
def connections(database: Database) -> Connections:
    return Connections(database, vault())


async def test_secrets_are_sealed_and_only_an_account_has_them(database: Database, connections: Connections) -> None:
    tenant = await make_tenant(database)
    identity = await connect(database, connections, tenant, key_manifest(BASE), secrets={"api_key": "s3cret-key"})
    async with database.tenant(tenant) as unit:
        row = await connections.get(unit, identity)
        raw = await unit.scalar(select(tables.connections.c.secrets))
    assert "secrets" not in row
    assert row["is_connected"] is True
    assert b"s3cret-key" not in raw
    account = await connections.account(tenant, identity)
    assert account.secrets == {"api_key": "s3cret-key"}
    assert "s3cret" not in repr(account)
    assert (account.tenant_id, account.connection_id) == (str(tenant), str(identity))


async def test_a_secret_given_as_param_is_a_secret_all_the_same(database: Database, connections: Connections) -> None:
    tenant = await make_tenant(database)
    identity = await connect(
        database,
        connections,
        tenant,
        oauth_manifest(BASE),
        params={"client_id": "app", "client_secret": "s3cret", "scope": "read"},
    )
    async with database.tenant(tenant) as unit:
        row = await connections.get(unit, identity)
    assert row["params"] == {"client_id": "app", "scope": "read"}
    assert (await connections.account(tenant, identity)).secrets == {"client_secret": "s3cret"}


@pytest.mark.parametrize(
    "answers, said",
    [
        ({"auth_method": "nope"}, "no auth method 'nope'"),
        ({"secrets": {"pasword": "x"}}, "does not ask for 'pasword'"),
        ({"secrets": {"api_key": {"a": 1}}}, "'api_key' must be a text"),
        ({"secrets": {"api_key": "x" * 100_001}}, "'api_key' must be a text"),
        ({"server": "ftp://x"}, "must start with https://"),
        ({"server": "https://"}, "name a host"),
        ({"server": "https://u:p@x.example"}, "user name or password"),
        ({"server": "https://x.example/?a=1"}, "query"),
        ({"server": "https://x.example:99999"}, "not a valid URL"),
        ({"name": "  "}, "name must have"),
        ({"name": "x" * 201}, "name must have"),
        ({"name": "a\x00b"}, "name must have"),
    ],
)
async def test_bad_answers_are_refused_with_the_field(
    database: Database, connections: Connections, answers: dict[str, Any], said: str
) -> None:
    tenant = await make_tenant(database)
    async with database.tenant(tenant) as unit:
        connector = await Library(database).save(unit, key_manifest(BASE))
        values = {"name": "mine", "owner_id": tenant, **answers}
        with pytest.raises(BadInput, match=said):
            await connections.create(unit, connector_id=connector["id"], **values)


async def test_without_credentials_it_is_not_connected_and_says_what_is_missing(
    database: Database, connections: Connections
) -> None:
    tenant = await make_tenant(database)
    identity = await connect(database, connections, tenant, key_manifest(BASE))
    async with database.tenant(tenant) as unit:
        row = await connections.get(unit, identity)
        assert (row["is_connected"], row["error"]) == (False, "enter 'API key' to connect")
        row = await connections.update(unit, identity, secrets={"api_key": "k-1"})
        assert (row["is_connected"], row["error"]) == (True, None)


async def test_another_tenant_sees_none_of_it(database: Database, connections: Connections) -> None:
    tenant, other = await make_tenant(database), await make_tenant(database)
    identity = await connect(database, connections, tenant, key_manifest(BASE), secrets={"api_key": "k"})
    with pytest.raises(NotFound):
        await connections.account(other, identity)
    async with database.tenant(other) as unit:
        assert await connections.list(unit) == []
        for attempt in (
            connections.get(unit, identity),
            connections.update(unit, identity, name="taken"),
            connections.delete(unit, identity),
        ):
            with pytest.raises(NotFound):
                await attempt
        connector = (await Library(database).save(unit, key_manifest(BASE)))["id"]
    async with database.tenant(tenant) as unit:
        with pytest.raises(NotFound):
            await connections.create(unit, connector_id=connector, name="x", owner_id=tenant)


async def test_secrets_copied_to_another_row_do_not_open(database: Database, connections: Connections) -> None:
    tenant = await make_tenant(database)
    one = await connect(database, connections, tenant, key_manifest(BASE), secrets={"api_key": "one"})
    two = await connect(database, connections, tenant, key_manifest(BASE), secrets={"api_key": "two"})
    table = tables.connections
    async with database.tenant(tenant) as unit:
        sealed = await unit.scalar(unit.select(table, table.c.secrets).where(table.c.id == one))
        await unit.connection.execute(update(table).where(table.c.id == two).values(secrets=sealed))
    with pytest.raises(VaultError):
        await connections.account(tenant, two)


async def test_another_base_url_erases_the_secrets_and_the_token(database: Database, connections: Connections) -> None:
    tenant = await make_tenant(database)
    identity = await connect(
        database, connections, tenant, oauth_manifest(BASE), secrets={"client_id": "app", "client_secret": "s"}
    )
    account = await connections.account(tenant, identity)

    async def fetch(old: StoredToken | None) -> StoredToken:
        return StoredToken(value="at-1")

    await connections.tokens.token(account, fetch, min_valid=60)
    async with database.tenant(tenant) as unit:
        same = await connections.update(unit, identity, server="https://api.example.com/v2")
        assert same["is_connected"] is True
        moved = await connections.update(unit, identity, server="https://evil.example")
        assert (moved["is_connected"], moved["error"]) == (False, "enter 'client_secret' to connect")
        assert await unit.all(unit.select(tables.connection_tokens)) == []
    assert (await connections.account(tenant, identity)).secrets == {}
    async with database.tenant(tenant) as unit:
        again = await connections.update(unit, identity, secrets={"client_secret": "new"})
        assert again["is_connected"] is True


async def test_another_scheme_or_port_is_another_origin(database: Database, connections: Connections) -> None:
    tenant = await make_tenant(database)
    for server in ("http://api.example.com/v1", "https://api.example.com:8443/v1"):
        identity = await connect(database, connections, tenant, key_manifest(BASE), secrets={"api_key": "k"})
        async with database.tenant(tenant) as unit:
            assert (await connections.update(unit, identity, server=server))["is_connected"] is False


async def test_a_reimport_that_moves_the_base_url_or_token_url_does_not_get_the_secrets(
    database: Database, connections: Connections
) -> None:
    tenant = await make_tenant(database)
    manifest = oauth_manifest(BASE)
    identity = await connect(
        database, connections, tenant, manifest, secrets={"client_id": "app", "client_secret": "s"}
    )
    moved_base = msgspec.structs.replace(manifest, servers=[Server(url="https://evil.example")])
    method = msgspec.structs.replace(manifest.auth[0], token_url="https://evil.example/token")
    moved_token = msgspec.structs.replace(manifest, auth=[method])
    for moved in (moved_base, moved_token):
        async with database.tenant(tenant) as unit:
            await Library(database).save(unit, moved)
        with pytest.raises(ReconnectNeeded, match="entered again"):
            await connections.account(tenant, identity)
    async with database.tenant(tenant) as unit:
        await Library(database).save(unit, manifest)
    assert (await connections.account(tenant, identity)).secrets == {"client_secret": "s"}


async def test_a_server_variable_that_moves_the_host_erases_the_secrets(
    database: Database, connections: Connections
) -> None:
    tenant = await make_tenant(database)
    manifest = msgspec.structs.replace(
        key_manifest(BASE),
        servers=[Server(url="https://{shop}.example.com", variables={"shop": ServerVariable()})],
    )
    identity = await connect(database, connections, tenant, manifest, params={"shop": "mine"}, secrets={"api_key": "k"})
    async with database.tenant(tenant) as unit:
        assert (await connections.update(unit, identity, params={"shop": "theirs"}))["is_connected"] is False
        for hostile in ("evil.com/", "evil.com#", "x@evil.com", "evil.com?"):
            with pytest.raises(BadInput, match="host name"):
                await connections.update(unit, identity, params={"shop": hostile})


async def test_secrets_are_replaced_one_by_one_and_none_removes(database: Database, connections: Connections) -> None:
    tenant = await make_tenant(database)
    method = AuthMethod(
        id="pair",
        kind="api_key",
        fields=[Input(id="one", secret=True), Input(id="two", secret=True)],
    )
    manifest = msgspec.structs.replace(key_manifest(BASE), auth=[method])
    identity = await connect(database, connections, tenant, manifest, secrets={"one": "1", "two": "2"})
    async with database.tenant(tenant) as unit:
        await connections.update(unit, identity, secrets={"one": "11"})
    assert (await connections.account(tenant, identity)).secrets == {"one": "11", "two": "2"}
    async with database.tenant(tenant) as unit:
        await connections.update(unit, identity, secrets={"two": None})
    assert (await connections.account(tenant, identity)).secrets == {"one": "11"}
    async with database.tenant(tenant) as unit:
        await connections.update(unit, identity, name="renamed")
        assert [row["name"] for row in await connections.list(unit)] == ["renamed"]
    assert (await connections.account(tenant, identity)).secrets == {"one": "11"}


async def test_deleting_takes_token_and_budget_along(database: Database, connections: Connections) -> None:
    tenant = await make_tenant(database)
    identity = await connect(
        database, connections, tenant, oauth_manifest(BASE), secrets={"client_id": "a", "client_secret": "s"}
    )
    async with database.tenant(tenant) as unit:
        await unit.insert(tables.connection_tokens, connection_id=identity)
        await unit.insert(tables.rate_budgets, connection_id=identity, scope="")
    async with database.tenant(tenant) as unit:
        await connections.delete(unit, identity)
    async with database.tenant(tenant) as unit:
        assert await unit.all(unit.select(tables.connection_tokens)) == []
        assert await unit.all(unit.select(tables.rate_budgets)) == []
        with pytest.raises(NotFound):
            await connections.delete(unit, new_id())


async def test_rotated_keys_open_what_older_ones_sealed(database: Database) -> None:
    tenant = await make_tenant(database)
    old = Connections(database, vault())
    identity = await connect(database, old, tenant, key_manifest(BASE), secrets={"api_key": "k"})
    from tests.connectors.connections.making import KEY
    from tieline.security.vault import parse_keys

    rotated = Connections(database, Vault(parse_keys(f"{Vault.generate_key()},{KEY}")))
    assert (await rotated.account(tenant, identity)).secrets == {"api_key": "k"}


@pytest.mark.parametrize("key, ok", [("key-123", True), ("wrong-key", False)])
async def test_check_keeps_what_it_found(
    database: Database, connections: Connections, upstream: str, key: str, ok: bool
) -> None:
    tenant = await make_tenant(database)
    identity = await connect(database, connections, tenant, key_manifest(upstream), secrets={"api_key": key})
    async with Egress(Policy(allow=parse_allow("127.0.0.1"))) as egress:
        result = await connections.check(tenant, identity, egress)
    assert result.ok is ok
    async with database.tenant(tenant) as unit:
        row = await connections.get(unit, identity)
    assert row["is_connected"] is ok
    assert (row["error"] is None) is ok
    assert key not in (row["error"] or "")


async def test_check_of_an_address_that_may_not_be_called_says_so(database: Database, connections: Connections) -> None:
    tenant = await make_tenant(database)
    identity = await connect(
        database, connections, tenant, key_manifest("http://127.0.0.1:9"), secrets={"api_key": "k"}
    )
    async with Egress() as egress:
        result = await connections.check(tenant, identity, egress)
    assert not result.ok
    assert "127.0.0.1" in result.detail


async def test_the_token_of_a_client_without_a_secret_is_bound_too(
    database: Database, connections: Connections
) -> None:
    tenant = await make_tenant(database)
    manifest = oauth_manifest(BASE)
    [method] = manifest.auth
    method.grants, method.authorization_url = ["authorization_code"], "/oauth2/authorize"
    method.fields = [Input(id="client_id", required=True)]
    identity = await connect(database, connections, tenant, manifest, params={"client_id": "public"})
    async with database.tenant(tenant) as unit:
        await connections.connected(unit, identity, StoredToken(value="the-token"))
        assert (await connections.update(unit, identity, params={"client_id": "public"}))["is_connected"]
    assert (await connections.account(tenant, identity)).params == {"client_id": "public"}
    manifest.servers[0].url = "https://api.example.net/v1"
    async with database.tenant(tenant) as unit:
        await Library(database).save(unit, manifest)
    with pytest.raises(ReconnectNeeded, match="entered again"):
        await connections.account(tenant, identity)


async def test_only_what_a_person_can_mend_opens_a_notice(database: Database, connections: Connections) -> None:
    tenant = await make_tenant(database)
    down = await connect(database, connections, tenant, key_manifest("http://127.0.0.1:9"), secrets={"api_key": "k"})
    async with Egress(Policy(allow=parse_allow("127.0.0.0/8"))) as egress:
        assert not (await connections.check(tenant, down, egress)).ok
    async with database.tenant(tenant) as unit:
        assert (await connections.get(unit, down))["is_connected"] is False
        assert await notices.still_open(unit) == []
    await connections.report(tenant, down, "revoked\x00 by the owner")
    async with database.tenant(tenant) as unit:
        [told] = await notices.still_open(unit)
    assert told["detail"] == "revoked by the owner"
