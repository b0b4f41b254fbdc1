"""Swagger 1.1 and 1.2: API declarations, rewritten as Swagger 2.0 and read as such.

A resource listing only names other files, which are not fetched here; it is refused with the list of what to import.
"""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.importers.description import Description, Operation
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.formats.openapi import describe as describe_openapi
from tieline.connectors.importers.reading import Document
from tieline.connectors.importers.registry import Format, register
from tieline.connectors.importers.values import mapping, pointer, sequence, text

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
    """The description of one API declaration; evidence points into the declaration itself."""
    root = mapping(document.data)
    apis = [mapping(one) for one in sequence(root.get("apis"))]
    if not any(sequence(one.get("operations")) for one in apis):
        parts = ", ".join(text(one.get("path"), 60) for one in apis[:10])
        raise NotAnApiDocument(
            f"This is a Swagger 1.x resource listing without operations; import its parts one by one: {parts}."
        )
    converted, origins = _convert(root, apis)
    description = describe_openapi(
        Document(converted, document.text, document.sha256, document.address, document.notices)
    )
    description.format_version = text(root.get("swaggerVersion") or root.get("swagger"), 10)
    for operation in description.operations:
        _point_back(operation, origins.get(operation.pointer, ""))
    return description


def _point_back(operation: Operation, origin: str) -> None:
    """Pointers of the rewritten document as places in the real one, as exactly as they can be given."""
    was, operation.pointer = operation.pointer, origin
    for param in operation.params:
        param.pointer = param.pointer.replace(was, origin, 1)
    if operation.body is not None:
        operation.body.pointer = operation.body.pointer.replace(was, origin, 1)
    for answer in operation.answers:
        answer.pointer = answer.schema_pointer = origin


def _convert(root: dict[str, Any], apis: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, str]]:
    base = text(root.get("basePath"), 2000)
    match = re.match(r"(https?)://([^/]+)(/.*)?$", base)
    info = mapping(root.get("info"))
    result: dict[str, Any] = {
        "swagger": "2.0",
        "info": {
            "title": info.get("title") or text(root.get("resourcePath"), 200).strip("/"),
            "version": root.get("apiVersion"),
            "description": info.get("description"),
        },
        "produces": root.get("produces"),
        "consumes": root.get("consumes"),
        "paths": {},
        "definitions": {
            name: _model(mapping(model)) for name, model in list(mapping(root.get("models")).items())[:20_000]
        },
        "securityDefinitions": _security(mapping(root.get("authorizations"))),
    }
    if match:
        result |= {"schemes": [match[1]], "host": match[2], "basePath": match[3] or "/"}
    elif base.startswith("/"):
        result["basePath"] = base
    origins: dict[str, str] = {}
    for index, api in enumerate(apis):
        path = text(api.get("path"), 2000).replace("{format}", "json")
        for number, one in enumerate(sequence(api.get("operations"))[:_MAX_OPERATIONS]):
            one = mapping(one)
            method = text(one.get("method") or one.get("httpMethod"), 20).lower()
            if path and method:
                result["paths"].setdefault(path, {})[method] = _operation(one, api)
                origins[pointer("/paths", path, method)] = pointer("/apis", index, "operations", number)
    return result, origins


def _operation(one: dict[str, Any], api: dict[str, Any]) -> dict[str, Any]:
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
    return {
        "operationId": one.get("nickname"),
        "summary": one.get("summary") or api.get("description"),
        "description": one.get("notes"),
        "deprecated": one.get("deprecated"),
        "produces": one.get("produces"),
        "consumes": one.get("consumes"),
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
