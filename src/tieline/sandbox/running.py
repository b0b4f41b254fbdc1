"""Starts the sandbox as a child process and talks to its control desk."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from tempfile import TemporaryFile
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from tieline.core.errors import BadInput, Unavailable

Side = Literal["events", "telephony"]
SIDES: tuple[Side, ...] = ("events", "telephony")


@dataclass(frozen=True, slots=True)
class Product:
    """One of the two servers: address and demo credentials (``api_key`` on events, ``client_...`` on telephony)."""

    name: str
    url: str
    openapi: str
    api_key: str = ""
    api_key_header: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    openapi_yaml: str = ""


class Running:
    """A running sandbox. Each method is one call to ``/_sandbox`` and returns its JSON."""

    def __init__(self, about: Mapping[str, Any], process: subprocess.Popen[bytes] | None = None) -> None:
        self.events = Product(**about["events"])
        self.telephony = Product(**about["telephony"])
        self.pid: int = about["pid"]
        self._process = process

    def call(self, side: Side, method: str, path: str, body: Any = None) -> Any:
        """Raises `BadInput` where the desk refuses, `Unavailable` where it does not answer."""
        url = urlsplit(getattr(self, side).url)
        data = None if body is None else json.dumps(body).encode()
        connection = HTTPConnection(url.hostname or "", url.port, timeout=30)
        try:
            connection.request(method, f"/_sandbox{path}", data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            found = json.loads(answer.read())
        except (OSError, HTTPException, ValueError) as error:
            raise Unavailable(f"The sandbox does not answer at {url.geturl()}: {error}") from None
        finally:
            connection.close()
        if answer.status >= 400:
            raise BadInput(f"The sandbox refused {method} {path}: {found['error']['message']}")
        return found

    def ledger(self, side: Side, *, full: bool = False) -> dict[str, Any]:
        """What clients did since the last reset; ``full`` adds every page with its count."""
        found: dict[str, Any] = self.call(side, "GET", "/ledger?full=1" if full else "/ledger")
        return found

    def reset_ledger(self) -> None:
        """Both ledgers begin again."""
        for side in SIDES:
            self.call(side, "POST", "/ledger/reset")

    def requests(self, side: Side, **choose: str) -> list[dict[str, Any]]:
        """The last 2,000 calls; choose by ``path`` (part of it) and ``method``."""
        rows: list[dict[str, Any]] = self.call(side, "GET", f"/requests?{urlencode(choose)}")["data"]
        return rows

    def report(self, **choose: str) -> dict[str, Any]:
        """Registrations against contacts: ``records created updated lost duplicated mismatched orphans groups``.

        Choose by ``updated_since``, ``event_id``, ``status`` or ``ids`` (comma separated).
        """
        found: dict[str, Any] = self.call("events", "GET", f"/report?{urlencode(choose)}")
        return found

    def touch(self, registrations: int = 7, new: int | None = None) -> dict[str, list[str]]:
        """Changes exactly that many registrations; returns ``ids``, ``created`` and ``updated``."""
        found: dict[str, list[str]] = self.call(
            "events", "POST", "/touch", {"registrations": registrations, "new": new}
        )
        return found

    def ring(self, from_number: str, to: str | None = None) -> dict[str, Any]:
        """An incoming call; returns it."""
        call: dict[str, Any] = self.call("telephony", "POST", "/ring", {"from_number": from_number, "to": to})
        return call

    def fault(self, side: Side, kind: str, **rule: Any) -> int:
        """Adds a fault (see the guide for kinds and fields); returns its id."""
        made: int = self.call(side, "POST", "/faults", {"kind": kind, **rule})["id"]
        return made

    def clear_faults(self) -> None:
        for side in SIDES:
            self.call(side, "DELETE", "/faults")

    def limit(self, side: Side, calls: int, seconds: float = 60.0, retry_after: str = "seconds") -> None:
        """At most ``calls`` in ``seconds``; 0 calls = no limit."""
        self.call(side, "POST", "/limits", {"calls": calls, "seconds": seconds, "retry_after": retry_after})

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Changes settings of both servers; returns all of them."""
        found: dict[str, Any] = self.call("events", "POST" if changes else "GET", "/settings", changes or None)
        return found

    def expect(self, external_ids: list[str] | None = None, *, prefix: str = "", count: int = 0) -> None:
        """External ids that must have a contact in the end; the telephony ledger then says how many are ``lost``."""
        self.call(
            "telephony", "POST", "/expect", {"external_ids": external_ids or [], "prefix": prefix, "count": count}
        )

    def expire_tokens(self) -> int:
        """Ends all access tokens now; returns how many were alive."""
        expired: int = self.call("telephony", "POST", "/tokens/expire")["expired"]
        return expired

    def deliveries(self, side: Side) -> list[dict[str, Any]]:
        """Webhook deliveries with their attempts, oldest first."""
        rows: list[dict[str, Any]] = self.call(side, "GET", "/deliveries")["data"]
        return rows

    def reset(self, registrations: int | None = None, seed: int | None = None) -> None:
        """Both products as they were at the start; settings too."""
        self.call("events", "POST", "/reset", {"registrations": registrations, "seed": seed})

    def stop(self, seconds: float = 10.0) -> int:
        """Ends the process with SIGTERM, after ``seconds`` with SIGKILL; returns its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return self._process.wait()


def start(
    *,
    events_port: int = 0,
    telephony_port: int = 0,
    registrations: int = 1000,
    seed: int = 1,
    token_seconds: float = 3600.0,
    host: str = "127.0.0.1",
    wait: float = 20.0,
) -> Running:
    """Starts the child process and waits until it answers, at most ``wait`` seconds; port 0 = any free one.

    The child ends when this process does, however that ends. Raises `Unavailable` with the child's own sentence where
    it does not start.
    """
    options = {
        "host": host,
        "events-port": events_port,
        "telephony-port": telephony_port,
        "registrations": registrations,
        "seed": seed,
        "token-seconds": token_seconds,
    }
    command = [sys.executable, "-P", "-m", "tieline.sandbox", "--json", "--until-eof"]
    command += [f"--{name}={value}" for name, value in options.items()]
    with TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
        try:
            return Running(json.loads(_first_line(process, wait)), process)
        except ValueError:
            process.kill()
            process.communicate()
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
            raise Unavailable(said[-1] if said else f"The sandbox did not start within {wait:g} s.") from None


@contextmanager
def running(**options: Any) -> Iterator[Running]:
    """`start` with the same options, and `Running.stop` at the end."""
    sandbox = start(**options)
    try:
        yield sandbox
    finally:
        sandbox.stop()


def _first_line(process: subprocess.Popen[bytes], seconds: float) -> bytes:
    """What the child says first; empty where it ends or stays silent."""
    assert process.stdout is not None
    line, until = b"", time.monotonic() + seconds
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        piece = os.read(process.stdout.fileno(), 65536) if ready else b""
        if not piece:
            return b""
        line += piece
    return line
