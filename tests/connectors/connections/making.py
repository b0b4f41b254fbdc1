"""A tenant with a connector in the database, for the tests of connections."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tieline.connectors.connections import Connections
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, Server
from tieline.core.ids import new_id
from tieline.security.vault import Vault, parse_keys
from tieline.storage import tables
from tieline.storage.database import Database

KEY = "tBvUHQc7wy4OX3ftqUTjgEXAX5fNRZ8WsfgmLmzBpVE"


def vault() -> Vault:
    return Vault(parse_keys(KEY))


def oauth_manifest(base: str, **more: Any) -> Manifest:
    return Manifest(
        name="crm",
        title="CRM",
        servers=[Server(url=base)],
        auth=[
            AuthMethod(
                id="oauth",
                kind="oauth2",
                grants=["client_credentials"],
                token_url="/oauth2/token",
                fields=[
                    Input(id="client_id", required=True),
                    Input(id="client_secret", required=True, secret=True),
                ],
            )
        ],
        blocks=[Block(id="whoami", kind="get", path="/oauth2/resource")],
        **more,
    )


def key_manifest(base: str, **more: Any) -> Manifest:
    return Manifest(
        name="events",
        title="Events",
        servers=[Server(url=base)],
        auth=[
            AuthMethod(
                id="key",
                kind="api_key",
                location="header",
                name="X-Api-Key",
                fields=[Input(id="api_key", label="API key", required=True, secret=True)],
            )
        ],
        blocks=[Block(id="whoami", kind="get", path="/auth/key-header/whoami")],
        **more,
    )


async def make_tenant(database: Database) -> UUID:
    partner, tenant = new_id(), new_id()
    async with database.system() as unit:
        await unit.insert(tables.partners, id=partner, name="partner", app_id=str(partner))
        await unit.insert(tables.tenants, id=tenant, partner_id=partner, external_id="one", name="tenant")
    return tenant


async def connect(
    database: Database, connections: Connections, tenant: UUID, manifest: Manifest, **answers: Any
) -> UUID:
    """Save the connector and make a connection of it."""
    async with database.tenant(tenant) as unit:
        connector = await Library(database).save(unit, manifest)
        row = await connections.create(unit, connector_id=connector["id"], name="mine", owner_id=tenant, **answers)
    found: UUID = row["id"]
    return found
