"""What every importer makes of its document before anything is concluded: a neutral description of the API.

Importers translate, `classify` concludes. Schemas stay as the source has them (JSON Schema, references untouched);
``references`` knows where they point. Pointers are RFC 6901 into the source document, or any other text that leads a
person to the place ("page 3, line 12").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tieline.connectors.importers.references import References
from tieline.connectors.manifest.model import AuthMethod, Block, ErrorRule, Notice, ObjectType, Server

Schema = dict[str, Any]
ParamLocation = Literal["path", "query", "header", "cookie", "form", "file"]


@dataclass(slots=True)
class Param:
    """One parameter outside a structured body."""

    name: str
    location: ParamLocation
    schema: Schema = field(default_factory=dict)
    required: bool = False
    description: str = ""
    style: str = ""  # "" = the default of its location
    explode: bool | None = None
    example: Any = None
    deprecated: bool = False
    pointer: str = ""
    hints: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Body:
    """What a call sends, in the media type that suits us best."""

    media: str
    schema: Schema = field(default_factory=dict)
    required: bool = False
    description: str = ""
    pointer: str = ""
    encoding: dict[str, Any] = field(default_factory=dict)  # of form members, as OpenAPI 3 writes it


@dataclass(slots=True)
class Answer:
    """One documented answer."""

    status: str
    description: str = ""
    media: str = ""
    schema: Schema | None = None
    headers: dict[str, str] = field(default_factory=dict)  # name as written -> description
    pointer: str = ""
    schema_pointer: str = ""

    @property
    def good(self) -> bool:
        """True for 2xx and for a ``default`` that stands alone."""
        return self.status[:1] == "2" or self.status == "default"


@dataclass(slots=True)
class Operation:
    """One call that the API offers."""

    method: str
    path: str
    id: str = ""
    summary: str = ""
    description: str = ""
    tags: list[str] = field(default_factory=list)
    params: list[Param] = field(default_factory=list)
    body: Body | None = None
    answers: list[Answer] = field(default_factory=list)
    security: list[str] | None = None  # ids of auth methods, any one; None = all of them, [] = none
    server: str = ""
    endpoint: str | None = None  # the block's path where operations share one; ``path`` then only says what it is about
    deprecated: bool = False
    hints: dict[str, Any] = field(default_factory=dict)  # vendor extensions, as written
    errors: list[ErrorRule] = field(default_factory=list)
    links: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # operation -> its parameters: where from
    callbacks: list[str] = field(default_factory=list)  # names of events it subscribes to
    callback_url: str = ""  # the body field or parameter that takes the callback address, where the source says so
    transport: Literal["rest", "graphql", "soap"] = "rest"
    graphql: dict[str, Any] = field(default_factory=dict)
    soap: dict[str, Any] = field(default_factory=dict)
    pointer: str = ""
    confidence: float = 1.0  # that there is such a call at this path; below 1 where a text may have got it wrong
    doubt: str = ""  # why

    def answer(self) -> Answer | None:
        """The answer that a call which went well brings, the one with a schema first."""
        good = [one for one in self.answers if one.status[:1] == "2"] or [one for one in self.answers if one.good]
        return next((one for one in good if one.schema is not None), good[0] if good else None)


@dataclass(slots=True)
class Event:
    """A call that the API makes to us."""

    name: str
    summary: str = ""
    description: str = ""
    schema: Schema | None = None
    tags: list[str] = field(default_factory=list)
    operation: Operation | None = None  # the call that subscribes, where the source says so
    pointer: str = ""
    headers: dict[str, str] = field(default_factory=dict)  # of a delivery: name as written -> what is said of it
    callback: str = ""  # the expression that names the address ("{$request.body#/url}")


@dataclass(slots=True)
class Description:
    """A whole API."""

    format: str
    references: References
    format_version: str = ""
    title: str = ""
    version: str = ""
    description: str = ""
    address: str = ""
    sha256: str = ""
    servers: list[Server] = field(default_factory=list)
    auth: list[AuthMethod] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)  # that a typed source settles itself: nothing is concluded
    objects: list[ObjectType] = field(default_factory=list)  # of those blocks
    tags: dict[str, str] = field(default_factory=dict)
    schema_names: Callable[[str], str | None] = lambda ref: None
    soap: dict[str, Any] = field(default_factory=dict)  # as `Manifest.soap`
    notices: list[Notice] = field(default_factory=list)
