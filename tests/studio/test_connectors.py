"""Connectors and connections in the browser: import, review, correct, connect, try a block."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.studio.running import Studio
from tests.studio.vendor import Crm, manifest
from tieline.connectors import catalog
from tieline.connectors.manifest import io
from tieline.core.ids import new_id
from tieline.sandbox import Running

pytestmark = [pytest.mark.battery, pytest.mark.timeout(300)]

EVIL = "<img src=x onerror=\"document.title='taken'\">"


def _name() -> str:
    return f"gather-{new_id().hex[-6:]}"


def _imported(studio: Studio, sandbox: Running) -> str:
    """The id of a connector of its own, made of the sandbox's document."""
    body = {"source": f"{sandbox.events.url}/openapi.json", "name": _name()}
    with studio.client() as http:
        made = http.post("/api/workflows/automation-connectors", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def _connection(studio: Studio, sandbox: Running, connector: str) -> str:
    answers = [{"name": "api_key", "value": sandbox.events.api_key}]
    wanted = {"connectorId": connector, "name": "The events", "params": answers}
    with studio.client(studio.admin) as http:
        made = http.post("/api/workflows/automation-connections", json=wanted)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def _facts(studio: Studio, connector: str) -> dict[str, dict[str, Any]]:
    with studio.client() as http:
        answer = http.get(f"/api/workflows/automation-connectors/{connector}/facts")
    assert answer.status_code == 200, answer.text
    return {fact["path"]: fact for fact in answer.json()["data"]}


def test_a_connector_comes_from_the_catalog(studio: Studio) -> None:
    page = studio.page("/studio/connectors")
    page.get_by_role("button", name="Import a connector").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("From the catalog").click()
    shelf = dialog.get_by_role("list", name="From the catalog")
    expect(shelf.get_by_role("listitem")).to_have_count(len(catalog.names()))
    dialog.get_by_role("searchbox", name="Search the catalog").fill("mailch")
    expect(shelf.get_by_role("listitem")).to_have_count(1)
    dialog.get_by_role("button", name="Add Mailchimp").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mailchimp")
    # Found again, it is there to be opened.
    page.goto("/studio/connectors")
    page.get_by_role("button", name="Import a connector").click()
    dialog.get_by_text("From the catalog").click()
    dialog.get_by_role("button", name="Open Mailchimp").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mailchimp")


def test_a_document_is_imported_looked_over_corrected_and_kept(studio: Studio, sandbox: Running) -> None:
    page = studio.page("/studio/connectors")
    page.get_by_role("button", name="Import a connector").click()
    address = f"{sandbox.events.url}/openapi.json"
    page.get_by_role("textbox", name="Address").fill(address)
    page.get_by_role("button", name="Read it").first.click()
    review = page.get_by_role("dialog", name="what was understood")
    expect(review).to_contain_text("42 blocks")
    review.get_by_label("Name of the connector").fill(_name())
    # What is unsure is asked, with what the document says about it.
    expect(review.get_by_role("heading", name="Questions")).to_be_visible()
    safe = review.get_by_role("listitem").filter(has_text="What makes repeats safe").first
    expect(safe).to_contain_text("unsure")
    safe.get_by_text("Why").click()
    expect(safe.locator("pre")).to_contain_text("Gather runs events")
    safe.get_by_role("button", name="That is right").click()
    expect(safe).to_contain_text("a person says so")
    # What is sure can be corrected too.
    review.locator("summary", has_text="List").first.click()
    review.locator("summary", has_text="List events").first.click()
    kind = review.get_by_role("listitem").filter(has_text="Kind of block").first
    kind.get_by_role("button", name="Correct Kind of block").click()
    kind.get_by_role("combobox").select_option("search")
    kind.get_by_role("button", name="Save").click()
    review.get_by_role("button", name="Save with 2 corrections").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Gather API")
    connector = page.url.partition("/connectors/")[2].partition("?")[0]
    facts = _facts(studio, connector)
    corrected = facts["/blocks/list_events/kind"]
    assert (corrected["value"], corrected["setBy"]) == ("search", "human")
    assert facts["/idempotency"]["setBy"] == "human"
    # Another import of the document leaves it alone.
    with studio.client() as http:
        again = http.put(f"/api/workflows/automation-connectors/{connector}", json={"source": address})
    assert again.status_code == 200, again.text
    assert _facts(studio, connector)["/blocks/list_events/kind"]["value"] == "search"


def test_a_fact_of_a_kept_connector_is_corrected(studio: Studio, sandbox: Running) -> None:
    connector = _imported(studio, sandbox)
    page = studio.page(f"/studio/connectors/{connector}?tab=facts")
    page.get_by_role("searchbox", name="Search facts").fill("/blocks/list_events/paging/size_param")
    line = page.get_by_role("listitem").filter(has_text="Parameter for the size of a page")
    line.get_by_role("button", name="Correct").click()
    line.get_by_role("textbox").fill("per_page")
    line.get_by_role("textbox").press("Enter")
    expect(line).to_contain_text("a person says so")
    assert _facts(studio, connector)["/blocks/list_events/paging/size_param"]["value"] == "per_page"


def test_an_account_is_connected_with_a_key_that_is_tried_out_first(studio: Studio, sandbox: Running) -> None:
    connector = _imported(studio, sandbox)
    page = studio.page(f"/studio/connectors/{connector}")
    page.get_by_role("button", name="Connect an account").click()
    dialog = page.get_by_role("dialog")
    key = dialog.get_by_label("API key")
    expect(key).to_have_attribute("type", "password")
    dialog.get_by_role("button", name="Connect", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Fill this in.")
    key.fill("not the key")
    dialog.get_by_role("button", name="Connect", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("did not accept this")
    key.fill(sandbox.events.api_key)
    dialog.get_by_role("button", name="Connect", exact=True).click()
    expect(dialog).to_have_count(0)
    with studio.client(studio.admin) as http:
        found = http.get(
            "/api/workflows/automation-connections", params={"filter": f'connectorId eq "{connector}"'}
        ).json()
    assert [one["isConnected"] for one in found["data"]] == [True]
    page.goto(f"/studio/connections/{found['data'][0]['id']}")
    expect(page.get_by_role("main").get_by_text("Connected", exact=True)).to_be_visible()
    assert sandbox.events.api_key not in page.content()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("It works")).to_be_visible()


def test_whoever_gives_up_leaves_no_connection_behind(studio: Studio, sandbox: Running) -> None:
    connector = _imported(studio, sandbox)
    page = studio.page(f"/studio/connectors/{connector}")
    page.get_by_role("button", name="Connect an account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("API key").fill("not the key")
    dialog.get_by_role("button", name="Connect", exact=True).click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as gone:
        dialog.get_by_role("button", name="Cancel").click()
    assert gone.value.status == 204


@contextmanager
def _crm(studio: Studio) -> Iterator[str]:
    """A service whose accounts are connected on its own sign-in page; gives the id of its connector."""
    crm = ThreadingHTTPServer(("127.0.0.1", 0), Crm)
    threading.Thread(target=crm.serve_forever, daemon=True).start()
    try:
        made = manifest(f"http://127.0.0.1:{crm.server_address[1]}")
        made.name, made.title = f"crm-{new_id().hex[-6:]}", "The CRM"
        body = {"document": io.dump(made, "json"), "format": "manifest"}
        with studio.client() as http:
            answer = http.post("/api/workflows/automation-connectors", json=body)
        assert answer.status_code == 201, answer.text
        yield answer.json()["id"]
    finally:
        crm.shutdown()
        crm.server_close()


def _connect_crm(page: Page, connector: str) -> Page:
    """The window in which one signs in."""
    page.goto(f"/studio/connectors/{connector}")
    page.get_by_role("button", name="Connect an account").click()
    with page.expect_popup() as opened:
        page.get_by_role("dialog").get_by_role("button", name="Continue to The CRM").click()
    return opened.value


def test_an_account_is_connected_in_a_window_of_its_own(studio: Studio) -> None:
    with _crm(studio) as connector:
        page = studio.page("")
        window = _connect_crm(page, connector)
        expect(window.get_by_role("heading", level=1)).to_have_text("Connect The CRM")
        assert window.evaluate("window.opener === null")
        expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("Waiting for you")
        window.get_by_role("button", name="Continue to").click()
        window.get_by_role("link", name="Allow").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_text("Connected.")).to_be_visible()


def test_a_window_that_is_closed_can_be_opened_again(studio: Studio) -> None:
    with _crm(studio) as connector:
        page = studio.page("")
        _connect_crm(page, connector).close()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("status")).to_contain_text("seems to be closed")
        with page.expect_popup() as opened:
            dialog.get_by_role("button", name="Open the window again").click()
        window = opened.value
        window.get_by_role("button", name="Continue to").click()
        window.get_by_role("link", name="Allow").click()
        expect(dialog).to_have_count(0)


def test_a_browser_that_blocks_windows_gets_a_link(studio: Studio) -> None:
    with _crm(studio) as connector:
        page = studio.page("")
        page.add_init_script("window.open = () => null")
        page.goto(f"/studio/connectors/{connector}")
        page.get_by_role("button", name="Connect an account").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Continue to The CRM").click()
        link = dialog.get_by_role("link", name="Open the sign-in page")
        assert "noopener" in (link.get_attribute("rel") or "")
        with page.expect_popup() as opened:
            link.click()
        opened.value.get_by_role("button", name="Continue to").click()
        opened.value.get_by_role("link", name="Allow").click()
        expect(dialog).to_have_count(0)


def test_a_block_is_tried_and_its_records_looked_at(studio: Studio, sandbox: Running) -> None:
    connector = _imported(studio, sandbox)
    connection = _connection(studio, sandbox, connector)
    page = studio.page(f"/studio/connectors/{connector}?tab=test&block=list_registrations")
    page.get_by_label("Connection").first.select_option(connection)
    page.get_by_role("button", name="Call it").click()
    outcome = page.get_by_role("region", name="Outcome")
    expect(outcome).to_contain_text("records 1 to 20 of 120 on this page")
    expect(outcome.get_by_role("columnheader", name="reference")).to_be_visible()
    expect(outcome.get_by_role("cell", name="GTH-000001")).to_be_visible()
    outcome.get_by_role("button", name="Next").click()
    expect(outcome).to_contain_text("records 21 to 40")
    outcome.get_by_role("tab", name="Request").click()
    outcome.locator("summary").first.click()
    expect(outcome).to_contain_text("***")
    assert sandbox.events.api_key not in page.content()


def test_a_block_that_changes_something_asks_first(studio: Studio, sandbox: Running) -> None:
    connector = _imported(studio, sandbox)
    connection = _connection(studio, sandbox, connector)
    page = studio.page(f"/studio/connectors/{connector}?tab=test&block=delete_event")
    page.get_by_label("Connection").first.select_option(connection)
    page.get_by_role("button", name="Call it").click()
    expect(page.get_by_role("alert").first).to_contain_text("Fill this in.")
    page.get_by_label("Event id").fill("evt_none")
    page.get_by_role("button", name="Call it").click()
    sure = page.get_by_role("dialog", name="Really call")
    sure.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("region", name="Outcome")).to_have_count(0)
    page.get_by_role("button", name="Call it").click()
    sure.get_by_role("button", name="Call it").click()
    expect(page.get_by_role("region", name="Outcome").get_by_text("failed", exact=True)).to_be_visible()


