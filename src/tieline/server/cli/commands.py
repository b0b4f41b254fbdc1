"""All commands, by importing the modules that hold them."""

from tieline.server.cli import (
    automations_commands,
    connections_commands,
    connector_kit_commands,
    connector_quality_commands,
    connector_verticals_commands,
    connectors_commands,
    demo_command,
    keys_commands,
    operations_commands,
    runs_commands,
    serve_command,
    webhooks_commands,
    worker_command,
)

__all__ = [
    "automations_commands",
    "connections_commands",
    "connector_kit_commands",
    "connector_quality_commands",
    "connector_verticals_commands",
    "connectors_commands",
    "demo_command",
    "keys_commands",
    "operations_commands",
    "runs_commands",
    "serve_command",
    "webhooks_commands",
    "worker_command",
]
