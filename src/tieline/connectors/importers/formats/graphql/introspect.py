"""Schemas as a server tells them about itself (October 2021 spec, section 4)."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.formats.graphql.types import MAX_WRAPPERS, Argument, Field, Kind, Schema, Type
from tieline.connectors.importers.values import Notices, mapping, sequence, text
from tieline.connectors.manifest.errors import DocumentTooLarge

_KINDS: Final[dict[str, Kind]] = {
    "SCALAR": "scalar",
    "OBJECT": "object",
    "INTERFACE": "interface",
    "UNION": "union",
    "ENUM": "enum",
    "INPUT_OBJECT": "input",
}
_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*\Z")
_REFERENCE_DEPTH: Final = 9
MAX_TYPES: Final = 30_000
MAX_MEMBERS: Final = 300_000  # fields and arguments, all together; Shopify's whole schema has some 40,000


def introspection_query() -> str:
    """The query for a whole schema, in words that old servers understand: no ``specifiedByURL``, no ``isOneOf``."""
    of_type = "kind name"
    for _ in range(_REFERENCE_DEPTH):
        of_type = f"kind name ofType {{ {of_type} }}"
    return (
        "query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name }"
        " types { kind name description"
        " fields(includeDeprecated: true) { name description args { ...Value } type { ...Reference } isDeprecated }"
        " inputFields { ...Value } interfaces { name } enumValues(includeDeprecated: false) { name }"
        " possibleTypes { name } } } }"
        " fragment Value on __InputValue { name description type { ...Reference } defaultValue }"
        f" fragment Reference on __Type {{ {of_type} }}"
    )


def is_introspection(data: Any) -> bool:
    """Whether this is the answer to an introspection query, with or without ``data`` around it."""
    return _root(data) is not None


def read_introspection(data: Any, notices: Notices) -> Schema:
    """The schema in an introspection answer; what is missing or of a wrong type in it becomes a notice."""
    root = _root(data)
    if root is None:
        raise NotAnApiDocument("There is no `__schema` in this JSON; it is no answer to an introspection query.")
    schema = Schema(description=text(root.get("description"), 5_000))
    for operation in ("query", "mutation", "subscription"):
        given = root.get(f"{operation}Type")
        setattr(schema, operation, _name(given if isinstance(given, str) else mapping(given).get("name")))
    types = sequence(root.get("types"))
    _bounded(types)
    for number, node in enumerate(types):
        one = _type(mapping(node), notices)
        if one is None:
            notices.add(
                "unnamed-type", "A type without a usable name or kind was left out.", f"/__schema/types/{number}"
            )
        elif not one.name.startswith("__"):
            schema.types.setdefault(one.name, one)
    if not (schema.query or schema.mutation):
        schema.query, schema.mutation = (name if name in schema.types else "" for name in ("Query", "Mutation"))
    schema.link()
    return schema


def _bounded(types: list[Any]) -> None:
    members = 0
    for node in map(mapping, types):
        fields = sequence(node.get("fields"))
        members += len(fields) + len(sequence(node.get("inputFields")))
        members += sum(len(sequence(mapping(one).get("args"))) for one in fields)
    if len(types) > MAX_TYPES or members > MAX_MEMBERS:
        raise DocumentTooLarge(
            f"The schema has {len(types):,} types with {members:,} fields and arguments; the limits are"
            f" {MAX_TYPES:,} and {MAX_MEMBERS:,}."
        )


def _root(data: Any) -> dict[str, Any] | None:
    for _ in range(3):
        if isinstance(data, list) and len(data) == 1:
            data = data[0]
        if not isinstance(data, dict):
            return None
        found = data.get("__schema")
        if isinstance(found, dict) and isinstance(found.get("types"), list):
            return found
        data = data.get("data") if "data" in data else data.get("schema")
    return None


def _name(value: Any) -> str:
    return value if isinstance(value, str) and _NAME.match(value) else ""


def _type(node: dict[str, Any], notices: Notices) -> Type | None:
    name, kind = _name(node.get("name")), _KINDS.get(text(node.get("kind"), 20))
    if not name or kind is None:
        return None
    one = Type(kind, name, text(node.get("description"), 5_000), one_of=node.get("isOneOf") is True)
    for each in map(mapping, sequence(node.get("fields"))):
        called, type_ = _name(each.get("name")), reference(each.get("type"))
        if not called or not type_:
            notices.add("unusable-field", "A field without a name or type was left out.", f"{name}.{called}")
            continue
        arguments = _arguments(each.get("args"), f"{name}.{called}", notices)
        one.fields[called] = Field(
            called, type_, arguments, text(each.get("description"), 5_000), each.get("isDeprecated") is True
        )
    one.inputs = {each.name: each for each in _arguments(node.get("inputFields"), name, notices)}
    one.values = [
        value
        for each in map(mapping, sequence(node.get("enumValues")))
        if (value := _name(each.get("name"))) and each.get("isDeprecated") is not True
    ]
    one.possible = [
        value for each in sequence(node.get("possibleTypes")) if (value := _name(mapping(each).get("name")))
    ]
    one.interfaces = [value for each in sequence(node.get("interfaces")) if (value := _name(mapping(each).get("name")))]
    if kind == "interface" and not one.possible:
        one.possible = []
    return one


def _arguments(nodes: Any, at: str, notices: Notices) -> list[Argument]:
    found = []
    for each in map(mapping, sequence(nodes)):
        name, type_ = _name(each.get("name")), reference(each.get("type"))
        if not name or not type_:
            notices.add("unusable-field", "An argument without a name or type was left out.", f"{at}({name}:)")
            continue
        written = each.get("defaultValue")
        has = isinstance(written, str)
        found.append(
            Argument(
                name,
                type_,
                text(each.get("description"), 5_000),
                _default(written) if isinstance(written, str) else None,
                has,
                each.get("isDeprecated") is True,
            )
        )
    return found


def reference(node: Any) -> str:
    """A type reference as text; "" for one that is cut off or broken."""
    wrappers: list[str] = []
    while isinstance(node, dict) and len(wrappers) <= 2 * MAX_WRAPPERS:
        kind = node.get("kind")
        if kind not in ("LIST", "NON_NULL"):
            name = _name(node.get("name"))
            if not name:
                return ""
            for one in reversed(wrappers):
                name = f"[{name}]" if one == "LIST" else f"{name.removesuffix('!')}!"
            return name
        wrappers.append(kind)
        node = node.get("ofType")
    return ""


def _default(written: str) -> Any:
    """A default value as GraphQL writes it, where that is JSON or the name of an enum value; else None."""
    if len(written) > 1_000:
        return None
    if _NAME.match(written) and written not in ("true", "false", "null"):
        return written
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return None
