"""Two small servers that blocks really talk to: one echoes HTTP, one takes mail."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as parsing
from typing import Any

from aiohttp import web

from tieline.core import json


@dataclass
class Web:
    """``/echo`` says what it was sent, ``/bytes`` gives a file, ``/status/<n>`` answers so, ``/flaky`` fails twice."""

    url: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)
    failures: int = 2

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        seen = {
            "method": request.method,
            "query": request.query_string,
            "headers": dict(request.headers),
            "body": body.decode("utf-8", "replace"),
            "raw": base64.b64encode(body).decode(),
        }
        self.seen.append(seen)
        what = request.path.strip("/").split("/")
        if what[0] == "bytes":
            return web.Response(
                body=b"\x89PNG\x00\x01",
                content_type="image/png",
                headers={"Content-Disposition": 'attachment; filename="../logo.png"'},
            )
        if what[0] == "status":
            return web.json_response({"said": what[1]}, status=int(what[1]))
        if what[0] == "redirect":
            return web.Response(status=302, headers={"Location": "/echo"})
        if what[0] == "flaky" and len(self.seen) <= self.failures:
            return web.Response(status=503)
        if what[0] == "text":
            return web.Response(text='{"a": 1}')
        return web.Response(body=json.dumps(seen), content_type="application/json")


@asynccontextmanager
async def serving_web() -> AsyncIterator[Web]:
    found = Web()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", found.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@dataclass
class Mailbox:
    """What the mail server took, and how it behaves: answers by the beginning of the command, in place of its own."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    plain_commands: list[str] = field(default_factory=list)  # that came before TLS
    answers: dict[str, list[str]] = field(default_factory=dict)  # "RCPT TO:<bo@": ["550 no such user"]
    starttls: bool = True

    def said(self, command: str) -> str | None:
        for start, replies in self.answers.items():
            if command.upper().startswith(start.upper()) and replies:
                return replies.pop(0)
        return None


@asynccontextmanager
async def serving_mail(context: ssl.SSLContext | None, *, implicit: bool = False) -> AsyncIterator[Mailbox]:
    """An SMTP server (RFC 5321) with STARTTLS, or TLS from the start."""
    box = Mailbox(starttls=context is not None and not implicit)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure = implicit

        def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())

        say("220 test")
        while line := await reader.readline():
            command = line.decode("latin-1").rstrip("\r\n")
            if not secure:
                box.plain_commands.append(command)
            word = command.split(" ")[0].upper()
            reply = box.said(command)
            if reply == "close":
                break
            if reply is not None:
                say(reply)
            elif word == "EHLO":
                say("250-test")
                if box.starttls and not secure:
                    say("250-STARTTLS")
                if secure:
                    say("250-AUTH PLAIN LOGIN")
                say("250 8BITMIME")
            elif word == "STARTTLS" and context is not None:
                say("220 go")
                await writer.drain()
                await writer.start_tls(context)
                secure = True
            elif word == "AUTH":
                box.logins.append(base64.b64decode(command.split(" ")[2]).decode())
                say("235 welcome")
            elif word == "RCPT":
                box.recipients.append(command[8:])
                say("250 ok")
            elif word == "DATA":
                say("354 go on")
                await writer.drain()
                data = b""
                while not data.endswith(b"\r\n.\r\n"):
                    data += await reader.readline()
                box.raw.append(data[:-5])
                box.letters.append(BytesParser(policy=parsing).parsebytes(data[:-5]))
                say(box.said("END") or "250 taken")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                say("250 ok")
            await writer.drain()
        writer.close()

    async def safely(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (OSError, ssl.SSLError):
            writer.close()

    server = await asyncio.start_server(safely, "127.0.0.1", 0, ssl=context if implicit else None)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box
