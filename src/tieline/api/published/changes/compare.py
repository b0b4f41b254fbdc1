"""The difference of two surfaces.

**Breaking** is what can stop a program that worked: an operation, parameter, field, value or answer that went away, an
input that is needed now or takes less, an output that may be missing or null now, another type, another default, a way
in that is no longer enough. **Compatible** is what adds. **Documentation** is what only people notice.

A schema that operations share is compared once for what is sent and once for what is answered, and told of once each.
What it is called does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from tieline.api.published.changes.types import (
    BREAKING,
    COMPATIBLE,
    DOCUMENTATION,
    Type,
    Weight,
    differences,
    read,
)

_ORDER = {BREAKING: 0, COMPATIBLE: 1, DOCUMENTATION: 2}


class Change(Struct, frozen=True):
    """One change: ``subject`` is ``GET /path``, or ``schema Thing`` with ``in`` or ``out``; ``where`` in it as
    surfaces name it (``query limit``, ``body.name``, ``200 .state``)."""

    weight: Weight
    subject: str
    where: str
    what: str


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """All changes from the surface ``old`` to the surface ``new``, breaking ones first."""
    found = set(_Comparison(old, new).changes())
    return sorted(found, key=lambda one: (_ORDER[one.weight], one.subject, one.where, one.what))


class _Comparison:
    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old["operations"], new["operations"]
        self._old_schemas, self._new_schemas = old["schemas"], new["schemas"]
        self._seen: set[tuple[str, str, bool]] = set()

    def changes(self) -> Iterator[Change]:
        for name in self._old.keys() - self._new.keys():
            yield Change(BREAKING, name, "", "the operation was removed")
        for name in self._new.keys() - self._old.keys():
            yield Change(COMPATIBLE, name, "", "the operation is new")
        for name in sorted(self._old.keys() & self._new.keys()):
            yield from self._operation(name, self._old[name], self._new[name])

    def _operation(self, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
        if before["id"] != after["id"]:
            # Generated clients call it by this name.
            yield Change(BREAKING, name, "", f"the operation id was {before['id']!r} and is {after['id']!r}")
        if bool(before.get("deprecated")) != bool(after.get("deprecated")):
            told = "is deprecated" if after.get("deprecated") else "is no longer deprecated"
            yield Change(COMPATIBLE, name, "", f"the operation {told}")
        yield from _security(name, before, after)
        yield from self._fields(name, "", before["in"], after["in"], sent=True)
        old, new = _by_status(before["out"]), _by_status(after["out"])
        for status in old.keys() - new.keys():
            # A program that never meets an error it knew is not stopped by that.
            yield Change(BREAKING if status < "400" else COMPATIBLE, name, status, "the answer was removed")
        for status in new.keys() - old.keys():
            yield Change(COMPATIBLE, name, status, "the answer is new")
        for status in sorted(old.keys() & new.keys()):
            yield from self._fields(name, f"{status} ", old[status], new[status], sent=False)
        if before["words"] != after["words"]:
            yield Change(DOCUMENTATION, name, "", "the description changed")

    def _fields(
        self, subject: str, prefix: str, old: Mapping[str, str], new: Mapping[str, str], *, sent: bool
    ) -> Iterator[Change]:
        old, new = self._alike(dict(old), dict(new))
        for where in sorted(old.keys() | new.keys()):
            place = f"{prefix}{where}".strip()
            if where not in new:
                if not _inside_of(where, old.keys() - new.keys()):
                    yield Change(BREAKING, subject, place, f"the {'input' if sent else 'field'} was removed")
            elif where not in old:
                yield from _added(subject, place, where, old, new, sent=sent)
            else:
                before, after = read(old[where]), read(new[where])
                if old[where] != new[where]:
                    judge = _input if sent else _output
                    yield from (Change(weight, subject, place, what) for weight, what in judge(before, after))
                if before.schema and after.schema:
                    yield from self._schemas(before.schema, after.schema, sent=sent)

    def _schemas(self, old: str, new: str, *, sent: bool) -> Iterator[Change]:
        pair = (old, new, sent)
        if pair not in self._seen:
            self._seen.add(pair)
            subject = f"schema {new} {'in' if sent else 'out'}"
            yield from self._fields(
                subject, "", self._old_schemas.get(old, {}), self._new_schemas.get(new, {}), sent=sent
            )

    def _alike(self, old: dict[str, str], new: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Both with the fields of a schema in its place where only one of them gives it a name."""
        for where in list(old.keys() & new.keys()):
            before, after = read(old[where]).schema, read(new[where]).schema
            if bool(before) == bool(after):
                continue
            fields, schema = (old, self._old_schemas.get(before, {})) if before else (new, self._new_schemas[after])
            flags = "!" if read(fields[where]).required else ""
            kind, space, rest = schema.get("", "any").partition(" ")
            fields.update({f"{where}{inner}": text for inner, text in schema.items() if inner})
            fields[where] = f"{kind}{flags}{space}{rest}"
        return old, new


def _security(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    old, new = set(before.get("security", ())), set(after.get("security", ()))
    if not old and new:
        yield Change(BREAKING, name, "security", "callers have to say who they are now")
    elif old and not new:
        yield Change(COMPATIBLE, name, "security", "callers need not say who they are")
    else:
        for way in old - new:
            yield Change(BREAKING, name, "security", f"{way} is no longer enough")
        for way in new - old:
            yield Change(COMPATIBLE, name, "security", f"{way} is a way in as well")


def _added(
    subject: str, place: str, where: str, old: Mapping[str, str], new: Mapping[str, str], *, sent: bool
) -> Iterator[Change]:
    if not sent:
        yield Change(COMPATIBLE, subject, place, "the field is new")
        return
    cut = max(where.rfind("."), where.rfind("["))
    # What something new and optional needs is nobody's trouble.
    needed = read(new[where]).required and (cut < 0 or where[:cut] in old)
    told = "the input is new, and required" if needed else "the input is new"
    yield Change(BREAKING if needed else COMPATIBLE, subject, place, told)


def _input(before: Type, after: Type) -> Iterator[tuple[Weight, str]]:
    if after.required and not before.required:
        yield BREAKING, "is required now"
    elif before.required and not after.required:
        yield COMPATIBLE, "is no longer required"
    if before.default != after.default and not (before.required and before.default is None):
        yield BREAKING, f"the default was {before.default or 'none'} and is {after.default or 'none'}"
    yield from differences(before, after, wider=COMPATIBLE, narrower=BREAKING)


def _output(before: Type, after: Type) -> Iterator[tuple[Weight, str]]:
    if before.required and not after.required:
        yield BREAKING, "may be missing now"
    elif after.required and not before.required:
        yield COMPATIBLE, "is always there now"
    yield from differences(before, after, wider=BREAKING, narrower=COMPATIBLE)


def _by_status(answers: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    return {status: fields for statuses, fields in answers.items() for status in statuses.split(" ")}


def _inside_of(where: str, gone: set[str]) -> bool:
    """Whether what it lies in is gone too; then that is the change."""
    return any(where.startswith((f"{other}.", f"{other}[")) for other in gone if other and other != where)
