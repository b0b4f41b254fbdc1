"""Swagger 1.1 and 1.2: API declarations, rewritten as Swagger 2.0 and read as such.

A resource listing names its declarations, which are looked for among the document's parts; nothing is fetched here.
"""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.importers.description import Description, Operation
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.formats.openapi import describe as describe_openapi
from tieline.connectors.importers.reading import Document, read_document
from tieline.connectors.importers.registry import Format, register
from tieline.connectors.importers.values import Notices, mapping, pointer, sequence, text
from tieline.connectors.manifest.errors import UnreadableDocument

_PRIMITIVES: dict[str, dict[str, str]] = {
    "int": {"type": "integer"},
    "integer": {"type": "integer"},
    "long": {"type": "integer", "format": "int64"},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "number": {"type": "number"},
    "string": {"type": "string"},
    "byte": {"type": "string"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
    "datetime": {"type": "string", "format": "date-time"},
    "object": {"type": "object"},
    "any": {},
}
_LIST = re.compile(r"(?:List|Set|Array|Collection)\[(.+)\]", re.IGNORECASE)
_PLACES = {"path": "path", "query": "query", "header": "header", "form": "formData", "body": "body"}
_MAX_OPERATIONS = 5_000


def detect(document: Document) -> float:
    """Certain where the version field says so."""
    data = document.data
    if not isinstance(data, dict):
        return 0.0
    version = text(data.get("swaggerVersion") or data.get("swagger"), 10)
    return 1.1 if version.startswith("1.") and isinstance(data.get("apis"), list) else 0.0


def describe(document: Document) -> Description:
    """The description of one API declaration, or of a resource listing with the declarations among its parts.

    Evidence points into the declarations themselves. Raises `NotAnApiDocument` for a listing whose declarations are
    all missing.
    """
    root = mapping(document.data)
    notices = Notices()
    notices.extend(document.notices)
    declarations = [(root, "")] if _has_operations(root) else _declarations(root, document, notices)
    joined = Joined(root)
    for declaration, file in declarations:
        joined.add(declaration, file)
    description = describe_openapi(
        Document(joined.result, document.text, document.sha256, document.address, list(notices), document.raw)
    )
    description.format_version = text(root.get("swaggerVersion") or root.get("swagger"), 10)
    for operation in description.operations:
        operation.server = operation.server or joined.servers.get(operation.pointer, "")
        _point_back(operation, joined.origins.get(operation.pointer, ""))
    return description


def _has_operations(root: dict[str, Any]) -> bool:
    return any(sequence(mapping(one).get("operations")) for one in sequence(root.get("apis")))


def _declarations(root: dict[str, Any], document: Document, notices: Notices) -> list[tuple[dict[str, Any], str]]:
    """The declarations that a listing names, as (data, name of the part), in the listing's order."""
    listed = list(dict.fromkeys(_plain(text(mapping(one).get("path"), 200)) for one in sequence(root.get("apis"))))
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for name, data in document.parts.items():
        try:
            declaration = mapping(read_document(data, address=name).data)
        except UnreadableDocument as error:
            notices.add("unreadable-part", f"{name[:200]!r} cannot be read: {error.detail}")
            continue
        if not _has_operations(declaration):
            continue
        own = _plain(text(declaration.get("resourcePath"), 200))
        for key in (own, _plain(name), _plain(name.rsplit("/", 1)[-1])):
            if key in listed and key not in found:
                found[key] = (declaration, name)
                break
        else:
            found.setdefault(own or name, (declaration, name))
    missing = [name for name in listed if name not in found]
    if not found:
        raise NotAnApiDocument(
            "This is a Swagger 1.x resource listing without operations; give the files that it names along with it: "
            f"{', '.join('/' + name for name in missing[:10])}."
        )
    for name in missing[:20]:
        notices.add(
            "missing-part", f"The declaration {name[:100]!r} is not here; its operations are left out.", "/apis"
        )
    order = {name: index for index, name in enumerate(listed)}
    return [found[key] for key in sorted(found, key=lambda key: order.get(key, len(order)))]


def _plain(path: str) -> str:
    """``/pet.{format}``, ``/pet`` and ``pet.json`` name the same declaration."""
    return re.sub(r"\.(?:\{format\}|json|ya?ml)$", "", path.split("?", maxsplit=1)[0]).strip("/")


def _point_back(operation: Operation, origin: str) -> None:
    """Pointers of the rewritten document as places in the real one, as exactly as they can be given."""
    was, operation.pointer = operation.pointer, origin
    for param in operation.params:
        param.pointer = param.pointer.replace(was, origin, 1)
    if operation.body is not None:
        operation.body.pointer = operation.body.pointer.replace(was, origin, 1)
    for answer in operation.answers:
        answer.pointer = answer.schema_pointer = origin


class Joined:
    """One Swagger 2.0 document made of a listing and its declarations."""

    def __init__(self, root: dict[str, Any]) -> None:
        info = mapping(root.get("info"))
        self.base = ""
        self.origins: dict[str, str] = {}  # pointer in the result -> place in the source
        self.servers: dict[str, str] = {}  # pointer in the result -> base URL where it is not the first one's
        self.result: dict[str, Any] = {
            "swagger": "2.0",
            "info": {
                "title": info.get("title") or text(root.get("resourcePath"), 200).strip("/"),
                "version": root.get("apiVersion"),
                "description": info.get("description"),
            },
            "paths": {},
            "definitions": {},
            "securityDefinitions": _security(mapping(root.get("authorizations"))),
        }

    def add(self, declaration: dict[str, Any], file: str) -> None:
        base = text(declaration.get("basePath"), 2000)
        if not self.result["paths"]:
            self._server(base)
        own: dict[str, Any] = {
            "paths": {},
            "definitions": {
                name: _model(mapping(model))
                for name, model in list(mapping(declaration.get("models")).items())[:20_000]
            },
        }
        for index, api in enumerate(sequence(declaration.get("apis"))):
            api = mapping(api)
            path = text(api.get("path"), 2000).replace("{format}", "json")
            for number, one in enumerate(sequence(api.get("operations"))[:_MAX_OPERATIONS]):
                one = mapping(one)
                method = text(one.get("method") or one.get("httpMethod"), 20).lower()
                if not path or not method or method in self.result["paths"].get(path, {}):
                    continue
                own["paths"].setdefault(path, {})[method] = _operation(one, api, declaration)
                at = pointer("/paths", path, method)
                self.origins[at] = (f"{file}#" if file else "") + pointer("/apis", index, "operations", number)
                if base != self.base and base.startswith(("http://", "https://")):
                    self.servers[at] = base.rstrip("/")
        self._rename(own, file)
        for path, methods in own["paths"].items():
            self.result["paths"].setdefault(path, {}).update(methods)
        self.result["definitions"].update(own["definitions"])
        for name, scheme in _security(mapping(declaration.get("authorizations"))).items():
            self.result["securityDefinitions"].setdefault(name, scheme)

    def _server(self, base: str) -> None:
        self.base = base
        if match := re.match(r"(https?)://([^/]+)(/.*)?$", base):
            self.result |= {"schemes": [match[1]], "host": match[2], "basePath": match[3] or "/"}
        elif base.startswith("/"):
            self.result["basePath"] = base

    def _rename(self, own: dict[str, Any], file: str) -> None:
        """Declarations may use one name for different models."""
        known = self.result["definitions"]
        stem = re.sub(r"\W+", "_", _plain(file.rsplit("/", 1)[-1]))
        names = {
            name: f"{stem}_{name}" for name, model in own["definitions"].items() if known.get(name, model) != model
        }
        if not names:
            return
        own["definitions"] = {names.get(name, name): model for name, model in own["definitions"].items()}
        pending: list[Any] = [own]
        while pending:
            node = pending.pop()
            if isinstance(node, dict):
                ref = node.get("$ref")
                if isinstance(ref, str) and (name := names.get(ref.removeprefix("#/definitions/"))):
                    node["$ref"] = "#/definitions/" + name
                pending.extend(node.values())
            elif isinstance(node, list):
                pending.extend(node)


def _operation(one: dict[str, Any], api: dict[str, Any], declaration: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for said in sequence(one.get("responseMessages") or one.get("errorResponses")):
        said = mapping(said)
        code = text(said.get("code"), 5)
        if code:
            answers[code] = {"description": said.get("message") or said.get("reason")}
            if model := text(said.get("responseModel"), 200):
                answers[code]["schema"] = _type(model, {})
    if not any(code.startswith("2") for code in answers):
        schema = _type(text(one.get("type") or one.get("responseClass"), 200), one)
        answers["200"] = {"description": "ok", **({"schema": schema} if schema else {})}
    asked = mapping(one.get("authorizations")) or mapping(declaration.get("authorizations"))
    security: dict[str, Any] = {"security": [{name: []} for name in list(asked)[:20]]} if asked else {}
    return {
        **security,
        "operationId": one.get("nickname"),
        "summary": one.get("summary") or api.get("description"),
        "description": one.get("notes"),
        "deprecated": one.get("deprecated"),
        "produces": one.get("produces") or declaration.get("produces"),
        "consumes": one.get("consumes") or declaration.get("consumes"),
        "parameters": [_parameter(mapping(param)) for param in sequence(one.get("parameters"))],
        "responses": answers,
    }


def _parameter(param: dict[str, Any]) -> dict[str, Any]:
    place = _PLACES.get(text(param.get("paramType"), 10), "query")
    kind = text(param.get("type") or param.get("dataType"), 200)
    result: dict[str, Any] = {
        "name": param.get("name") or "body",
        "in": place,
        "description": param.get("description"),
        "required": param.get("required"),
    }
    schema: dict[str, Any] = {"type": "file"} if kind.lower() == "file" else dict(_type(kind, param))
    allowed = mapping(param.get("allowableValues"))
    if choices := sequence(param.get("enum") or allowed.get("values")):
        schema["enum"] = choices
    if "defaultValue" in param:
        schema["default"] = param["defaultValue"]
    if param.get("allowMultiple") is True and schema.get("type") != "array":
        schema = {"type": "array", "items": schema}
    return {**result, "schema": schema} if place == "body" else {**schema, **result}


def _type(kind: str, node: dict[str, Any]) -> dict[str, Any]:
    """A type of version 1 as a schema; ``{}`` for nothing."""
    if match := _LIST.fullmatch(kind):
        return {"type": "array", "items": _type(match[1], {})}
    if kind.lower() in ("array", "list", "set"):
        items = mapping(node.get("items"))
        return {"type": "array", "items": _type(text(items.get("type") or items.get("$ref"), 200), items)}
    if not kind or kind.lower() == "void":
        return {"$ref": "#/definitions/" + text(node.get("$ref"), 200)} if isinstance(node.get("$ref"), str) else {}
    primitive = _PRIMITIVES.get(kind.lower())
    if primitive is None:
        return {"$ref": "#/definitions/" + kind}
    given = text(node.get("format"), 40)
    return {**primitive, **({"format": given} if given else {})}


def _model(model: dict[str, Any]) -> dict[str, Any]:
    properties = {}
    required = [one for one in sequence(model.get("required")) if isinstance(one, str)]
    for name, node in mapping(model.get("properties")).items():
        node = mapping(node)
        properties[name] = {**_type(text(node.get("type"), 200), node), "description": node.get("description")}
        if node.get("required") is True:
            required.append(name)
    return {"type": "object", "description": model.get("description"), "properties": properties, "required": required}


def _security(found: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, node in list(found.items())[:50]:
        node = mapping(node)
        kind = text(node.get("type"), 20).lower()
        if kind == "apikey":
            result[name] = {"type": "apiKey", "in": node.get("passAs"), "name": node.get("keyname")}
        elif kind == "basicauth":
            result[name] = {"type": "basic"}
        elif kind == "oauth2":
            grants = mapping(node.get("grantTypes"))
            code, implicit = mapping(grants.get("authorization_code")), mapping(grants.get("implicit"))
            result[name] = {
                "type": "oauth2",
                "flow": "accessCode" if code else "implicit",
                "tokenUrl": mapping(code.get("tokenEndpoint")).get("url"),
                "authorizationUrl": mapping(code.get("tokenRequestEndpoint") or implicit.get("loginEndpoint")).get(
                    "url"
                ),
                "scopes": {text(mapping(one).get("scope"), 200): "" for one in sequence(node.get("scopes"))},
            }
    return result


register(Format("swagger1", "Swagger 1.x", detect, describe))
