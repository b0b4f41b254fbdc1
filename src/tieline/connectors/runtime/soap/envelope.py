"""Envelopes of SOAP 1.1 (section 4) and 1.2 (part 1, section 5), and WS-Security UsernameToken 1.1 in them."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from tieline.connectors.manifest.model import Block
from tieline.connectors.manifest.xmlread import Node
from tieline.connectors.runtime.soap.read import Reader
from tieline.connectors.runtime.soap.types import TypeTable
from tieline.connectors.runtime.soap.write import Writer
from tieline.connectors.runtime.xmldata import plain_value
from tieline.core.clock import now

E11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
E12: Final = "http://www.w3.org/2003/05/soap-envelope"
_ENCODING: Final = {
    "1.1": "http://schemas.xmlsoap.org/soap/encoding/",
    "1.2": "http://www.w3.org/2003/05/soap-encoding",
}
_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_SECEXT: Final = _WSS + "wssecurity-secext-1.0.xsd"
_UTILITY: Final = _WSS + "wssecurity-utility-1.0.xsd"
_PROFILE: Final = _WSS + "username-token-profile-1.0#"
_BASE64: Final = _WSS + "soap-message-security-1.0#Base64Binary"
FAULT: Final = "soap:Fault"
_AUTH: Final = re.compile(
    r"failed.?authentication|invalid.?security|security.?token.?unavailable|failed.?check|invalid.?session|session.?(?:id.?)?"
    r"(?:expired|timeout|timed.?out|not.?found)|invalid.?login|invalid.?credentials|bad.?credentials|not.?authenticated"
    r"|unauthenticated|authentication.?(?:failed|failure|required|error|exception)|username.?token|login.?required"
    r"|password.?(?:is.?)?(?:invalid|incorrect|wrong)",
    re.IGNORECASE,
)
_LIMITED: Final = re.compile(
    r"request.?limit|rate.?limit|limit.?exceeded|throttl|too.?many.?requests|server.?too.?busy|server.?busy",
    re.IGNORECASE,
)
_SERVER: Final = ("server", "receiver")


class Token(Struct):
    """A UsernameToken; each request gets a nonce and time of its own."""

    username: str
    password: str
    digest: bool = False

    def __repr__(self) -> str:
        return "Token()"


def write_envelope(
    block: Block,
    types: TypeTable,
    body: Mapping[str, Any] | None,
    headers: Mapping[str, Any],
    token: Token | None,
) -> bytes:
    """The request of one call; raises BadInput for values that do not fit."""
    soap = block.soap
    version = str(soap.get("version", "1.1"))
    space = E12 if version == "1.2" else E11
    encoded = bool(soap.get("encoded"))
    writer = Writer(types, block.id, encoded=encoded)
    head = _headers(writer, soap, headers)
    if token is not None:
        head += _security(token, "true" if version == "1.2" else "1")
    writer.out = []
    _body(writer, soap, dict(body or {}), encoded, version)
    content = "".join(writer.out)
    declared = "".join(f' xmlns:{prefix}="{_quoted(space)}"' for space, prefix in writer.namespaces.items())
    header = f"<env:Header>{head}</env:Header>" if head else ""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<env:Envelope xmlns:env="{space}"{declared}>{header}'
        f"<env:Body>{content}</env:Body></env:Envelope>"
    ).encode()


def _body(writer: Writer, soap: Mapping[str, Any], value: dict[str, Any], encoded: bool, version: str) -> None:
    frame = soap.get("input") or {}
    if not frame:
        return
    if frame.get("parts"):
        writer.members(frame["type"], value, "", parts=True)
    elif soap.get("style") == "rpc":
        tag = writer.tag(frame.get("ns", ""), frame["name"])
        style = f' env:encodingStyle="{_ENCODING[version]}"' if encoded and version in _ENCODING else ""
        writer.out.append(f"<{tag}{style}>")
        writer.members(frame["type"], value, "")
        writer.out.append(f"</{tag}>")
    elif frame.get("members"):
        writer.element({key: frame[key] for key in ("name", "ns", "type")}, value, "")
    elif (given := value.get(frame["name"])) is not None or not frame.get("nil"):
        writer.element(frame, given if given is not None else "", frame["name"])
    else:
        writer.element({**frame, "list": False}, None, frame["name"])


def _headers(writer: Writer, soap: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    for field in soap.get("headers", ()):
        value = given.get(field["name"])
        if value is not None and field["name"] != "Security":
            writer.element(field, value, field["name"])
    return "".join(writer.out)


def _security(token: Token, must_understand: str) -> str:
    created = now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    nonce = os.urandom(16)
    kind, password = "PasswordText", token.password
    if token.digest:
        digest = hashlib.sha1(nonce + created.encode() + token.password.encode(), usedforsecurity=False).digest()
        kind, password = "PasswordDigest", base64.b64encode(digest).decode()
    return (
        f'<wsse:Security xmlns:wsse="{_SECEXT}" xmlns:wsu="{_UTILITY}" env:mustUnderstand="{must_understand}">'
        f"<wsse:UsernameToken><wsse:Username>{_escaped(token.username)}</wsse:Username>"
        f'<wsse:Password Type="{_PROFILE}{kind}">{_escaped(password)}</wsse:Password>'
        f'<wsse:Nonce EncodingType="{_BASE64}">{base64.b64encode(nonce).decode()}</wsse:Nonce>'
        f"<wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security>"
    )


def read_body(block: Block, reader: Reader, envelope: Node) -> Any:
    """What the answer says: the members of the answer's element, ``{"soap:Fault": ...}``, or None for an empty body."""
    body = envelope.first("Body")
    # SOAP encoding puts the elements that are referred to beside the one that refers (section 5.1).
    elements = [] if body is None else [one for one in body.children if one.name != "multiRef"]
    if not elements:
        return None
    fault = next((one for one in elements if one.name == "Fault" and one.namespace in (E11, E12)), None)
    if fault is not None:
        return {FAULT: read_fault(block, reader, fault)}
    soap = block.soap
    frame = soap.get("output") or {}
    if not frame:
        return {one.name: plain_value(one) for one in elements}
    if frame.get("parts"):
        return reader.members(elements, reader.types.fields(frame["type"]))
    first = elements[0]
    if frame.get("members"):
        if soap.get("style") == "rpc":
            children = [
                one for one in first.children if not (one.name == "result" and one.namespace.endswith("soap-rpc"))
            ]
            return _lenient_members(reader, children, frame["type"])
        value = reader.value(first, frame["type"])
        return value if isinstance(value, dict) else {} if value is None else {first.name: value}
    if frame.get("list"):
        return {frame["name"]: [reader.value(one, frame["type"]) for one in elements]}
    return {frame["name"]: reader.value(first, frame["type"])}


