"""The limit of this language: a bare ASGI function under uvicorn that calls with aiohttp and keeps nothing."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import ClassVar

from bench.versus.contenders.base import BODY, Contender
from bench.versus.load import Target

APP = """
import os
import aiohttp

session = None


async def app(scope, receive, send):
    global session
    if scope["type"] == "lifespan":
        await receive()
        session = aiohttp.ClientSession()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await session.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    method = "POST" if scope["path"] == "/webhook-post" else "GET"
    async with session.request(method, os.environ["STUB"] + "/item") as answer:
        body = await answer.read()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""


class Bare(Contender):
    """One process, one event loop (uvloop)."""

    name: ClassVar[str] = "bare"
    keeps: ClassVar[str] = "ASGI function + aiohttp in one process; keeps nothing"
    works: ClassVar[frozenset[str]] = frozenset({"webhook", "webhook-post", "start", "memory"})

    def version(self) -> str:
        return f"uvicorn {version('uvicorn')}, aiohttp {version('aiohttp')}, Python {sys.version.split()[0]}"

    def prepare(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "bare_app.py").write_text(APP, encoding="utf-8")

    def command(self) -> list[str]:
        listen = ["--port", str(self.port), "--loop", "uvloop", "--no-access-log", "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", "bare_app:app", *listen]

    def environment(self) -> dict[str, str]:
        return {"STUB": self.stub.url}

    def target(self, work: str) -> Target:
        return Target(self.port, f"/{work}", body=BODY, expects=b'"id":7')
