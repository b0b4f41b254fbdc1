"""The report on a document: everything that a person should know of, and no word about what is fine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from tests.automations.engine.documents import block, chain, document
from tests.automations.workspace.documents import documents
from tieline.automations import blocks as _registered  # noqa: F401 - all block types
from tieline.automations.workspace import check


def found(*entries: Any, **more: Any) -> list[tuple[str, str]]:
    """(code, block) of errors and warnings."""
    report = check({**document(*entries), **more})
    return [(one["code"], one["block"]) for one in (*report.errors, *report.warnings)]


def test_a_sound_document_has_nothing_to_tell() -> None:
    assert found(block("ShowBlock", "o", inputs={"input": "{$.start.x}"}, settings={"display_mode": "add"})) == []


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (block("ShowBlock", "o", childId="gone"), [("dangling-reference", "o")]),
        (block("ShowBlock", "o", inputs={"input": "{$.nobody.x}"}), [("unknown-reference", "o")]),
        (block("ShowBlock", "o", settings={"frobnicate": "yes"}), [("unsupported-setting", "o")]),
        (block("ShowBlock", "o", settings={"frobnicate": ""}), []),
        (block("GotoBlock", "g", inputs={"label": "gone"}), [("dangling-reference", "g")]),
        (block("VariableBlock", "v", variableGuid="gone"), [("workspace-invalid", "v")]),
    ],
    ids=["dangling", "unknown-name", "setting", "empty-setting", "goto", "variable"],
)
def test_what_is_wrong_names_its_block(entry: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert found(entry) == expected


def test_each_formula_at_fault_is_told_with_input_and_position() -> None:
    bad = block("CallUrlBlock", "call", inputs={"url": "{$.start.u}", "params": "{nofn: 1}", "headers": "a {upper: 'x"})
    report = check(document(bad))
    assert [(one["code"], one["block"], one["input"], one["position"]) for one in report.errors] == [
        ("formula-syntax", "call", "params", 1),
        ("formula-syntax", "call", "headers", 10),
    ]
    assert report.errors[0]["detail"].startswith("params: ")


def test_a_chain_that_nothing_leads_to_is_told_of_once() -> None:
    made = document(block("ShowBlock", "o"))
    loose = chain(block("ShowBlock", "first"), block("ShowBlock", "second"))
    made["blocks"] += loose
    assert [(one["code"], one["block"]) for one in check(made).warnings] == [("unreachable", "first")]
    label = chain(block("LabelBlock", "label"), block("ShowBlock", "after"))
    made = document(block("GotoBlock", "g", inputs={"label": label[0]["id"]}))
    made["blocks"] += label
    assert check(made).warnings == []


def test_two_parents_placeholders_unknown_and_disabled_blocks_are_listed() -> None:
    made = document(
        block("EndpointBlock", "get", datasourcetype_guid="C", endpoint_guid="E", endpoint_role="get"),
        block("FutureBlock", "future", disabled=True),
    )
    made["blocks"].append(block("ShowBlock", "other", childId=made["blocks"][1]["id"]))
    report = check(made)
    (unbound,) = report.unbound
    assert (unbound["connector"], unbound["operation"], unbound["block"]) == ("C", "E", "get")
    assert [(one["type"], one["block"]) for one in report.unknown] == [("FutureBlock", "future")]
    assert [one["block"] for one in report.disabled] == ["future"]
    assert ("two-parents", "other") in [(one["code"], one["block"]) for one in report.warnings]


@settings(max_examples=40, deadline=None)
@given(documents(25))
def test_no_document_is_too_odd_for_a_report(made: dict[str, Any]) -> None:
    report = check(made)
    assert report.blocks == len(made["blocks"])
    for one in (*report.errors, *report.warnings):
        assert one["code"] and one["detail"]
