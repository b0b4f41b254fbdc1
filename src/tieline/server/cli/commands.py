"""All commands: the modules of those that are written by hand, and the groups that the API document gives.

A module is imported when its command is asked for, so that `tieline --help` and every single command are quick; that is
why a line of help stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from tieline.server.cli.resources.groups import GROUPS

# Command or group -> its line in the help, and the modules that make it.
WRITTEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "demo": ("The main job, end to end, on the embedded database.", ("demo_command",)),
    "serve": ("Start the API and its workers.", ("serve_command",)),
    "worker": ("Start one more worker.", ("worker_command",)),
    "doctor": ("Show every setting and check this installation.", ("operations_commands",)),
    "db": ("The database.", ("operations_commands",)),
    "backup": ("Write the whole database into one file.", ("backup_commands",)),
    "restore": ("Put the database of a backup in place.", ("backup_commands",)),
    "specs": ("The published API documents: build, fetch and compare them.", ("specs_commands",)),
    "clients": ("Typed clients for programs in Python and TypeScript.", ("clients_commands",)),
    "connectors": (
        "Connectors: made of API documents.",
        (
            "connectors_commands",
            "connector_kit_commands",
            "connector_quality_commands",
            "connector_verticals_commands",
        ),
    ),
    "connections": ("Connections: accounts at connected APIs.", ("connections_commands",)),
    "automations": (
        "Automations: trees of blocks.",
        ("automations_commands", "automation_files_commands", "trial_commands", "versions_commands"),
    ),
    "runs": ("Runs of automations.", ("runs_commands",)),
    "webhook-subscriptions": (
        "Webhook subscriptions: what connected APIs tell by themselves.",
        ("webhook_subscriptions_commands",),
    ),
    "keys": ("The keys that seal secrets.", ("vault_commands",)),
    "api-keys": ("API keys of the default tenant's administrator.", ("keys_commands",)),
    "studio": ("The studio: its first administrator.", ("studio_commands",)),
    "partners": ("Partners, who embed Tieline in their own product.", ("partners_commands", "partner_embed_commands")),
}

_MADE: set[str] = set()


def names() -> Iterator[str]:
    """Every command of the first level, those that are written by hand first."""
    yield from WRITTEN
    yield from sorted(set(GROUPS) - set(WRITTEN))


def help_of(name: str) -> str:
    """Its line in the help of the whole."""
    return WRITTEN[name][0] if name in WRITTEN else GROUPS[name].help


def make(name: str) -> bool:
    """Registers what ``name`` stands for with the application; False where that was done before."""
    if name in _MADE:
        return False
    _MADE.add(name)
    _register(name)
    return True


def _register(name: str) -> None:
    from tieline.server.cli import app
    from tieline.server.cli.resources.commands import attach, new_group

    for module in WRITTEN.get(name, ("", ()))[1]:
        import_module(f"tieline.server.cli.{module}")
    if name not in GROUPS:
        return
    for info in app.registered_groups:
        if info.name == name and info.typer_instance is not None:
            attach(name, info.typer_instance)
            return
    made = new_group(GROUPS[name].help)
    attach(name, made)
    app.add_typer(made, name=name)
