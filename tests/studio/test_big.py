"""A workspace of 300 blocks: in by a file, edited without a mouse, saved, run, and nothing else in it changed."""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from typing import Any

import pytest
from playwright.sync_api import Response, Route, expect

from tests.automations.engine.documents import block, document
from tests.studio.grown import grown
from tests.studio.keyboard import Keyboard
from tests.studio.running import Studio

pytestmark = [pytest.mark.battery, pytest.mark.timeout(240)]

BASE = "/api/workflows/automations"
MOST_AT_FIRST = 150_000


def test_little_is_fetched_for_the_first_page(studio: Studio) -> None:
    """What the browser itself fetched until the list of automations stood there, as gzip carries it."""
    page = studio.page("")
    scripts: list[Response] = []
    page.on("response", lambda answer: scripts.append(answer) if answer.request.resource_type == "script" else None)
    page.goto("/studio/automations")
    expect(page.get_by_role("heading", level=1, name="Automations")).to_be_visible()
    page.wait_for_load_state("networkidle")
    sizes = {answer.url.rpartition("/")[2]: len(gzip.compress(answer.body(), 9)) for answer in scripts}
    assert sum(sizes.values()) < MOST_AT_FIRST, sizes


def test_three_hundred_blocks(studio: Studio) -> None:
    imported = grown(300)
    page = studio.page("/studio/automations")
    keys = Keyboard(page)
    expect(page.get_by_role("heading", level=1, name="Automations")).to_be_visible()
    keys.button("New automation")
    keys.choose("radio", "A file (JSON)")
    carried = json.dumps({"name": "Three hundred", "description": "", "workspace": imported}).encode()
    file: Any = {"name": "big.json", "mimeType": "application/json", "buffer": carried}
    keys.to(page.get_by_role("dialog").locator("input[type=file]"))
    with page.expect_file_chooser() as chooser:
        keys.press("Enter")
    chooser.value.set_files(file)
    keys.button("Create")
    tree = page.get_by_role("tree", name="Blocks of the automation")
    expect(tree.get_by_role("treeitem").first).to_be_visible()
    automation = page.url.partition("/automations/")[2].partition("?")[0]
    _same(_workspace(studio, automation), imported)

    wanted = deepcopy(imported)
    blocks = {one["name"]: one for one in wanted["blocks"]}

    # A block gets another name; the formulas that read it follow.
    keys.to(tree)
    _go(keys, "outer7")
    keys.press("Enter")
    keys.choose("tab", "Settings")
    keys.fill("Name in formulas", "people7")
    keys.press("Enter")
    for one in wanted["blocks"]:
        renamed = json.dumps(one).replace("{$.outer7.", "{$.people7.")
        one.clear()
        one.update(json.loads(renamed))
    blocks["outer7"]["name"] = "people7"

    # An input, by the panel.
    _back(keys)
    _go(keys, "shown9")
    keys.press("Enter")
    keys.choose("tab", "Inputs")
    keys.to(page.get_by_role("tabpanel", name="Inputs").get_by_role("textbox").first)
    keys.press("ControlOrMeta+a")
    keys.type("nine is through")
    blocks["shown9"]["inputs"][0]["value"] = "nine is through"

    # A new block.
    _back(keys)
    _go(keys, "shown11")
    keys.press("a")
    picker = page.get_by_role("combobox", name="Search blocks and connectors")
    expect(picker).to_be_focused()
    keys.type("show")
    expect(page.get_by_role("option").first).to_contain_text("Output")
    keys.press("Enter")
    expect(picker).to_have_count(0)

    # One moves down past the next one, twice; a step back and one forward change nothing; a delete is taken back.
    _back(keys)
    _go(keys, "small13")
    keys.press("Alt+ArrowDown", "Control+z", "Control+y")
    _go(keys, "case15")
    keys.press("Delete", "Control+z")
    keys.button("Save", back=True)
    expect(page.get_by_role("status").get_by_text("Version 2 is saved.")).to_have_count(1)
    saved = _workspace(studio, automation)

    known = {one["id"] for one in imported["blocks"]}
    [inserted] = [one for one in saved["blocks"] if one["id"] not in known]
    assert inserted["type"] == "ShowBlock"
    assert inserted["childId"] == blocks["shown11"]["childId"]
    blocks["shown11"]["childId"] = inserted["id"]
    # Out of the branch of the condition, it stands after it: before what followed there.
    blocks["small13"]["childId"] = blocks["after13"]["id"]
    fork = next(one for one in wanted["blocks"] if one.get("childFalseId") == blocks["small13"]["id"])
    fork.update(childFalseId=None, childId=blocks["small13"]["id"])
    saved["blocks"] = [one for one in saved["blocks"] if one["id"] != inserted["id"]]
    _same(saved, wanted)

    keys.button("Actions", back=True)
    expect(page.get_by_role("menuitem", name="Run now")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("region", name="Run", exact=True)).to_contain_text("Finished", timeout=120_000)


