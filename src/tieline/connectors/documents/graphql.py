"""The schema of a live GraphQL endpoint: asked for with one introspection query, through egress."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.formats.graphql.introspect import introspection_query, is_introspection
from tieline.core import json
from tieline.security.egress import Egress, Response

_USUAL: Final = ("graphql", "gql", "graphiql", "playground")
_FILE: Final = re.compile(r"\.(?:json|ya?ml|graphqls?|gql|sdl|txt|zip|html?)$", re.IGNORECASE)
_LONGEST_LOOK: Final = 200_000


def may_be_endpoint(url: str) -> bool:
    """Whether an address may be that of an endpoint: it does not name a file."""
    return not _FILE.search(urlsplit(url).path)


def hints_at_graphql(url: str, answer: Response) -> bool:
    """Whether a GET that brought no document looks like one of a GraphQL endpoint."""
    if not may_be_endpoint(url):
        return False
    kind = answer.headers.get("content-type", "").lower()
    look = answer.body[:_LONGEST_LOOK].lower()
    html = "html" in kind or look.lstrip()[:9] in (b"<!doctype", b"<html")
    failed = answer.status >= 400 or html or (b'"errors"' in look[:2_000] and b'"openapi"' not in look)
    if not failed:
        return False
    named_so = urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1].lower() in _USUAL
    return named_so or b"graphql" in look or b"graphiql" in look or "graphql" in kind


async def introspect(
    egress: Egress, url: str, *, headers: Mapping[str, str] | None = None, timeout: float, max_bytes: int
) -> Response | None:
    """The answer to an introspection query, None where ``url`` is no GraphQL endpoint.

    ``headers`` carry credentials and stay with the origin of ``url``. Raises `NotAnApiDocument` where the endpoint
    speaks GraphQL but does not describe itself, and the errors of egress.
    """
    body = json.dumps({"query": introspection_query(), "operationName": "IntrospectionQuery"})
    given = {name.lower(): value for name, value in (headers or {}).items()}
    answer = await egress.request(
        "POST",
        url,
        headers={"content-type": "application/json", "accept": "application/json", "user-agent": "tieline", **given},
        body=body,
        timeout=timeout,
        max_bytes=max_bytes,
        follow_redirects=False,
        secret_headers=tuple(given),
    )
    try:
        data: Any = json.loads(answer.body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        data = None
    if is_introspection(data):
        return answer
    if answer.status in (401, 403):
        raise NotAnApiDocument(
            f"{url} answered {answer.status} to an introspection query; give the credentials in a header, or import the"
            " schema as a file."
        )
    errors = data.get("errors") if isinstance(data, dict) else None
    if isinstance(errors, list) and errors:
        first = errors[0].get("message") if isinstance(errors[0], dict) else None
        said = f" ({first[:200]})" if isinstance(first, str) else ""
        raise NotAnApiDocument(
            f"{url} speaks GraphQL but does not describe itself{said}; import its schema as a file, in SDL or JSON."
        )
    return None