def test_what_a_document_says_is_text_and_nothing_else(studio: Studio) -> None:
    document = {
        "openapi": "3.1.0",
        "info": {"title": f"Evil {EVIL}", "version": "1", "description": f"**bold** {EVIL}"},
        "servers": [{"url": "https://evil.example", "description": EVIL}],
        "paths": {
            "/things": {
                "get": {
                    "operationId": "listThings",
                    "summary": f"List {EVIL}",
                    "description": EVIL,
                    "parameters": [{"name": "q", "in": "query", "description": EVIL, "schema": {"type": "string"}}],
                    "responses": {"200": {"description": EVIL}},
                }
            }
        },
    }
    page = studio.page("/studio/connectors")
    page.get_by_role("button", name="Import a connector").click()
    page.get_by_text("Paste the documentation").click()
    page.get_by_label("The text of the document").fill(json.dumps(document))
    page.get_by_role("button", name="Read it").last.click()
    review = page.get_by_role("dialog", name="what was understood")
    for summary in review.locator("summary").all():
        summary.click()
    review.get_by_label("Name of the connector").fill(_name())
    review.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Evil <img")
    page.get_by_text("Description").first.click()
    page.locator("summary", has_text="List <img").first.click()
    expect(page.get_by_role("button", name="Try it")).to_be_visible()
    assert page.locator("img").count() == 0
    assert page.title() != "taken"


