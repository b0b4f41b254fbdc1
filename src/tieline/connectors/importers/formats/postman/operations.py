"""Requests of a collection as operations; requests for the same call (several examples of it) become one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.classify.inputs import body_type
from tieline.connectors.importers.description import Body, Operation, Param
from tieline.connectors.importers.formats.postman.addresses import Address, read_address
from tieline.connectors.importers.formats.postman.answers import Answers
from tieline.connectors.importers.formats.postman.auths import Auths, is_key_header, is_key_param
from tieline.connectors.importers.formats.postman.bodies import Path, Sent, read_body, read_field
from tieline.connectors.importers.formats.postman.secrets import Secrets
from tieline.connectors.importers.formats.postman.variables import said
from tieline.connectors.importers.formats.postman.walk import Found
from tieline.connectors.importers.sampling import schema_of
from tieline.connectors.importers.values import Notices, mapping, pointer, sequence, text
from tieline.connectors.manifest.model import ErrorRule, Server

MAX_OPERATIONS = 20_000
_MAX_HEADERS = 100
_MAX_SAMPLES = 20
_MAX_SEEN = 500  # requests for one call that add to what is known of it
_METHOD = re.compile(r"[A-Za-z][A-Za-z-]{0,19}")
# Query parameters that choose what is done, where one address serves for everything.
_SWITCHES = frozenset(("action", "method", "cmd", "command", "op", "operation", "function", "func", "service"))
_LONGEST_EXAMPLE = 200


@dataclass(slots=True)
class Draft:
    """One operation while it is collected."""

    operation: Operation
    base: str
    auth: list[str] = field(default_factory=list)
    open: bool = False  # some request says that it needs no authentication
    kind: str = ""  # of the body: json, form, multipart, xml ...
    params: dict[tuple[str, str], Param] = field(default_factory=dict)
    samples: list[Any] = field(default_factory=list)
    defaults: dict[Path, Any] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    graphql: bool = False
    seen: int = 0  # requests
    grants: set[str] = field(default_factory=set)  # values of grant_type that are sent


class Operations:
    """Collects drafts, and at the end the operations and the servers that they need."""

    def __init__(self, auths: Auths, secrets: Secrets, notices: Notices) -> None:
        self.auths = auths
        self.secrets = secrets
        self.notices = notices
        self.drafts: dict[tuple[Any, ...], Draft] = {}
        self.bare: dict[tuple[Any, ...], Draft] = {}  # by the same without the body
        self.servers: dict[str, Server] = {}
        self.left_out = 0

    def learn(self, found: Found) -> None:
        """Take note of the secrets of one request, before any text of the collection is taken over."""
        self.auths.learn(found.auth, [(name, value) for name, value, _ in _headers(found.request.get("header"))])
        url = found.request.get("url")
        raw = text(url if isinstance(url, str) else mapping(url).get("raw"), 4_000)
        if match := re.match(r"\w+://[^/?#@\s:]*:([^/?#@\s]+)@", raw):
            self.secrets.learn(match[1])

    def add(self, found: Found) -> None:
        """Take one request."""
        request, at = found.request, found.pointer + "/request"
        method = text(request.get("method"), 30).upper() or "GET"
        if not _METHOD.fullmatch(method):
            self.notices.add("wrong-type", "The method of the request is none; it was left out.", at + "/method")
            return
        address = read_address(request.get("url"), found.scope)
        if not address.base and not address.path:
            self.notices.add("no-address", "The request has no address; it was left out.", at)
            return
        headers = _headers(request.get("header"))
        media = next((value for name, value, _ in headers if name.lower() == "content-type"), "")
        media = media.split(";")[0].strip().lower() if "{{" not in media else ""
        sent = read_body(request.get("body"), media, found.scope, self.secrets, self.notices, at)
        switches = {
            text(one.get("key"), 100): text(one.get("value"), 200)
            for one in address.query
            if text(one.get("key"), 100).lower() in _SWITCHES and _literal(text(one.get("value"), 200))
        }
        shape = re.sub(r"\{[^{}]*\}", "{}", address.path).rstrip("/")
        call = (address.base, method, shape, tuple(sorted(switches.items())))
        draft = self._known(call, sent)
        if draft is None:
            if len(self.drafts) >= MAX_OPERATIONS:
                self.left_out += 1
                return
            draft = self._draft(found, method, address, switches, at)
            draft.kind = _kind(sent)
            self.drafts[(*call, draft.kind, sent.mark if sent is not None else "")] = draft
            self.bare.setdefault(call, draft)
        draft.seen += 1
        if draft.seen > _MAX_SEEN:
            return
        self._more(draft, found, address, switches, headers, sent, at)

    def _known(self, call: tuple[Any, ...], sent: Sent | None) -> Draft | None:
        """The draft of the same call, whose body is of the same kind where both have one."""
        first = self.bare.get(call)
        if sent is None or first is None:
            return first
        if not first.kind:
            first.kind = _kind(sent)
            self.drafts[(*call, first.kind, sent.mark)] = self.drafts.pop((*call, "", ""))
            return first
        return self.drafts.get((*call, _kind(sent), sent.mark))

    def _draft(self, found: Found, method: str, address: Address, switches: dict[str, str], at: str) -> Draft:
        name = " ".join(text(found.item.get("name") or found.request.get("name"), 200).split())
        path = address.path
        if switches:
            path += "?" + "&".join(f"{key}={value}" for key, value in switches.items())
        about = said(found.request.get("description")) or said(found.item.get("description"))
        operation = Operation(
            method=method,
            path=path,
            id=_id(name),
            summary=self.secrets.clean(name),
            description=self.secrets.clean(about),
            tags=[self.secrets.clean(folder)[:100] for folder in reversed(found.folders)],
            pointer=at,
        )
        if address.base and address.base not in self.servers:
            self.servers[address.base] = Server(url=address.base, variables=address.variables)
        draft = Draft(operation, address.base)
        for one in address.inputs:
            param = Param(one.name, "path", {"type": "string"}, required=True, pointer=at + "/url")
            param.description = self.secrets.clean(one.description)
            if one.value and self.secrets.shows(one.name, one.value):
                param.schema["default"] = one.value
            if one.example and self.secrets.shows(one.name, one.example):
                param.example = one.example
            draft.params["path", one.name] = param
        return draft

    def _more(
        self,
        draft: Draft,
        found: Found,
        address: Address,
        switches: dict[str, str],
        headers: list[tuple[str, str, dict[str, Any]]],
        sent: Sent | None,
        at: str,
    ) -> None:
        """Lay a request over its draft: what another example of the same call knows is added."""
        query = [(text(one.get("key"), 200), text(one.get("value"), 500)) for one in address.query]
        sent_headers = [(name, value) for name, value, _ in headers]
        accepted = self.auths.of(found.auth, sent_headers, query, found.scope, at + "/auth")
        draft.auth += [id_ for id_ in accepted or [] if id_ not in draft.auth]
        draft.open = draft.open or accepted == []
        for index, one in enumerate(address.query):
            param = read_field(one, found.scope, self.secrets, pointer(at, "url", "query", index))
            if param is None or param.name in switches or is_key_param(param.name, text(one.get("value"), 500)):
                continue
            self._param(draft, param)
        for index, (name, _, header) in enumerate(headers):
            if name.lower() in ("authorization", "cookie") or is_key_header(name):
                continue
            param = read_field({**header, "key": name}, found.scope, self.secrets, pointer(at, "header", index))
            if param is not None:
                param.location = "header"
                if param.example is not None and not header.get("disabled"):
                    # Who writes a header with a value means it to be sent (a version, a language).
                    param.schema["default"], param.example = param.example, None
                    param.required = True
                self._param(draft, param)
        if sent is not None:
            self._body(draft, sent, at)
        draft.answers.add(found.item.get("response"), found.pointer)

    def _param(self, draft: Draft, param: Param) -> None:
        known = draft.params.get((param.location, param.name))
        if known is None:
            draft.params[param.location, param.name] = param
        elif known.pointer.rsplit("/", 3)[0] == param.pointer.rsplit("/", 3)[0] and known.location in ("query", "form"):
            # Twice in one request: a list.
            if known.schema.get("type") != "array":
                known.schema = {"type": "array", "items": {"type": known.schema.get("type", "string")}}
                known.explode, known.example = True, None
        else:
            known.description = known.description or param.description
            known.example = param.example if known.example is None else known.example
            for name, value in param.schema.items():
                known.schema.setdefault(name, value)

    def _body(self, draft: Draft, sent: Sent, at: str) -> None:
        operation = draft.operation
        for param in sent.params:
            if param.name == "grant_type":
                draft.grants.add(str(param.example or param.schema.get("default")))
            self._param(draft, param)
        for sample in sent.samples:
            if isinstance(sample, dict) and isinstance(sample.get("grant_type"), str):
                draft.grants.add(sample["grant_type"])
        if operation.body is None:
            operation.body = Body(sent.media, pointer=at + "/body")
            if sent.plain or sent.file:
                operation.body.schema = {"type": "string"}
            if sent.file:
                operation.body.schema["format"] = "binary"
            elif sent.plain and len(sent.plain) <= 2_000:
                operation.body.schema["example"] = sent.plain
            if sent.graphql:
                draft.graphql = True
                operation.graphql = sent.graphql
        if len(draft.samples) < _MAX_SAMPLES:
            draft.samples += sent.samples
        for place, value in sent.defaults.items():
            draft.defaults.setdefault(place, value)

    def close(self) -> tuple[list[Operation], list[Server]]:
        """The operations, and the servers with the one that most of them use first.

        Only servers that some request sends credentials to are declared; others stand with their operation, so that
        a connection's credentials do not go there.
        """
        if self.left_out:
            self.notices.add(
                "too-many-operations", f"Only the first {MAX_OPERATIONS:,} operations were imported.", "/item"
            )
        uses = Counter(draft.base for draft in self.drafts.values() if draft.base)
        trusted = Counter(draft.base for draft in self.drafts.values() if draft.base and draft.auth)
        ranked = sorted(uses, key=lambda base: (-trusted[base], -uses[base]))
        first = ranked[0] if ranked else ""
        servers = [self.servers[base] for base in ranked if base == first or trusted[base]]
        for draft in self.drafts.values():
            self._finish(draft, first, {one.url for one in servers})
        return [draft.operation for draft in self.drafts.values()], servers[:50]

    def grants(self) -> list[tuple[Operation, set[str]]]:
        """The operations that ask for a token, and by which grants."""
        return [(draft.operation, draft.grants) for draft in self.drafts.values() if draft.grants]

    def _finish(self, draft: Draft, first: str, trusted: set[str]) -> None:
        operation = draft.operation
        # A call of another host that shows no credentials does not get them; one of the API itself may need them.
        operation.security = draft.auth or ([] if draft.open or draft.base not in trusted else None)
        operation.params = list(draft.params.values())
        operation.answers = draft.answers.close()
        if draft.base != first:
            operation.server = draft.base
        body = operation.body
        if body is not None and draft.samples:
            body.schema = schema_of(draft.samples, self._example)
            for place, value in draft.defaults.items():
                _default(body.schema, place, value)
            if draft.graphql:
                variables = body.schema if body.schema.get("properties") else {"type": "object"}
                query = {"type": "string", "default": operation.graphql["query"]}
                body.schema = {"type": "object", "properties": {"query": query, "variables": variables}}
                body.schema["required"] = ["query"]
                operation.graphql = {}
                # GraphQL over HTTP: an answer of 200 may hold errors.
                operation.errors = [ErrorRule(then="fail", path="$.errors", message="$.errors[0].message")]

    def _example(self, name: str, value: Any) -> Any:
        if isinstance(value, str) and len(value) > _LONGEST_EXAMPLE:
            return None
        return value if self.secrets.shows(name, value) else None


def _default(schema: dict[str, Any], place: Path, value: Any) -> None:
    """Write a default where a variable stood in the sample."""
    for step in place:
        inner = schema.get("items") if step == "[]" else mapping(schema.get("properties")).get(step)
        if not isinstance(inner, dict):
            return
        schema = inner
    schema["default"] = value
    schema.pop("example", None)


def _id(name: str) -> str:
    """A name without its numbering and what stands in brackets: "2. Create a user [EXAMPLE]"."""
    name = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", name)
    name = re.sub(r"^\s*\d+[a-z]?[.)]\s*|^(?:GET|POST|PUT|PATCH|DELETE)\s+(?=/)", "", name)
    return " ".join(re.sub(r"[^\w\s./:|-]+", " ", name).split()).strip(" ./:|-")


def _kind(sent: Sent | None) -> str:
    """The kind of a body, as far as two of them can be one."""
    if sent is None:
        return ""
    if sent.file:
        return "file"
    kind: str = body_type(sent.media)
    return f"{kind}/graphql" if sent.graphql else kind


def _literal(value: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z][\w.:-]{0,100}", value))


def _headers(node: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, value and the entry itself; version 1 and some 2.0 collections write them as one text."""
    if isinstance(node, str):
        lines = (line.partition(":") for line in node.splitlines()[:_MAX_HEADERS])
        node = [{"key": key.strip(), "value": value.strip()} for key, _, value in lines]
    found = []
    for one in sequence(node)[:_MAX_HEADERS]:
        one = mapping(one)
        if name := text(one.get("key"), 200):
            found.append((name, text(one.get("value"), 4_000), one))
    return found
