"""Every example of docs/reference/blocks.md does what the page says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tests.automations.blocks.conftest import Place
from tests.automations.engine.documents import block, chain, document
from tests.automations.engine.world import World, run_with_crashes
from tieline.automations.engine.registry import block_types
from tieline.automations.workspace import check
from tieline.connectors.connections import Connections
from tieline.connectors.importers import import_document
from tieline.connectors.library import Library
from tieline.sandbox import Running, running

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "blocks.md"
EDGES = {
    "loop": "loopBlockId",
    "yes": "childTrueId",
    "no": "childFalseId",
    "default": "defaultChildId",
    "try": "tryChildId",
    "catch": "catchChildId",
}
NEED_THE_SANDBOX = {"EndpointBlock", "SnippetBlock", "ListPointerBlock", "UpdatePointerBlock", "DeletePointerBlock"}
REGISTRATIONS = 12  # that the sandbox has
NEED_A_WORKER = {
    "CallUrlBlock",
    "CallWidgetBlock",
    "CustomCodeBlock3",
    "DataStoreBlock",
    "DataTableBlock",
    "MailBlock",
    "CheckFileExistsBlock",
    "CheckIfFileExistsBlock",
    "CloseFileBlock",
    "CopyFileBlock",
    "CreateFileBlock",
    "DeleteFileBlock",
    "FileExistsBlock",
    "ListFilesBlock",
    "MoveFileBlock",
    "OpenFileBlock",
    "ReadDataFromFileBlock",
    "ReadFileBlock",
    "SaveAndCloseFileBlock",
    "SaveCloseFileBlock",
    "WriteLineBlock",
    "WriteLineToFileBlock",
}


def examples() -> dict[str, dict[str, Any]]:
    """By block type; a second example of a block is called ``Block 2``."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = {}
    for section in sections:
        name = section.split("\n", 1)[0].strip()
        for number, source in enumerate(re.findall(r"```json\n(.*?)```", section, flags=re.DOTALL), start=1):
            found[name if number == 1 else f"{name} {number}"] = json.loads(source)
    return found


def of(kinds: set[str], *, others: bool = False) -> list[str]:
    """Names of the examples of these block types, or of all others."""
    return [name for name in examples() if (name.split(" ")[0] in kinds) is not others]


def expanded(step: dict[str, Any]) -> Any:
    rest = {
        key: value for key, value in step.items() if key not in (*EDGES, "cases", "type", "name", "inputs", "settings")
    }
    if step["type"] == "VariableBlock":
        rest["variableGuid"] = f"guid-{step['name']}"
    made = block(step["type"], step.get("name", ""), inputs=step.get("inputs"), settings=step.get("settings"), **rest)
    edges: dict[str, Any] = {edge: chain(*map(expanded, step[key])) for key, edge in EDGES.items() if key in step}
    if "cases" in step:
        edges["statementChildrenIds"] = [chain(*map(expanded, case)) for case in step["cases"]]
    return (made, edges) if edges else made


@pytest.mark.parametrize("name", of(NEED_A_WORKER | NEED_THE_SANDBOX, others=True))
async def test_the_example_does_what_the_page_says(name: str) -> None:
    example = examples()[name]
    whole = document(*map(expanded, example["steps"]), variables=example.get("variables"))
    outcome, interpreter, _ = await run_with_crashes(World(), whole, [], inputs=example.get("start"))
    assert outcome.errors == []
    assert interpreter.state.shown == example["shows"]
    assert outcome.status == example.get("status", "finished")
    assert interpreter.state.title == example.get("title", "")


@pytest.mark.parametrize("name", of(NEED_A_WORKER))
async def test_the_example_does_what_the_page_says_in_a_real_run(name: str, place: Place) -> None:
    source = json.dumps(examples()[name]).replace("https://api.example.com", place.web.url)
    if "CALLED" in source:
        called = document(*map(expanded, examples()[name]["called"]["steps"]))
        source = source.replace("CALLED", str((await place.bench.automation(called))["id"]))
    source = source.replace('"mail.example.com"', f'"127.0.0.1", "port": {place.mail.port}')
    example = json.loads(source)
    row = await place.run(*map(expanded, example["steps"]), inputs=example.get("start"))
    assert row["error"] is None
    assert row["shown"] == example["shows"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(registrations=REGISTRATIONS) as started:
        yield started


@pytest.mark.parametrize("name", of(NEED_THE_SANDBOX))
async def test_the_example_does_what_the_page_says_on_the_sandbox(name: str, place: Place, sandbox: Running) -> None:
    example = json.loads(json.dumps(examples()[name]).replace("GATHER", await gather(place, sandbox)))
    row = await place.run(*map(expanded, example["steps"]), inputs=example.get("start"))
    assert row["error"] is None
    assert row["shown"] == example["shows"]


async def test_a_pointer_can_be_set_before_the_first_listing(place: Place, sandbox: Running) -> None:
    listing = block(
        "EndpointBlock",
        "changes",
        settings={"datasource": await gather(place, sandbox), "blendr_pointer": "yes"},
        endpoint_guid="list_registrations_incremental",
        endpoint_role="listnew",
    )
    ahead = {"pointer_block_id": listing["id"], "last_retrieved_at": "2999-01-01T00:00:00Z"}
    counted = block("ShowBlock", inputs={"input": "{count: {$.changes}}"})
    row = await place.run(block("UpdatePointerBlock", inputs=ahead), listing, counted)
    assert (row["error"], row["shown"]) == (None, [0])


async def gather(place: Place, sandbox: Running) -> str:
    """A connection to the events product of the sandbox; gives its id."""
    sandbox.reset(registrations=REGISTRATIONS)
    bench, product = place.bench, sandbox.events
    async with bench.database.tenant(bench.tenant) as unit:
        with urlopen(product.openapi, timeout=10) as answer:
            imported = import_document(answer.read(), address=product.openapi, name="gather")
        connector = await Library(bench.database).save(unit, imported)
        connection = await Connections(bench.database, place.vault).create(
            unit,
            connector_id=connector["id"],
            name="gather",
            owner_id=bench.user,
            params={"api_key": product.api_key},
        )
    return str(connection["id"])


def test_every_block_has_its_example() -> None:
    named = {name for name in block_types() if not name.startswith("Test")}
    assert {name.split(" ")[0] for name in examples()} == named


async def test_the_first_automation_of_the_guide_imports_and_runs() -> None:
    guide = (PAGE.parents[1] / "guide" / "automations.md").read_text(encoding="utf-8")
    first = json.loads(re.findall(r"```json\n(.*?)```", guide, flags=re.DOTALL)[0])
    report = check(first)
    assert (report.run_mode, report.errors, report.warnings, report.unknown) == ("manual", [], [], [])
    _, interpreter, _ = await run_with_crashes(World(), first, [])
    assert interpreter.state.shown == ["ADA and GRACE"]
    assert "`ADA and GRACE`" in guide


def test_a_formula_that_reads_what_is_not_there_is_reported() -> None:
    lost = document(block("ShowBlock", "out", inputs={"input": "{$.evnts.item.name}"}))
    assert [one["code"] for one in check(lost).warnings] == ["unknown-reference"]


async def test_inputs_may_be_an_object() -> None:
    plain = document({"id": "X", "type": "ShowBlock", "name": "out", "inputs": {"input": "hi"}, "settings": {}})
    _, interpreter, _ = await run_with_crashes(World(), plain, [])
    assert interpreter.state.shown == ["hi"]
