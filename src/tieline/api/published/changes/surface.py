"""From an OpenAPI document to its surface.

{"operations": {"GET /things/{id}": {
     "id": "getThing", "words": "9f86d081", "deprecated": true, "security": ["apiKey"],
     "in": {"path id": "string!", "query limit": "integer =20 [1..100]", "body": "@Change!"},
     "out": {"200": {"": "@Thing!"}, "400 401 404": {"": "@ErrorResponse!"}}}},
 "schemas": {"Thing": {"": "object", ".name": "string!", ".state": "string {live|hidden}", ".parts[]": "@Part!"}}}

Each text says a type: its name, or ``@`` and a schema's; ``?`` where it may be null, ``!`` where it has to be there,
``=`` its default, ``{}`` its values, ``[]`` its bounds, ``//`` its pattern. ``words`` is a digest of what only people
read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_SCHEMAS = "#/components/schemas/"
_BOUNDS = (
    ("minimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
)
_TOGETHER = ("allOf", "anyOf", "oneOf")
# How far a schema without a name is looked into.
_DEEPEST = 8

Surface = dict[str, dict[str, Any]]


def surface(document: Mapping[str, Any]) -> Surface:
    """The surface of an OpenAPI 3 document, sorted. What is not in its form is left out."""
    reader = _Reader(document)
    operations = {}
    for path, item in _mapping(document.get("paths")).items():
        for method in _METHODS:
            operation = _mapping(item).get(method)
            if isinstance(operation, Mapping):
                operations[f"{method.upper()} {path}"] = reader.operation(operation, _listed(item.get("parameters")))
    return {"operations": dict(sorted(operations.items())), "schemas": reader.schemas()}


def is_surface(document: Mapping[str, Any]) -> bool:
    """Whether a document from elsewhere is in the form of a surface."""
    try:
        msgspec.convert(document, _Form)
    except msgspec.ValidationError:
        return False
    return True


class _Operation(msgspec.Struct):
    id: str
    words: str
    taken: dict[str, str] = msgspec.field(name="in")
    out: dict[str, dict[str, str]]
    security: list[str] = []
    deprecated: bool = False


class _Form(msgspec.Struct):
    operations: dict[str, _Operation]
    schemas: dict[str, dict[str, str]]


def written(found: Mapping[str, Any]) -> str:
    """A surface as it is kept: JSON with a line for each operation and each schema, so that a change is a line."""

    def said(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    parts = []
    for part, entries in found.items():
        lines = ",\n".join(f"{said(name)}: {said(entry)}" for name, entry in entries.items())
        parts.append(f"{said(part)}: {{\n{lines}\n}}")
    return "{" + ",\n".join(parts) + "}\n"


class _Reader:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._named: dict[str, dict[str, str]] = {}
        self._waiting: list[str] = []

    def operation(self, operation: Mapping[str, Any], shared: list[Any]) -> dict[str, Any]:
        said: dict[str, Any] = {"id": operation.get("operationId", ""), "words": _digest(operation)}
        if operation.get("deprecated"):
            said["deprecated"] = True
        ways = _listed(operation.get("security", self._document.get("security")))
        if ways:
            said["security"] = sorted("+".join(sorted(_mapping(way))) for way in ways)
        taken: dict[str, str] = {}
        for parameter in (*shared, *_listed(operation.get("parameters"))):
            one = self._target(parameter)
            where = f"{one.get('in')} {one.get('name')}"
            taken |= self._fields(_mapping(one.get("schema")), where, required=bool(one.get("required")))
        body = self._target(operation.get("requestBody"))
        for kind, content in _mapping(body.get("content")).items():
            prefix = "body" if kind == "application/json" else f"body {kind}"
            taken |= self._fields(_schema(content), prefix, required=bool(body.get("required")))
        said["in"] = dict(sorted(taken.items()))
        said["out"] = self._answers(_mapping(operation.get("responses")))
        return said

    def schemas(self) -> dict[str, dict[str, str]]:
        """The schemas that were named on the way, and those that they name."""
        while self._waiting:
            name = self._waiting.pop()
            if name not in self._named:
                target = _mapping(_mapping(_mapping(self._document.get("components")).get("schemas")).get(name))
                self._named[name] = {}
                self._named[name] = dict(sorted(self._fields(target, "", required=False).items()))
        return dict(sorted(self._named.items()))

    def _answers(self, answers: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """By status; several that say the same stand together."""
        alike: dict[str, tuple[list[str], dict[str, str]]] = {}
        for status, answer in sorted(answers.items()):
            fields: dict[str, str] = {}
            for kind, content in sorted(_mapping(self._target(answer).get("content")).items()):
                fields |= self._fields(_schema(content), "" if kind == "application/json" else kind, required=True)
            alike.setdefault(json.dumps(fields, sort_keys=True), ([], fields))[0].append(str(status))
        return {" ".join(statuses): fields for statuses, fields in alike.values()}

    def _target(self, node: Any, seen: int = 0) -> Mapping[str, Any]:
        """What ``node`` is, behind its references within the document (RFC 6901)."""
        here = _mapping(node)
        reference = here.get("$ref")
        if not isinstance(reference, str) or seen > _DEEPEST:
            return here
        target: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            target = _mapping(target).get(part.replace("~1", "/").replace("~0", "~"))
        found: Mapping[str, Any] = self._target(target, seen + 1)
        return found

    def _fields(self, schema: Mapping[str, Any], where: str, *, required: bool, depth: int = 0) -> dict[str, str]:
        found = {where: self._said(schema, required=required)}
        if "$ref" in schema or depth > _DEEPEST:
            return found
        for part in self._parts(schema):
            wanted = _listed(part.get("required"))
            for name, field in _mapping(part.get("properties")).items():
                inner = f"{where}.{name}"
                found |= self._fields(_mapping(field), inner, required=name in wanted, depth=depth + 1)
            if isinstance(part.get("items"), Mapping):
                found |= self._fields(part["items"], f"{where}[]", required=True, depth=depth + 1)
            if isinstance(part.get("additionalProperties"), Mapping):
                found |= self._fields(part["additionalProperties"], f"{where}.*", required=False, depth=depth + 1)
        return found

    def _parts(self, schema: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
        """The schema, and what it is put together of; schemas with a name only where all of them hold."""
        yield schema
        if depth > _DEEPEST:
            return
        for together in _TOGETHER:
            for part in _listed(schema.get(together)):
                if together == "allOf" or "$ref" not in _mapping(part):
                    yield from self._parts(self._target(part), depth + 1)

    def _said(self, schema: Mapping[str, Any], *, required: bool) -> str:
        if "$ref" in schema:
            return f"{self._name(schema)}{'!' if required else ''}"
        parts = list(self._parts(schema))
        kinds = {kind for part in parts for kind in _kinds(part)}
        named = {
            self._name(choice)
            for part in parts
            for together in ("anyOf", "oneOf")
            for choice in _listed(part.get(together))
            if "$ref" in _mapping(choice)
        }
        text = "|".join(sorted(kinds - {"null"} | named)) or "any"
        formats = {str(part["format"]) for part in parts if part.get("format")}
        text += "".join(f":{one}" for one in sorted(formats))
        text += "?" if "null" in kinds or schema.get("nullable") else ""
        text += "!" if required else ""
        if "default" in schema:
            text += f" ={json.dumps(schema['default'], sort_keys=True, ensure_ascii=False)}"
        values = sorted({_text(value) for part in parts for value in _values(part)})
        if values:
            text += f" {{{'|'.join(values)}}}"
        for low, high in _BOUNDS:
            if low in schema or high in schema:
                text += f" [{schema.get(low, '')}..{schema.get(high, '')}]"
        return f"{text} /{schema['pattern']}/" if "pattern" in schema else text

    def _name(self, schema: Mapping[str, Any]) -> str:
        name = str(schema["$ref"]).removeprefix(_SCHEMAS)
        self._waiting.append(name)
        return f"@{name}"


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kind = schema.get("type")
    if isinstance(kind, list):
        return [str(one) for one in kind]
    return [str(kind)] if kind else []


def _values(schema: Mapping[str, Any]) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    return [value for value in _listed(schema.get("enum")) if value is not None]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _digest(operation: Mapping[str, Any]) -> str:
    words = [operation.get("summary"), operation.get("description")]
    return hashlib.sha256(json.dumps(words, default=str).encode()).hexdigest()[:8]


def _schema(content: Any) -> Mapping[str, Any]:
    return _mapping(_mapping(content).get("schema"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
