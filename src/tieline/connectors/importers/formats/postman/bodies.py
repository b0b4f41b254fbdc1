"""What a request sends: raw JSON, XML or text, forms, files, GraphQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.description import Param
from tieline.connectors.importers.formats.postman.secrets import Secrets
from tieline.connectors.importers.formats.postman.variables import VARIABLE, Scope, only, said
from tieline.connectors.importers.reading.jsonread import read_json
from tieline.connectors.importers.sampling import written_type
from tieline.connectors.importers.values import Notices, mapping, pointer, sequence, text
from tieline.connectors.manifest.errors import UnreadableDocument

MAX_RAW = 1_000_000
_MAX_FIELDS = 500
_MAX_DEPTH = 60
_LANGUAGES = {"json": "application/json", "xml": "application/xml", "html": "text/html", "text": "text/plain"}
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|\{\{([^{}]{1,200})\}\}|<([^<>{}"\n]{1,80})>', re.DOTALL)
_PLACEHOLDER = re.compile(r"<[^<>]{0,100}>|\[[A-Z _-]{2,60}\]")
_MARK = "\ue000{}\ue001"
_MARKED = re.compile("\ue000(.*)\ue001", re.DOTALL)
_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
_ENVELOPE = frozenset(("envelope", "header", "body"))

Path = tuple[str, ...]


@dataclass(slots=True)
class Sent:
    """One body. ``samples`` are JSON bodies, ``defaults`` say by path what variables put into them."""

    media: str = ""
    samples: list[Any] = field(default_factory=list)
    defaults: dict[Path, Any] = field(default_factory=dict)
    plain: str = ""  # XML and text, as an example
    params: list[Param] = field(default_factory=list)
    file: bool = False
    graphql: dict[str, Any] = field(default_factory=dict)
    mark: str = ""  # what tells calls to one address apart: the name of an XML message or of a remote procedure


def read_body(node: Any, content_type: str, scope: Scope, secrets: Secrets, notices: Notices, at: str) -> Sent | None:
    """The body of a request, None where it sends none."""
    body = mapping(node)
    if not body or body.get("disabled") is True:
        return None
    mode = text(body.get("mode"), 20)
    at = at + "/body"
    if mode in ("urlencoded", "formdata"):
        media = "multipart/form-data" if mode == "formdata" else "application/x-www-form-urlencoded"
        sent = Sent(media, params=list(_form(body.get(mode), scope, secrets, pointer(at, mode))))
        return sent if sent.params else None
    if mode == "file":
        return Sent(content_type or "application/octet-stream", file=True)
    if mode == "graphql":
        return _graphql(body.get("graphql"), scope, secrets)
    raw = body.get("raw")
    if not isinstance(raw, str) or not raw.strip() or len(raw) > MAX_RAW:
        return None
    language = text(mapping(mapping(body.get("options")).get("raw")).get("language"), 20).lower()
    return _raw(raw, content_type or _LANGUAGES.get(language, ""), scope, secrets, notices, at + "/raw")


def _raw(raw: str, media: str, scope: Scope, secrets: Secrets, notices: Notices, at: str) -> Sent:
    start = raw.lstrip()[:1]
    if "x-www-form-urlencoded" in media and start not in "{[<":
        pairs = [pair.partition("=") for pair in raw.strip().split("&")[:_MAX_FIELDS]]
        listed = [{"key": name, "value": value} for name, _, value in pairs if name]
        return Sent(media, params=list(_form(listed, scope, secrets, at)))
    if "json" in media or (start in ("{", "[") and "xml" not in media):
        json_media = media if "json" in media else "application/json"
        try:
            value = read_json(_TOKENS.sub(_marked, raw), [])
        except UnreadableDocument:
            notices.add("unreadable-example", "The example body is not readable as JSON; its fields are unknown.", at)
            return Sent(json_media, samples=[{}])
        sent = Sent(json_media)
        sent.samples.append(_filled(value, (), sent.defaults, scope, secrets, 0))
        if isinstance(value, dict) and "jsonrpc" in value and isinstance(value.get("method"), str):
            sent.mark = value["method"]
            sent.defaults["method",] = value["method"]
        return sent
    plain = secrets.clean(scope.fill(raw)).replace("\r\n", "\n")[:4_000]
    if start == "<" or "xml" in media:
        names = [one for one in _ELEMENT.findall(raw[:20_000]) if one.lower() not in _ENVELOPE]
        return Sent(media if "xml" in media else "application/xml", plain=plain, mark=names[0] if names else "")
    return Sent(media or "text/plain", plain=plain)


def _marked(match: re.Match[str]) -> str:
    """A variable (or a placeholder like ``<id>``) outside of quotes stands for a value of any type."""
    name = match[1] or match[2]
    return match[0] if name is None else json.dumps(_MARK.format(name.strip()))


def _filled(value: Any, at: Path, defaults: dict[Path, Any], scope: Scope, secrets: Secrets, depth: int) -> Any:
    """A sample without variables; what is known of them goes into ``defaults``."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {
            str(key): _filled(one, (*at, str(key)), defaults, scope, secrets, depth + 1) for key, one in value.items()
        }
    if isinstance(value, list):
        return [_filled(one, (*at, "[]"), defaults, scope, secrets, depth + 1) for one in value[:200]]
    if not isinstance(value, str):
        return value
    name = at[-1] if at else ""
    if match := _MARKED.fullmatch(value):
        known = _scalar(scope.value(match[1]))
        if known is not None and secrets.shows(name, known):
            defaults.setdefault(at, known)
        return known
    if "{{" not in value:
        return value if written_type(value) is not None or not _PLACEHOLDER.fullmatch(value) else "<string>"
    whole = only(value)
    if whole:
        known = scope.value(whole)
        if known and secrets.shows(name, known):
            defaults.setdefault(at, known)
        return "<string>"
    filled = scope.fill(value)
    return filled if "{{" not in filled else "<string>"


