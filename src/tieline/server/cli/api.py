"""A small client of a running server, for the command line and the demo."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec

from tieline.core import json
from tieline.core.errors import Misconfigured, Terminal, Transient
from tieline.security.egress import Egress, Policy
from tieline.server.cli.sse import Events
from tieline.server.settings import DEFAULT_BASE_URL, Settings

PREFIX = "/api/workflows"
ANYWHERE = Policy(allow=(ip_network("0.0.0.0/0"), ip_network("::/0")))  # the address is the person's own choice
STREAM_SECONDS = 24 * 3600.0
_MOVED = frozenset({301, 302, 307, 308})


class ServerRefused(Terminal):
    """The server answered with an error."""

    code = "server-refused"
    title = "The server refused"

    def __init__(self, detail: str, *, answered: int, body: Any = None) -> None:
        super().__init__(detail)
        self.answered = answered
        self.body = body


class ServerUnreachable(Terminal):
    """No server answers at the address."""

    code = "server-unreachable"
    title = "No server"


class Api:
    """Calls one server with one API key. An async context manager."""

    def __init__(self, url: str, key: str, *, headers: Mapping[str, str] | None = None) -> None:
        """``headers`` are other credentials than an API key."""
        self.url = url.rstrip("/")
        self._headers = dict(headers or {"Authorization": f"Bearer {key}"})
        self._egress = Egress(ANYWHERE)

    @classmethod
    def local(cls, url: str | None = None, key: str | None = None) -> Self:
        """From options, else TIELINE_URL and TIELINE_API_KEY, else the data folder's own server and admin key."""
        settings = Settings()
        secret = key or os.environ.get("TIELINE_API_KEY") or _admin_key(settings.data_dir)
        return cls(_address(url, settings), secret)

    @classmethod
    def of_partner(cls, url: str | None, app_id: str, key: str) -> Self:
        """With a partner's credentials, for the partner's API."""
        return cls(_address(url, Settings()), "", headers={"X-App-Id": app_id, "X-Api-Key": key})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._egress.aclose()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> Any:
        """The decoded answer, None for an empty one. Raises `ServerRefused` with the server's own sentence."""
        target = path if path.startswith("http") else self.url + (path if path.startswith("/") else f"{PREFIX}/{path}")
        chosen = {name: value for name, value in (query or {}).items() if value is not None}
        if chosen:
            target += "?" + urlencode(chosen)
        sent = {**self._headers, "Accept": "application/json, text/plain;q=0.9", **(headers or {})}
        data = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            data = json.dumps(body)
        try:
            answer = await self._egress.request(
                method, target, headers=sent, body=data, timeout=timeout, follow_redirects=False
            )
        except Transient as error:
            raise ServerUnreachable(
                f"no Tieline server answers at {self.url} ({error.detail}); "
                "start one with `tieline serve`, or name it with --url"
            ) from None
        if answer.status in _MOVED and method == "GET":
            # Such as `/users/me`, which leads to the user's own address.
            return await self.call("GET", urlsplit(answer.headers["location"]).path, headers=headers, timeout=timeout)
        try:
            found = json.loads(answer.body) if answer.body else None
        except msgspec.DecodeError:
            found = answer.body.decode("utf-8", "replace")
        if answer.status >= 400:
            raise ServerRefused(_sentence(answer.status, found), answered=answer.status, body=found)
        return found

    async def events(self, path: str, *, after: str = "") -> AsyncIterator[tuple[str, str, Any]]:
        """(name, id, data) of a stream of server-sent events; ends with the connection. Raises `ServerRefused`, and
        what is Transient where the connection breaks.
        """
        headers = {**self._headers, "Accept": "text/event-stream"}
        if after:
            headers["Last-Event-ID"] = after
        target = f"{self.url}{PREFIX}/{path}"
        async with self._egress.stream(
            "GET", target, headers=headers, timeout=STREAM_SECONDS, max_bytes=2**40, follow_redirects=False
        ) as answer:
            if answer.status != 200 or not answer.headers.get("content-type", "").startswith("text/event-stream"):
                raise ServerRefused(f"the server answered {answer.status}: no stream", answered=answer.status)
            events = Events()
            async for piece in answer:
                for event in events.feed(piece):
                    yield event

    async def all(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """Every entry of a list, over all its pages."""
        page = await self.call("GET", path, query=query)
        while True:
            for entry in page["data"]:
                yield entry
            following = ((page.get("links") or {}).get("next") or {}).get("href")
            if not following:
                return
            # Through the address that we came by: behind a proxy, the server's own name may not be reachable from here.
            rest = following.split("/", 3)[-1]
            page = await self.call("GET", urljoin(self.url + "/", rest))


def _address(url: str | None, settings: Settings) -> str:
    return url or os.environ.get("TIELINE_URL") or settings.base_url or DEFAULT_BASE_URL


def _admin_key(data_dir: Path) -> str:
    try:
        return (data_dir / "admin.key").read_text(encoding="utf-8").strip()
    except OSError:
        raise Misconfigured(
            f"there is no API key: {data_dir / 'admin.key'} cannot be read; "
            "start a server here with `tieline serve`, or give --api-key or TIELINE_API_KEY"
        ) from None


def _sentence(status: int, body: Any) -> str:
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    # The partner's API says it in `message`, or in `error`.
    plain = (body.get("message") or body.get("error")) if isinstance(body, dict) else None
    text = first.get("detail") or first.get("title") or plain or "no reason given"
    return f"the server answered {status}: {text}"
