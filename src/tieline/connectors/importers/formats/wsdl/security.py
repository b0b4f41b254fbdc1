"""How callers of a SOAP service prove who they are: as its policies say, as its headers suggest, else to be asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tieline.connectors.importers.classify.words import snake, title
from tieline.connectors.importers.description import Operation
from tieline.connectors.importers.formats.wsdl.files import Files
from tieline.connectors.importers.formats.wsdl.login import session_login
from tieline.connectors.importers.formats.wsdl.types import Types
from tieline.connectors.importers.values import Notices, escape
from tieline.connectors.manifest.model import AuthMethod, Fact, Input, Server
from tieline.connectors.manifest.xmlread import Node

_CREDENTIAL: Final = re.compile(r"session|auth|credential|login|token|security|api_?key", re.IGNORECASE)
_SECRET: Final = re.compile(r"pass|secret|key|token|session|ticket", re.IGNORECASE)
_NOT_ASKED: Final = re.compile(r"must_?understand|actor|encodingstyle", re.IGNORECASE)
_MAX_FIELDS: Final = 12


def read_auth(
    files: Files, operations: list[Operation], servers: list[Server], types: Types, notices: Notices
) -> list[AuthMethod]:
    """The auth methods, the likeliest first. What the document leaves open is offered as a choice and asked."""
    said = set(_assertions(files))
    methods: list[AuthMethod] = []
    if "UsernameToken" in said:
        digest = bool(said & {"HashPassword", "WssUsernameTokenDigest"})
        where = list(_places(files, "UsernameToken"))[:3]
        order = ("digest", "text") if digest else ("text", "digest")
        methods += [
            _username_token(kind, Fact(evidence=where, confidence=0.95 if kind == order[0] else 0.5)) for kind in order
        ]
    if said & {"HttpBasicAuthentication", "BasicAuthentication"}:
        methods.append(_basic(Fact(evidence=["WS-Policy"], confidence=0.95)))
    if not methods and said & {"X509Token", "KerberosToken", "SamlToken", "IssuedToken", "SecureConversationToken"}:
        notices.add(
            "auth-unsupported", "The service asks for signed or issued security tokens, which are not supported."
        )
    login = session_login(operations, servers, types)
    methods += [login] if login is not None else []
    methods += _by_headers(operations, types)
    if methods or not operations:
        return methods
    notices.add(
        "auth-not-said",
        "The document does not say how callers authenticate; choose none, HTTP Basic or a WS-Security user name token.",
    )
    guess = Fact(evidence=[], confidence=0.3, note="the document does not say it")
    none = AuthMethod(id="none", kind="none", label="No authentication", facts={"kind": guess})
    return [none, _basic(guess), _username_token("text", guess), _username_token("digest", guess)]


def _by_headers(operations: list[Operation], types: Types) -> list[AuthMethod]:
    """A method for each header of the envelope that carries credentials; the blocks stop asking for it."""
    found: dict[str, AuthMethod] = {}
    uses: Counter[str] = Counter()
    for operation in operations:
        uses.update(header["name"] for header in operation.soap.get("headers", ()))
        for header in operation.soap.get("headers", ()):
            name = header["name"]
            if name == "Security" and name not in found:
                fact = Fact(evidence=[operation.pointer], confidence=0.7, note="a WS-Security header is declared")
                found["Security"] = _username_token("text", fact)
                found["Security digest"] = _username_token("digest", fact)
            elif name != "Security" and _CREDENTIAL.search(name) and name not in found:
                fields = _header_fields(header, types)
                if fields:
                    found[name] = AuthMethod(
                        id=snake(name) or "header",
                        kind="soap_header",
                        label=title(name),
                        fields=fields,
                        facts={"kind": Fact(evidence=[operation.pointer], confidence=0.75)},
                    )
    taken = {one for one, method in found.items() if method.kind == "soap_header"}
    for operation in operations:
        operation.params = [one for one in operation.params if one.location != "header" or one.name not in taken]
    by_use = sorted(found.items(), key=lambda one: (-uses[one[0]], one[0]))
    return [method for _, method in by_use]


def _header_fields(header: dict[str, Any], types: Types) -> list[Input]:
    base = "/" + escape(header["name"])
    entry = types.table.get(header["type"], {})
    if header["type"].startswith("xs:") or "simple" in entry:
        return [_field(header["name"], base, True)]
    members = list(entry.get("fields", ()))
    return [
        _field(one["name"], f"{base}/{escape(one['name'])}", not one.get("optional"))
        for one in members[:_MAX_FIELDS]
        if one["type"].startswith("xs:") and not _NOT_ASKED.search(one["name"])
    ]


def _field(name: str, place: str, required: bool) -> Input:
    secret = bool(_SECRET.search(name))
    return Input(
        id=snake(name) or "value",
        label=title(name),
        type="password" if secret else "string",
        name=place,
        required=required,
        secret=secret,
    )


def _username_token(kind: str, fact: Fact) -> AuthMethod:
    label = "WS-Security user name token" + (" (password digest)" if kind == "digest" else "")
    return AuthMethod(
        id="wsse" if kind == "text" else "wsse_digest",
        kind="wsse",
        label=label,
        signature="PasswordText" if kind == "text" else "PasswordDigest",
        fields=_user_and_password(),
        facts={"kind": fact},
    )


def _basic(fact: Fact) -> AuthMethod:
    return AuthMethod(id="basic", kind="basic", label="HTTP Basic", fields=_user_and_password(), facts={"kind": fact})


def _user_and_password() -> list[Input]:
    return [
        Input(id="username", label="User name", required=True),
        Input(id="password", label="Password", type="password", required=True, secret=True),
    ]


def _assertions(files: Files) -> Iterator[str]:
    for policy, _ in _policies(files):
        for node in _walk(policy):
            yield node.name
            for key, value in node.attributes.items():
                if key.endswith("IncludeToken") and value:
                    yield node.name


def _places(files: Files, name: str) -> Iterator[str]:
    for policy, file in _policies(files):
        for node in _walk(policy):
            if node.name == name:
                yield f"{file + ' ' if file else ''}line {node.line}"


def _policies(files: Files) -> Iterator[tuple[Node, str]]:
    """The outermost policies. They stand everywhere but in the schemas, which may be large."""
    for root, file in files.definitions:
        pending = [root]
        while pending:
            node = pending.pop()
            if node.name == "Policy":
                yield node, file
            else:
                pending += [one for one in reversed(node.children) if one.name != "types"]


def _walk(start: Node) -> Iterator[Node]:
    pending = [start]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(node.children)
