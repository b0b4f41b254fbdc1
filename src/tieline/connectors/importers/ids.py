"""Ids of connectors and blocks: readable, unique, and the same at every import of the same API."""

from __future__ import annotations

import re
from collections import Counter
from uuid import NAMESPACE_URL, uuid5

from tieline.connectors.importers.classify.words import snake, split
from tieline.connectors.importers.description import Operation
from tieline.connectors.importers.values import Unique

_ROOT = uuid5(NAMESPACE_URL, "https://tieline.dev/connectors")
_SANE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[ ._/:|-]+[A-Za-z0-9]+)*")
_LONGEST = 80
_METHOD_WORDS = {"GET": "get", "POST": "post", "PUT": "put", "PATCH": "patch", "DELETE": "delete", "HEAD": "head"}


def connector_name(title: str, address: str) -> str:
    """Lower-case words joined by "-" from the title, else from the host or file name; at most 60 characters."""
    words = [
        word
        for word in split(title)
        if word not in ("api", "apis", "rest", "openapi", "swagger", "the", "specification")
    ]
    words = words or list(split(title))
    if not words:
        last = re.sub(r"^\w+://", "", address).split("?")[0].rstrip("/").rsplit("/", 1)[-1]
        words = list(split(re.sub(r"\.(?:json|ya?ml|swagger|openapi)\b", "", last)))
    return "-".join(words)[:60].strip("-") or "connector"


def connector_guid(name: str) -> str:
    """The guid of a connector by its name."""
    return str(uuid5(_ROOT, name))


def block_guid(connector: str, block: str) -> str:
    """The guid of a block by the names of connector and block."""
    return str(uuid5(_ROOT, f"{connector}/{block}"))


def block_ids(operations: list[Operation]) -> list[str]:
    """One id an operation: its own where it is sane and unique, else made of method and path."""
    given = [_given(one) for one in operations]
    counts = Counter(one for one in given if one)
    unique = Unique()
    result: list[str] = []
    for operation, own in zip(operations, given, strict=True):
        base = own
        if not own:
            base = _of_path(operation)
        elif counts[own] > 1:
            base = f"{own}_{_of_path(operation)}"[:_LONGEST]
        result.append(unique.take(base))
    return result


def _given(operation: Operation) -> str:
    name = operation.id.strip()
    if not name or len(name) > 120 or not _SANE.fullmatch(name):
        return ""
    found = snake(name)
    if len(found) > _LONGEST or re.fullmatch(r"[0-9a-f_]{24,}|operation_?\d*|\d.*", found):
        return ""
    return found


def _of_path(operation: Operation) -> str:
    method = _METHOD_WORDS.get(operation.method, operation.method.lower())
    words = [method]
    for part in operation.path.split("/"):
        if part:
            by = part.startswith("{")
            words += (["by"] if by else []) + list(split(part))
    found = "_".join(words)
    if len(found) > _LONGEST:
        found = "_".join(words[:1] + words[-8:])[:_LONGEST]
    return found
