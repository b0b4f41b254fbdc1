"""The inferred values of a manifest: listed with why they are what they are, and corrected by a person.

A value is named by a path in the spelling of JSON pointers (RFC 6901), in which things stand under their ids:
``/blocks/list_contacts/kind``, ``/blocks/list_contacts/paging/size_param``, ``/auth/key/name``, ``/paging/style``,
``/blocks/create_contact/inputs/email/required``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Struct

from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import Fact, Incremental, Manifest, Paging, RateBudget
from tieline.core.errors import BadInput

SECTIONS: Final = {"blocks": "id", "auth": "id", "objects": "name", "webhooks": "id"}
_PARTS: Final[dict[str, type[Struct]]] = {"paging": Paging, "incremental": Incremental, "rate": RateBudget}
_ENTRIES: Final = ("inputs", "fields")
# What automations, connections and other parts of the manifest know a thing by, and what has values of its own.
_FIXED: Final = {
    "Manifest": {"schema", "name", "version", "guid", "source", "storage", "schemas", "soap", "warnings", *SECTIONS},
    "AuthMethod": {"id", "fields"},
    "ObjectType": {"name"},
    "Block": {"id", "guid", "inputs"},
    "WebhookEvent": {"id", "guid"},
    "Input": {"id"},
}


class Told(Struct, frozen=True):
    """One value with its fact; ``choices`` are what it may be where only some values are allowed."""

    path: str
    value: Any
    fact: Fact
    choices: tuple[Any, ...] = ()


def facts_of(manifest: Manifest) -> Iterator[Told]:
    """Every value of a manifest that has a fact, in the order of the manifest."""
    yield from _of(manifest, "")
    for section, key in SECTIONS.items():
        for one in getattr(manifest, section):
            yield from _of(one, f"/{section}/{_escape(getattr(one, key))}")


def correct(manifest: Manifest, changes: Sequence[tuple[str, Any]], *, note: str = "") -> Manifest:
    """The manifest with what a person says of it: a new one, in which each of these values has a fact by ``human``,
    which imports and probes leave alone. ``null`` puts a value back to what it is where nothing is said.

    Raises `BadInput` whose pointer is ``/facts/<index>/path`` or ``/facts/<index>/value``, and `ManifestError`
    where the whole does not fit together any more.
    """
    made: Manifest = msgspec.convert(msgspec.to_builtins(manifest), Manifest)
    for index, (path, value) in enumerate(changes):
        try:
            _change(made, path, value, note)
        except _Wrong as error:
            raise BadInput(f"{path[:200]}: {error.detail}", pointer=f"/facts/{index}/{error.where}") from None
    return io.load(io.dump(made, "json"))


class _Wrong(Exception):
    def __init__(self, detail: str, where: Literal["path", "value"] = "path") -> None:
        super().__init__(detail)
        self.detail, self.where = detail, where


def _of(owner: Any, path: str) -> Iterator[Told]:
    for name, fact in owner.facts.items():
        value, choices = _said(owner, name)
        yield Told(f"{path}/{_escape(name) if name == '*' or '.' not in name else _dotted(name)}", value, fact, choices)
    for name in _PARTS:
        part = getattr(owner, name, UNSET)
        if part is not UNSET:
            yield from _of(part, f"{path}/{name}")


def _dotted(name: str) -> str:
    section, _, rest = name.partition(".")
    return f"{_escape(section)}/{_escape(rest)}"


def _said(owner: Any, name: str) -> tuple[Any, tuple[Any, ...]]:
    """The value that a fact is about, and what else it could be; None where the fact is about no single field."""
    section, _, identity = name.partition(".")
    if section in _ENTRIES and identity:
        entry = next((one for one in getattr(owner, section, []) if one.id == identity), None)
        return (None if entry is None else msgspec.to_builtins(entry)), ()
    value = getattr(owner, name, None) if name in owner.__struct_fields__ else None
    kind: Any = type(owner)
    return (None if value is UNSET else msgspec.to_builtins(value)), _allowed(kind).get(name, ())


@cache
def _allowed(kind: Any) -> dict[str, tuple[Any, ...]]:
    """The values of those fields that have a closed set of them."""
    found = {}
    for name, hint in get_type_hints(kind).items():
        hints = (hint, *get_args(hint))
        literal = next((one for one in hints if get_origin(one) is Literal), None)
        if literal is not None:
            found[name] = get_args(literal)
    return found


def _change(manifest: Manifest, path: str, value: Any, note: str) -> None:
    if not path.startswith("/"):
        raise _Wrong("a path begins with /, as /blocks/list_contacts/kind does")
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    owner: Any = manifest
    if parts[0] in SECTIONS:
        if len(parts) < 3:
            raise _Wrong(f"name one of {parts[0]} by its id, and a field of it")
        key = SECTIONS[parts[0]]
        owner = next((one for one in getattr(manifest, parts[0]) if getattr(one, key) == parts[1]), None)
        if owner is None:
            raise _Wrong(f"there is no {parts[1]!r:.80} in {parts[0]}")
        parts = parts[2:]
    if len(parts) > 1 and parts[0] in _PARTS and hasattr(owner, parts[0]):
        owner = _part(manifest, owner, parts[0])
        parts = parts[1:]
    fact = Fact(by="human", note=note)
    if len(parts) in (2, 3) and parts[0] in _ENTRIES and hasattr(owner, parts[0]):
        _change_entry(owner, parts, value)
        owner.facts[f"{parts[0]}.{parts[1]}"] = fact
    elif len(parts) == 1:
        setattr(owner, parts[0], getattr(_with(owner, parts[0], value), parts[0]))
        old = owner.facts.get(parts[0])
        owner.facts[parts[0]] = fact if old is None else msgspec.structs.replace(fact, evidence=old.evidence)
    else:
        raise _Wrong("there is no such value in a manifest")


def _part(manifest: Manifest, owner: Any, name: str) -> Any:
    """The paging, incremental settings or rate budget of something; made where it has none, of what holds for it."""
    part = getattr(owner, name)
    if part is UNSET:
        inherited = getattr(manifest, name, UNSET)
        part = _PARTS[name]() if inherited is UNSET else msgspec.structs.replace(inherited, facts={})
        setattr(owner, name, part)
    return part


def _change_entry(owner: Any, parts: Sequence[str], value: Any) -> None:
    """An input, or a field of an auth method: the whole of it, or one thing of it."""
    entries = getattr(owner, parts[0])
    at = next((index for index, one in enumerate(entries) if one.id == parts[1]), None)
    if at is None:
        raise _Wrong(f"there is no {parts[1]!r:.80} in {parts[0]}")
    if len(parts) == 3:
        entries[at] = _with(entries[at], parts[2], value)
        return
    if not isinstance(value, dict) or value.get("id", parts[1]) != parts[1]:
        raise _Wrong("the value is an object whose id is that of the path", "value")
    entries[at] = _converted({**value, "id": parts[1]}, type(entries[at]))


def _with(owner: Any, name: str, value: Any) -> Any:
    kind = type(owner)
    if name == "facts" or name not in owner.__struct_fields__ or name in _FIXED.get(kind.__name__, ()):
        raise _Wrong(f"{name!r:.80} is no value that can be corrected here")
    plain = msgspec.to_builtins(owner)
    plain.pop(name, None)
    if value is not None:
        plain[name] = value
    return _converted(plain, kind)


def _converted(plain: Any, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise _Wrong(f"{str(error)[:300]}", "value") from None


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
