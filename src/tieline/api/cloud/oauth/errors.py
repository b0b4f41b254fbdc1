"""Errors of the token endpoint: in the form of RFC 6749 section 5.2 and in that of the other families, in one body."""

from __future__ import annotations

from fastapi import Request

from tieline.api.edge import envelope
from tieline.api.edge.answers import Json
from tieline.core.errors import TielineError
from tieline.tenancy.oauth.errors import OAuthError


def answer(request: Request, error: TielineError, *, basic: bool = False) -> Json:
    """``{"error", "error_description", "errors": [...], "traceId"}``. ``basic`` = the client used that scheme."""
    status = error.status if isinstance(error, OAuthError) else 400
    body = {
        "error": error.error if isinstance(error, OAuthError) else "invalid_request",
        # RFC 6749 section 5.2 allows no quotes, backslashes or anything but ASCII here.
        "error_description": "".join(
            character for character in error.detail if " " <= character <= "~" and character not in '"\\'
        ),
        "errors": [{**envelope.entry(error), "status": str(status)}],
        "traceId": envelope.trace_of(request),
    }
    headers = {"www-authenticate": 'Basic realm="tieline"'} if basic and status == 401 else {}
    return Json(body, status, headers)