def _scalar(value: str) -> Any:
    """What a variable stands for where JSON expects a value."""
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value or None
    return found if isinstance(found, str | int | float | bool) else None


def _form(node: Any, scope: Scope, secrets: Secrets, at: str) -> Iterator[Param]:
    if isinstance(node, str):
        node = [{"key": key, "value": value} for key, _, value in (one.partition("=") for one in node.split("&"))]
    for index, one in enumerate(sequence(node)[:_MAX_FIELDS]):
        one = mapping(one)
        param = read_field(one, scope, secrets, pointer(at, index))
        if param is None:
            continue
        param.location = "file" if text(one.get("type"), 20).lower() == "file" else "form"
        if param.location == "file":
            param.schema, param.example = {"type": "string", "format": "binary"}, None
        yield param


def read_field(one: dict[str, Any], scope: Scope, secrets: Secrets, at: str) -> Param | None:
    """A named entry of a query or form: its variable as default, its literal value as example, no secret as either."""
    name = scope.fill(text(one.get("key"), 200))
    if not name or "{{" in name:
        return None
    description = said(one.get("description"), 5_000)
    param = Param(name, "query", description=secrets.clean(description), pointer=at)
    param.required = bool(re.match(r"\s*[(\[*]*required\b", description, re.IGNORECASE)) and not one.get("disabled")
    given = text(one.get("value"), 2_000)
    written = written_type(given)
    kind: dict[str, Any] = {"type": "string"}
    if written is not None:
        kind = written
    elif variable := only(given):
        value = scope.value(variable)
        kind = _type_of(name, value)
        if value and secrets.shows(name, value):
            kind["default"] = _typed(value, kind)
    elif given:
        filled = scope.fill(given)
        if "{{" not in filled:
            kind = _type_of(name, filled)
            if secrets.shows(name, filled) and not _PLACEHOLDER.fullmatch(filled):
                param.example = _typed(filled, kind)
    param.schema = kind
    return param


def _type_of(name: str, value: str) -> dict[str, Any]:
    if value in ("true", "false"):
        return {"type": "boolean"}
    if re.fullmatch(r"0|-?[1-9]\d{0,8}", value) and not re.search(
        r"(?:id|code|phone|number|zip)$", name, re.IGNORECASE
    ):
        return {"type": "integer"}
    return {"type": "string"}


def _typed(value: str, kind: dict[str, Any]) -> Any:
    if kind["type"] == "boolean":
        return value == "true"
    return int(value) if kind["type"] == "integer" else value


def _graphql(node: Any, scope: Scope, secrets: Secrets) -> Sent | None:
    given = mapping(node)
    query = text(given.get("query"), 50_000)
    if not query:
        return None
    variables = given.get("variables")
    if isinstance(variables, str):
        try:
            variables = read_json(_TOKENS.sub(_marked, variables), []) if variables.strip() else {}
        except UnreadableDocument:
            variables = {}
    sent = Sent("application/json", graphql={"query": VARIABLE.sub(r"\1", scope.fill(query))})
    sent.samples.append(_filled(mapping(variables), (), sent.defaults, scope, secrets, 0))
    match = re.search(r"\b(?:query|mutation)\s+(\w+)|[{]\s*(?:\w+\s*:\s*)?(\w+)", query)
    sent.mark = (match[1] or match[2]) if match else query[:100]
    return sent
