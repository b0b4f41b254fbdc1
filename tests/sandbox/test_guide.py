"""docs/guide/sandbox.md names every option, call, fault and setting, and no other."""

from __future__ import annotations

import re
import subprocess
import sys

import msgspec

from tests.fixtures.shared import ROOT
from tests.sandbox.client import Client
from tieline.sandbox import Running
from tieline.sandbox.dialbook.oauth import CLIENT_ID, CLIENT_SECRET
from tieline.sandbox.faults import KINDS
from tieline.sandbox.service import Settings
from tieline.sandbox.world import API_KEY, API_KEY_HEADER

GUIDE = (ROOT / "docs" / "guide" / "sandbox.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return GUIDE.partition(f"# {title}\n")[2].partition("\n#")[0]


def first_cells(text: str) -> set[str]:
    """Everything between back-quotes in the first column of a table."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall("`([^`]+)`", row)}


def test_faults() -> None:
    assert first_cells(section("Faults")) - {"400", "599"} == set(KINDS)


def test_settings() -> None:
    assert first_cells(section("Settings")) == set(msgspec.structs.asdict(Settings()))


def test_options() -> None:
    text = subprocess.run(
        [sys.executable, "-m", "tieline.sandbox", "--help"], capture_output=True, text=True, check=True
    )
    options = set(re.findall(r"--[a-z-]+", text.stdout)) - {"--help"}
    assert {name.split()[0] for name in first_cells(section("The sandbox"))} == options


def test_calls_of_the_control_desk(sandbox: Running) -> None:
    described = set()
    for names in first_cells(section("The control desk")):
        described |= {names} if " " in names else set()
    paths = {name.partition(" ")[2] for name in described}
    served: set[str] = set()
    for side in (sandbox.events, sandbox.telephony):
        served |= {name.partition(" ")[2] for name in Client(side.url).call("GET", "/_sandbox").json["routes"]}
    assert paths == {path.replace("{rule_id}", "{id}") for path in served} - {"/_sandbox/faults/{id}"}


def test_the_credentials_shown_are_the_real_ones() -> None:
    assert all(shown in GUIDE for shown in (API_KEY_HEADER, API_KEY, CLIENT_ID, CLIENT_SECRET))
