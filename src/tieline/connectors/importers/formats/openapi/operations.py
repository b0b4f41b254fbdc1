"""Paths, operations, parameters, bodies and answers of Swagger 2 and OpenAPI 3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tieline.connectors.importers.description import Answer, Body, Operation, Param, ParamLocation
from tieline.connectors.importers.formats.openapi.security import Security
from tieline.connectors.importers.formats.openapi.servers import read_server
from tieline.connectors.importers.references import References
from tieline.connectors.importers.values import Notices, hints, mapping, pointer, sequence, text, truth

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
MAX_OPERATIONS = 20_000
_MAX_PARAMS = 500
_SWAGGER_SCHEMA = (
    "type format items enum default minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern "
    "minItems "
    "maxItems uniqueItems multipleOf"
).split()
_COLLECTIONS = {
    "csv": ("", False),
    "multi": ("form", True),
    "ssv": ("spaceDelimited", False),
    "pipes": ("pipeDelimited", False),
    "tsv": ("tsv", False),
}
_DEFAULT_STYLE = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
_LOCATIONS: dict[str, ParamLocation] = {"path": "path", "query": "query", "header": "header", "cookie": "cookie"}
_TEMPLATE = re.compile(r"\{([^{}]*)\}")


def read_operations(
    root: dict[str, Any], references: References, notices: Notices, security: Security, *, old: bool, address: str
) -> list[Operation]:
    """Every operation of the document, at most `MAX_OPERATIONS`."""
    paths = root.get("paths")
    if paths is not None and not isinstance(paths, dict):
        notices.add("wrong-type", "`paths` is not a mapping; it holds no operation that can be read.", "/paths")
    reader = _Operations(root, references, notices, security, old=old, address=address)
    found: list[Operation] = []
    skipped = 0
    for operation in reader.all(mapping(paths)):
        if len(found) < MAX_OPERATIONS:
            found.append(operation)
        else:
            skipped += 1
            if skipped > MAX_OPERATIONS:
                break
    if skipped:
        notices.add("too-many-operations", f"Only the first {MAX_OPERATIONS:,} operations were imported.", "/paths")
    if not found:
        notices.add("no-operations", "The document describes no operation.", "/paths")
    return found


def pick_media(content: Any, references: References) -> tuple[str, dict[str, Any]]:
    """The media type of a ``content`` mapping that suits us best, and what it holds."""
    best: tuple[int, str, dict[str, Any]] | None = None
    for name, node in mapping(content).items():
        node = mapping(references.resolve(node))
        rank = _rank(name)
        if node.get("schema") or node.get("itemSchema"):
            rank += 10
        if best is None or rank > best[0]:
            best = (rank, name, node)
    if best is None:
        return "", {}
    _, name, node = best
    if "schema" not in node and "itemSchema" in node:
        # OpenAPI 3.2: a stream of items (NDJSON, server-sent events).
        node = {**node, "schema": {"type": "array", "items": node["itemSchema"]}}
    return name, node


def _rank(media: str) -> int:
    media = media.lower().split(";")[0].strip()
    if media == "application/json":
        return 9
    if media.endswith("json") or "json" in media:
        return 8 if "patch+json" not in media or "merge" in media else 6
    if media in ("*/*", "application/*", ""):
        return 7
    if media == "application/x-www-form-urlencoded":
        return 5
    if media.startswith("multipart/"):
        return 4
    if "xml" in media:
        return 3
    return 2 if media.startswith("text/") else 1


class _Operations:
    def __init__(
        self,
        root: dict[str, Any],
        references: References,
        notices: Notices,
        security: Security,
        *,
        old: bool,
        address: str,
    ) -> None:
        self.references = references
        self.notices = notices
        self.security = security
        self.old = old
        self.address = address
        self.consumes = [text(one, 100) for one in sequence(root.get("consumes"))]
        self.produces = [text(one, 100) for one in sequence(root.get("produces"))]

    def all(self, paths: dict[str, Any]) -> Iterator[Operation]:
        for path, item in paths.items():
            at = pointer("/paths", path)
            if path[:2] == "x-":
                continue
            if not isinstance(item, dict):
                self.notices.add("wrong-type", "The path holds no mapping of methods; it was left out.", at)
                continue
            item = mapping(self.references.resolve(item))
            for method, node in self._methods(item, at):
                yield self._operation(path, method, item, node, at)

    def _methods(self, item: dict[str, Any], at: str) -> Iterator[tuple[str, dict[str, Any]]]:
        more = mapping(item.get("additionalOperations"))
        for method, node in [*item.items(), *more.items()]:
            if method.lower() not in METHODS and method not in more:
                continue
            node = self.references.resolve(node)
            if not isinstance(node, dict):
                self.notices.add("wrong-type", "The operation is not a mapping; it was left out.", f"{at}/{method}")
                continue
            if re.fullmatch(r"[A-Za-z][A-Za-z-]{0,19}", method):
                yield method, node

    def _operation(self, path: str, method: str, item: dict[str, Any], node: dict[str, Any], item_at: str) -> Operation:
        at = pointer(item_at, method)
        operation = Operation(
            method=method.upper(),
            path=_clean_path(path),
            id=text(node.get("operationId"), 200),
            summary=text(node.get("summary") or item.get("summary"), 500),
            description=text(node.get("description") or item.get("description")),
            tags=[name for tag in sequence(node.get("tags")) if (name := text(tag, 100))],
            deprecated=truth(node.get("deprecated")),
            hints=hints(node),
            callbacks=[name for name in mapping(node.get("callbacks")) if name[:2] != "x-"],
            security=self.security.required(node.get("security"), at),
            pointer=at,
        )
        for name in ("x-ms-notification-content", "x-ms-trigger"):
            if name in item and name not in operation.hints:
                operation.hints[name] = item[name]
        for owner, where in ((node, at), (item, item_at)):
            if "servers" in owner:
                operation.server = read_server(owner["servers"], self.notices, self.address, where + "/servers")
                break
        self._params(operation, item, node, item_at, at)
        if "requestBody" in node:
            self._body(operation, node["requestBody"], at)
        self._answers(operation, node.get("responses"), at, [text(one, 100) for one in sequence(node.get("produces"))])
        return operation

    def _params(self, operation: Operation, item: dict[str, Any], node: dict[str, Any], item_at: str, at: str) -> None:
        found: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}
        for owner, where in ((item, item_at), (node, at)):
            declared = owner.get("parameters")
            if declared is not None and not isinstance(declared, list):
                self.notices.add("wrong-type", "`parameters` is not a list.", where + "/parameters")
            for index, one in enumerate(sequence(declared)[:_MAX_PARAMS]):
                place = pointer(where, "parameters", index)
                one = self.references.resolve(one)
                if not isinstance(one, dict):
                    self.notices.add("wrong-type", "The parameter is not a mapping.", place)
                    continue
                name, location = text(one.get("name"), 200), text(one.get("in"), 20)
                if not name and location != "body":
                    if one:
                        self.notices.add("wrong-type", "The parameter has no name.", place)
                    continue
                found[name, location] = (one, place)
        for (name, location), (one, place) in found.items():
            self._param(operation, name, location, one, place, node)
        known = {param.name for param in operation.params if param.location == "path"}
        for name in _TEMPLATE.findall(operation.path):
            if name and name not in known:
                known.add(name)
                operation.params.append(Param(name, "path", {"type": "string"}, required=True, pointer=item_at))
        operation.params = [
            param for param in operation.params if param.location != "path" or "{" + param.name + "}" in operation.path
        ]

    def _param(
        self, operation: Operation, name: str, location: str, node: dict[str, Any], at: str, owner: dict[str, Any]
    ) -> None:
        if location == "body":
            consumes = [text(one, 100) for one in sequence(owner.get("consumes"))] or self.consumes
            media = max(consumes, key=_rank, default="application/json")
            schema = node.get("schema")
            operation.body = Body(
                media=media,
                schema=schema if isinstance(schema, dict) else {},
                required=truth(node.get("required")),
                description=text(node.get("description")),
                pointer=at,
            )
            self._notification(operation, schema, name)
            return
        param = Param(
            name=name,
            location="query",
            required=truth(node.get("required")) or location == "path",
            description=text(node.get("description")),
            deprecated=truth(node.get("deprecated")),
            pointer=at,
            hints=hints(node),
            example=_example(node, self.references),
        )
        if location == "formData":
            consumes = [text(one, 100) for one in sequence(owner.get("consumes"))] or self.consumes
            file = node.get("type") == "file"
            param.location = "file" if file else "form"
            param.schema = self._schema(node)
            if operation.body is None:
                multipart = file or any("multipart" in one for one in consumes)
                operation.body = Body(
                    "multipart/form-data" if multipart else "application/x-www-form-urlencoded", pointer=at
                )
            elif file:
                operation.body.media = "multipart/form-data"
        elif location in _LOCATIONS:
            param.location = _LOCATIONS[location]
            param.schema = self._schema(node)
            self._style(param, node)
        else:
            if location != "querystring":
                self.notices.add("wrong-type", f"The parameter {name!r} has no usable place (`in`).", at)
                return
            param.schema = self._schema(node)
        if truth(param.hints.get("x-ms-notification-url")):
            operation.callback_url = name
        operation.params.append(param)

    def _schema(self, node: dict[str, Any]) -> dict[str, Any]:
        schema = node.get("schema")
        if isinstance(schema, dict):
            return schema
        content = node.get("content")
        if isinstance(content, dict) and content:
            _, media = pick_media(content, self.references)
            return mapping(media.get("schema"))
        return {key: node[key] for key in _SWAGGER_SCHEMA if key in node and node[key] != "file"}

    def _style(self, param: Param, node: dict[str, Any]) -> None:
        collection = node.get("collectionFormat")
        if isinstance(collection, str) and collection in _COLLECTIONS:
            param.style, param.explode = _COLLECTIONS[collection]
            return
        if self.old:
            if mapping(param.schema).get("type") == "array":
                param.explode = False
            return
        style = text(node.get("style"), 30)
        if style and style != _DEFAULT_STYLE[param.location]:
            param.style = style
        if isinstance(node.get("explode"), bool):
            param.explode = node["explode"]
        if isinstance(node.get("content"), dict):
            param.style = "json"

    def _notification(self, operation: Operation, schema: Any, name: str) -> None:
        """Power Platform marks the field that takes the callback address, at whatever depth."""
        schema = mapping(self.references.resolve(schema))
        found = _marked(schema, self.references, "", 0)
        if found is not None:
            operation.callback_url = found or name

    def _body(self, operation: Operation, node: Any, at: str) -> None:
        body = mapping(self.references.resolve(node))
        media, content = pick_media(body.get("content"), self.references)
        if not media:
            return
        schema = content.get("schema")
        operation.body = Body(
            media=media.lower(),
            schema=schema if isinstance(schema, dict) else {},
            required=truth(body.get("required")),
            description=text(body.get("description")),
            pointer=pointer(at, "requestBody", "content", media, "schema"),
        )
        if not operation.body.schema and "example" in content:
            operation.body.schema = schema_of(content["example"])
        self._notification(operation, schema, "")

    def _answers(self, operation: Operation, node: Any, at: str, produces: list[str]) -> None:
        if node is not None and not isinstance(node, dict):
            self.notices.add("wrong-type", "`responses` is not a mapping.", at + "/responses")
        for status, answer in mapping(node).items():
            if status[:2] == "x-":
                continue
            place = pointer(at, "responses", status)
            answer = self.references.resolve(answer)
            if not isinstance(answer, dict):
                continue
            found = Answer(status=status.strip()[:7], description=text(answer.get("description"), 2000), pointer=place)
            for name, header in mapping(answer.get("headers")).items():
                found.headers[text(name, 100)] = text(mapping(self.references.resolve(header)).get("description"), 1000)
            if self.old:
                found.media = next(iter(produces or self.produces), "application/json")
                content: dict[str, Any] = answer
                found.schema_pointer = place + "/schema"
                examples = mapping(answer.get("examples"))
                example = next((one for name, one in examples.items() if "json" in name), None)
            else:
                found.media, content = pick_media(answer.get("content"), self.references)
                found.schema_pointer = pointer(place, "content", found.media, "schema")
                example = _example(content, self.references)
            schema = content.get("schema")
            if isinstance(schema, dict) and (len(schema) > 1 or "type" not in schema or example is None):
                found.schema = schema
            if (not found.schema) and isinstance(example, dict | list):
                found.schema = schema_of(example)
                found.schema_pointer = place
            operation.answers.append(found)


def _marked(schema: dict[str, Any], references: References, at: str, depth: int) -> str | None:
    if truth(schema.get("x-ms-notification-url")):
        return at
    if depth < 4:
        for name, one in mapping(schema.get("properties")).items():
            found = _marked(mapping(references.resolve(one)), references, pointer(at, name), depth + 1)
            if found is not None:
                return found
    return None


def _example(node: dict[str, Any], references: References) -> Any:
    if "example" in node:
        return node["example"]
    for one in mapping(node.get("examples")).values():
        one = mapping(references.resolve(one))
        for name in ("value", "dataValue"):
            if name in one:
                return one[name]
    return None


def schema_of(value: Any, depth: int = 0) -> dict[str, Any]:
    """The JSON Schema that an example suggests."""
    if isinstance(value, dict) and depth < 12:
        return {
            "type": "object",
            "properties": {key: schema_of(one, depth + 1) for key, one in list(value.items())[:200]},
        }
    if isinstance(value, list):
        return {"type": "array", "items": schema_of(value[0], depth + 1) if value and depth < 12 else {}}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"type": "integer"}
    if isinstance(value, float):
        return {"type": "number"}
    return {"type": "string"} if isinstance(value, str) else {}


def _clean_path(path: str) -> str:
    """Without fragment and blanks, with a slash in front; of a query only the constant part stays."""
    path = re.sub(r"[\x00-\x20\x7f]", "", re.split(r"#(?![^{]*\})", path)[0])[:2000]
    path, _, query = path.partition("?")
    if path and not path.startswith("/"):
        path = "/" + path
    constant = [pair for pair in query.split("&") if "=" in pair and "{" not in pair]
    return path + ("?" + "&".join(constant) if constant else "")
