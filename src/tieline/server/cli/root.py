"""The first level of the command line: names and their help at once, the commands when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command_from_info, get_group_from_info

from tieline.server.cli import commands


class Late(Mapping[str, Any]):
    """Command by name, made when it is taken out."""

    def __init__(self, made: Any) -> None:
        self._made = made

    def __getitem__(self, name: str) -> Any:
        if name not in commands.names():
            raise KeyError(name)
        return self._made(name)

    def __iter__(self) -> Iterator[str]:
        return commands.names()

    def __len__(self) -> int:
        return sum(1 for _ in commands.names())


class Root(TyperGroup):
    """A group whose commands are made late."""

    _kept: dict[str, Any]

    @property
    def commands(self) -> Any:
        """All of them: what completes, documents or suggests asks for it."""
        return Late(self._made)

    @commands.setter
    def commands(self, given: Mapping[str, Any]) -> None:
        # What happens to be registered is built by typer and not used: more may belong to it.
        self._kept = {}

    def list_commands(self, ctx: Any) -> list[str]:
        return list(commands.names())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, commands.help_of(name)) for name in commands.names()])

    def _made(self, name: str) -> Any:
        from tieline.server.cli import app

        commands.make(name)
        if name not in self._kept:
            self._kept[name] = _command_of(app, name)
        return self._kept[name]


def _command_of(app: typer.Typer, name: str) -> Any:
    """Only this one is built: the whole takes longer than most commands."""
    for group in app.registered_groups:
        if group.name == name:
            return get_group_from_info(
                group, pretty_exceptions_short=False, suggest_commands=True, rich_markup_mode=None
            )
    for info in app.registered_commands:
        if name in {info.name, getattr(info.callback, "__name__", None)}:
            return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
    raise KeyError(name)
