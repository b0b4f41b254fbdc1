"""Answers held against the published documents of the vendor, where they are at hand."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from openapi_schema_validator import OAS30Validator, OAS31Validator

from tests.fixtures.shared import ROOT

FAMILIES = (
    "automations",
    "automation-connections",
    "automation-connectors",
    "workflows-automations",
    "workflows-automation-connections",
    "workflows-automation-connectors",
    "web-integrations",
    "csp-origins",
    "csrf-token",
    "webhooks",
    "api-keys",
    "users",
    "tenants",
    "oauth-clients",
    "oauth-tokens",
    "oauth",
    "spaces",
    "items",
)


def folder() -> Path:
    return Path(os.environ.get("TIELINE_SHARED") or ROOT.parent / "shared") / "contracts" / "cloud-api"


@cache
def documents() -> tuple[dict[str, Any], ...]:
    """The documents; none where there is no shared folder."""
    return tuple(json.loads(path.read_bytes()) for name in FAMILIES if (path := folder() / f"{name}.json").is_file())


@cache
def operations() -> tuple[tuple[re.Pattern[str], str, dict[str, Any], dict[str, Any]], ...]:
    """Pattern of the path, method, operation, document."""
    found = []
    for document in documents():
        for path, item in document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)))
            found += [(pattern, method, operation, document) for method, operation in item.items()]
    # A path without parameters goes before one with.
    return tuple(sorted(found, key=lambda entry: "[^/]+" in entry[0].pattern))


def check(method: str, path: str, status: int, content_type: str, body: bytes) -> bool:
    """Asserts that the answer is one of those the vendor documents; False where it documents nothing of the kind."""
    for pattern, known, operation, document in operations():
        if known == method.lower() and pattern.fullmatch(path):
            _check(operation, document, status, content_type, body)
            return True
    return False


def _check(operation: dict[str, Any], document: dict[str, Any], status: int, content_type: str, body: bytes) -> None:
    answer = operation["responses"].get(str(status), operation["responses"].get("default"))
    if answer is None:
        # The edge has answers of its own to what no operation of the vendor describes; some of its documents leave
        # out who may not call as well.
        told = {"401", "403"} & operation["responses"].keys()
        assert status in {401, 405, 408, 413, 414, 415, 429, 431} or (status in {401, 403} and not told), (
            f"{operation.get('operationId')} documents no {status}: {body!r}"
        )
        return
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    if status == 204 or "content" not in answer:
        assert body == b"", f"{operation['operationId']} answers {status} without a body, got {body!r}"
        return
    media_type = content_type.partition(";")[0]
    assert media_type in answer["content"], f"{operation['operationId']} answers {list(answer['content'])}"
    if media_type == "application/json":
        errors = faults(answer["content"][media_type].get("schema", {}), document, json.loads(body))
        assert not errors, f"{operation['operationId']} {status}: {errors}"


def faults(schema: dict[str, Any], document: dict[str, Any], content: Any) -> list[str]:
    """What of ``content`` breaks the rules of a schema of this document."""
    kind: Any = OAS31Validator if document["openapi"].startswith("3.1") else OAS30Validator
    # References are read from the root of what is validated against.
    validator = kind({**schema, "components": document["components"]}, format_checker=kind.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]


async def hook(response: httpx.Response) -> None:
    """For a client: every answer that it gets is checked."""
    if response.status_code < 500:
        await response.aread()
        content_type = response.headers.get("content-type", "")
        request = response.request
        check(request.method, request.url.path, response.status_code, content_type, response.content)
