"""A login operation that gives a session, and the header that wants it back: one auth method out of the two."""

from __future__ import annotations

import re
from typing import Any, Final

from tieline.connectors.importers.classify.words import plain, snake, title
from tieline.connectors.importers.description import Operation
from tieline.connectors.importers.formats.wsdl.types import Types
from tieline.connectors.importers.values import escape
from tieline.connectors.manifest.authsteps import AuthStep, StepInject, StepRequest
from tieline.connectors.manifest.model import AuthMethod, Fact, Input, Server

_LOGINS: Final = frozenset("login logon signin authenticate createsession opensession startsession".split())
_SESSION: Final = re.compile(r"session|token|ticket", re.IGNORECASE)
_USER: Final = re.compile(r"user|login|e-?mail|account", re.IGNORECASE)
_PASSWORD: Final = re.compile(r"pass|secret", re.IGNORECASE)
_ENVELOPES: Final = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
_DEEPEST: Final = 3


def session_login(operations: list[Operation], servers: list[Server], types: Types) -> AuthMethod | None:
    """The method, None where the document shows no such pair. The login itself then needs no credentials."""
    for operation in operations:
        if plain(operation.soap["input"].get("name", "")) not in _LOGINS or not servers:
            continue
        asked = _asked(operation, types)
        given = _given(operation.soap.get("output") or {}, types)
        place = _wanted(operations, types)
        if asked and given and place:
            operation.security = []
            return _method(operation, servers[0].url, asked, given, place)
    return None


def _method(
    operation: Operation, server: str, asked: list[dict[str, Any]], given: str, place: tuple[str, str]
) -> AuthMethod:
    soap = operation.soap
    media = "text/xml; charset=utf-8" if soap["version"] == "1.1" else "application/soap+xml; charset=utf-8"
    login = StepRequest(
        url=server + (operation.endpoint or ""),
        headers={"Content-Type": media, "SOAPAction": f'"{_literal(str(soap.get("action", "")))}"'},
        body=_envelope(soap, asked),
    )
    return AuthMethod(
        id="login",
        kind="session",
        label=title(soap["input"]["name"]),
        fields=[
            Input(
                id=snake(one["name"]),
                label=title(one["name"]),
                type="password" if _PASSWORD.search(one["name"]) else "string",
                required=True,
                secret=bool(_PASSWORD.search(one["name"])),
            )
            for one in asked
        ],
        steps=[
            AuthStep(
                request=login,
                extract={"session": f"between:{given}>|</"},
                inject=[
                    StepInject(name=f"/{escape(place[0])}/{escape(place[1])}", value="{session}", location="envelope")
                ],
            )
        ],
        facts={"kind": Fact(evidence=[operation.pointer], confidence=0.75)},
    )


def _envelope(soap: dict[str, Any], asked: list[dict[str, Any]]) -> str:
    frame = soap["input"]
    inside = ""
    for one in asked:
        prefix = "n:" if one.get("ns") else ""
        inside += f"<{prefix}{one['name']}>{{{snake(one['name'])}|xml}}</{prefix}{one['name']}>"
    call = f'<n:{frame["name"]} xmlns:n="{_literal(frame.get("ns", ""))}">{inside}</n:{frame["name"]}>'
    envelope = _ENVELOPES[soap["version"]]
    return f'<env:Envelope xmlns:env="{envelope}"><env:Body>{call}</env:Body></env:Envelope>'


def _asked(operation: Operation, types: Types) -> list[dict[str, Any]]:
    """The required texts of the login, where a user name and a password are among them."""
    frame = operation.soap["input"]
    entry = types.table.get(frame.get("type", ""), {})
    default = entry.get("ns", "") if entry.get("qualified") else ""
    fields = [{"ns": default, **one} for one in entry.get("fields", ())]
    texts = [one for one in fields if one["type"] == "xs:string" and (not one.get("optional") or len(fields) < 3)]
    users = any(_USER.search(one["name"]) and not _PASSWORD.search(one["name"]) for one in texts)
    secret = any(_PASSWORD.search(one["name"]) for one in texts)
    return texts if users and secret and frame.get("members") and len(texts) < 6 else []


def _given(frame: dict[str, Any], types: Types) -> str:
    """The name of the element that holds the session in the login's answer."""
    pending = [(frame.get("type", ""), 0)]
    if frame and not frame.get("members") and _SESSION.search(frame.get("name", "")):
        return str(frame["name"])
    while pending:
        wire, depth = pending.pop(0)
        for one in types.table.get(wire, {}).get("fields", ()):
            if one["type"] == "xs:string" and _SESSION.search(one["name"]):
                return str(one["name"])
            if depth < _DEEPEST:
                pending.append((one["type"], depth + 1))
    return ""


def _wanted(operations: list[Operation], types: Types) -> tuple[str, str] | None:
    """Header and field that most operations take a session in."""
    counts: dict[tuple[str, str], int] = {}
    for operation in operations:
        for header in operation.soap.get("headers", ()):
            for one in types.table.get(header["type"], {}).get("fields", ()):
                if one["type"] == "xs:string" and _SESSION.search(one["name"]):
                    key = (header["name"], one["name"])
                    counts[key] = counts.get(key, 0) + 1
    best = max(counts, key=lambda key: counts[key], default=None)
    return best if best is not None and counts[best] * 2 >= len(operations) else None


def _literal(text: str) -> str:
    """Text that a template leaves as it is, and that cannot end an attribute."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("{", "{{").replace("}", "}}")
