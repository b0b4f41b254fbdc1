"""Forms: the shape of answers, what is required, and answers that stay for the next run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.automations.blocks.conftest import Place, shown
from tests.automations.engine.documents import block, document
from tieline.automations.blocks.output import markdown
from tieline.automations.store import FormAnswers

pytestmark = pytest.mark.anyio

FIELDS = [
    {"id": "n", "type": "input", "label": "Name", "isRequired": True},
    {
        "id": "t",
        "type": "select",
        "label": "Town",
        "values": "Ghent",
        "options": [{"value": "Ghent"}, {"value": "Lund"}],
    },
    {"id": "m", "type": "multi_select", "label": "Tags", "options": {"values": ["a", "b"]}},
    {"id": "o", "type": "object", "label": "Extra"},
    {"id": "b", "type": "button", "label": "Go"},
]


def form(**more: Any) -> dict[str, Any]:
    return block("FormBlock", "inputs", form=FIELDS, **more)


SHOW = block("ShowBlock", "out", inputs={"input": "{$.inputs}"})


async def test_answers_take_the_shape_of_their_fields(place: Place) -> None:
    row = await place.run(
        form(),
        SHOW,
        inputs={"Name": "Ada", "t": "Lund", "Tags": '["a"]', "Extra": [{"key": "x", "value": 1}], "Go": "yes"},
    )
    assert row["shown"] == [{"Name": "Ada", "Town": "Lund", "Tags": ["a"], "Extra": {"x": 1}, "Go": "yes"}]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, "the answer “Name” is missing"),
        ({"Name": ""}, "the answer “Name” is missing"),
        ({"Name": "Ada", "Town": "Paris"}, "the answer “Town” must be one of Ghent, Lund, not 'Paris'"),
        ({"Name": "Ada", "Tags": ["a", "c"]}, "the answer “Tags” must be one of a, b, not 'c'"),
        ({"Name": "Ada", "Extra": "text"}, "the answer “Extra” must be an object"),
    ],
)
async def test_answers_that_do_not_fit_are_refused_by_name(place: Place, answers: dict[str, Any], said: str) -> None:
    assert said in (await place.error(form(), SHOW, inputs=answers))["detail"]


async def test_answers_are_kept_for_the_next_run(place: Place) -> None:
    fields = form(persistData="yes")
    automation = await place.bench.automation(document(fields, SHOW))

    async def outcome(inputs: Any) -> Any:
        return shown(await place.bench.ended(await place.bench.start(automation, inputs)))["shown"][0]

    assert await outcome({"Name": "Ada", "Town": "Lund", "Go": "now"}) == {
        "Name": "Ada", "Town": "Lund", "Tags": [], "Extra": {}, "Go": "now",
    }  # fmt: skip
    kept = await outcome(None)
    assert (kept["Name"], kept["Town"], kept["Go"]) == ("Ada", "Lund", None)
    assert (await outcome({"Name": "Grace"}))["Town"] == "Lund"
    answers = await FormAnswers(place.database).load(place.bench.tenant, automation["id"], fields["id"])
    assert answers == {"Name": "Grace", "Town": "Lund", "Tags": [], "Extra": {}}
    other = await place.run(form(persistData="yes"), SHOW)
    assert other["shown"][0]["Name"] is None


async def test_without_persist_data_nothing_is_kept(place: Place) -> None:
    automation = await place.bench.automation(document(form(persistData="no"), SHOW))
    for inputs, name in (({"Name": "Ada"}, "Ada"), (None, None)):
        row = shown(await place.bench.ended(await place.bench.start(automation, inputs)))
        assert row["shown"][0]["Name"] == name


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](data:text/html;base64,PHNjcmlwdD4=)",
        "<img src=x onerror=alert(1)>",
        "[x](  JaVaScRiPt:alert(1))",
    ],
)
async def test_markdown_runs_nothing(text: str) -> None:
    html = markdown(text)["html"]
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "href" not in html
    assert 'src="data' not in html


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "//evil.example", "https://a b/", "https://u:p@example.com/"]
)
async def test_a_redirect_goes_to_web_addresses_only(place: Place, url: str) -> None:
    error = await place.error(block("RedirectBlock", "it", inputs={"url": url}))
    assert "url cannot be redirected to" in error["detail"]
