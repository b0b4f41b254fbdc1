"""Each error status that a document promises, brought about by a real request: the rules for all operations."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn
from uuid import UUID

import httpx

from tests.api import contracts
from tests.api.test_malformed import told
from tieline.core.ids import new_id
from tieline.storage.database import Database

# The server closes a connection after 5 s without a request.
LIMITS = httpx.Limits(keepalive_expiry=2)
METHODS = ("get", "put", "post", "delete", "patch")
NAME = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True)
class Operation:
    """An operation of our document, with every error status that it or the vendor's names."""

    method: str
    path: str
    spec: Mapping[str, Any]
    document: dict[str, Any]
    statuses: tuple[int, ...]
    vendors: frozenset[int]  # those that the vendor's document names

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def family(self) -> str:
        """The name without the prefix: what both prefixes serve is one operation."""
        return f"{self.method.upper()} {re.sub('^/api/(v1|workflows)/', '', self.path)}"

    @property
    def body(self) -> Any:
        """The least that fits the schema of the body; None: there is none."""
        content = self.spec.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return None
        return least(content["application/json"]["schema"], self.document)

    def address(self, ids: Mapping[str, str] | None = None) -> str:
        """The path with these ids in it, and with ids of nothing."""
        return NAME.sub(lambda found: (ids or {}).get(found[1]) or self._nothing(found[1]), self.path)

    def _nothing(self, name: str) -> str:
        for parameter in self.spec.get("parameters", []):
            if parameter["name"] == name and parameter["in"] == "path":
                schema = parameter["schema"]
                if schema.get("enum"):
                    return str(schema["enum"][0])
                if schema.get("type") == "integer":
                    return "987654"
        return str(new_id())

    @property
    def required_headers(self) -> dict[str, str]:
        return {
            parameter["name"].lower(): "x"
            for parameter in self.spec.get("parameters", [])
            if parameter["in"] == "header" and parameter.get("required")
        }


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    media_type: str
    content: bytes


