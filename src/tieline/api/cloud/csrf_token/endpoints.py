"""``/csrf-token``."""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.edge.access import Call, access, bearer
from tieline.api.edge.answers import Empty
from tieline.api.edge.documented import documented

router = APIRouter(tags=["csrf"])

Caller = Annotated[Call, Depends(access(None, "read"))]

_ANSWER: dict[str, Any] = documented(
    "Get a CSRF token", name="getCsrfToken", status=204, errors=[400, 404], never=[403]
)
_ANSWER["responses"][204]["headers"] = {
    "qlik-csrf-token": {"schema": {"type": "string"}, "description": "The token, 64 hexadecimal digits."}
}


@router.get("/csrf-token", **_ANSWER)
async def get_token(call: Caller) -> Response:
    """A token in the header `qlik-csrf-token`, always the same for the same credentials.

    Clients send it back with what they write. Nothing here depends on it: every request carries its credentials in a
    header, which no other site can make a browser send.
    """
    token = hmac.digest(bearer(call.request).encode(), b"tieline/csrf/1", hashlib.sha256).hex()
    answer = Empty()
    answer.headers["qlik-csrf-token"] = token
    return answer
