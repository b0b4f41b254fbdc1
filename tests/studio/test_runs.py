"""Runs in the browser: why one failed, and where; going on from there; looking through many items; versions."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.automations.engine.documents import block, document
from tests.studio.keyboard import Keyboard
from tests.studio.running import Studio

pytestmark = [pytest.mark.battery, pytest.mark.timeout(300)]

EVIL = "<img src=x onerror=\"document.title='taken'\"> \u202eمرحبا 👩\u200d👩\u200d👧"
BASE = "/api/workflows/automations"


@dataclass
class Phonebook:
    """A service that takes contacts, and counts them; it refuses ``refused`` for as long as it holds it."""

    url: str = ""
    refused: set[str] = field(default_factory=set)
    taken: Counter[str] = field(default_factory=Counter)


@contextmanager
def phonebook() -> Iterator[Phonebook]:
    book = Phonebook()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            number = asked["n"][0]
            refused = number in book.refused
            if not refused:
                book.taken[number] += 1
            said = {"error": f"no number {number}"} if refused else {"id": number, "name": EVIL}
            data = json.dumps(said).encode()
            self.send_response(422 if refused else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    book.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield book
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def book() -> Iterator[Phonebook]:
    with phonebook() as opened:
        yield opened


def _loop(book: Phonebook, **settings: Any) -> dict[str, Any]:
    call = block(
        "CallUrlBlock",
        "contact",
        inputs={"url": book.url + "/contacts?n={$.people.item.n}", "method": "GET", "retries": 0},
        settings=settings,
    )
    loop = block("ForEachBlock", "people", inputs={"input": "{$.start.people}"}, settings={})
    end = block("ShowBlock", "greeting", inputs={"input": "{$.start.word}"}, settings={})
    return document((loop, {"loopBlockId": [call]}), end)


def _people(count: int) -> list[dict[str, Any]]:
    return [{"n": n, "name": f"Person {n}"} for n in range(1, count + 1)]


def _run(studio: Studio, workspace: dict[str, Any], inputs: Any, name: str = "Phonebook") -> tuple[str, str]:
    """An automation and a run of it that is over: its address in the studio, and its id."""
    with studio.client() as http:
        made = http.post(BASE, json={"name": name, "workspace": workspace})
        assert made.status_code == 201, made.text
        automation = made.json()["id"]
        started = http.post(f"{BASE}/{automation}/runs", json={"context": "api", "inputs": inputs})
        assert started.status_code == 201, started.text
    run = started.json()["id"]
    _ended(studio, automation, run)
    return automation, run


def _ended(studio: Studio, automation: str, run: str) -> str:
    deadline = time.monotonic() + 60
    with studio.client() as http:
        while time.monotonic() < deadline:
            status = str(http.get(f"{BASE}/{automation}/runs/{run}").json()["status"])
            if status in {"finished", "finished with warnings", "failed", "stopped"}:
                return status
            time.sleep(0.1)
    raise AssertionError("the run does not end")


def _open(studio: Studio, automation: str, run: str, **how: Any) -> Page:
    return studio.page(f"/studio/automations/{automation}/runs/{run}", **how)


def test_a_failed_run_shows_where_and_why_and_goes_on_from_there(studio: Studio, book: Phonebook) -> None:
    book.refused = {"7"}
    automation, run = _run(studio, _loop(book), {"people": _people(12), "word": "hello"})
    page = _open(studio, automation, run)
    tree = page.get_by_role("tree", name="Blocks of the run")
    expect(tree.get_by_role("treeitem", name="contact")).to_have_attribute("aria-selected", "true")
    expect(tree.get_by_role("treeitem", name="contact")).to_contain_text("Failed · 7 times · 1 failed")
    expect(tree.get_by_role("treeitem", name="greeting")).to_contain_text("Not reached")
    expect(page.get_by_role("textbox", name="Number of the item")).to_have_value("7")
    expect(page.get_by_role("tabpanel")).to_contain_text("The other side refused what was sent")
    page.get_by_role("tab", name="Request and response").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("no number 7")
    address = f"/studio/automations/{automation}?block={_id(studio, automation)}&run={run}"
    expect(page.get_by_role("link", name="Open block in editor").first).to_have_attribute("href", address)

    book.refused.clear()
    page.get_by_role("button", name="Retry from the failed block").click()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()
    expect(tree.get_by_role("treeitem", name="greeting")).to_contain_text("Done")
    assert dict(book.taken) == {str(n): 1 for n in range(1, 13)}, "every contact once"


def test_a_block_is_mended_from_its_run_and_the_run_goes_on_from_there(studio: Studio, book: Phonebook) -> None:
    """Without a mouse."""
    book.refused = {"7"}
    automation, run = _run(studio, _loop(book), {"people": _people(12), "word": "hello"})
    page = _open(studio, automation, run)
    keys = Keyboard(page)
    keys.to(page.get_by_role("link", name="Open block in editor").first)
    keys.press("Enter")
    panel = page.get_by_role("region", name="contact")
    keys.to(panel.get_by_label("URL", exact=False).first)
    keys.press("ControlOrMeta+a")
    mended = "/contacts?n={if: {$.people.item.n} = 7, 70, {$.people.item.n}}"
    page.keyboard.insert_text(book.url + mended)
    keys.press("ControlOrMeta+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    keys.to(page.get_by_role("link", name="Open the run"), back=True)
    keys.press("Enter")
    keys.button("Retry from here with version 2")
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()
    expect(page.get_by_text("Version 2", exact=False).first).to_be_visible()
    numbers = [*range(1, 7), 70, *range(8, 13)]
    assert dict(book.taken) == {str(n): 1 for n in numbers}, "what was done before is not done again"


def _id(studio: Studio, automation: str, name: str = "contact") -> str:
    with studio.client() as http:
        workspace = http.get(f"{BASE}/{automation}").json()["workspace"]
    return next(one["id"] for one in workspace["blocks"] if one["name"] == name)


def test_items_are_found_by_number_by_label_and_by_their_failure(studio: Studio, book: Phonebook) -> None:
    book.refused = {"100", "250"}
    workspace = _loop(book, blendr_on_error="warning")
    automation, run = _run(studio, workspace, {"people": _people(300), "word": "hello"})
    page = _open(studio, automation, run)
    tree = page.get_by_role("tree")
    tree.get_by_role("treeitem", name="contact").click()
    number = page.get_by_role("textbox", name="Number of the item")
    after = page.get_by_role("button", name="Next failed item")
    after.click()
    expect(number).to_have_value("100")
    after.click()
    expect(number).to_have_value("250")
    expect(page.get_by_role("tabpanel")).to_contain_text("the run went on")
    number.fill("299")
    number.press("Enter")
    expect(page.get_by_role("tab", name="Output")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel")).to_contain_text(EVIL.split(maxsplit=1)[0])
    page.get_by_role("button", name="List").click()
    page.get_by_role("searchbox", name="Search items").fill("person 217")
    page.get_by_role("dialog").get_by_role("button", name="Person 217").click()
    expect(number).to_have_value("217")
    assert "taken" not in page.title()


def test_a_run_is_repeated_with_other_inputs(studio: Studio, book: Phonebook) -> None:
    automation, run = _run(studio, _loop(book), {"people": _people(2), "word": "hello"})
    page = _open(studio, automation, run)
    page.get_by_role("button", name="Run again…").click()
    inputs = page.get_by_role("textbox", name="Inputs (JSON)")
    expect(inputs).to_have_value(json.dumps({"people": _people(2), "word": "hello"}, indent=2))
    inputs.fill("{")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This is no JSON")
    inputs.fill(json.dumps({"people": [], "word": "once more"}))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).not_to_have_url(f"{studio.url}/studio/automations/{automation}/runs/{run}")
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()
    page.get_by_role("treeitem", name="greeting").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("once more")
    assert sum(book.taken.values()) == 2


def test_a_run_is_watched_paused_resumed_and_stopped(studio: Studio) -> None:
    loop = block("ForEachBlock", "people", inputs={"input": "{$.start.people}"}, settings={})
    sleep = block("SleepBlock", "nap", inputs={"time": 0.2}, settings={})
    shown = block("ShowBlock", "line", inputs={"input": "{$.people.index}"}, settings={})
    workspace = document((loop, {"loopBlockId": [sleep, shown]}))
    with studio.client() as http:
        automation = http.post(BASE, json={"name": "Slow", "workspace": workspace}).json()["id"]
        body = {"context": "api", "inputs": {"people": _people(500)}}
        run = http.post(f"{BASE}/{automation}/runs", json=body).json()["id"]
    page = _open(studio, automation, run)
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    row = page.get_by_role("treeitem", name="people")
    expect(row).to_contain_text("of 500")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    expect(row).to_contain_text("Not finished")
    expect(page.get_by_role("button", name="Retry from the failed block")).to_be_visible()


def test_runs_are_listed_narrowed_and_counted(studio: Studio, book: Phonebook) -> None:
    name = f"Counted {time.monotonic_ns()}"
    book.refused = {"1"}
    automation, run = _run(studio, _loop(book), {"people": _people(1), "word": "x"}, name=name)
    page = studio.page(f"/studio/runs?automation={automation}")
    expect(page.get_by_role("link", name=name)).to_have_count(1)
    page.get_by_role("combobox", name="State").select_option("finished")
    expect(page.get_by_text("No run matches the filters.")).to_be_visible()
    page.get_by_role("combobox", name="State").select_option("failed")
    expect(page).to_have_url(f"{studio.url}/studio/runs?automation={automation}&status=failed")
    page.get_by_role("group").get_by_role("button", name="As a table").first.click()
    expect(page.get_by_role("columnheader", name="Failed")).to_be_visible()
    page.reload()
    page.get_by_role("link", name=name).click()
    expect(page).to_have_url(f"{studio.url}/studio/automations/{automation}/runs/{run}")


def test_versions_are_compared_brought_back_and_put_live(studio: Studio, book: Phonebook) -> None:
    workspace = _loop(book)
    with studio.client() as http:
        automation = http.post(BASE, json={"name": "Changing", "workspace": workspace}).json()["id"]
        workspace["blocks"][-1]["inputs"][0]["value"] = "{uppercase: {$.start.word}}"
        workspace["blocks"][-1]["displayName"] = EVIL
        saved = http.put(f"{BASE}/{automation}", json={"name": "Changing", "workspace": workspace})
        assert saved.status_code in {200, 204}, saved.text
    page = studio.page(f"/studio/automations/{automation}/versions")
    expect(page.get_by_role("article")).to_contain_text("{uppercase: {$.start.word}}")
    page.get_by_role("button", name="Actions of version 1").click()
    page.get_by_role("menuitem", name="Bring back").click()
    page.get_by_role("dialog").get_by_role("button", name="Bring back").click()
    expect(page.get_by_text("Version 1 is back, as version 3.")).to_be_visible()
    page.get_by_role("button", name="Actions of version 2").click()
    page.get_by_role("menuitem", name="Put live").click()
    page.get_by_role("dialog").get_by_role("button", name="Put live").click()
    expect(page.get_by_role("listitem").filter(has_text="Version 2")).to_contain_text("Live")
    with studio.client() as http:
        listed = http.get(f"{BASE}/{automation}/versions").json()["data"]
    assert [one["isLive"] for one in listed] == [False, True, False]
    assert "taken" not in page.title()
