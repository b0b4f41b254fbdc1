"""Everything that a process of Tieline needs, wired once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tieline.automations.library import Automations
from tieline.automations.runs import Runs
from tieline.automations.triggers.express import Express
from tieline.automations.triggers.hooked import Hooked
from tieline.connectors.connecting import ConnectSessions
from tieline.connectors.connections import Connections
from tieline.connectors.library import Library
from tieline.connectors.webhooks import Webhooks
from tieline.security.egress import Egress, Policy
from tieline.security.vault import Vault
from tieline.server.settings import Settings
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.tenancy.bootstrap import Bootstrap, bootstrap


@dataclass(slots=True)
class Platform:
    """The parts of a running Tieline; `open` makes and closes them."""

    settings: Settings
    database: Database
    vault: Vault
    egress: Egress
    queue: Queue
    connectors: Library
    connections: Connections
    connecting: ConnectSessions
    webhooks: Webhooks
    hooked: Hooked
    automations: Automations
    runs: Runs
    first: Bootstrap
    express: Express | None = None
    """Set while this process runs webhooks itself."""

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, *, pool_size: int = 10) -> AsyncIterator[Platform]:
        """Connects to the database (starting the embedded one where it must), brings it up to date, wires the services.

        Raises `Misconfigured` and `DatabaseUnavailable` with one line each.
        """
        if settings.embedded:
            settings.prepare_data_dir()
        vault = Vault(settings.load_secret_keys())
        database = await Database.open(settings.database_url, settings.data_dir, pool_size=pool_size)
        try:
            first = await bootstrap(database, settings.data_dir if settings.embedded else None)
            async with Egress(Policy(allow=settings.egress_allow)) as egress:
                connectors = Library(database)
                connections = Connections(database, vault, connectors, sandbox=settings.data_dir / "files")
                webhooks = Webhooks(database, vault, connectors, connections, egress, settings.base_url)
                hooked = Hooked(database, webhooks)
                yield cls(
                    settings=settings,
                    database=database,
                    vault=vault,
                    egress=egress,
                    queue=Queue(database),
                    connectors=connectors,
                    connections=connections,
                    connecting=ConnectSessions(database, vault, connectors, connections, egress),
                    webhooks=webhooks,
                    hooked=hooked,
                    automations=Automations(database, vault, listeners=[hooked]),
                    runs=Runs(database),
                    first=first,
                )
        finally:
            await database.close()
