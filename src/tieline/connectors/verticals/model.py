"""What a vertical is: what every API of one trade keeps, under one set of names, and what is done to it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

Need = Literal[
    "list",
    "get",
    "get_by",
    "search",
    "create",
    "update",
    "delete",
    "incremental",
    "field",
    "writable",
    "event",
    "do",
]


class Field(Struct, frozen=True, kw_only=True):
    """One field of a canonical object. ``also`` are other names for it, blanks between them, words joined by ``_``."""

    name: str
    type: Literal["string", "integer", "number", "boolean", "date-time", "object", "reference"] = "string"
    also: str = ""
    refers_to: str = ""  # the canonical object that it names
    required: bool = False


class Thing(Struct, frozen=True, kw_only=True):
    """A canonical object. ``also`` are other names for it; ``never`` words that show that something else is meant.

    ``shared`` are those of its names that other trades use too: a shop has orders, a help desk has tickets. They count
    only beside an object of the trade with a name of its own. ``telling`` are fields one of which its records have.
    """

    name: str
    label: str
    fields: tuple[Field, ...]
    also: str = ""
    never: str = ""
    shared: str = ""
    telling: str = ""

    def field(self, name: str) -> Field | None:
        """The field of that canonical name."""
        return next((one for one in self.fields if one.name == name), None)


class Capability(Struct, frozen=True, kw_only=True):
    """Something that people of the trade need: a sentence that begins with "can", and what an API must have for it.

    Any one of ``ways`` is enough. A way is a list of needs that must all be met: a block kind of an object
    (``create``), a field that its records have (``field``) or that can be written (``writable``), a webhook
    (``event``), or an action on it whose name holds one of some verbs (``do``).
    """

    id: str
    sentence: str
    ways: tuple[tuple[Wanted, ...], ...]
    core: bool = False  # an integration of the trade is of little use without it


class Wanted(Struct, frozen=True):
    """One need: ``Wanted("writable", "contact", "external_id")``, ``Wanted("do", "registration", "check in")``."""

    need: Need
    thing: str
    what: str = ""


class Vertical(Struct, frozen=True, kw_only=True):
    """A trade."""

    name: str
    label: str
    things: tuple[Thing, ...] = field(default_factory=tuple)
    capabilities: tuple[Capability, ...] = field(default_factory=tuple)

    def thing(self, name: str) -> Thing:
        """The canonical object of that name; raises KeyError."""
        return next(one for one in self.things if one.name == name)


_KNOWN: dict[str, Vertical] = {}


def register(vertical: Vertical) -> Vertical:
    """Make a vertical known under its name."""
    _KNOWN[vertical.name] = vertical
    return vertical


def verticals() -> dict[str, Vertical]:
    """All verticals by name."""
    from tieline.connectors.verticals import eventtech, telephony  # noqa: F401 - they register themselves

    return dict(_KNOWN)


def usual(thing: str, label: str, *kinds: Need, core: tuple[Need, ...] = ()) -> tuple[Capability, ...]:
    """The capabilities that are the same for every object."""
    many = f"{label[:-1]}ies" if label.endswith("y") else f"{label}s"
    sentences: dict[Need, str] = {
        "list": f"can list {many}",
        "get": f"can read one {label}",
        "get_by": f"can find {many} by a unique field",
        "search": f"can search {many}",
        "create": f"can create {many}",
        "update": f"can change {many}",
        "delete": f"can delete {many}",
        "incremental": f"can ask for new and changed {many} only",
        "event": f"tells by itself when {many} change",
    }
    return tuple(
        Capability(
            id=f"{thing}.{kind}",
            sentence=sentences[kind],
            ways=((Wanted(kind, thing),),)
            if kind != "search"
            else ((Wanted("search", thing),), (Wanted("get_by", thing),)),
            core=kind in core,
        )
        for kind in kinds
    )
