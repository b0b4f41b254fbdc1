"""What both languages are generated from: the operations and schemas of the document, with the names that they get."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Schema = Mapping[str, Any]
Kind = Literal["json", "text", "events", "empty"]

# Where an operation stands in the client, by the beginning of its path.
NAMESPACES = {"/api/v1": "v1", "/api/workflows": "workflows", "/oem/v1": "oem", "/oauth": "oauth"}
ELSEWHERE = "server"
_ANY: Schema = {}


@dataclass(frozen=True)
class Parameter:
    """Of the path, the query or the headers."""

    name: str
    place: str
    schema: Schema
    required: bool
    help: str


@dataclass(frozen=True)
class Paging:
    """How a list goes on: by ``links.next``, or, of bare arrays, by the number of the page; and what is in it."""

    style: Literal["links", "number"]
    name: str
    item: Schema


@dataclass(frozen=True)
class Operation:
    """One method of the client."""

    namespace: str
    name: str
    method: str
    path: str
    summary: str
    description: str
    path_parameters: tuple[Parameter, ...]
    parameters: tuple[Parameter, ...]
    body: Schema | None
    body_required: bool
    kind: Kind
    results: tuple[Schema | None, ...]
    credentials: Literal["key", "partner", "none"]
    paging: Paging | None


@dataclass(frozen=True)
class Model:
    """A schema of the document under the name that it gets."""

    name: str
    schema: Schema


@dataclass(frozen=True)
class Interface:
    """The whole."""

    title: str
    version: str
    operations: tuple[Operation, ...]
    models: tuple[Model, ...]
    names: Mapping[str, str]

    def namespaces(self) -> list[str]:
        """In the order of their first operation."""
        return list(dict.fromkeys(one.namespace for one in self.operations))

    def of(self, namespace: str) -> list[Operation]:
        return [one for one in self.operations if one.namespace == namespace]


def read(document: Mapping[str, Any]) -> Interface:
    """Raises `ValueError` where two operations of one namespace would get one name."""
    schemas: Mapping[str, Schema] = document["components"]["schemas"]
    names = _model_names(schemas)
    reader = _Reader(document)
    operations = tuple(reader.operations())
    spoken = [(one.namespace, snake(one.name)) for one in operations]
    twice = {one for one in spoken if spoken.count(one) > 1}
    if twice:
        raise ValueError(f"operations with one name: {sorted(twice)}")
    models = tuple(sorted((Model(names[key], schema) for key, schema in schemas.items()), key=lambda one: one.name))
    return Interface(document["info"]["title"], document["info"]["version"], operations, models, names)


class _Reader:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._taken: set[tuple[str, str]] = set()

    def operations(self) -> Iterator[Operation]:
        for path, item in self._document["paths"].items():
            for method, operation in item.items():
                if method in {"get", "put", "post", "delete", "patch"}:
                    yield self._operation(path, method.upper(), operation)

    def _operation(self, path: str, method: str, told: Mapping[str, Any]) -> Operation:
        namespace = next((name for start, name in NAMESPACES.items() if path.startswith(f"{start}/")), ELSEWHERE)
        name = self._free(namespace, camel(told["operationId"].rpartition(".")[2]), told)
        parameters = [
            Parameter(one["name"], one["in"], one["schema"], bool(one.get("required")), one.get("description", ""))
            for one in told.get("parameters", ())
            if one["name"] != "Accept"
        ]
        placed = {one.name: one for one in parameters if one.place == "path"}
        body = told.get("requestBody", {})
        kind, results = self._results(path, told)
        return Operation(
            namespace=namespace,
            name=name,
            method=method,
            path=path,
            summary=told["summary"],
            description=told.get("description", ""),
            path_parameters=tuple(placed[one] for one in re.findall(r"\{(\w+)\}", path)),
            # What must be said comes first.
            parameters=tuple(
                sorted((one for one in parameters if one.place != "path"), key=lambda one: not one.required)
            ),
            body=body.get("content", {}).get("application/json", {}).get("schema"),
            body_required=bool(body.get("required")),
            kind=kind,
            results=results,
            credentials=_credentials(told),
            paging=self._paging(namespace, name, method, results, {one.name for one in parameters}),
        )

    def _free(self, namespace: str, name: str, told: Mapping[str, Any]) -> str:
        """``getSettings`` of two resources: the later one says of which it is, ``getItemsSettings``."""
        if (namespace, snake(name)) in self._taken:
            verb = re.match(r"[a-z]+", name)
            rest = name[verb.end() :] if verb else name
            name = f"{verb.group() if verb else ''}{pascal(told['tags'][0])}{rest}"
        self._taken.add((namespace, snake(name)))
        return name

    def _results(self, path: str, told: Mapping[str, Any]) -> tuple[Kind, tuple[Schema | None, ...]]:
        """The schemas of what comes when all is well; None stands for an empty answer."""
        found: list[Schema | None] = []
        for status, answer in sorted(told["responses"].items()):
            if not status.startswith("2"):
                continue
            content = answer.get("content", {})
            if "text/event-stream" in content:
                return "events", ()
            if "application/json" in content:
                found.append(content["application/json"]["schema"])
            elif content:
                return "text", ({"type": "string"},)
            else:
                # A 200 without a word of its body may have any; a 204 has none.
                found.append(None if status == "204" else _ANY)
        if not found:
            return "json", (self._led_to(path),)
        unlike = tuple(one for number, one in enumerate(found) if one not in found[:number])
        return ("empty" if unlike == (None,) else "json"), unlike

    def _led_to(self, path: str) -> Schema:
        """What an operation that only redirects, such as `/users/me`, leads to: what its neighbour gives."""
        parent = path.rpartition("/")[0]
        for other, item in self._document["paths"].items():
            if re.fullmatch(re.escape(parent) + r"/\{\w+\}", other) and "get" in item:
                content = item["get"]["responses"].get("200", {}).get("content", {})
                found: Schema = content.get("application/json", {}).get("schema", _ANY)
                return found
        return _ANY

    def _paging(
        self, namespace: str, name: str, method: str, results: tuple[Schema | None, ...], parameters: set[str]
    ) -> Paging | None:
        if method != "GET" or len(results) != 1 or results[0] is None:
            return None
        schema = self._resolved(results[0])
        properties = schema.get("properties", {})
        listed = self._resolved(properties.get("data", {}))
        spoken = self._free_list(namespace, name)
        if schema.get("type") == "array" and "page" in parameters:
            return Paging("number", spoken, schema["items"])
        if listed.get("type") == "array" and "next" in self._resolved(properties.get("links", {})).get(
            "properties", {}
        ):
            return Paging("links", spoken, listed["items"])
        return None

    def _free_list(self, namespace: str, name: str) -> str:
        rest = re.sub(r"^(get|list|readAll|read|find)(?=[A-Z])", "", name)
        spoken = f"all{pascal(rest)}"
        return spoken if (namespace, snake(spoken)) not in self._taken else f"{name}All"

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema


def _credentials(told: Mapping[str, Any]) -> Literal["key", "partner", "none"]:
    ways = told.get("security")
    if not ways:
        return "none"
    return "partner" if any("partnerKey" in way for way in ways) else "key"


def _model_names(schemas: Iterable[str]) -> dict[str, str]:
    """``tieline__api__cloud__items__schemas__Item`` becomes ``ItemsItem``, ``_Href`` becomes ``Href``."""
    names: dict[str, str] = {}
    for key in schemas:
        *modules, last = key.split("__")
        place = [one for one in modules if one and one not in {"tieline", "api", "cloud", "schemas", "view_schemas"}]
        name = pascal("_".join([*place[-1:], last])) if place else pascal(last)
        while name in names.values():
            name += "Of"
        names[key] = name
    return names


def words(name: str) -> list[str]:
    """``validOrigins``, ``valid_origins`` and ``valid-origins`` are two words each; ``getCSPEntry`` is three."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [one for one in re.split(r"[^A-Za-z0-9]+", parted) if one]


def snake(name: str) -> str:
    return "_".join(words(name.replace("OAuth", "Oauth"))).lower()


def pascal(name: str) -> str:
    return "".join(one[:1].upper() + one[1:] for one in words(name))


def camel(name: str) -> str:
    """A name in one piece, with its first word in lower case."""
    first, *rest = words(name)
    return first.lower() + "".join(one[:1].upper() + one[1:] for one in rest)
