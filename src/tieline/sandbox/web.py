"""Just enough HTTP on top of ASGI: request, reply, refusal, routes.

The two products answer several thousand small requests a second on one core, so a request is a thin object with lazy
parts, a handler is a plain function `Request -> Reply`, and msgspec decodes bodies straight into the record's type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Struct

T = TypeVar("T")
Headers = tuple[tuple[bytes, bytes], ...]

MAX_BODY = 1024 * 1024
JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
encode = msgspec.json.Encoder().encode


class Refusal(Exception):
    """An answer with an error status; each product renders it in its own style.

    ``field`` is a JSON pointer into the body, or the name of a parameter.
    """

    def __init__(self, status: int, code: str, message: str, *, field: str = "", headers: Headers = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = headers


class Reply(Struct, frozen=True):
    """What a handler gives back.

    ``page`` marks one page of a list that a client reads through; ``records`` is how many records it holds.
    """

    status: int = 200
    body: bytes = b""
    headers: Headers = (JSON,)
    page: bool = False
    records: int = 0


def answer(value: Any, status: int = 200, *, headers: Headers = (), page: bool = False, records: int = 0) -> Reply:
    """A JSON reply."""
    return Reply(status, encode(value), (JSON, *headers), page, records)


NO_CONTENT = Reply(204, b"", ())


class Request:
    """One request; ``base`` is the origin as the client spelled it (``http://host:port``)."""

    __slots__ = (
        "_query",
        "base",
        "body",
        "caller",
        "headers",
        "id",
        "method",
        "params",
        "path",
        "raw_path",
        "raw_query",
    )

    def __init__(
        self, *, method: str, raw_path: str, raw_query: str, headers: dict[bytes, bytes], body: bytes, base: str
    ) -> None:
        self.method = method
        self.raw_path = raw_path
        self.path = unquote(raw_path) if "%" in raw_path else raw_path
        self.raw_query = raw_query
        self.headers = headers
        self.body = body
        self.base = base
        self.params: dict[str, str] = {}
        self.caller = ""
        self.id = ""
        self._query: dict[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; the last value of a repeated one counts."""
        if self._query is None:
            self._query = dict(parse_qsl(self.raw_query, keep_blank_values=True)) if self.raw_query else {}
        return self._query

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    def read(self, decoder: msgspec.json.Decoder[T]) -> T:
        """The JSON body as a typed record: 415 and 400 where it is no JSON, 422 where it breaks the schema."""
        media = self.header(b"content-type").split(";", 1)[0].strip().lower()
        if media != "application/json" and not media.endswith("+json"):
            raise Refusal(415, "unsupported_media_type", "Send the body as application/json.")
        return decode(decoder, self.body)


def decode(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    """Decodes ``data`` or refuses it with 400 (no JSON) or 422 (against the schema)."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        raise Refusal(422, "invalid_body", message.replace("`", "'") + ".", field=_pointer(place)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refusal(400, "malformed_json", "The body is not valid JSON in UTF-8.") from None
    except RecursionError:
        raise Refusal(400, "malformed_json", "The body is nested too deeply.") from None


def _pointer(place: str) -> str:
    """``.attendee.email`` with its closing backquote, as msgspec says it, to ``/attendee/email``."""
    return place.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/").replace("//", "/")


def check_free_form(value: object, pointer: str, depth: int = 0) -> None:
    """Refuses what other programs would spoil in free-form data: integers beyond 64 bits, more than 32 levels."""
    if depth > 32:
        raise Refusal(422, "invalid_body", "At most 32 levels of nesting are kept.", field=pointer[:200])
    if isinstance(value, dict):
        for key, inner in value.items():
            check_free_form(inner, f"{pointer}/{key}", depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            check_free_form(inner, f"{pointer}/{index}", depth + 1)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Refusal(422, "invalid_body", "Integers must fit into 64 bits.", field=pointer)


Handler = Callable[[Request], Reply]


class Route(Struct, frozen=True):
    """``template`` holds ``{name}`` for a path segment; ``open`` routes need no credentials."""

    method: str
    template: str
    handler: Handler
    name: str
    object: str = ""
    open: bool = False


class Router:
    """Finds a handler by walking the path's segments; a literal segment wins over ``{name}``."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self.routes: list[Route] = []

    def add(self, method: str, template: str, handler: Handler, *, object: str = "", open: bool = False) -> None:
        route = Route(method, template, handler, f"{method} {template}", object, open)
        node = self._root
        for segment in _segments(template):
            variable = segment.startswith("{")
            node = node.setdefault("{}" if variable else segment, {})
            if variable:
                node[""] = segment[1:-1]
        node.setdefault("/", {})[method] = route
        self.routes.append(route)

    def find(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]]:
        """Raises 404, or 405 with ``Allow``."""
        node, params = self._root, {}
        for segment in _segments(raw_path):
            below = node.get(segment) if segment and segment != "{}" else None
            if below is None:
                below = node.get("{}") if segment else None
                if below is None:
                    raise Refusal(404, "unknown_path", "There is nothing at this path; see /openapi.json.")
                params[below[""]] = unquote(segment)
            node = below
        methods: dict[str, Route] = node.get("/", {})
        route = methods.get("GET" if method == "HEAD" else method)
        if route is not None:
            return route, params
        if not methods:
            raise Refusal(404, "unknown_path", "There is nothing at this path; see /openapi.json.")
        allow = ", ".join(sorted(methods)).encode()
        raise Refusal(405, "method_not_allowed", f"{method} is not possible here.", headers=((b"allow", allow),))


def _segments(path: str) -> list[str]:
    return path[1:].split("/") if path != "/" else []


def integer(request: Request, name: str, default: int, low: int, high: int) -> int:
    """A whole number from the query string, or 400."""
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise Refusal(400, "invalid_parameter", f"'{name}' must be a whole number from {low} to {high}.", field=name)
    return int(text)