def operations(document: dict[str, Any]) -> list[Operation]:
    """Those of our ``document``; those statuses of the vendor's are added; operations that only it has are refused."""
    promised: dict[tuple[str, str], set[int]] = {}
    for vendors in contracts.documents():
        for path, item in vendors["paths"].items():
            for method in METHODS:
                if method in item:
                    statuses = {int(status) for status in item[method]["responses"] if status.isdigit()}
                    promised.setdefault((method, NAME.sub("{}", path)), set()).update(statuses)
    found = []
    for path, item in document["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            own = {int(status) for status in item[method]["responses"] if status.isdigit()}
            theirs = promised.pop((method, NAME.sub("{}", path)), set())
            errors = tuple(sorted(status for status in own | theirs if status >= 400))
            found.append(Operation(method, path, item[method], document, errors, frozenset(theirs)))
    assert not promised, f"of the vendor's documents, but not served: {sorted(promised)}"
    return found


def least(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """The smallest value of a schema, as far as our documents need it."""
    if "$ref" in schema:
        return least(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return least(schema[key][0], document)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("examples"):
        return schema["examples"][0]
    match schema.get("type"):
        case "object" | None:
            wanted = schema.get("required", [])
            return {name: least(schema.get("properties", {}).get(name, {}), document) for name in wanted}
        case "array":
            return [least(schema["items"], document) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            formats = {"uuid": str(new_id()), "uri": "https://example.com/x", "date-time": "2026-01-01T00:00:00Z"}
            return formats.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))


class Faulty(Database):
    """Has a fault of its own in every transaction."""

    def tenant(self, tenant_id: UUID) -> NoReturn:
        raise RuntimeError("a fault that the test made")

    def system(self) -> NoReturn:
        raise RuntimeError("a fault that the test made")


@dataclass
class Stage:
    """The servers and credentials that provocations use."""

    plain: str  # addresses
    limited: str
    faulty: str
    stopped: str
    admin: str  # keys
    narrow: tuple[str, str]
    partner: Mapping[str, str]  # headers
    ids: Mapping[str, str] = field(default_factory=dict)
    doors: Mapping[str, dict[str, Any]] = field(default_factory=dict)  # what opens operations that take no API key
    documents: str = ""  # where API documents lie, each of which answers as ``modes`` says
    modes: dict[str, str] = field(default_factory=dict)
    parallel: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(24))
    client: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(timeout=60, verify=False, limits=LIMITS)
    )

    def headers(self, operation: Operation) -> dict[str, str]:
        """What lets an administrator in, or whoever the door is for, and what the operation cannot do without."""
        door = self.doors.get(operation.name, {}).get("headers", {})
        who = self.partner if operation.path.startswith("/oem/") else {"authorization": f"Bearer {self.admin}"}
        return {**operation.required_headers, **who, **door}

    async def ask(
        self,
        operation: Operation,
        *,
        address: str = "",
        ids: Mapping[str, str] | None = None,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        content: bytes | None = None,
    ) -> Answer:
        """Sends the operation; by default as an administrator, about nothing that exists, with the least body."""
        door = self.doors.get(operation.name, {})
        ids, query, content = ids or door.get("ids"), query or door.get("query", ""), content or door.get("content")
        body = door.get("body") if body is None else body
        sent = dict(self.headers(operation) if headers is None else headers)
        if sent.get("origin") == self.plain:
            sent["origin"] = address or self.plain
        if content is None and (body := operation.body if body is None else body) is not None:
            content = json.dumps(body).encode()
        if content is not None:
            sent = {"content-type": "application/json", **sent}
        url = f"{address or self.plain}{operation.address(ids)}{query}"
        async with self.parallel:
            got = await self.client.request(operation.method, url, headers=sent, content=content)
        return Answer(got.status_code, got.headers.get("content-type", "").partition(";")[0], got.content)

    async def raw(self, operation: Operation, head: str, body: bytes = b"") -> Answer:
        """Sends a request with a head that no client would write, and perhaps less of a body than it says."""
        door = self.doors.get(operation.name, {})
        address = operation.address(door.get("ids") or self.ids) + door.get("query", "")
        lines = [f"{operation.method.upper()} {address} HTTP/1.1", "host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers(operation).items() if name != "content-type"]
        async with self.parallel:
            status, headers, content = await told(self.plain, "\r\n".join([*lines, head, "", ""]).encode() + body)
        return Answer(status, headers.get("content-type", "").partition(";")[0], content)


Provocation = Callable[[Stage, Operation], Awaitable[Answer]]


async def no_http(stage: Stage, operation: Operation) -> Answer:
    return await stage.raw(operation, "content-length: one")


async def bad_json(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, content=b'{"broken": ')


async def bad_query(stage: Stage, operation: Operation) -> Answer:
    """Every query parameter at once with something that is no text."""
    names = [parameter["name"] for parameter in operation.spec.get("parameters", []) if parameter["in"] == "query"]
    return await stage.ask(operation, query="?" + "&".join(f"{name}=%FF%00" for name in names))


async def no_key(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, headers=operation.required_headers)


async def wrong_key(stage: Stage, operation: Operation) -> Answer:
    answer = Answer(0, "", b"")
    for key in stage.narrow:
        headers = {"authorization": f"Bearer {key}", **operation.required_headers}
        answer = await stage.ask(operation, headers=headers)
        if answer.status == 403:
            break
    return answer


async def nothing_there(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(
        operation, ids={name: new_id().hex for name in NAME.findall(operation.path) if name == "token"}
    )


async def no_such_path(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, ids=dict.fromkeys(NAME.findall(operation.path), "no-id"))


async def slow_body(stage: Stage, operation: Operation) -> Answer:
    return await stage.raw(operation, "content-type: application/json\r\ncontent-length: 20", b'{"a"')


async def large_body(stage: Stage, operation: Operation) -> Answer:
    head = "content-type: application/json\r\ncontent-length: 60000000\r\nexpect: 100-continue"
    return await stage.raw(operation, head)


async def long_address(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, query="?" + "q" * 61 * 1024)


async def strange_body(stage: Stage, operation: Operation) -> Answer:
    headers = {**stage.headers(operation), "content-type": "text/plain"}
    ids = None if operation.name in stage.doors else stage.ids
    return await stage.ask(operation, ids=ids, headers=headers, content=b"{}")


async def too_often(stage: Stage, operation: Operation) -> Answer:
    """Twice: perhaps the minute is over in which the only request was made."""
    ids = None if operation.name in stage.doors else stage.ids
    answer = await stage.ask(operation, address=stage.limited, ids=ids)
    for _ in range(2):
        if answer.status != 429:
            answer = await stage.ask(operation, address=stage.limited, ids=ids)
    return answer


async def fault(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, address=stage.faulty)


async def no_database(stage: Stage, operation: Operation) -> Answer:
    return await stage.ask(operation, address=stage.stopped)


def rules(operation: Operation, status: int) -> Iterator[Provocation]:
    """What is tried for this status, in this order."""
    if status == 400:
        if operation.body is not None:
            yield bad_json
        if any(parameter["in"] == "query" for parameter in operation.spec.get("parameters", [])):
            yield bad_query
        yield no_http
        return
    if status == 404:
        yield nothing_there
        if operation.path.endswith("/execute"):
            yield no_such_path
        return
    found = {
        401: no_key,
        403: wrong_key,
        408: slow_body,
        413: large_body,
        414: long_address,
        415: strange_body,
        429: too_often,
        500: fault,
        503: no_database,
    }.get(status)
    if found is not None:
        yield found


def held(operation: Operation, status: int, answer: Answer) -> None:
    """Asserts that ``answer`` is as our document says for ``status``, and as the vendor's does."""
    if status in operation.vendors:
        contracts.check(operation.method, operation.address(), status, answer.media_type, answer.content)
    promised = operation.spec["responses"].get(str(status))
    assert promised is not None, f"our document names no {status}"
    assert answer.media_type in promised["content"], f"{answer.media_type} is not {list(promised['content'])}"
    if answer.media_type != "application/json":
        return
    schema = promised["content"][answer.media_type]["schema"]
    errors = contracts.faults(schema, operation.document, json.loads(answer.content))
    assert not errors, str(errors)
    if schema.get("$ref", "").endswith("/ErrorResponse"):
        enveloped(status, json.loads(answer.content))


def enveloped(status: int, body: Mapping[str, Any]) -> None:
    """Asserts the envelope: at least one error with a code, a title and this status, and the trace's id."""
    assert re.fullmatch("[0-9a-f]{32}", body["traceId"])
    assert body["errors"]
    for error in body["errors"]:
        assert error["code"]
        assert error["title"]
        assert str(error["status"]) == str(status)


@asynccontextmanager
async def stopped_database() -> Any:
    """A database that nobody answers for."""
    database = Database("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1, embedded=None)
    try:
        yield database
    finally:
        await database.close()
