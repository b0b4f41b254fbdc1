"""GraphQL over HTTP: one POST with ``query``, ``variables`` and ``operationName`` (GraphQL over HTTP draft, section 5).

What a call asks for stands in ``Block.graphql`` (docs/reference/manifest.md, "GraphQL"). An answer with ``errors`` is
an error whatever its status says: `GraphQL.decode` decides what it means and leaves that beside the errors, under
``extensions.tieline``, where `GraphQL.rules` finds it. Answers without errors stay as they are.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tieline.connectors.manifest.model import Block, ErrorRule
from tieline.connectors.runtime import build, decode, selections
from tieline.connectors.runtime.advice import LONGEST
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.transports.base import Transport, register
from tieline.core import json
from tieline.core.errors import BadInput, Misconfigured

FIELDS: Final = "fields"
ACCEPT: Final = "application/graphql-response+json, application/json;q=0.9"
_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_TYPE: Final = re.compile(r"[\[\]!_0-9A-Za-z]+")
_TEXTS: Final = 2_048  # documents that are kept built
_texts: dict[tuple[int, str], tuple[Block, str]] = {}  # by the block's identity, which the block itself vouches for

_SIGN_IN: Final = frozenset(
    "UNAUTHENTICATED NOT_AUTHENTICATED AUTHENTICATION_ERROR AUTHENTICATION_FAILED AUTHENTICATION_REQUIRED INVALID_TOKEN"
    " TOKEN_EXPIRED EXPIRED_TOKEN INVALID_JWT JWT_EXPIRED GRAPHQL_AUTHENTICATION AUTHENTICATION INVALID_AUTHENTICATION"
    " INVALID_CREDENTIALS INVALID_API_KEY LOGIN_REQUIRED AUTH_NOT_AUTHENTICATED UNAUTHENTICATEDEXCEPTION 401".split()
)
# Also said of a single field that the account may not see: that is about the whole call only where nothing came.
_MAYBE_SIGN_IN: Final = frozenset(("UNAUTHORIZED", "UNAUTHORIZEDEXCEPTION", "NOT_AUTHORIZED", "ACCESS_DENIED_TOKEN"))
_SLOWER: Final = frozenset(
    "THROTTLED THROTTLING RATE_LIMITED RATELIMITED RATE_LIMIT RATE_LIMIT_EXCEEDED RATE_LIMIT_ERROR TOO_MANY_REQUESTS"
    " COMPLEXITY_BUDGET_EXHAUSTED THROTTLINGEXCEPTION QUOTA_EXCEEDED 429".split()
)
_LATER: Final = frozenset(
    "INTERNAL_SERVER_ERROR INTERNAL_ERROR INTERNAL INTERNAL_FAILURE INTERNALSERVERERROR UNEXPECTED_ERROR"
    " SERVICE_UNAVAILABLE UNAVAILABLE TEMPORARILY_UNAVAILABLE TIMEOUT GATEWAY_TIMEOUT REQUEST_TIMEOUT BAD_GATEWAY"
    " DOWNSTREAM_SERVICE_ERROR 500 502 503 504".split()
)
_SLOWER_WORDS: Final = re.compile(r"(?i)\bthrottled\b|rate.?limit\w* (?:exceeded|reached|hit)|too many requests")
_CODES: Final = ("code", "type", "errorType", "classification", "category", "status", "statusCode")

_RULES: Final = tuple(
    ErrorRule(then=then, path="$.extensions.tieline.then", equals=then, message="$.extensions.tieline.message")
    for then in ("refresh", "rate_limited", "retry", "fail")
)


@register("graphql")
class GraphQL(Transport):
    """Queries and mutations of one endpoint."""

    def build(
        self, block: Block, inputs: Mapping[str, Any], base: Base, later: frozenset[str] = frozenset()
    ) -> Request:
        """The POST of one call. Variables that are not given are left out, which differs from null (spec, 6.1.2)."""
        given, nulls = _by_input(block, inputs)
        chosen = given.pop(FIELDS, None) if any(_selects(spec) for spec in block.inputs) else None
        request = build.build(block, given, base, later)
        if base.slashed and not block.path and not block.server:
            request.path += "/"
        body = request.json if isinstance(request.json, dict) else {}
        for pointer in nulls:
            build.put(body, pointer, None)
        variables = body.get("variables", {})
        for name, type_ in (block.graphql.get("variables") or {}).items():
            # An input object that must be there, but of whose members none was given.
            inside = f"/variables/{name}/"
            if name not in variables and type_.endswith("!") and any(i.name.startswith(inside) for i in block.inputs):
                variables[name] = {}
        request.method = "POST"
        request.json = {
            "query": self._text(block, chosen),
            "operationName": str(block.graphql.get("name") or "Call"),
            "variables": variables,
        }
        request.headers["content-type"] = "application/json"
        request.headers["accept"] = block.headers.get("Accept", ACCEPT)
        return request

    def decode(self, block: Block, body: bytes, content_type: str, *, expect: str, status: int) -> Any:
        """The answer; one without data and errors is not GraphQL's."""
        data = decode.decode(body, content_type, expect="json" if status < 400 else expect)
        if isinstance(data, dict) and data.get("errors"):
            return _judged(block, data, status)
        if status < 400:
            if not isinstance(data, dict) or "data" not in data:
                raise decode.NotReadable("not one of GraphQL: it has neither data nor errors")
            if data["data"] is None:
                raise decode.NotReadable("one of GraphQL without data, and no error says why")
        return data

    def rules(self, block: Block) -> tuple[ErrorRule, ...]:
        """What `decode` found out about errors."""
        return _RULES

    def wait(self, body: Any) -> float | None:
        """``retryAfter`` of an error, or what Shopify's cost says: points wanted, there and coming back a second."""
        errors = body.get("errors") if isinstance(body, dict) else None
        told = (
            [_told(one.get("extensions")) for one in errors if isinstance(one, dict)]
            if isinstance(errors, list)
            else []
        )
        waits = [one for one in [*told, _restored(body.get("extensions"))] if one is not None] if told else []
        return max(waits, default=None)

    def problem(self, body: Any) -> dict[str, Any]:
        """The codes of the errors in an answer."""
        errors = body.get("errors") if isinstance(body, dict) else None
        listed = [one for one in errors if isinstance(one, dict)][:20] if isinstance(errors, list) else []
        codes = sorted({code for one in listed for code in _codes(one)})
        return {"codes": codes} if codes else {}

    def _text(self, block: Block, chosen: Any) -> str:
        """The document of a block with its own or another selection, built once."""
        selection = ""
        if chosen not in (None, "", []):
            if isinstance(chosen, str) and chosen.lstrip().startswith("["):
                with contextlib.suppress(msgspec.DecodeError):  # the reader of selections says what is wrong
                    chosen = json.loads(chosen)
            selection = selections.read(chosen, f"the input {FIELDS!r} of block {block.id!r}")
        key = (id(block), selection)
        known = _texts.get(key)
        if known is None or known[0] is not block:
            if len(_texts) >= _TEXTS:
                _texts.clear()
            known = _texts[key] = (block, document(block, selection))
        return known[1]


