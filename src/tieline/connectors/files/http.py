"""Files of a web server, to be read."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from tieline.connectors.files.base import Entry, Opening, Storage, register
from tieline.connectors.files.errors import (
    FileDenied,
    FileMissing,
    StorageLoginRefused,
    StorageRefused,
    StorageUnavailable,
)
from tieline.connectors.files.s3 import http_moment
from tieline.connectors.files.web_calls import LARGEST_READ, LONGEST, SECONDS, quoted, rest_of
from tieline.core.errors import BadInput, TielineError
from tieline.security.egress import BadResponse, ConnectFailed, TimedOut


@register
class HttpStorage(Storage):
    """Files below ``url``, with the credentials of the auth method."""

    kind = "http"

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._url = opening.text("url")
        if not self._url.lower().startswith(("http://", "https://")):
            raise BadInput("url of the connection must start with https:// or http://")
        self._headers: dict[str, str] = {}
        self._secret: list[str] = []
        match opening.method:
            case "basic":
                pair = f"{opening.text('username')}:{opening.secret('password')}"
                self._headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            case "bearer":
                self._headers["Authorization"] = f"Bearer {opening.text('token')}"
            case "header":
                self._secret = [opening.text("header")]
                self._headers[opening.text("header")] = opening.secret("value")
        given = opening.answers.get("headers")
        if isinstance(given, Mapping):
            self._headers |= {str(name): str(value) for name, value in given.items()}

    @classmethod
    def origin(cls, answers: Mapping[str, Any]) -> str:
        address = str(answers.get("url") or "")
        return "/".join(address.lower().split("/")[:3])

    async def stat(self, path: str) -> Entry:
        try:
            answer = await self.opening.egress.request(
                "HEAD", self._address(path), headers=self._headers, timeout=SECONDS, secret_headers=self._secret
            )
        except (ConnectFailed, TimedOut, BadResponse) as error:
            raise StorageUnavailable(error.detail) from None
        if answer.status in (405, 501):
            return Entry(path=path)  # a server without HEAD; reading will tell
        if answer.status >= 300:
            raise self._told(answer.status, path)
        size = answer.headers.get("Content-Length", "")
        whole = size.isascii() and size.isdigit() and not answer.headers.get("Content-Encoding")
        return Entry(
            path=path,
            size=int(size) if whole else None,
            modified=http_moment(answer.headers.get("Last-Modified", "")),
            version=answer.headers.get("ETag", "").removeprefix("W/").strip('"'),
        )

    async def read(self, path: str, *, offset: int = 0) -> AsyncGenerator[bytes]:
        try:
            for ranged in (True, False):
                headers = {**self._headers, **({"Range": f"bytes={offset}-"} if offset and ranged else {})}
                async with self.opening.egress.stream(
                    "GET",
                    self._address(path),
                    headers=headers,
                    timeout=LONGEST,
                    max_bytes=LARGEST_READ,
                    secret_headers=self._secret,
                ) as answer:
                    if answer.status == 416 and offset:
                        return
                    if answer.status not in (200, 206):
                        raise self._told(answer.status, path)
                    if offset and ranged and answer.status == 206 and answer.headers.get("Content-Encoding"):
                        continue
                    async for block in rest_of(answer, offset):
                        yield block
                    return
        except (ConnectFailed, TimedOut, BadResponse) as error:
            raise StorageUnavailable(error.detail) from None

    async def check(self) -> None:
        try:
            await self.stat("")
        except FileMissing:
            self.notes.append("the server answers, but has nothing at the address itself")

    def _address(self, path: str) -> str:
        whole = self.full(path)
        if not whole:
            return self._url
        return f"{self._url.rstrip('/')}/{quoted(whole)}"

    def _told(self, status: int, path: str) -> TielineError:
        said = f"the server answered {status} for {path!r}"
        if status == 401:
            return StorageLoginRefused(f"{said}; check the credentials of the connection")
        if status == 403:
            return FileDenied(f"{said}: the credentials do not permit it")
        if status in (404, 410):
            return FileMissing(said)
        if status in (408, 425, 429, 500, 502, 503, 504):
            return StorageUnavailable(f"{said}; it may work later")
        return StorageRefused(said)
