"""A GraphQL schema as small data: what SDL and introspection have in common.

Types are written as GraphQL writes them (``[Contact!]!``), so a reference is a text and a cycle costs nothing. Names
that nothing declares stay names; `Schema.get` gives None for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

Kind = Literal["scalar", "object", "interface", "union", "enum", "input"]
BUILT_IN = ("Int", "Float", "String", "Boolean", "ID")
MAX_LOOKED_AT = 200
MAX_WRAPPERS = 12  # of lists and "!" around one type


@dataclass(slots=True)
class Argument:
    """An argument, or a field of an input type; ``default`` is plain data."""

    name: str
    type: str
    description: str = ""
    default: Any = None
    has_default: bool = False
    deprecated: bool = False

    @property
    def needed(self) -> bool:
        """Whether a call without it is refused (October 2021 spec, section 5.4.2.1)."""
        return self.type.endswith("!") and not self.has_default


@dataclass(slots=True)
class Field:
    """A field of an object or interface."""

    name: str
    type: str
    arguments: list[Argument] = field(default_factory=list)
    description: str = ""
    deprecated: bool = False

    @property
    def free(self) -> bool:
        """Whether it can be asked for without arguments."""
        return not any(one.needed for one in self.arguments)


@dataclass(slots=True)
class Type:
    """One named type. ``possible`` are the members of a union or the types that implement an interface."""

    kind: Kind
    name: str
    description: str = ""
    fields: dict[str, Field] = field(default_factory=dict)
    inputs: dict[str, Argument] = field(default_factory=dict)
    values: list[str] = field(default_factory=list)
    possible: list[str] = field(default_factory=list)
    interfaces: list[str] = field(default_factory=list)
    one_of: bool = False

    def looked_at(self) -> Iterator[Field]:
        """The fields that conclusions are drawn from: all, but of a monster only the first."""
        return islice(self.fields.values(), MAX_LOOKED_AT)

    def members(self) -> Iterator[Argument]:
        """The same of an input object."""
        return islice(self.inputs.values(), MAX_LOOKED_AT)


@dataclass(slots=True)
class Schema:
    """All types by name, and the three that calls begin at ("" = not offered)."""

    types: dict[str, Type] = field(default_factory=dict)
    query: str = ""
    mutation: str = ""
    subscription: str = ""
    description: str = ""

    def get(self, type: str) -> Type | None:
        """The named type in ``[Contact!]!``."""
        return self.types.get(named(type))

    def leaf(self, type: str) -> bool:
        """Whether a value of this type has no fields of its own: scalars and enums."""
        found = self.get(type)
        return named(type) in BUILT_IN if found is None else found.kind in ("scalar", "enum")

    def known(self, type: str) -> bool:
        """Whether the named type is declared or built in."""
        return named(type) in self.types or named(type) in BUILT_IN

    def composite(self, type: str) -> Type | None:
        """The type where it has fields to choose from (object, interface, union), else None."""
        found = self.get(type)
        return found if found is not None and found.kind in ("object", "interface", "union") else None

    def link(self) -> None:
        """Let interfaces know who implements them."""
        for one in self.types.values():
            for name in one.interfaces if one.kind == "object" else ():
                above = self.types.get(name)
                if above is not None and above.kind == "interface" and one.name not in above.possible:
                    above.possible.append(one.name)


def named(type: str) -> str:
    """``Contact`` of ``[Contact!]!``."""
    return type.strip("[]!")


def listed(type: str) -> bool:
    """Whether the type is a list."""
    return type.startswith("[")


def entry(type: str) -> str:
    """The type of a list's entries: ``Contact!`` of ``[Contact!]!``."""
    return type.removesuffix("!")[1:-1]


def optional(type: str) -> str:
    """The type without the outer "!"."""
    return type.removesuffix("!")