def document(block: Block, selection: str = "") -> str:
    """The GraphQL document of a block. Raises Misconfigured where its ``graphql`` misses something."""
    call = block.graphql
    operation, field = call.get("operation", "query"), call.get("field", "")
    if operation not in ("query", "mutation") or not isinstance(field, str) or not _NAME.fullmatch(field):
        raise Misconfigured(f"block {block.id!r} needs an operation (query or mutation) and a field in its 'graphql'")
    variables = call.get("variables") or {}
    declared = ", ".join(f"${_name(block, name)}: {_type(block, type_)}" for name, type_ in variables.items())
    text = _field(block, field, call.get("arguments", {name: name for name in variables}), _fields(block, selection))
    for holder in reversed(call.get("under") or []):
        text = _field(block, holder.get("field", ""), holder.get("arguments") or {}, text)
    head = f"{operation} {_name(block, call.get('name') or 'Call')}"
    return f"{head}({declared}) {{ {text} }}" if declared else f"{head} {{ {text} }}"


def _fields(block: Block, selection: str) -> str:
    """What stands between the braces of the block's field."""
    own = block.graphql.get("selection") or ""
    if isinstance(own, list):
        own = selections.read(own, f"the selection of block {block.id!r}")
    chosen = selection or str(own).strip()
    wrap = block.graphql.get("wrap") or ""
    return str(wrap).replace("*", chosen or "__typename") if wrap else chosen


def _field(block: Block, field: str, arguments: Mapping[str, str], below: str) -> str:
    given = ", ".join(f"{_name(block, name)}: ${_name(block, variable)}" for name, variable in arguments.items())
    head = f"{_name(block, field)}({given})" if given else _name(block, field)
    return f"{head} {{ {below} }}" if below else head


