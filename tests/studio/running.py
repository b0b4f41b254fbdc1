"""A real server with its worker as a child process, its first administrator, and pages of a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from tests.fixtures.shared import ROOT, free_port
from tests.fixtures.storage import new_folder
from tieline.core.ids import new_id
from tieline.storage import embedded

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-dev-shm-usage",
]
PASSWORD = "correct horse battery staple"
COOKIE = "tieline-studio"
PATIENCE = 30_000  # milliseconds: the machine may be a slow one, with other tests beside
# What a page is allowed to be refused: the status of an answer is looked at by itself.
_ANSWERED = "Failed to load resource"

Theme = Literal["light", "dark"]


@dataclass
class Person:
    """Somebody who can sign in, and is: ``token`` is good for a quarter of an hour, ``cookie`` is the browser's."""

    id: str
    name: str
    email: str
    token: str
    cookie: str
    password: str = PASSWORD


@dataclass
class Server:
    """A running installation with an administrator of the partner."""

    url: str
    data_dir: Path
    key: str
    admin: Person
    log: Path

    def client(self, person: Person | None = None) -> httpx.Client:
        """A client with the administrator's API key, or with a fresh token of a person."""
        token = self.key if person is None else self.renew(person)
        headers = {"authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=False)

    def bare(self) -> httpx.Client:
        """A client that is nobody."""
        return httpx.Client(base_url=self.url, timeout=30, verify=False)

    def renew(self, person: Person) -> str:
        """A fresh token of a person who is signed in."""
        with self.bare() as http:
            answer = http.post("/studio/session/token", headers=own_page(self.url, person.cookie))
        assert answer.status_code == 200, answer.text
        person.token = answer.json()["token"]
        return person.token

    def person(self, name: str = "", roles: Sequence[str] = ("TenantAdmin",), password: str = PASSWORD) -> Person:
        """A new user of the administrator's tenant, invited, and signed in with a password."""
        mark = new_id().hex[-8:]
        name = name or f"Person {mark}"
        email = f"{mark}@example.com"
        with self.client(self.admin) as http:
            given = [{"name": role} for role in roles]
            made = http.post("/api/v1/users", json={"subject": mark, "name": name, "email": email, "roles": given})
            assert made.status_code == 201, made.text
            link = http.post("/studio/invitations", json={"userId": made.json()["id"]})
            assert link.status_code == 201, link.text
        code = link.json()["url"].partition("#code=")[2]
        with self.bare() as http:
            answer = http.post("/studio/invitations/accept", json={"code": code, "password": password})
        return entered(answer, password)


def entered(answer: httpx.Response, password: str = PASSWORD) -> Person:
    """The person whom the server has let in."""
    assert answer.status_code in {200, 201}, answer.text
    said = answer.json()
    user = said["user"]
    return Person(user["id"], user["name"], user["email"], said["token"], answer.cookies[COOKIE], password)


def own_page(url: str, cookie: str | None = None) -> dict[str, str]:
    """The headers of a page of the studio."""
    headers = {"origin": url, "sec-fetch-site": "same-origin", "content-type": "application/json"}
    return headers if cookie is None else {**headers, "cookie": f"{COOKIE}={cookie}"}


@contextmanager
def serving(*, workers: int = 1, set_up: bool = True, **settings: str) -> Iterator[Server]:
    """``tieline serve`` on its own embedded database. ``settings`` by name, such as ``tier2_per_minute="9"``."""
    folder = new_folder()
    log = folder / "serve.log"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    given = {"tier1_per_minute": "1000000", "tier2_per_minute": "1000000", "egress_allow": "127.0.0.0/8", **settings}
    environment = {**os.environ, **{f"TIELINE_{name.upper()}": value for name, value in given.items()}}
    command = [sys.executable, "-m", "tieline", "serve", "--port", str(port), "--workers", str(workers)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env={**environment, "TIELINE_DATA_DIR": str(folder / "data")},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        _wait(url, process, log)
        key = (folder / "data" / "admin.key").read_text().strip()
        admin = _set_up(url, setup_code(log)) if set_up else Person("", "", "", "", "")
        yield Server(url, folder / "data", key, admin, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        embedded.destroy(folder / "data")


def setup_code(log: Path) -> str:
    """What the server has told the person who started it."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if found := re.search(r"/studio/setup#code=(\w+)", log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"no setup code in:\n{log.read_text()[-2000:]}")


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}")


def _set_up(url: str, code: str) -> Person:
    wanted = {"code": code, "email": "ada@example.com", "name": "Ada Admin", "password": PASSWORD}
    return entered(httpx.post(f"{url}/studio/setup", json=wanted, timeout=30))


@dataclass
class Studio:
    """The server as a browser sees it. Whatever a page complains of fails the test at its end, unless `allow` says
    that it belongs to the test.
    """

    server: Server
    browser: Callable[[], Browser]
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)
    _allowed: list[re.Pattern[str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the server answers, without a slash at the end."""
        return self.server.url

    @property
    def admin(self) -> Person:
        """The first administrator, of tenant and partner."""
        return self.server.admin

    def client(self, person: Person | None = None) -> httpx.Client:
        """A client to arrange things with (see `Server.client`)."""
        return self.server.client(person)

    def person(self, name: str = "", roles: Sequence[str] = ("TenantAdmin",)) -> Person:
        """A new user (see `Server.person`): what belongs to nobody else is alone on this person's pages."""
        return self.server.person(name, roles)

    def allow(self, pattern: str) -> None:
        """Complaints that match this regular expression are part of the test."""
        self._allowed.append(re.compile(pattern))

    def page(
        self,
        path: str = "/studio/",
        *,
        theme: Theme = "light",
        width: int = 1280,
        height: int = 900,
        person: Person | None = None,
        signed_in: bool = True,
        reduced_motion: bool = True,
        **options: Any,
    ) -> Page:
        """A new page at ``path`` ("" = nowhere yet), of the administrator or a person, in a context of its own."""
        context = self.browser().new_context(
            base_url=self.url,
            color_scheme=theme,
            viewport={"width": width, "height": height},
            reduced_motion="reduce" if reduced_motion else "no-preference",
            locale="en-GB",
            timezone_id="UTC",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        if signed_in:
            cookie = {"name": COOKIE, "value": (person or self.admin).cookie, "path": "/studio/session"}
            host = self.url.partition("://")[2].partition(":")[0]
            whole: Any = {**cookie, "domain": host, "httpOnly": True, "sameSite": "Strict"}
            context.add_cookies([whole])
        context.on("page", self.watch)
        page = context.new_page()
        if path:
            page.goto(path)
        return page

    def watch(self, page: Page) -> None:
        """Hears what a page complains of; pages of `page` and their popups are watched already."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_ANSWERED):
            self.complaints.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} of {response.request.method} {response.url}")

    def close(self) -> None:
        """Closes the pages; fails the test where one complained."""
        for context in self._contexts:
            context.close()
        found = [one for one in self.complaints if not any(pattern.search(one) for pattern in self._allowed)]
        assert not found, "the pages complained:\n" + "\n".join(dict.fromkeys(found))


def build() -> None:
    """Builds the studio where it is not up to date; TIELINE_TEST_STUDIO_AS_BUILT takes it as it is."""
    if os.environ.get("TIELINE_TEST_STUDIO_AS_BUILT"):
        return
    done = subprocess.run(
        [sys.executable, "bin/build_studio.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(f"the studio does not build:\n{done.stderr[-4000:]}")
