"""Answers: JSON by msgspec, and nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from tieline.core import json


class Json(Response):
    """A JSON body. Raw JSON inside it (`msgspec.Raw`) is passed on byte for byte."""

    media_type = "application/json"

    def __init__(self, content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, status, headers)

    def render(self, content: Any) -> bytes:
        return json.dumps(content)


class Empty(Response):
    """204 without a body. ``media_type``: for families whose document names one all the same."""

    def __init__(self, media_type: str | None = None) -> None:
        super().__init__(status_code=204, headers={"content-type": media_type} if media_type else None)