class Hostile(BaseHTTPRequestHandler):
    """A service whose records are made to be taken for something else."""

    def do_GET(self) -> None:
        names = [EVIL, "{{7*7}}", "مرحبا", "🧑‍🚀" * 20, "x" * 5000]
        data = json.dumps([{"id": n, "name": name, "inside": {"deep": EVIL}} for n, name in enumerate(names)]).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing to standard error."""


def test_records_are_text_and_nothing_else(studio: Studio) -> None:
    service = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    try:
        document = {
            "schema": "tieline.connector/1",
            "name": _name(),
            "title": f"Hostile {EVIL}",
            "servers": [{"url": f"http://127.0.0.1:{service.server_address[1]}"}],
            "blocks": [{"id": "all", "name": EVIL, "kind": "list", "path": "/all", "records": "$"}],
        }
        with studio.client(studio.admin) as http:
            made = http.post(
                "/api/workflows/automation-connectors", json={"document": document, "format": "manifest"}
            ).json()
            connection = http.post("/api/workflows/automation-connections", json={"connectorId": made["id"]}).json()
        page = studio.page(f"/studio/connectors/{made['id']}?tab=test&block=all")
        page.get_by_label("Connection").first.select_option(connection["id"])
        page.get_by_role("button", name="Call it").click()
        outcome = page.get_by_role("region", name="Outcome")
        expect(outcome.get_by_role("cell", name=EVIL).first).to_be_visible()
        outcome.get_by_role("button", name="Show more").click()
        outcome.get_by_role("button", name="Open").first.click()
        for tab in ("JSON", "Request", "Types"):
            outcome.get_by_role("tab", name=tab).click()
        assert page.locator("img").count() == 0
        assert page.title() != "taken"
    finally:
        service.shutdown()
        service.server_close()
