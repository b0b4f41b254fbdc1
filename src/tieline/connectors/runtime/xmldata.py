"""XML answers as data, for APIs that speak XML without SOAP.

``$`` is the content of the root element. An element with neither attributes nor children is its text (null when it is
empty), any other one an object: attributes are ``@name``, text beside them ``#text``, what stands there several times a
list. Namespaces are left out; where that would make two names one, the foreign one is ``prefix:name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.model import Block
from tieline.connectors.manifest.paths import MISSING
from tieline.connectors.manifest.shapes import resolved
from tieline.connectors.manifest.xmlread import XSI, Node
from tieline.connectors.runtime.soap.scalars import from_text

_MAX_DEPTH: Final = 100
_KINDS: Final = {"integer": "integer", "number": "decimal", "boolean": "boolean"}


def plain_value(node: Node) -> Any:
    """One element as data."""
    if node.nil:
        return None
    attributes = {
        "@" + name.rpartition("}")[2]: value
        for name, value in node.attributes.items()
        if not name.startswith(f"{{{XSI}}}")
    }
    if not node.children:
        if not attributes:
            return node.text if node.text.strip() else None
        return {**attributes, "#text": node.text} if node.text.strip() else attributes
    result: dict[str, Any] = attributes
    lists: set[str] = set()
    for child, name in zip(node.children, _names(node), strict=True):
        value = plain_value(child)
        if name not in result:
            result[name] = value
        elif name in lists:
            result[name].append(value)
        else:
            lists.add(name)
            result[name] = [result[name], value]
    if node.text.strip():
        result["#text"] = node.text.strip()
    return result


def _names(node: Node) -> list[str]:
    """The names of the children, with a prefix where one local name stands for two things."""
    spaces: dict[str, set[str]] = {}
    for one in node.children:
        spaces.setdefault(one.name, set()).add(one.namespace)
    if all(len(found) == 1 for found in spaces.values()):
        return [one.name for one in node.children]
    names = []
    for one in node.children:
        found = spaces[one.name]
        own = node.namespace if node.namespace in found else min(found)
        if one.namespace == own:
            names.append(one.name)
        else:
            prefixes = sorted(prefix for prefix, space in one.scope.items() if space == one.namespace and prefix)
            names.append(f"{prefixes[0] if prefixes else 'other'}:{one.name}")
    return names


def shaped(body: Any, block: Block, schemas: Mapping[str, Any]) -> Any:
    """``body`` with the block's records as its output schema has them: lists, numbers and booleans instead of text.

    Formats without types (XML, CSV) need this; what the schema does not know stays as it is.
    """
    steps = paths.parse(block.records) if block.records else []
    found = paths.get(body, block.records) if block.records else body
    if found is MISSING or any(not isinstance(step, str | int) for step in steps):
        return body
    if block.iterable:
        if not block.records and not _wraps(found, block.output, schemas):
            return body
        new: Any = [fit(one, block.output, schemas) for one in _as_list(found, block.output, schemas)]
    else:
        new = fit(found, block.output, schemas)
    if not steps:
        return new
    holder = body if len(steps) == 1 else paths.get(body, paths.render(list(steps[:-1])))
    last = steps[-1]
    if (isinstance(holder, dict) and isinstance(last, str)) or (isinstance(holder, list) and isinstance(last, int)):
        holder[last] = new  # type: ignore[index]
    return body


def fit(value: Any, schema: Any, schemas: Mapping[str, Any], depth: int = 0) -> Any:
    """A value without types in the types of its JSON Schema."""
    schema = resolved(schema, schemas)
    if not schema or depth > _MAX_DEPTH:
        return value
    kinds = schema.get("type")
    kind = next((one for one in kinds if one != "null"), None) if isinstance(kinds, list) else kinds
    if kind == "array" or (kind is None and isinstance(schema.get("items"), dict)):
        items = schema.get("items")
        return [fit(one, items, schemas, depth + 1) for one in _as_list(value, items, schemas)]
    if isinstance(value, dict):
        properties = _properties(schema, schemas)
        for name, one in properties.items():
            if name in value:
                value[name] = fit(value[name], one, schemas, depth + 1)
            elif "@" + name in value and not isinstance(value["@" + name], dict):
                value[name] = fit(value.pop("@" + name), one, schemas, depth + 1)
        return value
    if isinstance(value, str) and kind in _KINDS:
        return from_text(value, _KINDS[kind])
    if value is None and kind == "string" and not isinstance(kinds, list):
        return ""
    return value


def _as_list(value: Any, item: Any, schemas: Mapping[str, Any]) -> list[Any]:
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return value
    if _wraps(value, item, schemas):
        inner = next(one for name, one in value.items() if name[:1] not in "@#")
        return inner if isinstance(inner, list) else [] if inner is None else [inner]
    return [value]


def _wraps(value: Any, item: Any, schemas: Mapping[str, Any]) -> bool:
    """True for ``{"pet": [...]}`` where a list of pets belongs: an element around the entries."""
    if not isinstance(value, dict):
        return False
    names = [name for name in value if name[:1] not in "@#"]
    return len(names) == 1 and names[0] not in _properties(resolved(item, schemas), schemas)


def _properties(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in (schema, *(resolved(part, schemas) for part in schema.get("allOf") or ())):
        properties = one.get("properties")
        if isinstance(properties, dict):
            found.update(properties)
    return found
