"""Paths, operations, parameters, bodies and answers of Swagger 2 and OpenAPI 3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tieline.connectors.importers.description import Answer, Body, Operation, Param, ParamLocation
from tieline.connectors.importers.formats.openapi.media import examples, pick_media, rank_of, schema_by_example
from tieline.connectors.importers.formats.openapi.security import Security
from tieline.connectors.importers.formats.openapi.servers import read_server
from tieline.connectors.importers.references import References
from tieline.connectors.importers.values import Notices, hints, mapping, pointer, sequence, text, truth
from tieline.connectors.manifest.model import ErrorRule

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
        self.retries = root.get("x-speakeasy-retries")
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
            if truth(item.get("x-speakeasy-ignore")):
                continue
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
            if truth(node.get("x-speakeasy-ignore")):
                continue
            if re.fullmatch(r"[A-Za-z][A-Za-z-]{0,19}", method):
                yield method, node

    def _operation(self, path: str, method: str, item: dict[str, Any], node: dict[str, Any], item_at: str) -> Operation:
        at = pointer(item_at, method)
        operation = Operation(
            method=method.upper(),
            path=_clean_path(path),
            id=text(node.get("x-speakeasy-name-override"), 200) or text(node.get("operationId"), 200),
            summary=text(node.get("summary") or item.get("summary"), 500),
            description=text(node.get("description") or item.get("description")),
            tags=[name for tag in sequence(node.get("tags")) if (name := text(tag, 100))],
            deprecated=truth(node.get("deprecated")),
            hints=hints(node),
            callbacks=[name for name in mapping(node.get("callbacks")) if name[:2] != "x-"],
            security=self.security.required(node.get("security"), at),
            errors=_retries(node.get("x-speakeasy-retries") or self.retries),
            pointer=at,
        )
        operation.hints.setdefault("operationId", text(node.get("operationId"), 200))
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
            media = max(consumes, key=rank_of, default="application/json")
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
            example=next(iter(examples(node, self.references)), None),
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
        elif location == "querystring":
            self._query_string(operation, param, node)
            return
        else:
            self.notices.add("wrong-type", f"The parameter {name!r} has no usable place (`in`).", at)
            return
        if truth(param.hints.get("x-ms-notification-url")):
            operation.callback_url = name
        operation.params.append(param)

    def _query_string(self, operation: Operation, whole: Param, node: dict[str, Any]) -> None:
        """OpenAPI 3.2 section 4.12: one schema for the whole query; its members are the parameters."""
        schema = mapping(self.references.resolve(self._schema(node)))
        required = sequence(schema.get("required"))
        for name, member in list(mapping(schema.get("properties")).items())[:_MAX_PARAMS]:
            node = mapping(self.references.resolve(member))
            operation.params.append(
                Param(
                    name,
                    "query",
                    mapping(member),
                    required=name in required,
                    description=text(node.get("description")),
                    pointer=whole.pointer,
                    hints=hints(node),
                )
            )

    def _link(self, operation: Operation, node: dict[str, Any]) -> None:
        """OpenAPI 3 section 4.20: a value of this answer is a parameter of another operation."""
        target = text(node.get("operationId"), 200) or text(node.get("operationRef"), 1000).partition("#")[2]
        given = {
            text(name, 200).rpartition(".")[2]: text(value, 500)
            for name, value in list(mapping(node.get("parameters")).items())[:50]
        }
        if target and given:
            operation.links.append((target, given))

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
        operation.body.encoding = mapping(content.get("encoding"))
        if not operation.body.schema:
            operation.body.schema = schema_by_example(examples(content, self.references))
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
                found.media = max(produces or self.produces, key=rank_of, default="application/json")
                content: dict[str, Any] = answer
                found.schema_pointer = place + "/schema"
                samples = [one for name, one in mapping(answer.get("examples")).items() if "json" in name]
            else:
                found.media, content = pick_media(answer.get("content"), self.references)
                found.schema_pointer = pointer(place, "content", found.media, "schema")
                samples = examples(content, self.references)
            schema = content.get("schema")
            if isinstance(schema, dict) and (len(schema) > 1 or "type" not in schema or not samples):
                found.schema = schema
            if not found.schema and (seen := schema_by_example(samples)):
                found.schema = seen
                found.schema_pointer = place
            for link in list(mapping(answer.get("links")).values())[:50]:
                self._link(operation, mapping(self.references.resolve(link)))
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


def _retries(node: Any) -> list[ErrorRule]:
    """``x-speakeasy-retries``: the statuses after which the vendor wants a call to be sent again."""
    status: list[int] = []
    for one in sequence(mapping(node).get("statusCodes"))[:50]:
        code = text(one, 5).upper()
        if code == "5XX":
            status += [500, 502, 503, 504]
        elif code.isdigit() and len(code) == 3 and code != "429":
            status.append(int(code))
    return [ErrorRule(then="retry", status=list(dict.fromkeys(status)))] if status else []


def _clean_path(path: str) -> str:
    """Without fragment and blanks, with a slash in front; of a query only the constant part stays."""
    path = re.sub(r"[\x00-\x20\x7f]", "", re.split(r"#(?![^{]*\})", path)[0])[:2000]
    path, _, query = path.partition("?")
    if path and not path.startswith("/"):
        path = "/" + path
    constant = [pair for pair in query.split("&") if "=" in pair and "{" not in pair]
    return path + ("?" + "&".join(constant) if constant else "")
