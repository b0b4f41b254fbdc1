"""Somebody who has never seen the studio, and has no mouse: from the first administrator to records in the phonebook.

Only keys are pressed. What is to get the focus is reached with Tab, with the arrow keys of lists and trees, or with a
shortcut that the editor's list of shortcuts names.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.studio.keyboard import Keyboard
from tests.studio.running import PASSWORD, Server, Studio, serving, setup_code
from tieline.sandbox import Running, running

pytestmark = [pytest.mark.battery, pytest.mark.timeout(300)]

REGISTRATIONS = 25
LIST = "Gather API - List registrations (new and updated)"
CONTACT = "Dialbook - Create or replace a contact by external id"


@pytest.fixture(scope="module")
def fresh() -> Iterator[Server]:
    with serving(set_up=False) as started:
        yield started


@pytest.fixture
def newcomer(fresh: Server, browser: Callable[[], Browser]) -> Iterator[Studio]:
    opened = Studio(fresh, browser)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def services() -> Iterator[Running]:
    with running(registrations=REGISTRATIONS) as started:
        yield started


def test_from_the_first_run_to_records_without_a_mouse(newcomer: Studio, services: Running) -> None:
    page = newcomer.page("", signed_in=False)
    keys = Keyboard(page)
    _first_administrator(newcomer, keys)
    _import(keys, services.events.openapi, "Gather API")
    _connect(keys, {"API key": "wrong"}, works=False)
    _connect(keys, {"API key": services.events.api_key}, opened=True)
    _import(keys, services.telephony.openapi, "Dialbook")
    telephony = services.telephony
    _connect(keys, {"Client ID": telephony.client_id, "Client secret": telephony.client_secret})
    _build(keys)
    _run(keys)
    _look(keys)
    found = services.report()
    assert (found["created"], found["lost"], found["duplicated"]) == (REGISTRATIONS, 0, 0)
    assert services.ledger("telephony")["created"] == {"contact": REGISTRATIONS}


def _first_administrator(newcomer: Studio, keys: Keyboard) -> None:
    page = keys.page
    page.goto(f"/studio/setup#code={setup_code(newcomer.server.log)}")
    expect(page.get_by_role("heading", level=1, name="Set Tieline up")).to_be_visible()
    name = page.get_by_label("Your name")
    expect(name).to_be_focused()
    keys.type("Nora New")
    keys.press("Tab")
    keys.type("nora@example.com")
    keys.press("Tab")
    keys.type("too short")
    keys.press("Enter")
    # The refusal stands at the field, once, and the field has the focus.
    password = page.get_by_label("Password")
    expect(password).to_have_attribute("aria-invalid", "true")
    expect(password).to_be_focused()
    expect(page.get_by_role("alert")).to_have_count(1)
    keys.press("Control+a")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Automations")).to_be_visible()


def _import(keys: Keyboard, document: str, title: str) -> None:
    page = keys.page
    keys.go("Connectors")
    keys.button("Import a connector")
    dialog = page.get_by_role("dialog")
    keys.fill("Address", document)
    keys.press("Enter")
    expect(dialog.get_by_role("heading", name=f"{title}: what was understood")).to_be_focused()
    keys.button("Save")
    expect(dialog).to_have_count(0)
    keys.arrived(title)


def _connect(keys: Keyboard, answers: dict[str, str], *, opened: bool = False, works: bool = True) -> None:
    page = keys.page
    if not opened:
        keys.button("Connect an account")
    dialog = page.get_by_role("dialog")
    for label, answer in answers.items():
        keys.fill(label, answer)
    keys.press("Enter")
    if not works:
        expect(dialog.get_by_role("alert")).to_contain_text("The other side did not accept this.")
        return
    expect(page.get_by_text("Connected.", exact=True)).to_be_visible()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Connect an account")).to_be_focused()


def _build(keys: Keyboard) -> None:
    page = keys.page
    keys.go("Automations")
    keys.button("New automation")
    expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    keys.type("Registrations to phonebook")
    keys.press("Enter")
    keys.arrived("Registrations to phonebook")
    tree = page.get_by_role("tree", name="Blocks of the automation")
    keys.to(tree)
    _add(keys, "registrations updated", LIST)
    # Back from the block to the list, into its loop, and what is done for each registration.
    keys.press("Escape")
    expect(tree).to_be_focused()
    keys.press("ArrowDown")
    _add(keys, "replace a contact", CONTACT)
    _map(keys)
    keys.press("Control+s")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def _add(keys: Keyboard, sought: str, title: str) -> None:
    page = keys.page
    keys.press("a")
    search = page.get_by_role("combobox", name="Search blocks and connectors")
    expect(search).to_be_focused()
    keys.type(sought)
    wanted = page.get_by_role("option").filter(has_text=title.partition(" - ")[2])
    expect(wanted.first).to_be_visible()
    for _ in range(10):
        if wanted.first.get_attribute("aria-selected") == "true":
            break
        keys.press("ArrowDown")
    expect(wanted.first).to_have_attribute("aria-selected", "true")
    keys.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_role("region", name="Block", exact=True)).to_be_focused()


def _map(keys: Keyboard) -> None:
    """Before anything has run: what the connectors say of their records is enough."""
    page = keys.page
    keys.button("Map by name")
    expect(page.get_by_text("4 fields were mapped.")).to_be_visible()
    formula = page.get_by_role("textbox", name="External id")
    keys.to(formula)
    offered = page.get_by_role("listbox", name="Completions").get_by_role("option", selected=True)
    keys.type("{")
    for name in ("$.listRegistrationsNewAndUpdated", ".item", ".id"):
        expect(offered).to_contain_text(name)
        _accept(keys, formula, name)
        if name != ".id":
            keys.type(".")
    expect(formula).to_have_text("{$.listRegistrationsNewAndUpdated.item.id}")
    called = page.get_by_role("textbox", name=re.compile("^Name"))
    expect(called).to_have_text("{$.listRegistrationsNewAndUpdated.item.attendee.name}")


def _accept(keys: Keyboard, formula: Locator, name: str) -> None:
    """For a moment after it has opened a list of completions takes no Enter: nobody can have read it."""
    for _ in range(20):
        keys.press("Enter")
        if name in formula.inner_text():
            return
    raise AssertionError(f"{name} was offered, but Enter did not take it")


def _run(keys: Keyboard) -> None:
    """First to try, which takes some records; then whole."""
    page = keys.page
    strip = page.get_by_role("region", name="Run", exact=True)
    keys.press("Control+Enter")
    expect(strip).to_contain_text("Finished")
    expect(strip).to_contain_text("A test run takes the first 20 records of a list.")
    expect(page.get_by_role("treeitem", name=re.compile("Create or replace"))).to_contain_text("20×")
    # With the data of that run, the formula shows what it gives.
    formula = page.get_by_role("textbox", name="External id")
    expect(formula).to_be_focused()
    keys.button("Actions", back=True)
    expect(page.get_by_role("menuitem", name="Run now")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("treeitem", name=re.compile("Create or replace"))).to_contain_text(f"{REGISTRATIONS}×")
    expect(strip).to_contain_text("Finished")


def _look(keys: Keyboard) -> None:
    page = keys.page
    keys.to(page.get_by_role("link", name="Open the run"), back=True)
    keys.press("Enter")
    keys.arrived("Run of Registrations to phonebook")
    tree = page.get_by_role("tree")
    keys.to(tree)
    keys.press("ArrowDown")
    detail = page.get_by_role("region", name=LIST)
    expect(detail).to_contain_text(f"{REGISTRATIONS} records")
    keys.to(detail.get_by_role("tab", selected=True))
    keys.press("End", "Home")
    for _ in range(6):
        if detail.get_by_role("tab", selected=True).inner_text() == "Records":
            break
        keys.press("ArrowRight")
    records = detail.get_by_role("region", name="Records")
    # What is large comes when it is asked for.
    ask = detail.get_by_role("button", name="Show it")
    expect(ask.or_(records)).to_be_visible()
    if ask.is_visible():
        keys.to(ask)
        keys.press("Enter")
    expect(records.get_by_role("row")).to_have_count(REGISTRATIONS + 1)
    keys.to(records.get_by_role("button").first)
    keys.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("attendee")
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(records.get_by_role("button").first).to_be_focused()


def test_the_editor_names_its_shortcuts(newcomer: Studio) -> None:
    """What the newcomer has used above is told where one looks for it."""
    began = time.monotonic()
    page = newcomer.page("/studio/", signed_in=False)
    keys = Keyboard(page)
    expect(page.get_by_label("E-mail")).to_be_focused()
    keys.type("nora@example.com")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Automations")).to_be_visible()
    keys.to(page.get_by_role("link", name="Registrations to phonebook"))
    keys.press("Enter")
    keys.to(page.get_by_role("tree"))
    keys.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    for told in ("Add a block after", "Save", "Test run", "From the block back to the list"):
        expect(dialog.get_by_text(told, exact=True)).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("tree")).to_be_focused()
    assert time.monotonic() - began < 60
