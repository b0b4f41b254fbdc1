"""What other systems send is text, however it is written and however much there is of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.automations.engine.documents import block, document
from tests.fixtures.shared import running_upstream, shared_dir
from tests.studio.furnishing import ENDED, HOSTILE, Desk
from tests.studio.running import Studio

pytestmark = [pytest.mark.battery, pytest.mark.timeout(240)]

ITEMS = 5_000
LARGE = 2_000_000
RECORDS = [
    {"id": 1, "name": HOSTILE, "note": "<script>document.title='taken'</script>"},
    {
        "id": 2,
        "name": "\u202eمرحبا\u202c 👩\u200d👩\u200d👧",
        "note": "</pre><iframe src=javascript:alert(1)></iframe>",
    },
    {"id": 3, "name": "<svg onload=alert(1)>", "note": "W" * 5_000},
]


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    """The shared upstream's records with HTML in all their fields, where there is one; and ours."""
    import httpx

    try:
        shared_dir()
    except pytest.skip.Exception:
        return RECORDS
    with running_upstream() as address:
        answer = httpx.get(f"{address}/b/html-injection-fields", timeout=10)
    found = answer.json()["items"] if answer.status_code == 200 else []
    return [*RECORDS, *found[:20]]


@pytest.fixture(scope="module")
def vendor(records: list[dict[str, Any]]) -> Iterator[str]:
    """A service that says all this, and a very long text."""
    said = {"/records": {"data": records}, "/large": {"data": [{"id": 1, "text": "<b>x</b> " * (LARGE // 9)}]}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = json.dumps(said[self.path.partition("?")[0]]).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _ran(studio: Studio, workspace: dict[str, Any], inputs: Any = None) -> tuple[str, str]:
    with studio.client(studio.admin) as http:
        desk = Desk(http)
        automation = desk.automation(f"Hostile {HOSTILE}", workspace)
        body = {"context": "api"} | ({} if inputs is None else {"inputs": inputs})
        run = desk.call("POST", f"automations/{automation}/runs", body)["id"]
        deadline = time.monotonic() + 120
        while desk.call("GET", f"automations/{automation}/runs/{run}")["status"] not in ENDED:
            assert time.monotonic() < deadline, "the run does not end"
            time.sleep(0.2)
    return automation, run


def _fetch(name: str, url: str) -> dict[str, Any]:
    return block("CallUrlBlock", name, inputs={"url": url, "method": "GET"}, settings={})


def _watched(page: Page) -> list[str]:
    """What the page asked or was made to show."""
    heard: list[str] = []

    def on_dialog(dialog: Dialog) -> None:
        heard.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", on_dialog)
    return heard


def _unharmed(page: Page) -> None:
    """Nothing of the data has become an element, the page answers and is not wider than its window."""
    assert page.locator("img[src=x], iframe, script:not([src]), svg[onload]").count() == 0
    assert page.title() != "taken"
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"wider than {width}"
    frame = "new Promise(done => requestAnimationFrame(at => requestAnimationFrame(then => done(then - at))))"
    assert page.evaluate(frame) < 1_000


def test_records_with_html_are_text_in_a_run_and_in_the_editor(studio: Studio, vendor: str) -> None:
    show = block("ShowBlock", "shown", inputs={"input": "{$.fetched}"}, settings={})
    automation, run = _ran(studio, document(_fetch("fetched", f"{vendor}/records"), show))
    page = studio.page(f"/studio/automations/{automation}/runs/{run}")
    heard = _watched(page)
    page.get_by_role("treeitem", name="fetched").first.click()
    panel = page.get_by_role("tabpanel")
    for name in ("Output", "Request and response", "Inputs"):
        page.get_by_role("tab", name=name, exact=True).click()
        expect(panel).to_be_visible()
        for more in panel.locator("summary").all():
            more.click()
        _unharmed(page)
    page.goto(f"/studio/automations/{automation}")
    page.get_by_role("treeitem", name="fetched").first.click()
    page.get_by_role("tab", name="Last output", exact=True).click()
    page.get_by_role("button", name="Open 0", exact=True).click()
    expect(page.get_by_role("region", name="Block", exact=True)).to_contain_text("onerror")
    _unharmed(page)
    assert heard == []


def test_a_very_long_value_does_not_hold_the_page_up(studio: Studio, vendor: str) -> None:
    automation, run = _ran(studio, document(_fetch("fetched", f"{vendor}/large")))
    page = studio.page(f"/studio/automations/{automation}/runs/{run}")
    page.get_by_role("treeitem", name="fetched").first.click()
    for name in ("Output", "Request and response"):
        page.get_by_role("tab", name=name, exact=True).click()
        if (load := page.get_by_role("button", name="Show it")).count():
            load.first.click()
        _unharmed(page)
    assert len(page.locator("body").inner_text()) < 300_000
    page.goto(f"/studio/automations/{automation}")
    page.get_by_role("treeitem", name="fetched").first.click()
    page.get_by_role("tab", name="Last output", exact=True).click()
    expect(page.get_by_role("region", name="Block", exact=True)).to_be_visible()
    _unharmed(page)
    assert len(page.locator("body").inner_text()) < 300_000


def test_five_thousand_items_are_looked_through(studio: Studio) -> None:
    loop = block("ForEachBlock", "people", inputs={"input": "{$.start.people}"}, settings={})
    inside = block("ShowBlock", "inner", inputs={"input": "{$.people.item.name}"}, settings={})
    people = [{"n": n, "name": f"{n} {RECORDS[n % 3]['name']}"} for n in range(1, ITEMS + 1)]
    automation, run = _ran(studio, document((loop, {"loopBlockId": [inside]})), {"people": people})
    page = studio.page(f"/studio/automations/{automation}/runs/{run}")
    heard = _watched(page)
    page.get_by_role("treeitem", name="people").click()
    for name in ("Output", "Inputs"):
        page.get_by_role("tab", name=name, exact=True).click()
        _unharmed(page)
    page.get_by_role("treeitem", name="inner").click()
    number = page.get_by_role("textbox", name="Number of the item")
    number.fill(str(ITEMS - 1))
    number.press("Enter")
    expect(page.get_by_role("tabpanel")).to_contain_text(f"{ITEMS - 1} ")
    page.get_by_role("button", name="List").click()
    expect(page.get_by_role("dialog").get_by_role("button", name=HOSTILE[:20]).first).to_be_visible()
    _unharmed(page)
    assert page.locator("*").count() < 6_000
    assert heard == []


def test_a_tried_block_shows_records_as_text(studio: Studio, vendor: str) -> None:
    answers = {"200": {"description": "ok"}}
    paths = {"/records": {"get": {"operationId": "list", "summary": f"List {HOSTILE}", "responses": answers}}}
    api = {"openapi": "3.1.0", "info": {"title": HOSTILE, "version": "1"}, "servers": [{"url": vendor}], "paths": paths}
    with studio.client(studio.admin) as http:
        desk = Desk(http)
        body = {"document": json.dumps(api), "name": "hostile-records"}
        connector = desk.call("POST", "automation-connectors", body)["id"]
        manifest = desk.call("GET", f"automation-connectors/{connector}/manifest")
        connection = desk.connection(HOSTILE, connector, {})
    page = studio.page(f"/studio/connectors/{connector}?tab=test&block={manifest['blocks'][0]['id']}")
    heard = _watched(page)
    page.get_by_label("Connection").first.select_option(connection)
    page.get_by_role("button", name="Call it").click()
    outcome = page.get_by_role("region", name="Outcome")
    expect(outcome).to_contain_text("onerror")
    for name in outcome.get_by_role("tab").all_inner_texts():
        outcome.get_by_role("tab", name=name, exact=True).click()
        for more in outcome.locator("summary").all():
            more.click()
        _unharmed(page)
    assert heard == []
