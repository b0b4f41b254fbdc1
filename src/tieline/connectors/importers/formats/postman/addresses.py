"""The URL of a request: where the API lives, the path with its inputs, and the query."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from tieline.connectors.importers.classify.words import singular, snake
from tieline.connectors.importers.formats.postman.variables import VARIABLE, Scope, only, said
from tieline.connectors.importers.values import Unique, mapping, sequence, text
from tieline.connectors.manifest.model import ServerVariable

_MAX_STEPS = 100
_MAX_QUERY = 300
_SPLIT = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*|\{\{[^{}]+\}\})://)?(?P<host>(?:\{\{[^{}]+\}\}|[^/?#{}])*)")
_LITERAL_ID = re.compile(r"\d{5,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?=.*\d)[0-9a-f]{24}")
_VERSION_NAME = re.compile(r"(?:.*[-_])?(?:api[-_]?)?\w{0,4}version|ver|v|api[-_]?v", re.IGNORECASE)
_VERSION = re.compile(r"v?\d+(?:[.-]\d+){0,3}(?:-?(?:alpha|beta|preview)\d*)?", re.IGNORECASE)
_ABSOLUTE = re.compile(r"(?:https?|\{\{[^{}]+\}\})://", re.IGNORECASE)
_IN_HOST = re.compile(r"[A-Za-z0-9.:_-]+")


@dataclass(slots=True)
class PathInput:
    """One step of the path that is filled in."""

    name: str
    value: str = ""  # what it is filled with where nothing else is given
    example: str = ""
    description: str = ""


@dataclass(slots=True)
class Address:
    """``base`` has ``{name}`` for each of ``variables``; "" where the collection does not say the host."""

    base: str = ""
    variables: dict[str, ServerVariable] = field(default_factory=dict)
    path: str = ""
    inputs: list[PathInput] = field(default_factory=list)
    query: list[dict[str, Any]] = field(default_factory=list)


def read_address(url: Any, scope: Scope) -> Address:
    """What a ``url`` says, be it a text or taken apart already."""
    node = {"raw": url} if isinstance(url, str) else mapping(url)
    host = _joined(node.get("host"), ".")
    query = [one for one in sequence(node.get("query"))[:_MAX_QUERY] if isinstance(one, dict)]
    if host:
        scheme, port = text(node.get("protocol"), 200).rstrip(":/"), text(node.get("port"), 200)
        address = (f"{scheme}://" if scheme else "") + host + (f":{port}" if port else "")
        steps = _steps(node.get("path"))
        if steps:
            address += "/" + "/".join(steps)
    else:
        address, more = _cut(text(node.get("raw"), 4_000))
        query = query or more
    result = Address(query=query)
    known = {text(one.get("key") or one.get("id"), 200): one for one in map(mapping, sequence(node.get("variable")))}
    _place(result, _base(result, address.strip(), scope), known, scope)
    return result


def _joined(node: Any, glue: str) -> str:
    if isinstance(node, list):
        return glue.join(text(one, 500) for one in node[:50])
    return text(node, 1_000)


def _steps(node: Any) -> list[str]:
    if isinstance(node, str):
        return text(node, 4_000).strip("/").split("/")
    found = sequence(node)[:_MAX_STEPS]
    return [text(one.get("value") if isinstance(one, dict) else one, 1_000) for one in found]


def _cut(raw: str) -> tuple[str, list[dict[str, Any]]]:
    """A raw URL without its query, and the query as the collection would list it."""
    # A "?" or "#" inside of {{...}} belongs to the name.
    bare = VARIABLE.sub(lambda match: "x" * len(match[0]), raw)
    end = min((at for at in (bare.find("?"), bare.find("#")) if at >= 0), default=len(raw))
    start = bare.find("?")
    if start < 0 or start > end:
        return raw[:end], []
    fragment = bare.find("#", start)
    pairs = [pair.partition("=") for pair in raw[start + 1 : fragment if fragment >= 0 else None].split("&")]
    return raw[:end], [
        {"key": unquote_plus(key), "value": value if "{{" in value else unquote_plus(value)}
        for key, _, value in pairs[:_MAX_QUERY]
        if key
    ]


def _base(result: Address, address: str, scope: Scope) -> str:
    """Reads scheme and host, gives the rest: the path."""
    match = _SPLIT.match(address)
    assert match is not None  # every part of the pattern may be empty
    scheme, host, rest = match["scheme"] or "", match["host"].rsplit("@", 1)[-1], address[match.end() :]
    if not host:
        return rest
    if not scheme and (name := only(host)):
        return _whole(result, name, rest, scope)
    scheme = scope.fill(scheme).lower()
    if scheme not in ("http", "https"):
        scheme = "http" if not scheme and re.match(r"localhost\b|127\.", host) else "https"
    if not VARIABLE.search(host) or all(
        _IN_HOST.fullmatch(value) for name in VARIABLE.findall(host) if (value := scope.value(name))
    ):
        result.base = f"{scheme}://{_named(result, host, scope)}"
        return rest
    filled = re.sub(r"^\w+://", "", scope.fill(host)).rstrip("/")
    where, slash, path = filled.partition("/")
    result.base = f"{scheme}://{_named(result, where.rsplit('@', 1)[-1], scope)}" + _named(result, slash + path, scope)
    return rest


def _whole(result: Address, name: str, rest: str, scope: Scope) -> str:
    """``{{baseUrl}}/...``: its value is the address; without one the connection is asked for it."""
    known = scope.get(name)
    value = known.value.strip().rstrip("/") if known is not None else ""
    if not _ABSOLUTE.match(value):
        value = scope.value(name).strip().rstrip("/")
    if _ABSOLUTE.match(value):
        match = _SPLIT.match(value)
        assert match is not None
        below = _base(result, value[: match.end()], scope)
        result.base += _named(result, below + _cut(value[match.end() :])[0], scope).rstrip("/")
        return rest
    if value and re.fullmatch(r"(?:[\w-]+\.)+[A-Za-z]{2,}(?::\d+)?(?:/.*)?|localhost(?::\d+)?(?:/.*)?", value):
        scheme = "http" if value.startswith("localhost") else "https"
        result.base = f"{scheme}://{_named(result, value, scope)}"
        return rest
    said_ = known.description if known is not None else ""
    result.base = "{" + _sane(name) + "}"
    result.variables[_sane(name)] = ServerVariable(description=said_ or "The base URL, like https://api.example.com.")
    return rest


def _named(result: Address, given: str, scope: Scope) -> str:
    """``{{name}}`` as ``{name}``, declared as a variable of the server."""

    def put(match: re.Match[str]) -> str:
        name, known = _sane(match[1]), scope.get(match[1])
        result.variables[name] = ServerVariable(
            default=scope.value(match[1]), description=known.description if known is not None else ""
        )
        return "{" + name + "}"

    return VARIABLE.sub(put, given)


def _place(result: Address, path: str, known: dict[str, dict[str, Any]], scope: Scope) -> None:
    """The path with ``{name}`` for each input."""
    unique = Unique()
    placed: list[str] = []
    pending = path.split("?", maxsplit=1)[0].split("/")[: _MAX_STEPS + 1]
    while pending:
        step = pending.pop(0).strip()
        name = only(step)
        if name and (value := scope.value(name)):
            if "/" in value.strip("/") and "://" not in value and "{{" not in value:
                pending = [*value.strip("/").split("/"), *pending][:_MAX_STEPS]
                continue
            if _VERSION_NAME.fullmatch(name) and _VERSION.fullmatch(value):
                placed.append(value)
                continue
        placed.append(_step(result, step, placed, known, scope, unique))
    result.path = re.sub(r"//+", "/", "/" + "/".join(placed)) if any(placed) else ""


def _step(
    result: Address, step: str, placed: list[str], known: dict[str, dict[str, Any]], scope: Scope, unique: Unique
) -> str:
    if step.startswith(":") and len(step) > 1:
        declared = known.get(step[1:], {})
        given = text(declared.get("value"), 500)
        name = only(given)
        value = scope.value(name) if name else ""
        example = "" if name or "{{" in given else given
        return _input(result, step[1:], unique, value, example, said(declared.get("description"), 2_000))
    if match := re.fullmatch(r"[<{\[]\s*([^<>{}\[\]]{1,100})\s*[>}\]]", step):
        return _input(result, match[1], unique)
    if _LITERAL_ID.fullmatch(step):
        before = next((one for one in reversed(placed) if one and not one.startswith("{")), "")
        return _input(result, f"{singular(snake(before))}_id" if before else "id", unique, example=step)

    def put(match: re.Match[str]) -> str:
        name = match[1].strip()
        variable = scope.get(name)
        declared = known.get(name, {})
        about = said(declared.get("description"), 2_000) or (variable.description if variable is not None else "")
        return _input(result, name.lstrip("$"), unique, scope.value(name), "", about)

    if not VARIABLE.search(step):
        return re.sub(r"[{}\s]", "", step)
    return "".join(
        put(match) if (match := VARIABLE.fullmatch(part)) else re.sub(r"[{}\s]", "", part)
        for part in re.split(r"(\{\{[^{}]{1,200}\}\})", step)
    )


def _input(
    result: Address, name: str, unique: Unique, value: str = "", example: str = "", description: str = ""
) -> str:
    name = unique.take(_sane(name))
    result.inputs.append(PathInput(name, value, example, description))
    return "{" + name + "}"


def _sane(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name.strip())[:100].strip("_") or "value"
