"""Answers of SOAP blocks: the record as an envelope, written by the types that the manifest declares."""

from __future__ import annotations

from typing import Any

import msgspec

from tieline.connectors.conformance.messages import Reply
from tieline.connectors.manifest.model import Block, Manifest
from tieline.core import json
from tieline.core.errors import TielineError


class NoEnvelope(Exception):
    """The made-up record does not fit the declared types."""


def enveloped(reply: Reply, block: Block, manifest: Manifest) -> Reply:
    """A good JSON answer as the envelope that a SOAP server would send; others as they are."""
    if block.transport != "soap" or reply.reset or reply.status >= 300:
        return reply
    if reply.headers.get("content-type") != "application/json":
        return Reply(status=200, headers=_media(block), body=_written(block, manifest, {}))
    try:
        body = json.loads(reply.body)
    except msgspec.DecodeError:
        return reply
    return Reply(status=200, headers=_media(block), body=_written(block, manifest, body))


def _media(block: Block) -> dict[str, str]:
    return {"content-type": "application/soap+xml" if block.soap.get("version") == "1.2" else "text/xml"}


def _written(block: Block, manifest: Manifest, body: Any) -> bytes:
    from tieline.connectors.runtime.soap.envelope import write_envelope
    from tieline.connectors.runtime.soap.types import TypeTable

    mirrored = msgspec.structs.replace(block, soap={**block.soap, "input": block.soap.get("output"), "headers": []})
    try:
        types = TypeTable(manifest.soap.get("types"))
        return write_envelope(mirrored, types, body if isinstance(body, dict) else {}, {}, None)
    except TielineError as error:
        raise NoEnvelope(error.detail) from None
