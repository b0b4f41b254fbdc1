"""The JSON Patch (RFC 6902) of a web integration: ``replace`` on ``/name`` and ``/validOrigins``.

Clients of the vendor send a text as the value of either, because the published document knows no other; programs that
think of the type send an array of origins.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from msgspec import Struct

from tieline.api.cloud.web_integrations.errors import InvalidWebIntegrationPatch
from tieline.api.edge.bodies import MalformedJson, decode, read_body
from tieline.tenancy.web_integrations import checked_name, checked_origins

MOST_OPERATIONS = 100


class Patch(Struct, frozen=True):
    """What is to become of it; None stays."""

    name: str | None = None
    valid_origins: list[str] | None = None


async def read_patch(request: Request) -> Patch:
    """A dependency: the patch in the body. Raises `InvalidWebIntegrationPatch`, or `BadInput` for a wrong value."""
    content = decode(await read_body(request))
    if not isinstance(content, list):
        raise InvalidWebIntegrationPatch(
            'The body is no JSON Patch; send [{"op": "replace", "path": ..., "value": ...}].', pointer=""
        )
    if len(content) > MOST_OPERATIONS:
        raise InvalidWebIntegrationPatch(f"The patch has more than {MOST_OPERATIONS} operations.", pointer="")
    name: str | None = None
    valid_origins: list[str] | None = None
    for index, operation in enumerate(content):
        place = f"/{index}"
        path, value = _operation(operation, place)
        if path == "/validOrigins":
            valid_origins = _origins(value, f"{place}/value")
        elif isinstance(value, str):
            name = checked_name(value, pointer=f"{place}/value")
        else:
            raise InvalidWebIntegrationPatch("The new name is not a text.", pointer=f"{place}/value")
    return Patch(name, valid_origins)


def _operation(operation: Any, place: str) -> tuple[str, Any]:
    if not isinstance(operation, dict):
        raise InvalidWebIntegrationPatch("An operation of the patch is not an object.", pointer=place)
    if operation.get("op") != "replace":
        raise InvalidWebIntegrationPatch("The only operation of a patch here is replace.", pointer=f"{place}/op")
    path = operation.get("path")
    if path not in ("/name", "/validOrigins"):
        raise InvalidWebIntegrationPatch("Only /name and /validOrigins can be replaced.", pointer=f"{place}/path")
    if "value" not in operation:
        raise InvalidWebIntegrationPatch("The operation replace needs a value.", pointer=f"{place}/value")
    return path, operation["value"]


def _origins(value: Any, pointer: str) -> list[str]:
    given = _listed(value, pointer) if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise InvalidWebIntegrationPatch("The new origins are neither an array of texts nor a text.", pointer=pointer)
    return checked_origins(given, pointer=pointer, one=isinstance(value, str))


def _listed(text: str, pointer: str) -> Any:
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",")]
    try:
        return decode(text.encode())
    except MalformedJson:
        raise InvalidWebIntegrationPatch(
            "The new origins begin like a JSON array, but are none.", pointer=pointer
        ) from None