def _lenient_members(reader: Reader, children: list[Node], wire: str) -> dict[str, Any]:
    """The parts of an RPC answer. Servers call a lone return value as they like (SOAP 1.1 section 7.1)."""
    fields = reader.types.fields(wire)
    if len(fields) == 1 and len(children) == 1 and children[0].name != fields[0]["name"]:
        return {fields[0]["name"]: reader.value(children[0], fields[0]["type"])}
    return reader.members(children, fields)


def read_fault(block: Block, reader: Reader, fault: Node) -> dict[str, Any]:
    """``code`` (without its prefix), ``subcodes``, ``reason``, ``actor``, ``detail`` (typed where the block declares
    it) and ``kind``: ``auth``, ``limited``, ``server`` or ``client``.
    """
    codes: list[str] = []
    if fault.namespace == E12:
        code = fault.first("Code")
        while code is not None and len(codes) < 20:
            value = code.first("Value")
            codes.append("" if value is None else value.text.strip())
            code = code.first("Subcode")
        reason = fault.first("Reason")
        texts = [] if reason is None else [one.text for one in reason.all("Text")]
        actor, detail = fault.first("Role"), fault.first("Detail")
    else:
        value = fault.first("faultcode")
        codes.append("" if value is None else value.text.strip())
        text = fault.first("faultstring")
        texts = [] if text is None else [text.text]
        actor, detail = fault.first("faultactor"), fault.first("detail")
    result: dict[str, Any] = {"code": _local(codes[0]), "reason": " ".join(texts[0].split()) if texts else ""}
    if codes[1:]:
        result["subcodes"] = [_local(one) for one in codes[1:]]
    if actor is not None and actor.text.strip():
        result["actor"] = actor.text.strip()
    if detail is not None and detail.children:
        kinds = {one["name"]: one["type"] for one in block.soap.get("faults", ())}
        found: dict[str, Any] = {}
        for one in detail.children[:50]:
            found[one.name] = reader.value(one, kinds[one.name]) if one.name in kinds else plain_value(one)
        result["detail"] = found
    result["kind"] = _kind(result)
    return result


def _kind(fault: Mapping[str, Any]) -> str:
    words = [fault["code"], *fault.get("subcodes", ()), *_codes(fault.get("detail"))]
    said = " ".join([*words, fault["reason"][:500]])
    if _AUTH.search(said):
        return "auth"
    if _LIMITED.search(said):
        return "limited"
    return "server" if fault["code"].lower().startswith(_SERVER) else "client"


def _codes(detail: Any, depth: int = 0) -> list[str]:
    """The names of the detail elements and what stands in fields that are called code."""
    found: list[str] = []
    if isinstance(detail, dict) and depth < 4:
        for name, value in detail.items():
            if depth == 0:
                found.append(name)
            if isinstance(value, str) and "code" in name.lower() and len(value) < 100:
                found.append(value)
            found += _codes(value, depth + 1)
    return found[:20]


def _local(code: str) -> str:
    return code.rpartition(":")[2]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', "&quot;")
