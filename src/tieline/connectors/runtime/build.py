"""From a block and its inputs to a request."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from msgspec import UNSET

from tieline.connectors.manifest.model import Block, Input
from tieline.connectors.runtime import coerce, styles
from tieline.connectors.runtime.multipart import multipart
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.request import Request
from tieline.core.errors import BadInput

USER_AGENT: Final = "Tieline (connector runtime)"
_PLACE = re.compile(r"\{([^{}]+)\}")
_CONTENT_TYPES: Final = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "application/xml",
    "text": "text/plain; charset=utf-8",
    "binary": "application/octet-stream",
}


def values(block: Block, inputs: Mapping[str, Any], later: frozenset[str] = frozenset()) -> list[tuple[Input, Any]]:
    """The inputs that are given, in their declared types; nulls are left out.

    An input is found by its id or its wire name; those named in ``later`` are filled in by paging. Raises one BadInput
    for all that are required and missing, for the first of a wrong type, and for one that the block does not have.
    """
    known = {spec.id: spec for spec in block.inputs}
    by_name: dict[str, Input] = {}
    for spec in block.inputs:
        by_name.setdefault(spec.name.lstrip("/"), spec)
    found: dict[str, Any] = {}
    for name, given in inputs.items():
        spec_or_none = known.get(name) or by_name.get(name)
        if spec_or_none is None:
            if given is None:
                continue
            names = ", ".join(sorted(known)[:12]) or "none"
            raise BadInput(f"block {block.id!r} has no input {name!r}; it has: {names}", parameter=name)
        if given is not None:
            found[spec_or_none.id] = given
    missing = []
    result = []
    for spec in block.inputs:
        given = found.get(spec.id)
        moves = (
            spec.location == "path" and (spec.name or spec.id) in later
        )  # a page number in the path is filled in by paging
        if given is None and spec.required and not spec.read_only and spec.default is not UNSET and not moves:
            given = spec.default
        blank = isinstance(given, str) and (given == "" if spec.location != "path" else not given.strip())
        if blank and (spec.location not in ("body", "form") or spec.type not in ("string", "password", "select")):
            given = None
        if given is None or (blank and spec.required):
            if spec.required and not spec.read_only and (spec.name or spec.id) not in later:
                missing.append(spec.label or spec.id)
            continue
        if not spec.read_only:
            result.append((spec, coerce.coerce(given, spec, block.id)))
    if missing:
        listed = ", ".join(repr(name) for name in missing)
        raise BadInput(
            f"block {block.id!r} needs a value for {listed}", parameter=missing[0], meta={"missing": missing}
        )
    return result


def build(block: Block, inputs: Mapping[str, Any], base: Base, later: frozenset[str] = frozenset()) -> Request:
    """The request of one call, without credentials and paging; path values named in ``later`` stay as ``{name}``."""
    given = values(block, inputs, later)
    root, trusted = base.of_block(block)
    template, _, constant_query = block.path.partition("?")
    request = Request(block.method.upper(), root)
    request.trusted = trusted
    if request.query:
        raise BadInput("the base URL may not hold a query; put it into the blocks' paths")
    request.query = [(pair.partition("=")[0], pair) for pair in constant_query.split("&") if pair]
    for name, value in block.headers.items():
        request.set_header(name, value)
    content = _Content()
    path_values: dict[str, str] = {}
    for spec, value in given:
        name, explode = spec.name or spec.id, None if spec.explode is UNSET else spec.explode
        match spec.location:
            case "path":
                path_values[name] = styles.path(name, value, spec.style, explode)
            case "query":
                for key, text in styles.pairs(name, value, spec.style, explode):
                    request.add_query(key, text)
            case "header":
                request.set_header(name, styles.header(value))
            case "cookie":
                request.set_cookie(name, styles.header(value))
            case _:
                content.add(spec, value, explode)
    # Base URL and template are joined as text: a template is ours, only its values are not.
    request.path = request.path.rstrip("/") + _fill(template, path_values, base, block, later)
    content.put_into(request, block)
    request.headers.setdefault("accept", "*/*" if block.body_type == "binary" else "application/json")
    request.headers.setdefault("user-agent", USER_AGENT)
    return request


def _fill(template: str, given: dict[str, str], base: Base, block: Block, later: frozenset[str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        text = given.get(name)
        if text is None and base.params.get(name) not in (None, ""):
            text = styles.path(name, base.params[name])  # e.g. an account id that the connection was asked for
        if text is None and name in later:
            return match.group(0)
        if text is None:
            raise BadInput(f"block {block.id!r} needs a value for {name!r}, which is part of its path", parameter=name)
        return text

    path = _PLACE.sub(value, template)
    if path and not path.startswith("/"):
        path = "/" + path
    for segment in path.split("/"):
        # "%2e%2e" counts as ".." too (WHATWG URL section 4.3), so encoding does not help: refuse.
        if segment in (".", ".."):
            raise BadInput(
                f"a path value of block {block.id!r} gives the segment {segment!r}, which would change the address"
            )
    return path


class _Content:
    """What goes into the body, collected from the inputs."""

    __slots__ = ("files", "form", "members", "whole")

    def __init__(self) -> None:
        self.whole: Any = UNSET
        self.members: list[tuple[Input, Any]] = []
        self.form: list[tuple[str, str]] = []
        self.files: list[tuple[str, coerce.File]] = []

    def add(self, spec: Input, value: Any, explode: bool | None) -> None:
        name = spec.name or spec.id
        if spec.location in ("form", "file"):
            if isinstance(value, coerce.File):
                self.files.append((name, value))
            else:
                nested = spec.style or ("deepObject" if isinstance(value, dict) else "")
                self.form += styles.pairs(name, value, nested, explode)
        elif spec.name in ("", "/"):
            self.whole = value
        else:
            self.members.append((spec, value))

    def put_into(self, request: Request, block: Block) -> None:
        kind: str = block.body_type
        if not kind:
            several = "json" if self.members or self.whole is not UNSET else ""
            kind = "multipart" if self.files else "form" if self.form else several
        match kind:
            case "json":
                self._json(request, block)
            case "form":
                self._form(request)
            case "multipart":
                self._multipart(request)
            case "xml" | "text" | "binary":
                self._raw(request, kind)

    def _json(self, request: Request, block: Block) -> None:
        if self.whole is UNSET and not self.members:
            if not any(spec.location == "body" for spec in block.inputs) or block.method.upper() in ("GET", "DELETE"):
                return
            request.json = {}
        else:
            request.json = _json(block, self.whole, self.members)
        request.headers.setdefault("content-type", _CONTENT_TYPES["json"])

    def _form(self, request: Request) -> None:
        form = list(self.form)
        for spec, value in self.members:
            name = (spec.name or spec.id).lstrip("/").replace("/", ".")
            form += styles.pairs(name, value, spec.style or ("deepObject" if isinstance(value, dict) else ""))
        if isinstance(self.whole, dict):
            for name, value in self.whole.items():
                if value is not None:
                    form += styles.pairs(name, value, "deepObject" if isinstance(value, dict) else "")
        request.form = form
        request.headers.setdefault("content-type", _CONTENT_TYPES["form"])

    def _multipart(self, request: Request) -> None:
        form, files = list(self.form), list(self.files)
        for spec, value in self.members:
            name = (spec.name or spec.id).lstrip("/")
            if isinstance(value, coerce.File):
                files.append((name, value))
            else:
                form.append((name, coerce.text(value)))
        boundary = secrets.token_hex(16)
        request.body = multipart(form, files, boundary)
        request.headers["content-type"] = f"multipart/form-data; boundary={boundary}"

    def _raw(self, request: Request, kind: str) -> None:
        if self.whole is not UNSET:
            raw = self.whole
        elif self.members:
            raw = self.members[0][1]
        elif self.files:
            raw = self.files[0][1]
        else:
            return
        content_type = _CONTENT_TYPES[kind]
        if isinstance(raw, coerce.File):
            request.body, content_type = raw.content, raw.content_type
        else:
            request.body = coerce.text(raw).encode("utf-8", "replace")
        request.headers.setdefault("content-type", content_type)


def _json(block: Block, whole: Any, members: list[tuple[Input, Any]]) -> Any:
    """The whole body first, then each member at its JSON pointer (RFC 6901)."""
    if not members:
        return whole
    if len(members) == 1 and whole is UNSET:
        spec, value = members[0]
        name = spec.name or spec.id
        if "/" not in name.lstrip("/") and "~" not in name:
            return {name.lstrip("/"): value}
    body: Any = unshared(whole) if whole is not UNSET else {}
    for spec, value in members:
        if not put(body, spec.name or spec.id, value):
            raise BadInput(
                f"the input {spec.id!r} of block {block.id!r} belongs at {spec.name!r} of the body, where there is"
                " no place",
                parameter=spec.id,
            )
    return body


def put(body: Any, pointer: str, value: Any) -> bool:
    """Set the place of a JSON pointer (RFC 6901; the first slash may be missing), making objects and lists on the
    way.
    """
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/")]
    for part, following in pairwise(parts):
        fresh: Any = [] if following in ("0", "-") else {}
        if isinstance(body, list):
            at = len(body) if part == "-" else int(part) if part.isdigit() else -1
            if not 0 <= at <= len(body):
                return False
            if at == len(body):
                body.append(fresh)
            body = body[at]
        elif isinstance(body, dict):
            if body.get(part) is None:
                body[part] = fresh
            body = body[part]
        else:
            return False
    last = parts[-1]
    if isinstance(body, dict):
        body[last] = value
        return True
    if isinstance(body, list) and (last == "-" or (last.isdigit() and int(last) <= len(body))):
        at = len(body) if last == "-" else int(last)
        body[at : at + 1] = [value]
        return True
    return False


def unshared(value: Any) -> Any:
    """A copy of containers, so that setting a member never changes the caller's data."""
    if isinstance(value, dict):
        return {name: unshared(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [unshared(entry) for entry in value]
    return value
