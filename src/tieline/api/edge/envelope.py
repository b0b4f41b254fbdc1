"""Errors as clients see them, whatever went wrong.

``{"errors": [{code, title, detail, source: {pointer | parameter}, meta, status}], "traceId": "..."}``
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Match

from tieline.api.edge.answers import Json
from tieline.api.edge.dialects import spoken
from tieline.core.errors import BadInput, NotFound, RateLimited, TielineError, Unauthorized
from tieline.tenancy.limits import OverLimit

MAX_ERRORS = 20
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class MethodNotAllowed(TielineError):
    """The path exists, but not with this method."""

    code = "method-not-allowed"
    status = 405
    title = "Method not allowed"


def entry(error: TielineError) -> dict[str, Any]:
    """One element of ``errors``."""
    entry: dict[str, Any] = {
        "code": error.code,
        "title": error.title,
        "detail": error.detail,
        "status": str(error.status),
    }
    if error.pointer is not None:
        entry["source"] = {"pointer": error.pointer}
    elif error.parameter is not None:
        entry["source"] = {"parameter": error.parameter}
    if error.meta:
        entry["meta"] = error.meta
    return entry


def answer(
    errors: Sequence[TielineError], trace: str, headers: Mapping[str, str] | None = None, *, path: str = ""
) -> Json:
    """The envelope; the first error decides the status, and the ``path`` that was asked for the `dialects`."""
    body = {"errors": [spoken(path, entry(error)) for error in errors[:MAX_ERRORS]], "traceId": trace}
    return Json(body, errors[0].status, {**_headers(errors[0]), **(headers or {})})


def _headers(error: TielineError) -> dict[str, str]:
    if isinstance(error, Unauthorized):
        return {"www-authenticate": 'Bearer realm="tieline"'}
    headers = {}
    if isinstance(error, RateLimited):
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, OverLimit):
        headers |= {"x-ratelimit-limit": str(error.limit), "x-ratelimit-remaining": "0"}
    return headers


def trace_of(request: Request) -> str:
    """The name of this request."""
    trace: str = request.scope.get("tieline.trace", "")
    return trace


class Several(BadInput):
    """More than one rule was broken; each has its own entry."""

    def __init__(self, errors: Sequence[BadInput]) -> None:
        super().__init__(errors[0].detail)
        self.errors = errors


def install(app: FastAPI) -> None:
    """Makes ``app`` answer every error with the envelope."""

    async def ours(request: Request, error: Exception) -> Json:
        assert isinstance(error, TielineError)
        errors = error.errors if isinstance(error, Several) else [error]
        return answer(errors, trace_of(request), path=request.scope["path"])

    async def invalid(request: Request, error: Exception) -> Json:
        assert isinstance(error, RequestValidationError)
        path = request.scope["path"]
        return answer([parameter_error(item) for item in error.errors()], trace_of(request), path=path)

    async def http(request: Request, error: Exception) -> Json:
        assert isinstance(error, HTTPException)
        path = request.scope["path"]
        if error.status_code == 405:
            allowed = ", ".join(methods_of(app.routes, request))
            problem: TielineError = MethodNotAllowed(f"This path only knows {allowed}.")
            return answer([problem], trace_of(request), {"allow": allowed}, path=path)
        if error.status_code == 404:
            return answer(
                [NotFound("There is nothing at this path; /openapi.json lists what there is.")],
                trace_of(request),
                path=path,
            )
        return answer([BadInput(str(error.detail))], trace_of(request), path=path)

    app.add_exception_handler(TielineError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def parameter_error(item: Mapping[str, Any]) -> BadInput:
    """A query or path parameter that broke its rule, in one sentence."""
    name = str(item["loc"][-1])
    rule = str(item["msg"]).rstrip(".")
    return BadInput(f"The parameter {name} is not valid: {rule[:1].lower()}{rule[1:]}.", parameter=name)


_UNTOLD: set[tuple[str, str]] = set()


def leave_untold(method: str, path: str) -> None:
    """Serve ``method`` at ``path`` without telling of it in ``Allow``: for old clients, and in no document."""
    _UNTOLD.add((method, path))


def methods_of(routes: Sequence[BaseRoute], request: Request, *, all_served: bool = False) -> list[str]:
    """The methods that the path of this request knows, with HEAD and OPTIONS; none where there is no such path."""
    path = request.scope["path"]
    known = [
        method
        for method in METHODS
        if (all_served or (method, path) not in _UNTOLD)
        and any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    if not known:
        return []
    return sorted({*known, "OPTIONS", *(["HEAD"] if "GET" in known else [])})
