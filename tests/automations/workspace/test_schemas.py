"""The published JSON Schemas hold for what we keep, and say no to what is no such file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings

from tests.automations.workspace.documents import documents
from tieline.automations.library.publish import schemas
from tieline.automations.workspace.yaml_form import to_yaml
from tieline.automations.workspace.yaml_text import Source

ROOT = Path(__file__).parents[3]
WORKSPACE = jsonschema_rs.Draft202012Validator(schemas()["workspace.schema.json"])
AUTOMATION = jsonschema_rs.Draft202012Validator(schemas()["automation.schema.json"])


def holds(document: Any) -> None:
    WORKSPACE.validate(document)
    AUTOMATION.validate(Source(to_yaml(document)).data)


@pytest.mark.parametrize("name", ["workspace.schema.json", "automation.schema.json"])
def test_the_published_schemas_are_the_present_ones(name: str) -> None:
    published = ROOT / "docs" / "reference" / name
    assert json.loads(published.read_text()) == schemas()[name], "run: python -m tieline.automations.library.publish"


def test_the_example_and_what_we_publish_hold(shared: Path) -> None:
    holds(json.loads((shared / "contracts" / "workspace" / "example_user_created.json").read_bytes()))
    guide = (ROOT / "docs" / "guide" / "automations.md").read_text()
    holds(json.loads(guide.split("```json\n")[1].split("```")[0]))


@settings(max_examples=30, deadline=None)
@given(documents(25, broken=False))
def test_generated_documents_hold(made: dict[str, Any]) -> None:
    holds(made)


@settings(max_examples=15, deadline=None)
@given(documents(15, broken=True))
def test_the_yaml_of_broken_documents_holds_too(made: dict[str, Any]) -> None:
    AUTOMATION.validate(Source(to_yaml(made)).data)


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"blocks": {}},
        {"blocks": [1]},
        {"blocks": [{"type": "A"}]},
        {"blocks": [{"id": "a", "type": 1}]},
        {"blocks": [{"id": "a", "type": "A", "inputs": 5}]},
        {"blocks": [{"id": "a", "type": "A", "childId": 5}]},
        {"variables": [{"type": "list"}]},
    ],
    ids=str,
)
def test_what_is_no_workspace_does_not(wrong: Any) -> None:
    assert not WORKSPACE.is_valid(wrong)


@pytest.mark.parametrize("wrong", [{"stepz": []}, {"steps": [{"name": "a"}]}, {"steps": [{"type": "A", "inputz": {}}]}])
def test_what_is_no_automation_does_not(wrong: Any) -> None:
    assert not AUTOMATION.is_valid(wrong)
