"""What the edge needs of the assembled platform; `tieline.server.platform.Platform` has it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tieline.automations.library import Automations
    from tieline.automations.runs import Runs
    from tieline.automations.triggers.express import Express
    from tieline.automations.triggers.hooked import Hooked
    from tieline.connectors.connecting import ConnectSessions
    from tieline.connectors.connections import Connections
    from tieline.connectors.library import Library
    from tieline.connectors.webhooks import Webhooks
    from tieline.security.egress import Egress
    from tieline.security.vault import Vault
    from tieline.storage.database import Database
    from tieline.storage.queue import Queue


class Services(Protocol):
    """The parts of a running Tieline."""

    settings: Any
    database: Database
    vault: Vault
    egress: Egress
    connectors: Library
    connections: Connections
    connecting: ConnectSessions
    webhooks: Webhooks
    hooked: Hooked
    express: Express | None
    automations: Automations
    runs: Runs
    queue: Queue
