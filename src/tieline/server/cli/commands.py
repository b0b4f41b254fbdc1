"""All commands, by importing the modules that hold them."""

from tieline.server.cli import (
    automations_commands,
    connections_commands,
    connectors_commands,
    demo_command,
    keys_commands,
    operations_commands,
    runs_commands,
    serve_command,
    worker_command,
)

__all__ = [
    "automations_commands",
    "connections_commands",
    "connectors_commands",
    "demo_command",
    "keys_commands",
    "operations_commands",
    "runs_commands",
    "serve_command",
    "worker_command",
]
