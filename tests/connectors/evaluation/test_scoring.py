"""What counts as right, wrong and missed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.importers.support import many, obj, op, param, spec
from tieline.connectors.evaluation import evaluate, read_labels, vendor_labels
from tieline.connectors.evaluation.scoring import Score
from tieline.core.errors import BadInput

PAGES = [param("page", "integer"), param("per_page", "integer")]
DOCUMENT = spec(
    {
        "/things": {
            "get": op(obj(data=many(), total="integer"), id="listThings", query=[*PAGES, "updated_since"]),
            "post": op(id="createThing", body=obj(name="string")),
        },
        "/things/{id}": {"get": op(obj(id="string"), id="getThing")},
        "/hooks": {"post": op(id="addHook", body=obj(callback_url="string", event="string"))},
    }
)


def scores(tmp_path: Path, labels: Any, document: Any = DOCUMENT) -> dict[str, Score]:
    (tmp_path / "api.json").write_text(json.dumps(document))
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "all.json").write_text(json.dumps({"api.json": labels}))
    return evaluate(read_labels(tmp_path / "labels"), [tmp_path]).scores.of


def test_right_answers(tmp_path: Path) -> None:
    found = scores(
        tmp_path,
        {
            "GET /things": {
                "kind": "list",
                "paging": {"style": "page", "param": "page", "size_param": "per_page", "total": "total"},
                "records": "data",
                "object": "Things",
                "primary_key": "id",
                "incremental": {"param": "updated_since"},
            },
            "POST /things": "create",
            "GET /v1/things/{thing_id}": {"kind": "get", "paging": None},
            "POST /hooks": {"webhook": True},
        },
    )
    asked = {name: (one.right, one.wrong, one.missed, one.quiet) for name, one in found.items() if one.asked}
    assert asked == {
        "block kind": (3, 0, 0, 0),
        "paging found": (1, 0, 0, 2),
        "paging configuration": (1, 0, 0, 0),
        "record path": (1, 0, 0, 0),
        "webhook subscribe": (1, 0, 0, 3),
        "webhook unsubscribe": (0, 0, 0, 4),
        "object name": (1, 0, 0, 0),
        "primary key": (1, 0, 0, 0),
        "incremental": (1, 0, 0, 0),
    }


def test_wrong_answers_cost_precision_and_missed_ones_recall(tmp_path: Path) -> None:
    found = scores(
        tmp_path,
        {
            "GET /things": {"kind": "search", "paging": "none", "records": "$.rows"},
            "GET /things/{id}": {"kind": "list", "paging": {"style": "cursor", "param": "after"}},
            "POST /nowhere": {"kind": "action", "webhook": "subscribe"},
            "POST /hooks": {"webhook": False},
        },
    )
    assert (found["block kind"].recall, found["block kind"].precision) == (0.0, 0.0)
    paging = found["paging found"]
    assert (paging.right, paging.wrong, paging.missed, paging.quiet) == (0, 1, 1, 1)
    assert found["paging configuration"].missed == 1
    hooks = found["webhook subscribe"]
    assert (hooks.right, hooks.wrong, hooks.missed) == (0, 1, 1)
    assert found["record path"].misses[0].found == "$.data"


@pytest.mark.parametrize(
    "label",
    [
        {"style": "page", "param": "p"},
        {"style": "page", "param": "page", "size_param": "limit"},
        {"style": "offset"},
        {"style": "page", "next": "$.next"},
    ],
)
def test_one_member_that_differs_makes_the_configuration_wrong(label: dict[str, str], tmp_path: Path) -> None:
    found = scores(tmp_path, {"GET /things": {"kind": "list", "paging": label}})
    assert found["paging found"].right == 1
    assert found["paging configuration"].right == 0


def test_an_alternative_is_right_and_a_style_alone_asks_for_what_it_needs(tmp_path: Path) -> None:
    found = scores(tmp_path, {"GET /things": {"kind": ["get", "list"], "paging": ["link_header", "page"]}})
    assert found["block kind"].right == found["paging configuration"].right == 1


def test_a_document_that_cannot_be_imported_misses_everything(tmp_path: Path) -> None:
    found = scores(tmp_path, {"GET /things": {"kind": "list", "paging": "page"}}, {"not": "an api"})
    assert found["block kind"].recall == found["paging found"].recall == 0.0
    assert found["block kind"].precision is None


def test_documents_that_lie_nowhere_are_an_error_or_a_note(tmp_path: Path) -> None:
    (tmp_path / "l.yaml").write_text("nowhere.json:\n  GET /x: get\n")
    with pytest.raises(BadInput, match="--documents"):
        evaluate(read_labels(tmp_path / "l.yaml"))
    (tmp_path / "api.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "l.yaml").write_text("nowhere.json:\n  GET /x: get\napi.json:\n  GET /things: list\n")
    result = evaluate(read_labels(tmp_path / "l.yaml"))
    assert (result.documents, result.not_found) == (1, ["nowhere.json"])


def test_operations_are_found_by_their_id_too(tmp_path: Path) -> None:
    found = scores(tmp_path, [{"operationId": "getThing", "kind": "get"}])
    assert found["block kind"].right == 1


def test_what_the_vendor_says_is_labelled_and_hidden_from_the_importer(tmp_path: Path) -> None:
    hinted = op(obj(rows=many()), id="a")
    hinted["x-ms-pageable"] = {"nextLinkName": "more", "itemName": "rows"}
    speaking = op(obj(things=many(), cursors="object"), id="b", query=["position", "how_many"])
    speaking["x-speakeasy-pagination"] = {
        "type": "cursor",
        "inputs": [{"name": "position", "in": "parameters", "type": "cursor"}],
        "outputs": {"results": "$.things", "nextCursor": "$.cursors.next"},
    }
    whole = op(obj(value=many()), id="c")
    whole["x-ms-pageable"] = {"nextLinkName": None}
    subscribing = op(id="d", body={"$ref": "#/components/schemas/Hook"})
    document = spec(
        {
            "/a": {"get": hinted},
            "/b": {"get": speaking},
            "/c": {"get": whole},
            "/d": {"post": subscribing},
            "/e": {"post": op(id="e", body=obj(name="string"))},
        }
    )
    document["components"]["schemas"]["Hook"] = {
        "type": "object",
        "properties": {"whereTo": {"type": "string", "x-ms-notification-url": True}},
    }
    (tmp_path / "api.json").write_text(json.dumps(document))
    labels = vendor_labels(tmp_path)
    by_path = {one.path: one for one in labels.documents["api.json"]}
    assert by_path["/a"].paging and by_path["/a"].paging[0].members == (("next", "$.more"),)
    assert by_path["/b"].paging and by_path["/b"].paging[0].style == "cursor"
    assert by_path["/c"].paging == ()
    assert [by_path[path].webhook for path in ("/d", "/e")] == ["subscribe", "none"]
    scored = evaluate(labels).scores.of
    # Nothing but the extension tells that /a is paged, or that /d subscribes: an importer that saw it would know.
    assert [miss.operation for miss in scored["webhook subscribe"].misses] == ["POST /d"]
    assert "GET /a" in [miss.operation for miss in scored["paging configuration"].misses]


def test_a_folder_without_extensions_has_nothing_to_score(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(DOCUMENT))
    with pytest.raises(BadInput, match="nothing to score"):
        vendor_labels(tmp_path)


def test_a_document_that_nests_without_end_is_one_that_cannot_be_imported(tmp_path: Path) -> None:
    deep = '{"openapi": "3.1.0", "x-ms-pageable": 1, "a": ' + "[" * 490 + "]" * 490 + "}"
    (tmp_path / "api.json").write_text(deep)
    (tmp_path / "labels.yaml").write_text("api.json:\n  GET /things: list\n")
    result = evaluate(read_labels(tmp_path / "labels.yaml"))
    assert result.scores.of["block kind"].recall == 0.0
