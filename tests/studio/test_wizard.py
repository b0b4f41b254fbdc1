"""The gallery and the setup in the studio itself: by keyboard, on a phone, over a reload, with what can go wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.oem.conftest import document, says, start
from tests.automations.engine.documents import block
from tests.studio.furnishing import HOSTILE, Desk
from tests.studio.running import Server, Studio
from tests.studio.test_every_page import violations
from tieline.core.ids import new_id

pytestmark = [pytest.mark.battery, pytest.mark.timeout(300)]


def asks(*fields: dict[str, Any], name: str = "asked", persist: bool = True) -> dict[str, Any]:
    form = [{"id": f"{name}{n}", "order": n, **one} for n, one in enumerate(fields)]
    return block("FormBlock", name, form=form, persistData=persist)


def template(desk: Desk, name: str, *flows: list[dict[str, Any]], **more: Any) -> str:
    said = {"name": name, "workspace": document(*flows), **more}
    made: str = desk.call("POST", "/oem/v1/templates", said)["guid"]
    return made


REGION = {"type": "input", "label": "Region", "isRequired": True, "helpText": "Where **you** are."}
SIZE = {"type": "select", "label": "Size", "options": ["small", "large"]}


@pytest.fixture(scope="module")
def desk(server: Server) -> Iterator[Desk]:
    with server.client(server.admin) as http:
        yield Desk(http)


def installed(desk: Desk, guid: str, **body: Any) -> str:
    made: str = desk.call("POST", f"/api/v1/templates/{guid}/actions/install", body)["id"]
    return made


def test_the_gallery_is_searched_and_says_how_things_are(studio: Studio, desk: Desk) -> None:
    mail = {"groups": [{"group_id": "mail", "group_name": "Mail"}]}
    hostile = template(desk, HOSTILE, [start(), says("x")], **mail)
    needs = template(desk, "Wizard needs an answer", [start("setup"), asks(REGION)], [start(), says("x")])
    template(desk, "Not yet for anybody", [start(), says("x")], status="coming soon")
    installed(desk, hostile)
    installed(desk, needs)
    page = studio.page("/studio/templates")
    expect(page.get_by_role("heading", name="Mail")).to_be_visible()
    cards = page.get_by_role("listitem")
    expect(cards.filter(has_text="Wizard needs").get_by_text("In setup")).to_be_visible()
    expect(cards.filter(has_text="Not yet for anybody").get_by_text("Coming soon")).to_be_visible()
    expect(cards.filter(has_text=HOSTILE).get_by_text("Active, no run yet")).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    page.get_by_role("searchbox", name="Search templates").fill("wizard NEEDS")
    expect(page.get_by_text("1 template", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Wizard needs"))).to_be_visible()
    expect(page.get_by_text("Not yet for anybody")).to_have_count(0)
    page.get_by_role("searchbox").fill("nothing of the kind")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()


def test_what_was_entered_is_kept_over_steps_and_reloads(studio: Studio, desk: Desk) -> None:
    flows = (
        [start("setup"), asks(REGION, SIZE), says("Hello **{$.asked.Region}**")],
        [start("settings"), asks({"type": "input", "label": "Footer"}, name="more")],
        [start("scheduled"), says("{$.asked.Region}")],
    )
    made = installed(desk, template(desk, "Kept over reloads", *flows))
    page = studio.page(f"/studio/integrations/{made}/setup")
    expect(page).to_have_url(re.compile(r"/setup/setup$"))
    expect(page.get_by_role("heading", name="Setup", exact=True)).to_be_focused()
    expect(page.get_by_text("Step 1 of 4: Setup")).to_be_visible()
    page.get_by_label("Region").fill("eu-7")
    page.get_by_label("Size").select_option("large")
    # Another step by the list of steps: what is typed goes to the server first.
    page.get_by_role("navigation", name="Steps").get_by_role("button", name=re.compile("Schedule")).click()
    expect(page.get_by_role("heading", name="Schedule", exact=True)).to_be_focused()
    page.get_by_label("How often").select_option("On days of the week")
    page.get_by_label("Friday").check()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_focused()
    page.reload()
    expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_visible()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Region")).to_have_value("eu-7")
    expect(page.get_by_label("Size")).to_have_value("large")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Hello eu-7")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Friday")).to_be_checked()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text(re.compile(r"Mon, Fri at 06:00 \(UTC\)"))).to_be_visible()
    steps = desk.call("GET", f"/api/v1/integrations/{made}")["steps"]
    assert [one["complete"] for one in steps] == [True] * 4
    page.get_by_role("link", name="Edit Settings").click()
    page.get_by_label("Footer").fill("bye")
    page.get_by_role("button", name="Finish later").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kept over reloads")
    expect(page.get_by_text("bye")).to_be_visible()


def test_by_keyboard_alone_on_a_phone(studio: Studio, desk: Desk) -> None:
    fields = (
        REGION,
        {"type": "object", "label": "Extra"},
        {"type": "multi_select", "label": "Kinds", "options": ["a", "b"]},
    )
    guid = template(desk, "By keyboard", [start("setup"), asks(*fields)], [start(), says("x")])
    page = studio.page(f"/studio/templates/{guid}", width=390, theme="dark")
    focus(page, "button", "Set up")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Setup", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Region")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("This has to be answered.")).to_be_visible()
    expect(page.get_by_label("Region")).to_be_focused()
    page.keyboard.type("eu-1")
    focus(page, "button", "Add a value")
    page.keyboard.press("Enter")
    focus(page, "textbox", "Name 1", back=True)
    page.keyboard.type("colour")
    page.keyboard.press("Tab")
    page.keyboard.type("red")
    focus(page, "checkbox", "b")
    page.keyboard.press("Space")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    focus(page, "button", "Continue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Review")).to_be_focused(timeout=30_000)
    for said in ("eu-1", "colour: red"):
        expect(page.get_by_text(said)).to_be_visible()
    assert violations(page) == []


def focus(page: Page, role: Any, name: str, *, back: bool = False) -> None:
    """Goes there by the tabulator."""
    wanted = page.get_by_role(role, name=name, exact=True)
    for _ in range(60):
        if wanted.count() and wanted.first.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{role} {name!r} cannot be reached")


def test_a_setup_that_fails_says_why_and_can_be_left_out(studio: Studio, desk: Desk) -> None:
    fails = block("ErrorBlock", "fails", inputs={"message": "No such region"})
    flows = ([start("setup"), asks(REGION), fails], [start(), says("x")])
    made = installed(desk, template(desk, "Fails at first", *flows))
    page = studio.page(f"/studio/integrations/{made}/setup")
    page.get_by_label("Region").fill("nowhere")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="The setup did not come to its end.")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Go on without it").click()
    expect(page.get_by_role("heading", name="Review")).to_be_focused()


def test_an_integration_is_run_switched_and_removed(studio: Studio, desk: Desk) -> None:
    name = f"Comes and goes {new_id().hex[-6:]}"
    made = installed(desk, template(desk, name, [start(), says("x")]))
    page = studio.page("/studio/integrations")
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("finished").first).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Switched off", exact=True)).to_be_visible()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("Switched off", exact=True)).to_have_count(0)
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Detach from the template").click()
    page.get_by_role("dialog").get_by_role("button", name="Detach").click()
    expect(page.get_by_text("It no longer follows its template")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the integration").click()
    expect(page).to_have_url(re.compile(r"/integrations$"))
    expect(page.get_by_role("link", name=name)).to_have_count(0)
    assert made not in [one["id"] for one in desk.call("GET", "/api/v1/integrations", limit=100)["data"]]
