"""Each kind of change is seen, named and weighed."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from tests.connectors.importers.support import THING, imported, many, obj, op, param, spec
from tieline.connectors.drift import Diff, against, compare
from tieline.connectors.manifest.model import Fact, Manifest

Json = dict[str, Any]
BASE = spec(
    {
        "/things": {
            "get": op(
                obj(data=many({"$ref": "#/components/schemas/Thing"}), next_cursor="string"),
                id="listThings",
                query=["cursor", param("limit", "integer", maximum=100), param("state", enum=["open", "done"])],
            ),
            "post": op(
                {"$ref": "#/components/schemas/Thing"},
                id="createThing",
                body={**obj(name="string", size="integer"), "required": ["name"]},
            ),
        },
        "/things/{id}": {
            "get": op({"$ref": "#/components/schemas/Thing"}, id="getThing"),
            "delete": op(id="deleteThing"),
        },
    }
)
BASE["components"]["securitySchemes"] = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
BASE["security"] = [{"key": []}]


def changed(edit: Callable[[Json], Any]) -> Diff:
    newer = deepcopy(BASE)
    edit(newer)
    return against(imported(BASE), json.dumps(newer).encode())


def parameters(document: Json) -> list[Json]:
    found: list[Json] = document["paths"]["/things"]["get"]["parameters"]
    return found


def listed(document: Json) -> Json:
    found: Json = document["paths"]["/things"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return found


def fields(document: Json) -> Json:
    found: Json = document["components"]["schemas"]["Thing"]["properties"]
    return found


def posted(document: Json) -> Json:
    body = document["paths"]["/things"]["post"]["requestBody"]["content"]["application/json"]
    found: Json = body["schema"]
    return found


CHANGES: dict[str, tuple[Callable[[Json], Any], str, str, str]] = {
    "operation gone": (lambda d: d["paths"]["/things/{id}"].pop("delete"), "breaking", "block", "is gone"),
    "operation new": (
        lambda d: d["paths"].update({"/more": {"get": op(THING, id="more")}}),
        "additive",
        "block",
        "new block 'more'",
    ),
    "deprecated": (
        lambda d: d["paths"]["/things"]["post"].update(deprecated=True),
        "additive",
        "block",
        "'create_thing' is deprecated",
    ),
    "paging style": (
        lambda d: (parameters(d)[0].update(name="page"), listed(d)["properties"].pop("next_cursor")),
        "breaking",
        "paging",
        "pages by page where it paged by cursor",
    ),
    "cursor renamed": (lambda d: parameters(d)[0].update(name="after_cursor"), "breaking", "paging", "'after_cursor'"),
    "next elsewhere": (
        lambda d: listed(d)["properties"].update(
            meta=obj(next_cursor=listed(d)["properties"].pop("next_cursor")),
        ),
        "breaking",
        "paging",
        "$.meta.next_cursor",
    ),
    "page smaller": (
        lambda d: parameters(d)[1]["schema"].update(maximum=20),
        "breaking",
        "paging",
        "at most 20 records a page; the connector asks for 100",
    ),
    "page larger": (lambda d: parameters(d)[1]["schema"].update(maximum=500), "cosmetic", "paging", "largest page"),
    "records elsewhere": (
        lambda d: listed(d)["properties"].update(items=listed(d)["properties"].pop("data")),
        "breaking",
        "output",
        "'$.items' where it was '$.data'",
    ),
    "field gone": (lambda d: fields(d).pop("name"), "breaking", "output", "no longer has the field 'name'"),
    "field of another type": (
        lambda d: fields(d)["name"].update(type="integer"),
        "breaking",
        "output",
        "'name', is integer where it was string",
    ),
    "field may be null": (
        lambda d: fields(d)["name"].update(type=["string", "null"]),
        "breaking",
        "output",
        "may now be null",
    ),
    "field new": (lambda d: fields(d).update(colour={"type": "string"}), "additive", "output", "new field 'colour'"),
    "input gone": (lambda d: posted(d)["properties"].pop("size"), "breaking", "input", "no longer takes the input"),
    "input new": (
        lambda d: posted(d)["properties"].update(colour={"type": "string"}),
        "additive",
        "input",
        "takes the new input 'colour'",
    ),
    "input new and required": (
        lambda d: (
            posted(d)["properties"].update(colour={"type": "string"}),
            posted(d)["required"].append("colour"),
        ),
        "breaking",
        "input",
        "requires the new input 'colour'",
    ),
    "input required now": (lambda d: posted(d)["required"].append("size"), "breaking", "input", "is required now"),
    "input no longer required": (
        lambda d: posted(d)["required"].clear(),
        "additive",
        "input",
        "'name', is no longer required",
    ),
    "input of a wider type": (
        lambda d: posted(d)["properties"]["size"].update(type="number"),
        "additive",
        "input",
        "is number where it was integer",
    ),
    "input of another type": (
        lambda d: posted(d)["properties"]["name"].update(type="integer"),
        "breaking",
        "input",
        "is integer where it was string",
    ),
    "choice gone": (
        lambda d: parameters(d)[2]["schema"].update(enum=["open"]),
        "breaking",
        "input",
        "no longer takes done",
    ),
    "choice new": (
        lambda d: parameters(d)[2]["schema"]["enum"].append("new"),
        "additive",
        "input",
        "also takes new",
    ),
    "server": (
        lambda d: d.update(servers=[{"url": "https://other.example"}]),
        "breaking",
        "server",
        "https://api.example is gone",
    ),
    "auth method elsewhere": (
        lambda d: d["components"]["securitySchemes"]["key"].update(name="X-Other"),
        "breaking",
        "auth",
        "name is 'X-Other' where it was 'X-Key'",
    ),
    "auth needed": (
        lambda d: d["paths"]["/things"]["post"].update(security=[]),
        "additive",
        "auth",
        "'create_thing' needs no authentication any more",
    ),
    "described in other words": (
        lambda d: d["paths"]["/things"]["post"].update(description="Other words."),
        "cosmetic",
        "block",
        "is described in other words",
    ),
    "renamed": (
        lambda d: d["info"].update(title="Other"),
        "cosmetic",
        "connector",
        "The title of the API changed",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_named_and_weighed(name: str) -> None:
    edit, level, area, said = CHANGES[name]
    diff = changed(edit)
    found = [one for one in diff.changes if said in one.message]
    assert [(one.level, one.area) for one in found][:1] == [(level, area)], [one.message for one in diff.changes]
    assert all(one.message.endswith(".") for one in diff.changes)
    worst = {"breaking": "major", "additive": "minor", "cosmetic": "patch"}[diff.changes[0].level]
    assert diff.bump == worst


def test_nothing_changed() -> None:
    diff = changed(lambda _: None)
    assert diff.changes == []
    assert (diff.bump, diff.next_version("1.2.3")) == ("", "1.2.3")


@pytest.mark.parametrize(
    "name, version", [("operation gone", "2.0.0"), ("field new", "1.3.0"), ("described in other words", "1.2.4")]
)
def test_the_version_that_is_called_for(name: str, version: str) -> None:
    assert changed(CHANGES[name][0]).next_version("1.2.3") == version


def test_a_renamed_operation_is_the_same_block_and_keeps_its_id() -> None:
    newer = deepcopy(BASE)
    newer["paths"]["/things"]["get"]["operationId"] = "indexOfThings"
    newer["paths"]["/things/{thingId}"] = newer["paths"].pop("/things/{id}")
    raw = compare(imported(BASE), imported(newer))
    assert not raw.count("breaking"), raw.changes
    assert "The document calls block 'list_things' 'index_of_things' now; it is the same call." in [
        one.message for one in raw.changes
    ]
    stored = against(imported(BASE), json.dumps(newer).encode())
    assert {one.level for one in stored.changes} == {"cosmetic"}


def test_order_evidence_and_confidence_are_no_difference() -> None:
    old = imported(BASE)
    shuffled = replace(old, blocks=list(reversed(old.blocks)), auth=list(reversed(old.auth)))
    for block in imported(BASE).blocks:
        block.facts.clear()
    assert compare(old, shuffled).changes == []


def test_what_a_person_said_is_no_difference() -> None:
    old = imported(BASE)
    block = next(one for one in old.blocks if one.id == "list_things")
    assert block.paging is not UNSET
    block.paging = replace(block.paging, style="none", param="", next="")
    block.facts["paging"] = Fact(by="human")
    block.kind, block.facts["kind"] = "action", Fact(by="human")
    assert against(old, json.dumps(BASE).encode()).changes == []


def test_two_documents_that_have_nothing_in_common() -> None:
    diff = compare(imported(BASE), Manifest(name="empty"))
    assert {one.level for one in diff.changes if one.area == "block"} == {"breaking"}
    assert compare(Manifest(name="empty"), Manifest(name="empty")).changes == []
    assert diff.everywhere
    assert set(diff.blocks) == {block.id for block in imported(BASE).blocks}


def test_a_schema_that_refers_to_itself_ends() -> None:
    document = deepcopy(BASE)
    fields(document)["parent"] = {"$ref": "#/components/schemas/Thing"}
    assert compare(imported(document), imported(document)).changes == []
    assert "new field 'parent'" in " ".join(one.message for one in compare(imported(BASE), imported(document)).changes)
