"""SOAP over HTTP: the inputs of a block as an envelope, envelopes and faults as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tieline.connectors.manifest.model import Block, ErrorRule
from tieline.connectors.manifest.xmlread import XmlRefused, read_xml
from tieline.connectors.runtime import build, decode
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.soap.envelope import E11, E12, FAULT, read_body, write_envelope
from tieline.connectors.runtime.soap.mime import split
from tieline.connectors.runtime.soap.read import Reader
from tieline.connectors.runtime.soap.types import TypeTable
from tieline.connectors.runtime.transports.base import Transport, register
from tieline.core.errors import BadInput

_MEDIA: Final = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}
_FAULT_PATH: Final = f"$['{FAULT}']"
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f"]')


@register("soap")
class Soap(Transport):
    """The body of a request stays data until it is sent: paging and authentication still change it."""

    def build(
        self, block: Block, inputs: Mapping[str, Any], base: Base, later: frozenset[str] = frozenset()
    ) -> Request:
        types = self._types()
        root, trusted = base.of_block(block)
        template, _, constant_query = block.path.partition("?")
        request = Request("POST", root)
        request.trusted = trusted
        request.path = request.path.rstrip("/") + template
        request.query += [(pair.partition("=")[0], pair) for pair in constant_query.split("&") if pair]
        members: dict[str, Any] = {}
        headers: dict[str, Any] = {}
        for spec, value in build.values(block, inputs, later):
            name = spec.name or spec.id
            if spec.location == "header":
                headers[name] = value
            elif spec.name in ("", "/"):
                members.update(value if isinstance(value, dict) else {spec.id: value})
            elif not build.put(members, name, value):
                raise BadInput(
                    f"the input {spec.id!r} of block {block.id!r} has no place at {name!r}", parameter=spec.id
                )
        for name, text in block.headers.items():
            request.set_header(name, text)
        self._set_headers(request, block)
        request.json = members
        request.envelope = {"headers": headers}

        def encode(sent: Request) -> bytes:
            body = sent.json if isinstance(sent.json, dict) else {}
            return write_envelope(block, types, body, _merged(sent.envelope), sent.envelope.get("token"))

        request.encoder = encode
        if not later:
            encode(request)  # what does not fit is said before a permit is taken
        return request

    def decode(self, block: Block, body: bytes, content_type: str, *, expect: str, status: int) -> Any:
        if not body.strip():
            return None
        attachments: dict[str, str] = {}
        files: dict[str, dict[str, Any]] = {}
        if content_type.lower().lstrip().startswith("multipart/"):
            root, others = split(body, content_type)
            body, content_type = root.content, root.headers.get("content-type", "")
            for number, part in enumerate(others, 1):
                key = part.content_id or f"part-{number}"
                files[key] = part.as_file()
                attachments[key] = files[key]["base64"]
        if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<" and body[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            return decode.decode(body, content_type, expect="any" if status >= 400 else expect)
        found = _CHARSET.search(content_type)
        try:
            envelope = read_xml(body, charset=found.group(1) if found else "")
        except XmlRefused as error:
            if content_type.lower().startswith("text/html"):
                return decode.decode(body, content_type, expect="any" if status >= 400 else "json")
            raise decode.NotReadable(str(error), broken=error.broken) from None
        if envelope.name != "Envelope" or envelope.namespace not in (E11, E12):
            if status >= 400 or envelope.name.lower() == "html":
                return decode.decode(body, content_type, expect="any" if status >= 400 else "json")
            raise decode.NotReadable(f"XML with the root element {envelope.name[:60]!r} instead of a SOAP envelope")
        reader = Reader(self._types(), envelope, attachments, encoded=bool(block.soap.get("encoded")))
        data = read_body(block, reader, envelope)
        left = [one for key, one in files.items() if key not in reader.used]
        if left and (data is None or (isinstance(data, dict) and FAULT not in data)):
            data = {**(data or {}), "#attachments": left}
        return data

    def rules(self, block: Block) -> tuple[ErrorRule, ...]:
        """Faults are errors whatever the status is (SOAP 1.1 section 6.2 says 500, many servers say 200)."""
        reason, kind = f"{_FAULT_PATH}.reason", f"{_FAULT_PATH}.kind"
        return (
            ErrorRule(then="refresh", path=kind, equals="auth", message=reason),
            ErrorRule(then="rate_limited", path=kind, equals="limited", message=reason),
            ErrorRule(then="fail" if block.writes else "retry", path=kind, equals="server", message=reason),
            ErrorRule(then="fail", path=_FAULT_PATH, message=reason),
        )

    def problem(self, body: Any) -> dict[str, Any]:
        fault = body.get(FAULT) if isinstance(body, dict) else None
        return {"fault": fault} if isinstance(fault, dict) else {}

    def _types(self) -> TypeTable:
        known = getattr(self, "_table", None)
        if known is None:
            table = self.manifest.soap.get("types") if self.manifest is not None else None
            known = self._table = TypeTable(table)
        return known

    @staticmethod
    def _set_headers(request: Request, block: Block) -> None:
        version = "1.2" if block.soap.get("version") == "1.2" else "1.1"
        action = str(block.soap.get("action", ""))
        if _UNSAFE.search(action):
            raise BadInput(f"the SOAP action of block {block.id!r} holds characters that a header cannot carry")
        media = _MEDIA[version]
        if version == "1.1":
            request.set_header("SOAPAction", f'"{action}"')
        elif action:
            media += f'; action="{action}"'
        request.headers["content-type"] = media
        request.headers.setdefault("accept", "text/xml, application/soap+xml, multipart/related, */*;q=0.1")
        request.headers.setdefault("user-agent", build.USER_AGENT)


def _merged(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """The headers of the inputs with the credentials in their places."""
    headers: dict[str, Any] = build.unshared(envelope.get("headers") or {})
    for pointer, value in (envelope.get("credentials") or {}).items():
        build.put(headers, pointer, value)
    return headers
