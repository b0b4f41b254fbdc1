"""Reading a JSON body: one reading of it, checked against a model, errors that point at the field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterator
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from tieline.api.edge.envelope import Several
from tieline.api.edge.intake import BodyGate
from tieline.core.errors import BadInput, Terminal

MAX_POINTER = 200
# The vendor's Python client writes null inside of lists for whatever its user left out.
NULL_WRITERS = ("qlik-sdk-python/",)


class UnsupportedMediaType(Terminal):
    """A body that says it is something else than JSON."""

    code = "unsupported-media-type"
    status = 415
    title = "Unsupported media type"


class MalformedJson(BadInput):
    """A body that is no JSON."""

    code = "malformed-json"
    title = "Malformed JSON"


class InvalidField(BadInput):
    """A field that breaks its rule."""

    code = "invalid-field"
    title = "Invalid field"


class Body(BaseModel):
    """What operations take: camelCase on the wire, no conversions, unknown and read-only fields are not looked at."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True, serialize_by_alias=True)


def _whole(value: Any) -> Any:
    # JSON knows one kind of number: 3.0 is the integer 3.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def without_default(schema: dict[str, Any]) -> None:
    """For `Field(json_schema_extra=...)`: what stands for "left out" is not a value that somebody may send."""
    schema.pop("default", None)


Whole = Annotated[int, BeforeValidator(_whole)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"\S")]
_KEPT = "kept byte for byte"
Document = Annotated[dict[str, Any], _KEPT]
Description = Annotated[str, StringConstraints(max_length=10_000)]

Model = TypeVar("Model", bound=Body)


class Incoming(Generic[Model]):
    """A body that was read: ``model`` as the operation wants it, and what the client really sent."""

    def __init__(self, model: Model, data: bytes, names: frozenset[str]) -> None:
        self.model = model
        self._data = data
        self.names = names

    def sent(self, name: str) -> bool:
        """True where the client sent this field (by its name on the wire)."""
        return name in self.names

    def raw(self, name: str) -> bytes:
        """The JSON of one field, byte for byte; the field must have been sent."""
        return bytes(msgspec.json.decode(self._data, type=dict[str, msgspec.Raw])[name])


def json_body(
    model: type[Model], *, large: bool = False, file: bool = False
) -> Callable[[Request], Coroutine[Any, Any, Incoming[Model]]]:
    """A dependency that reads the body. ``large`` lets it be a document (20 MB in place of 1 MB), ``file`` one in
    base64 (48 MB).

    A field of type `Document` is kept as bytes, so that its texts may hold NUL characters; nor does it matter what
    fields hold that the model does not know.
    """
    stored = {
        spelt
        for name, about in model.model_fields.items()
        if _KEPT not in about.metadata
        for spelt in (name, about.alias or name)
    }

    async def read(request: Request) -> Incoming[Model]:
        data = await read_body(request, large=large, file=file)
        content = decode(data, stored=stored)
        if request.headers.get("user-agent", "").startswith(NULL_WRITERS):
            content = _without_nulls(content)
        if not isinstance(content, dict):
            raise BadInput("The body is not a JSON object; send {...}.", pointer="")
        try:
            return Incoming(model.model_validate(content), data, frozenset(content))
        except ValidationError as error:
            raise Several([_field_error(item) for item in error.errors(include_url=False)]) from None

    return read


async def read_body(request: Request, *, large: bool = False, file: bool = False) -> bytes:
    """The bytes of a JSON body. Raises `UnsupportedMediaType`, `BodyTooLarge`, `BodyTooSlow`, or `BadInput`: none."""
    _check_type(request)
    gate: BodyGate = request.scope["tieline.gate"]
    if large:
        gate.allow_large()
    if file:
        gate.allow_file()
    data = (await request.body()).removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise BadInput("The body is missing; send a JSON object.", pointer="")
    return data


def decode(data: bytes, *, stored: Collection[str] | None = None) -> Any:
    """JSON that has one meaning: UTF-8, no lone surrogates, no NUL (in the fields ``stored`` of an object, else
    anywhere), not nested without end. Raises `MalformedJson`, `BadInput`.
    """
    try:
        content = msgspec.json.decode(data)
        # An escaped half of a pair passes the decoder of some versions and would break the database.
        msgspec.json.encode(content)
    except UnicodeError:
        raise MalformedJson("The body is not UTF-8 text, which JSON must be.", pointer="") from None
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        reason = str(error).removeprefix("JSON is malformed: ") or "it cannot be read"
        raise MalformedJson(f"The body is not valid JSON: {reason}.", pointer="") from None
    looked_at = content
    if stored is not None and isinstance(content, dict):
        looked_at = {name: content[name] for name in stored if name in content}
    if b"\\u0000" in data and (place := next(_nul(looked_at, ""), None)) is not None:
        raise BadInput("A text holds a NUL character, which cannot be stored; remove it.", pointer=place[:MAX_POINTER])
    return content


def _check_type(request: Request) -> None:
    kind = request.headers.get("content-type")
    if not kind:
        return
    essence, _, parameters = kind.partition(";")
    essence = essence.strip().lower()
    charset = parameters.lower().partition("charset=")[2].strip().strip('"')
    json_like = essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))
    if not json_like or charset not in {"", "utf-8", "utf8"}:
        raise UnsupportedMediaType("The body has to be application/json in UTF-8; say so in content-type.")


def _without_nulls(value: Any) -> Any:
    """The same without the fields that are null, down to the objects in its lists; what is below those stays."""
    if not isinstance(value, dict):
        return value
    return {
        name: [_without_nulls(item) for item in inner] if isinstance(inner, list) else inner
        for name, inner in value.items()
        if inner is not None
    }


def _nul(value: Any, pointer: str) -> Iterator[str]:
    waiting = [(value, pointer)]
    while waiting:
        item, place = waiting.pop()
        if isinstance(item, str):
            if "\0" in item:
                yield place
        elif isinstance(item, dict):
            for key, inner in item.items():
                if "\0" in key:
                    yield place
                waiting.append((inner, f"{place}/{_escape(key)}"))
        elif isinstance(item, list):
            waiting.extend((inner, f"{place}/{index}") for index, inner in enumerate(item))


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _field_error(item: ErrorDetails) -> InvalidField:
    pointer = "".join(f"/{_escape(str(part))}" for part in item["loc"])
    name = ".".join(str(part) for part in item["loc"]) or "The body"
    rule = "it is missing" if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
    if item["type"] == "string_pattern_mismatch":
        rule = "it is blank"
    return InvalidField(
        f"{name} is not valid: {rule[:1].lower()}{rule[1:].rstrip('.')}.", pointer=pointer[:MAX_POINTER]
    )
