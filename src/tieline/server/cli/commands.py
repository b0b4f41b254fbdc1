"""All commands, by importing the modules that hold them."""

from tieline.server.cli import (
    automation_files_commands,
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
    trial_commands,
    versions_commands,
    webhooks_commands,
    worker_command,
)

__all__ = [
    "automation_files_commands",
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
    "trial_commands",
    "versions_commands",
    "webhooks_commands",
    "worker_command",
]