def test_functions_that_are_known_late_are_offered_all_the_same(studio: Studio) -> None:
    with studio.client() as http:
        workspace = document(block("ShowBlock", "shown1", inputs={"input": "x"}, settings={}))
        made = http.post(BASE, json={"name": "Late", "workspace": workspace}).json()
    page = studio.page("")
    held: list[Route] = []
    page.route("**/formulas/functions*", lambda route: held.append(route))
    page.goto(f"/studio/automations/{made['id']}")
    page.get_by_role("treeitem", name="shown1").click()
    page.get_by_role("tabpanel", name="Inputs").get_by_role("textbox").first.click()
    page.keyboard.press("End")
    page.keyboard.type(" {upp")
    expect(page.get_by_role("textbox").and_(page.locator(":focus"))).to_contain_text("{upp")
    expect(page.get_by_role("listbox", name="Completions")).to_have_count(0)
    held[0].continue_()
    expect(page.get_by_role("listbox", name="Completions").get_by_role("option").first).to_contain_text("uppercase")


def test_an_export_is_what_was_imported(studio: Studio) -> None:
    """Numbers too that JavaScript cannot hold, through a save that has nothing to do with them."""
    imported = grown(40)
    with studio.client() as http:
        made = http.post(BASE, json={"name": "Exact", "workspace": imported}).json()
    page = studio.page(f"/studio/automations/{made['id']}")
    expect(page.get_by_role("treeitem").first).to_be_visible()
    with page.expect_download() as waited:
        page.get_by_role("button", name="Actions", exact=True).click()
        page.get_by_role("menuitem", name="Export as JSON").click()
    exported = json.loads(waited.value.path().read_text("utf-8"))
    _same(exported["workspace"], imported)
    page.get_by_role("tree").focus()
    _go(Keyboard(page), "case1")
    page.keyboard.press("d")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status").get_by_text("Version 2 is saved.")).to_have_count(1)
    next(one for one in imported["blocks"] if one["name"] == "case1")["disabled"] = True
    _same(_workspace(studio, made["id"]), imported)


def _workspace(studio: Studio, automation: str) -> dict[str, Any]:
    with studio.client() as http:
        answer = http.get(f"{BASE}/{automation}")
    found: dict[str, Any] = json.loads(answer.text)["workspace"]
    return found


def _same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """To the last digit: 1 is not 1.0. Block by block, so that what differs can be read."""
    rest = [{key: value for key, value in one.items() if key != "blocks"} for one in (found, wanted)]
    assert _text(rest[0]) == _text(rest[1])
    assert [one["id"] for one in found["blocks"]] == [one["id"] for one in wanted["blocks"]]
    for one, other in zip(found["blocks"], wanted["blocks"], strict=True):
        assert _text(one) == _text(other)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, indent=1)


def _go(keys: Keyboard, name: str) -> None:
    """From the list to the block that bears this name, by the search over the list."""
    page = keys.page
    keys.press("/")
    expect(page.get_by_role("searchbox", name="Search blocks")).to_be_focused()
    keys.press("ControlOrMeta+a")
    keys.type(name)
    keys.press("Enter")
    expect(page.get_by_role("treeitem", selected=True)).to_contain_text(name)
    keys.press("Escape")
    keys.to(page.get_by_role("tree"))


def _back(keys: Keyboard) -> None:
    """From the block to the list; in a formula the first Escape may only close what is offered there."""
    tree = keys.page.get_by_role("tree")
    keys.press("Escape")
    if not tree.evaluate("element => element === document.activeElement"):
        keys.press("Escape")
    expect(tree).to_be_focused()