def _name(block: Block, name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Misconfigured(f"block {block.id!r} has {str(name)[:60]!r} in its 'graphql' where a GraphQL name belongs")
    return name


def _type(block: Block, type_: Any) -> str:
    if not isinstance(type_, str) or not _TYPE.fullmatch(type_):
        raise Misconfigured(f"block {block.id!r} has {str(type_)[:60]!r} in its 'graphql' where a type belongs")
    return type_


def _selects(spec: Any) -> bool:
    return spec.id == FIELDS and spec.location is msgspec.UNSET


def _by_input(block: Block, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Inputs by their ids, and the places that are to be null.

    A value may also be given under the name of its variable, and an input object whole: ``{"input": {"email": ...}}``.
    In such an object null means null; elsewhere it means "not given", because a form gives null for what is empty.
    """
    ids = {spec.id for spec in block.inputs}
    if ids.issuperset(inputs):
        return dict(inputs), []
    given: dict[str, Any] = {}
    nulls: list[str] = []
    by_place = {spec.name: spec for spec in block.inputs if spec.name}
    by_last = {spec.name.rsplit("/", 1)[-1]: spec for spec in reversed(block.inputs) if spec.name}
    for name, value in inputs.items():
        whole = f"/variables/{name}"
        members = [spec for spec in block.inputs if spec.name.startswith(whole + "/")]
        if name in ids:
            given[name] = value
        elif whole in by_place:
            given[by_place[whole].id] = value
        elif members and (isinstance(value, dict) or (isinstance(value, str) and value.lstrip().startswith("{"))):
            _spread(block, name, value, given, nulls, by_place)
        elif value is not None and name in by_last:
            given[by_last[name].id] = value
        else:
            given[name] = value  # refused by name, or left out where it is null
    return given, nulls


def _spread(
    block: Block, name: str, value: Any, given: dict[str, Any], nulls: list[str], by_place: Mapping[str, Any]
) -> None:
    """An input object that was given whole, as its members."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except msgspec.DecodeError:
            raise BadInput(f"the input {name!r} of block {block.id!r} must be an object", parameter=name) from None
    for member, one in value.items():
        place = f"/variables/{name}/{member}"
        spec = by_place.get(place)
        if spec is None:
            known = ", ".join(
                sorted(at.rsplit("/", 1)[-1] for at in by_place if at.startswith(f"/variables/{name}/"))[:12]
            )
            raise BadInput(
                f"the input {name!r} of block {block.id!r} has no member {str(member)[:60]!r}; it has: {known}",
                parameter=name,
            )
        if one is None:
            if spec.required:
                raise BadInput(f"block {block.id!r} needs a value for {spec.label or spec.id!r}", parameter=spec.id)
            nulls.append(place)
        else:
            given.setdefault(spec.id, one)


def _judged(block: Block, data: dict[str, Any], status: int) -> dict[str, Any]:
    """The answer with what its errors mean for the call, where the status does not say it."""
    errors = data["errors"]
    listed = [one for one in errors if isinstance(one, dict)][:20] if isinstance(errors, list) else []
    codes = [_codes(one) for one in listed]
    nothing = not _has_data(block, data)
    then = ""
    if any(found & _SIGN_IN or (nothing and found & _MAYBE_SIGN_IN) for found in codes):
        then = "refresh"
    elif any(
        found & _SLOWER or (not found and _SLOWER_WORDS.search(_said(one)))
        for found, one in zip(codes, listed, strict=True)
    ):
        then = "rate_limited"
    elif status < 400:
        if not nothing and block.graphql.get("partial") == "keep":
            return data
        later = bool(codes) and all(found & _LATER for found in codes)
        then = "retry" if later and not block.writes else "fail"
    if not then:
        return data
    extensions = data.get("extensions")
    told = {"then": then, "message": _message(errors, listed, codes)}
    return {**data, "extensions": {**(extensions if isinstance(extensions, dict) else {}), "tieline": told}}


def _told(extensions: Any) -> float | None:
    """Seconds in ``retryAfter`` and its spellings."""
    if not isinstance(extensions, dict):
        return None
    found = [extensions.get(name) for name in ("retryAfter", "retry_after", "retryAfterSeconds", "retry_in_seconds")]
    return next((seconds for one in found if (seconds := _number(one)) and seconds <= LONGEST), None)


def _restored(extensions: Any) -> float | None:
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    status = cost.get("throttleStatus") if isinstance(cost, dict) else None
    if not isinstance(cost, dict) or not isinstance(status, dict):
        return None
    wanted, there = _number(cost.get("requestedQueryCost")), _number(status.get("currentlyAvailable"))
    rate = _number(status.get("restoreRate"))
    if wanted is None or there is None or not rate or wanted <= there:
        return None
    return min((wanted - there) / rate, LONGEST)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9 else None


def _has_data(block: Block, data: dict[str, Any]) -> bool:
    """Whether anything came of what was asked for."""
    found = data.get("data")
    return isinstance(found, dict) and any(value is not None for value in found.values())


def _codes(error: dict[str, Any]) -> set[str]:
    """All that stands where servers put codes, in one spelling: ``invalid-jwt`` is INVALID_JWT."""
    found: set[str] = set()
    extensions = error.get("extensions")
    for holder in (error, extensions if isinstance(extensions, dict) else {}):
        for name in _CODES:
            value = holder.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool):
                found.add(re.sub(r"[^A-Z0-9]+", "_", str(value)[:100].upper()))
    return found


def _said(error: dict[str, Any]) -> str:
    message = error.get("message")
    return message[:1_000] if isinstance(message, str) else ""


def _message(errors: Any, listed: list[dict[str, Any]], codes: list[set[str]]) -> str:
    """The first errors in one line, with their codes and places."""
    if not listed:
        return str(errors)[:300] if isinstance(errors, str | list) else "an error without a text"
    parts = []
    for one, found in list(zip(listed, codes, strict=True))[:3]:
        path = one.get("path")
        at = ".".join(str(step) for step in path[:10]) if isinstance(path, list) else ""
        aside = ", ".join(part for part in (*sorted(found - {"200"})[:2], f"at {at}" if at else "") if part)
        parts.append((_said(one) or "an error without a text") + (f" ({aside})" if aside else ""))
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return "; ".join(parts) + more
