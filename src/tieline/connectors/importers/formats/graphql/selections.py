"""What is asked for when nobody said: a bounded selection of a type, and the JSON Schema of what it brings.

Scalars and enums; objects inside with what identifies them; objects without an identity of their own (an address, an
amount) with their scalars; unions and interfaces by inline fragments. Never a field that needs arguments, is
deprecated, is a list of things with an identity, or says that it needs a permission.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from tieline.connectors.importers.classify.words import plain, split
from tieline.connectors.importers.formats.graphql import listings
from tieline.connectors.importers.formats.graphql.types import Field, Schema, Type, entry, listed, named, optional

MAX_FIELDS: Final = 60
MAX_DEPTH: Final = 3
MAX_FRAGMENTS: Final = 8
KEYS: Final = ("id", "uuid", "guid", "gid", "key", "code", "slug", "handle")
_IDENTITY: Final = frozenset(("id", "uuid", "guid", "gid"))
_NAMES: Final = frozenset(
    "name title label displayname fullname email code slug handle number sku key username login firstname"
    " lastname".split()
)
_FIRST: Final = re.compile(r"(?i)(?:created|updated|modified|changed)_?(?:at|on|date)?$")
_GUARDED: Final = re.compile(
    r"(?i)requires?\b[^.\n]{0,60}\b(?:permission|access scope|scope|authenticat|staff|admin|one of the following)"
)
_NUMBERS: Final = {
    "Int": "integer",
    "Float": "number",
    "Boolean": "boolean",
    "String": "string",
    "ID": "string",
    "Long": "integer",
    "BigInt": "integer",
    "UnsignedInt": "integer",
}
_MOMENTS: Final = {
    "datetime": "date-time",
    "timestamp": "date-time",
    "datetimeiso": "date-time",
    "date": "date",
    "time": "time",
}
_MAX_CHOICES: Final = 300


@dataclass(slots=True)
class Selection:
    """``text`` goes between braces ("" for a scalar), ``schema`` describes the record, ``output`` refers to that."""

    text: str = ""
    schema: dict[str, Any] = field(default_factory=dict)
    output: dict[str, Any] = field(default_factory=dict)


class Selector:
    """Makes selections of one schema; the same type is worked out once."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.shared: dict[str, Any] = {}  # JSON Schemas that outputs refer to, by the type's name
        self.payloads: dict[str, list[Field]] = {}  # fields of a mutation's result that may hold its record
        self._known: dict[tuple[str, frozenset[str]], Selection] = {}
        self._lists: dict[str, listings.Listing | None] = {}
        self._ordered: dict[str, tuple[list[Field], list[Field]]] = {}
        self._identities: dict[str, bool] = {}

    def record(self, type: str, without: frozenset[str] = frozenset()) -> Selection:
        """The default selection of a record of ``type`` (its outer list, if any, left aside)."""
        key = (named(type), without)
        if key not in self._known:
            found = self.schema.composite(type)
            if found is None:
                self._known[key] = Selection("", leaf := self.leaf(named(type)), leaf)
            else:
                left = [MAX_FIELDS]
                parts, schema = self._of(found, 1, left, without, brief=False)
                output = schema
                if not without:
                    # Types have one name space: no input object is called the same.
                    self.shared[found.name] = schema
                    output = {"$ref": f"#/schemas/{found.name}"}
                self._known[key] = Selection(" ".join(parts), schema, output)
        return self._known[key]

    def leaf(self, type: str) -> dict[str, Any]:
        """The JSON Schema of a scalar or enum."""
        if listed(optional(type)):
            return {"type": "array", "items": self.leaf(entry(optional(type)))}
        name = named(type)
        found = self.schema.types.get(name)
        if found is not None and found.kind == "enum":
            return {"type": "string", "enum": found.values[:_MAX_CHOICES]} if found.values else {"type": "string"}
        if name in _NUMBERS:
            return {"type": _NUMBERS[name]}
        moment = _MOMENTS.get(plain(name).removeprefix("iso8601").removeprefix("iso"))
        return {"type": "string", "format": moment} if moment else {"description": name}

    def identity(self, type: Type) -> bool:
        """Whether things of this type can be told apart: they have an id."""
        if type.name not in self._identities:
            self._identities[type.name] = any(plain(name) in _IDENTITY for name in type.fields)
        return self._identities[type.name]

    def _of(
        self, type: Type, depth: int, left: list[int], without: frozenset[str], *, brief: bool
    ) -> tuple[list[str], dict[str, Any]]:
        taken: dict[str, str] = {}
        parts, members = self._fields(type, depth, left, without, taken, brief=brief)
        if type.kind != "object":
            inner = self._fragments(type, depth, left, without, taken, members, brief=brief)
            parts = ["__typename", *parts, *inner]
            members = {"__typename": {"type": "string"}, **members}
        if not parts:
            parts, members = ["__typename"], {"__typename": {"type": "string"}}
        return parts, {"type": "object", "properties": members}

    def _fragments(
        self,
        type: Type,
        depth: int,
        left: list[int],
        without: frozenset[str],
        taken: dict[str, str],
        members: dict[str, Any],
        *,
        brief: bool,
    ) -> list[str]:
        parts = []
        for name in type.possible[:MAX_FRAGMENTS]:
            member = self.schema.types.get(name)
            if member is None or member.kind != "object" or left[0] <= 0:
                continue
            inner, more = self._fields(member, depth, left, without | set(type.fields), taken, brief=brief)
            if inner:
                parts.append(f"... on {name} {{ {' '.join(inner)} }}")
                for key, value in more.items():
                    members.setdefault(key, value)
        return parts

    def _fields(
        self, type: Type, depth: int, left: list[int], without: frozenset[str], taken: dict[str, str], *, brief: bool
    ) -> tuple[list[str], dict[str, Any]]:
        parts: list[str] = []
        members: dict[str, Any] = {}
        leaves, composites = self._candidates(type)
        for one in leaves:
            if left[0] <= 0:
                break
            # Two fragments that give one name two meanings are refused (spec, section 5.3.2).
            if one.name in without or taken.get(one.name, one.type) != one.type:
                continue
            if brief and plain(one.name) not in _NAMES | _IDENTITY:
                continue
            left[0] -= 1
            parts.append(one.name)
            members[one.name] = self._described(one, self.leaf(one.type))
            taken[one.name] = one.type
        for one in composites if depth < MAX_DEPTH and not brief else ():
            if left[0] <= 0:
                break
            inner = None if one.name in without else self._below(one, depth, left, taken)
            if inner is not None:
                left[0] -= 1
                parts.append(f"{one.name} {{ {' '.join(inner[0])} }}")
                members[one.name] = self._described(one, inner[1])
                taken[one.name] = one.type
        return parts, members

    def _candidates(self, type: Type) -> tuple[list[Field], list[Field]]:
        """The scalars and the objects that may be asked for, those that tell most first."""
        if type.name not in self._ordered:
            usable = [one for one in type.fields.values() if _usable(one)]
            usable = [one for one in usable if not _GUARDED.search(one.description)] or usable
            leaves = [one for one in usable if self.schema.leaf(one.type)]
            composites = [one for one in usable if self.schema.composite(one.type) is not None]
            self._ordered[type.name] = sorted(leaves, key=_rank), sorted(composites, key=_rank)
        return self._ordered[type.name]

    def _below(
        self, one: Field, depth: int, left: list[int], taken: dict[str, str]
    ) -> tuple[list[str], dict[str, Any]] | None:
        """The selection of an object field, None where it is not asked for."""
        inner = self.schema.composite(one.type)
        if inner is None or one.name in taken or inner.name in (self.schema.query, self.schema.mutation):
            return None
        if listed(optional(one.type)):
            # A list of things is a block of its own, or too much; a list of plain values (an address) is not.
            if inner.kind != "object" or self.identity(inner) or one.arguments or listed(entry(optional(one.type))):
                return None
            if any(not self.schema.leaf(each.type) for each in inner.fields.values()):
                return None
            parts, schema = self._of(inner, depth + 1, left, frozenset(), brief=False)
            return parts, {"type": "array", "items": schema}
        if self.listing(one.type) is not None:
            return None
        return self._of(inner, depth + 1, left, frozenset(), brief=self.identity(inner) or inner.kind != "object")

    def listing(self, type: str) -> listings.Listing | None:
        """`listings.find`, worked out once a type."""
        if type not in self._lists:
            self._lists[type] = listings.find(self.schema, type)
        return self._lists[type]

    def _described(self, one: Field, schema: dict[str, Any]) -> dict[str, Any]:
        found = dict(schema)
        if isinstance(kind := found.get("type"), str) and not one.type.endswith("!"):
            found["type"] = [kind, "null"]
            if "enum" in found:
                found["enum"] = [*found["enum"], None]
        if one.description:
            found["description"] = one.description[:200]
        return found


def _usable(one: Field) -> bool:
    return one.free and not one.deprecated and not one.name.startswith(("__", "private"))


def _rank(one: Field) -> int:
    """Which fields come first where not all fit."""
    word = plain(one.name)
    if word in _IDENTITY:
        return 0
    if word in _NAMES or _FIRST.match("_".join(split(one.name))):
        return 1
    return 2 if not one.arguments else 3
