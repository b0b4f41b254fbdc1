"""Arguments as inputs: each becomes a variable, and the fields of an input object stand beside each other."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET

from tieline.connectors.importers.classify.words import plain, snake, title
from tieline.connectors.importers.formats.graphql.selections import Selector
from tieline.connectors.importers.formats.graphql.types import (
    MAX_LOOKED_AT,
    Argument,
    Schema,
    entry,
    listed,
    named,
    optional,
)
from tieline.connectors.importers.values import Unique
from tieline.connectors.manifest.model import Input

FIELDS: Final = "fields"
MAX_MEMBERS: Final = 40  # an input object with more stays one input
_MAX_CHOICES: Final = 500
_TYPES: Final = {"integer": "integer", "number": "number", "boolean": "boolean", "string": "string"}
_FREE_FORM: Final = ("json", "jsonobject", "jsonstring", "map", "object", "any", "hash", "record", "attributes")
_SECRETS: Final = frozenset("password passwd newpassword oldpassword currentpassword secret clientsecret".split())


class Inputs:
    """Makes the inputs of one schema's fields."""

    def __init__(self, schema: Schema, selector: Selector) -> None:
        self.schema = schema
        self.selector = selector

    def uploads(self, arguments: list[Argument]) -> tuple[list[str], bool]:
        """Arguments that take a file (GraphQL multipart requests), and whether one of them must be given."""
        names, needed = [], False
        for one in arguments:
            holder = self.schema.get(one.type)
            members = [] if holder is None or holder.kind != "input" else [*holder.members()]
            for each in [one, *members]:
                if named(each.type) == "Upload":
                    names.append(each.name)
                    needed = needed or (each.needed and (each is one or one.needed))
        return names, needed

    def build(
        self, arguments: list[Argument], hidden: set[str], *, required: frozenset[str] = frozenset()
    ) -> tuple[list[Input], dict[str, str]]:
        """Inputs and the variables that they fill (name -> type); ``hidden`` are pointers that paging fills in."""
        inputs: list[Input] = []
        variables: dict[str, str] = {}
        unique = Unique()
        unique.take(FIELDS)
        for one in sorted(arguments, key=lambda each: not (each.needed or each.name in required))[:MAX_LOOKED_AT]:
            pointer = f"/variables/{one.name}"
            if named(one.type) == "Upload" or _idle(one):
                continue
            variables[one.name] = one.type
            if pointer in hidden:
                continue
            holder = self.schema.get(one.type)
            expands = holder is not None and holder.kind == "input" and not listed(optional(one.type))
            if not expands or holder is None or not 0 < len(holder.inputs) <= MAX_MEMBERS:
                inputs.append(self._input(one, pointer, one.needed or one.name in required, unique))
                continue
            for each in holder.inputs.values():
                inside = f"{pointer}/{each.name}"
                if inside in hidden or named(each.type) == "Upload" or each.deprecated or _idle(each):
                    continue
                needed = each.needed and (one.needed or one.name in required) and not holder.one_of
                inputs.append(self._input(each, inside, needed, unique, one.name))
        inputs.sort(key=lambda each: not each.required)
        return inputs, variables

    def _input(self, one: Argument, pointer: str, required: bool, unique: Unique, holder: str = "") -> Input:
        id_ = snake(one.name) or "value"
        taken = unique.take(id_)
        if taken != id_ and holder:
            taken = unique.take(f"{snake(holder)}_{id_}")
        found = Input(
            id=taken,
            label=title(one.name),
            location="body",
            name=pointer,
            required=required,
            description=one.description[:2000],
        )
        schema = self.schema_of(one.type)
        kind = schema.get("type")
        if one.has_default and isinstance(one.default, str | int | float | bool) and _writable(one.default):
            found.default = one.default
        if listed(optional(one.type)):
            found.type, found.schema = "array", schema
        elif "$ref" in schema:
            found.type, found.schema = "object", schema
        elif "enum" in schema:
            found.type, found.choices = "select", schema["enum"][:_MAX_CHOICES]
        elif plain(one.name) in _SECRETS:
            found.type, found.secret = "password", True
        elif kind in _TYPES:
            found.type, found.format = _TYPES[kind], schema.get("format", "")
        elif plain(named(one.type)) in _FREE_FORM:
            found.type = "object"
        if found.default is not UNSET and found.type in ("array", "object"):
            found.default = UNSET
        return found

    def schema_of(self, type: str) -> dict[str, Any]:
        """The JSON Schema of an input type; input objects are referred to by name."""
        inner = optional(type)
        if listed(inner):
            return {"type": "array", "items": self.schema_of(entry(inner))}
        holder = self.schema.get(inner)
        if holder is not None and holder.kind == "input":
            return {"$ref": f"#/schemas/{holder.name}"}
        return self.selector.leaf(inner)

    def schemas(self) -> dict[str, Any]:
        """All input objects as JSON Schemas, by name."""
        found: dict[str, Any] = {}
        for one in self.schema.types.values():
            if one.kind != "input":
                continue
            members = {}
            for each in one.inputs.values():
                members[each.name] = self.schema_of(each.type)
                if each.description:
                    members[each.name]["description"] = each.description[:300]
            found[one.name] = {"type": "object", "properties": members}
            needed = [each.name for each in one.inputs.values() if each.needed]
            if needed and not one.one_of:
                found[one.name]["required"] = needed
            if one.description:
                found[one.name]["description"] = one.description[:500]
        return found


def _idle(one: Argument) -> bool:
    """Relay's ``clientMutationId`` only comes back as it was sent."""
    return one.name == "clientMutationId" and not one.needed


def _writable(value: Any) -> bool:
    """Whether a manifest gives the number back as it is."""
    return not isinstance(value, int) or -(2**63) <= value < 2**64
