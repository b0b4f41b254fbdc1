"""What a block asks for, and where each answer goes."""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET

from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.words import plain, snake, title
from tieline.connectors.importers.description import Param
from tieline.connectors.importers.values import Notices, escape, sequence, text
from tieline.connectors.manifest.model import Input

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Set by the runtime itself, or dangerous in other people's hands (RFC 9110 section 17, Fetch's forbidden names).
_NOT_ASKED = frozenset(
    "accept accept-charset accept-encoding authorization connection content-length content-type cookie date "
    "expect host keep-alive origin proxy-authorization referer te trailer transfer-encoding upgrade user- "
    "agent via".split()
)
_SECRETS = frozenset("password passwd secret clientsecret passphrase apisecret".split())
_KINDS = {"integer": "integer", "number": "number", "boolean": "boolean", "array": "array", "object": "object"}
_MAX_CHOICES = 500
BODY_TYPES = (
    ("json", "json"),
    ("x-www-form-urlencoded", "form"),
    ("multipart/", "multipart"),
    ("xml", "xml"),
    ("text/", "text"),
    ("*/*", "json"),
)


def body_type(media: str) -> Any:
    """The manifest's word for a media type."""
    media = media.lower()
    return next((kind for part, kind in BODY_TYPES if part in media), "binary")


def build(case: Case, shapes: Shapes, notices: Notices) -> list[Input]:
    """The inputs of one operation, path first, without what auth, paging and idempotency fill in."""
    found: list[Input] = []
    order = {"path": 0, "query": 1, "header": 2, "cookie": 3, "form": 4, "file": 4}
    for param in sorted(case.op.params, key=lambda one: order[one.location]):
        if param.pointer in case.used and param.location != "path":
            continue
        if param.location in ("header", "cookie") and not _may_ask(param, notices):
            continue
        found.append(_of_param(param, shapes))
    body = case.op.body
    if body is not None and not case.params("form") and not case.params("file"):
        found += _of_body(case, shapes)
    _unique(found)
    return found


def _may_ask(param: Param, notices: Notices) -> bool:
    if not _TOKEN.fullmatch(param.name):
        notices.add(
            "unusable-header", "A header or cookie name holds characters that are not allowed there.", param.pointer
        )
        return False
    return param.location != "header" or param.name.lower() not in _NOT_ASKED


def _of_param(param: Param, shapes: Shapes) -> Input:
    one = _input(snake(param.name) or "value", param.name, param.schema, shapes, param.description)
    one.location, one.name, one.required = param.location, param.name, param.required
    one.style = param.style
    if param.explode is not None:
        one.explode = param.explode
    if param.example is not None and one.example is UNSET and _small(param.example):
        one.example = param.example
    if summary := text(param.hints.get("x-ms-summary"), 100):
        one.label = summary
    if param.location == "file":
        one.type = "file"
    return one


def _of_body(case: Case, shapes: Shapes) -> list[Input]:
    body = case.op.body
    assert body is not None
    kind = body_type(body.media)
    described = body if case.donor is None else case.donor
    schema = shapes.resolve(described.schema)
    members = shapes.members(described.schema) if shapes.items(described.schema) is None else {}
    if kind in ("text", "xml", "binary") or not members:
        one = _input("body", "Body", body.schema, shapes, body.description or shapes.said(body.schema))
        one.location, one.name, one.required = "body", "", body.required
        if kind == "binary" or schema.get("format") == "binary":
            one.type = "file"
        elif kind in ("text", "xml"):
            one.type = "string"
        elif not shapes.types(body.schema):
            one.type = "object"
        return [one]
    required = shapes.required(body.schema) if case.donor is None else set()
    alternatives = bool(sequence(schema.get("oneOf")) or sequence(schema.get("anyOf")))
    found: list[Input] = []
    for name, node in members.items():
        if "/" + escape(name) in case.used or (kind in ("form", "multipart") and name in case.used):
            continue
        inner = shapes.resolve(node)
        if inner.get("readOnly") is True:
            continue
        one = _input(snake(name) or "value", name, node, shapes, "")
        one.required = name in required and not alternatives
        if kind in ("form", "multipart"):
            binary = inner.get("format") in ("binary", "byte") and kind == "multipart"
            one.location, one.name = ("file" if binary else "form"), name
            one.type = "file" if binary else one.type
        else:
            one.location, one.name = "body", "/" + escape(name)
        found.append(one)
    return found


def _input(id: str, name: str, node: Any, shapes: Shapes, said: str) -> Input:
    schema = shapes.resolve(node)
    types = shapes.types(node)
    kind = next((_KINDS[one] for one in ("object", "array", "boolean", "integer", "number") if one in types), "string")
    if "string" in types and kind in ("object", "array"):
        kind = "string" if len(types) == 2 and kind == "array" and "items" not in schema else kind
    one = Input(id=id, label=title(name), type=kind, description=(said or shapes.said(node))[:2000])
    label = text(schema.get("x-ms-summary"), 100)
    one.label = label or one.label
    choices = [value for value in sequence(schema.get("enum")) if isinstance(value, str | int | float | bool)]
    if choices and kind not in ("array", "object", "boolean"):
        one.type, one.choices = "select", choices[:_MAX_CHOICES]
    if "default" in schema and _small(schema["default"]) and schema["default"] is not None:
        one.default = schema["default"]
    for example in (schema.get("example"), *sequence(schema.get("examples"))[:1]):
        if example is not None and _small(example):
            one.example = example
            break
    one.format = text(schema.get("format"), 40)
    if one.format == "password" or plain(name) in _SECRETS:
        one.type, one.secret = "password", True
    if (
        kind in ("array", "object")
        or len(types) > 1
        or any(key in schema for key in ("pattern", "minimum", "maximum", "maxLength"))
    ):
        one.schema = node if isinstance(node, dict) else {}
    return one


def _small(value: Any) -> bool:
    return isinstance(value, bool | int | float) or (
        isinstance(value, str) and len(value) <= 500 and "\r" not in value and "\0" not in value
    )


def _unique(inputs: list[Input]) -> None:
    """Two inputs may have one name in two places; ids say which."""
    counts: dict[str, int] = {}
    for one in inputs:
        counts[one.id] = counts.get(one.id, 0) + 1
    taken: set[str] = set()
    for one in inputs:
        if counts[one.id] > 1 and one.location not in ("path", "body"):
            one.id = f"{one.location}_{one.id}"
        base, number = one.id, 2
        while one.id in taken:
            one.id, number = f"{base}_{number}", number + 1
        taken.add(one.id)


def moved_by(case: Case) -> set[str]:
    """Pointers and body members of the parameters that paging and incremental reading fill in."""
    used: set[str] = set()
    if case.paging is not None:
        wires = {case.paging.param, case.paging.size_param} - {""}
        used |= {one.pointer for one in case.op.params if one.name in wires or "/" + escape(one.name) in wires}
        used |= {wire for wire in wires if wire.startswith("/")}
        if case.paging.location == "body":
            used |= wires
    return used


def short(value: str, limit: int = 80) -> str:
    """The first sentence of a summary, cut at a word."""
    value = " ".join(value.split())
    if len(value) <= limit:
        return value.rstrip(".")
    words, kept = value.split(" "), ""
    for word in words:
        if len(kept) + len(word) + 1 > limit - 1:
            break
        kept = f"{kept} {word}" if kept else word
    return (kept or value[: limit - 1]) + "…"
