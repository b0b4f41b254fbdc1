"""What an editor has to know of a type of block to offer it, and to draw its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct

Kind = Literal[
    "text",
    "longtext",
    "number",
    "boolean",
    "select",
    "list",
    "object",
    "any",
    "code",
    "date",
    "conditions",
    "mapping",
    "form",
    "operations",
    "statements",
    "variable",
    "block",
    "automation",
    "connection",
    "connector",
    "operation",
    "event",
]
"""Which editor a field needs. ``any`` takes text, data or a formula; ``mapping`` is a list of ``{key, value}``."""

Body = Literal["always", "optional", "role"]


class Choice(Struct, frozen=True):
    """One of the values that a field may have."""

    value: str
    label: str


class Field(Struct, frozen=True, rename="camel"):
    """An input, a setting, or a field of the block itself, by ``id`` as the document has it.

    ``formula``: its value is a template, in which ``{$.name}`` is evaluated. ``shown_when``: the values of other fields
    with which this one means something; all of them must hold. ``only``: of a field that names a block, the types it
    may name; of a connection, the connector's names. A boolean is stored as ``yes`` or ``no``.
    """

    id: str
    label: str
    type: Kind = "text"
    help: str = ""
    choices: tuple[Choice, ...] = ()
    required: bool = False
    default: Any = None
    example: Any = None
    formula: bool = True
    shown_when: Mapping[str, tuple[Any, ...]] = {}
    only: tuple[str, ...] = ()
    other_ids: tuple[str, ...] = ()
    secret: bool = False
    advanced: bool = False


class Edge(Struct, frozen=True):
    """A way to other blocks: the field of the document that holds the first one's id, or a list of ids."""

    field: str
    label: str
    many: bool = False


class Described(Struct, frozen=True, rename="camel"):
    """One entry of the palette. What the block type says of itself (``doc``, ``pinnable`` ...) is not repeated here.

    ``fields`` stand on the block itself, beside its ``inputs``. ``body``: whether it has a loop's body: always, where
    one wants it, or as its role says. ``output`` is a sample. ``hidden``: kept for documents that have it, not offered.
    """

    type: str
    group: str
    title: str
    icon: str
    inputs: tuple[Field, ...] = ()
    settings: tuple[Field, ...] = ()
    fields: tuple[Field, ...] = ()
    branches: tuple[Edge, ...] = ()
    body: Body | None = None
    ends: bool = False
    output: Any = None
    aliases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    hidden: bool = False


GROUPS: Final = {
    "triggers": "Triggers",
    "connectors": "Connectors",
    "logic": "Logic",
    "loops": "Loops",
    "variables": "Variables",
    "lists": "Lists",
    "objects": "Objects",
    "code": "Code",
    "http": "HTTP and mail",
    "files": "Files",
    "store": "Data store",
    "output": "Output",
    "control": "Run control",
    "incremental": "Incremental pointers",
}
"""Ids and titles of the groups, in the order in which people look for them."""


def choices(*values: str, **labels: str) -> tuple[Choice, ...]:
    """Choices whose labels are their values, read out, unless ``labels`` says better."""
    listed = [*values, *(name for name in labels if name not in values)]
    return tuple(Choice(value, labels.get(value) or value.replace("_", " ").capitalize()) for value in listed)


def yes_no(identity: str, label: str, help: str = "", *, default: str = "no", **more: Any) -> Field:
    """A switch, stored as ``yes`` or ``no``."""
    return Field(identity, label, "boolean", help, default=default, formula=False, **more)


def one_of(identity: str, label: str, help: str, offered: tuple[Choice, ...], **more: Any) -> Field:
    """A choice of what is offered, which no formula makes."""
    return Field(identity, label, "select", help, offered, formula=False, **more)


_described: dict[str, Described] = {}


def describe(*listed: Described) -> None:
    """Adds entries to the palette; those of a group keep their order."""
    for one in listed:
        if one.group not in GROUPS or one.type in _described:
            raise ValueError(f"{one.type} is described twice, or its group {one.group!r} is unknown")
        _described[one.type] = one


def described() -> Mapping[str, Described]:
    """All entries by type."""
    return dict(_described)
