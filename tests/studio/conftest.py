"""The studio in a real browser over a real server.

    def test_something(studio: Studio) -> None:
        page = studio.page("/studio/runs", theme="dark", width=390)
        expect(page.get_by_role("heading", level=1)).to_have_text("Runs")

These tests are synchronous: playwright's own loop runs in their thread, so they are not to be marked ``anyio``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.studio.running import CHROMIUM, PATIENCE, QUIET, Server, Studio, build, serving
from tieline.sandbox import Running, running
from tieline.tenancy.studio import hashing


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """In this process, passwords cost hardly anything; the servers of `serving` keep theirs as everybody's do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "COST", (1, 64, 1))
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all tests of a process, set up, with a worker; without limits of rate."""
    with serving() as started:
        yield started


@pytest.fixture(scope="session")
def built() -> None:
    """The studio's pages are up to date."""
    build()


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Running]:
    with running(registrations=120) as started:
        yield started


@pytest.fixture
def sandbox(sandbox_process: Running) -> Running:
    """The two small services, with fresh data, settings, faults, limits and ledgers."""
    sandbox_process.reset(registrations=120, seed=1)
    return sandbox_process


@pytest.fixture(scope="module")
def browser(built: None) -> Iterator[Callable[[], Browser]]:
    """Chromium, started when it is first asked for. Of one module: while it runs, no other loop can in this thread."""
    expect.set_options(timeout=PATIENCE)
    opened: list[Browser] = []
    stack: list[Callable[[], None]] = []

    def started() -> Browser:
        if not opened:
            playwright = sync_playwright().start()
            stack.append(playwright.stop)
            found = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            stack.append(found.close)
            opened.append(found)
        return opened[0]

    yield started
    for end in reversed(stack):
        end()


@pytest.fixture
def studio(server: Server, browser: Callable[[], Browser]) -> Iterator[Studio]:
    """The studio; a test fails where one of its pages complained."""
    opened = Studio(server, browser)
    yield opened
    opened.close()
