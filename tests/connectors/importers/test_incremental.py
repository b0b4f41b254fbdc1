from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from tests.connectors.importers.support import imported, many, obj, op, param, spec
from tieline.connectors.manifest.model import Block, Incremental

TIMES = obj(id="string", created_at="string", updated_at="string")


def both(operation: dict[str, Any], method: str = "get") -> list[Block]:
    return imported(spec({"/things": {method: operation}})).blocks


def since(*query: Any, item: Any = None) -> Incremental:
    blocks = both(op(many(item or TIMES), query=list(query)))
    assert [block.kind for block in blocks] == ["list", "incremental"]
    assert blocks[1].incremental is not UNSET
    return blocks[1].incremental


@pytest.mark.parametrize(
    "name",
    [
        "updated_since",
        "updatedSince",
        "modified_after",
        "modifiedSince",
        "updated_at_min",
        "min_updated_at",
        "updatedMin",
        "filter[updated_at][gte]",
        "updated_at[gte]",
        "updated_at__gte",
        "updated_at.gte",
        "lastModifiedAfter",
        "changed_since",
        "updatedAtFrom",
        "last_updated_from",
        "modified_at_gt",
        "start_updated_at",
        "updated_from_date",
        "lastUpdatedDateFrom",
    ],
)
def test_names_that_ask_for_changes(name: str) -> None:
    found = since(name)
    assert (found.param, found.field, found.by, found.location) == (name, "updated_at", "param", "query")


@pytest.mark.parametrize(
    "name", ["created_after", "createdSince", "created[gte]", "created_at_min", "DateCreatedAfter"]
)
def test_names_that_ask_for_new_ones(name: str) -> None:
    assert since(name).field == "created_at"


@pytest.mark.parametrize(
    "query, field",
    [
        (param("since", description="Only those updated after the given time."), "updated_at"),
        (param("since", format="date-time"), "updated_at"),
        (param("since", description="Only those created after this time"), "created_at"),
        (
            param("start_date", format="date", description="Returns records modified on or after this date"),
            "updated_at",
        ),
        (
            param("after", format="date-time", description="Only include items created after a certain date"),
            "created_at",
        ),
    ],
)
def test_vague_names_are_settled_by_their_description(query: dict[str, Any], field: str) -> None:
    assert since(query).field == field


@pytest.mark.parametrize(
    "query",
    [
        "updated_before",
        "updated_until",
        "updated_by",
        "created_by",
        param("since", description="Id of the last record seen"),
        param("from", description="Sender"),
        param("updated_since", "boolean"),
        param("start_date", format="date"),
        "sort",
        "unmodified_since",
    ],
)
def test_names_that_ask_for_something_else(query: Any) -> None:
    assert [block.kind for block in both(op(many(TIMES), query=[query]))] == ["list"]


@pytest.mark.parametrize(
    "query, format",
    [
        (param("updated_since", format="date-time"), "iso"),
        (param("updated_since", format="date"), "date"),
        (param("updated_since", "integer"), "unix"),
        (param("updated_since", "integer", description="milliseconds since the epoch"), "unix_ms"),
        (param("updated_since", "integer", example=1700000000000), "unix_ms"),
        (param("updated_since", description="UNIX timestamp"), "unix"),
        (param("updated_since", pattern=r"^[0-9]{1,10}(\.[0-9]{1,6})?$"), "unix"),
        (param("updated_since", description="ISO 8601"), "iso"),
        (param("updated_since", description="YYYY-MM-DD"), "date"),
        (param("updated_since", example="2024-01-31 10:00:00"), "%Y-%m-%d %H:%M:%S"),
        (param("updated_since"), "iso"),
    ],
)
def test_how_the_moment_is_written(query: dict[str, Any], format: str) -> None:
    assert since(query).format == format


def test_if_modified_since_is_a_header() -> None:
    found = since({"name": "If-Modified-Since", "in": "header", "schema": {"type": "string"}})
    assert (found.location, found.param, found.format) == ("header", "If-Modified-Since", "%a, %d %b %Y %H:%M:%S GMT")
    assert (
        since({"name": "If-Modified-Since", "in": "header", "schema": {"type": "string", "format": "date-time"}}).format
        == "iso"
    )


def test_changes_come_before_new_ones_and_the_other_field_is_kept_for_nulls() -> None:
    found = since("created_since", "updated_since")
    assert (found.param, found.field, found.created_field, found.inclusive) == (
        "updated_since",
        "updated_at",
        "created_at",
        True,
    )
    assert not since("updated_after").inclusive


def test_oldest_change_first_where_the_api_offers_it() -> None:
    found = since("updated_since", param("sort", enum=["-updated_at", "updated_at", "name"]))
    assert (found.sort_param, found.sort_value) == ("sort", "updated_at")
    assert since("updated_since", param("sort", enum=["-updated_at"])).sort_param == ""


def test_a_search_by_post_asks_in_its_body() -> None:
    operation = op(obj(data=many(TIMES)), body=obj(updated_since="string", text="string"))
    block = imported(spec({"/things/search": {"post": operation}})).blocks[1]
    assert block.incremental is not UNSET
    assert (block.incremental.param, block.incremental.location) == ("/updated_since", "body")
    assert [one.name for one in block.inputs] == ["/text"]


def test_the_incremental_block_is_the_list_without_the_parameter() -> None:
    listed, changed = both(op(many(TIMES), query=["updated_since", "q"], id="listThings"))
    assert (listed.id, changed.id) == ("list_things", "list_things_incremental")
    assert [one.id for one in listed.inputs] == ["updated_since", "q"]
    assert [one.id for one in changed.inputs] == ["q"]
    assert listed.incremental is UNSET and changed.guid != listed.guid
    assert (changed.path, changed.records, changed.paging) == (listed.path, listed.records, listed.paging)


def test_a_record_without_a_moment_is_asked_about() -> None:
    found = since("updated_since", item=obj(id="string"))
    assert found.field == "updated_at" and found.facts["field"].confidence < 0.7


def test_a_name_made_to_make_patterns_run_wild_does_not() -> None:
    blocks = both(
        op(many(obj(**{"updated_" + "datetime" * 30 + "x": "string"})), query=["updated_" + "datetime" * 30 + "x"])
    )
    assert blocks[0].kind == "list"


@pytest.mark.parametrize(
    "sort, value, field",
    [
        (param("sort", enum=["name", "updated_at", "-updated_at"]), "-updated_at", "updated_at"),
        (param("order_by", enum=["updated_at asc", "updated_at desc"]), "updated_at desc", "updated_at"),
        (param("sort", enum=["created_at:asc", "created_at:desc"]), "created_at:desc", "created_at"),
        (
            param("sort", description="Field, prefixed with `-` for descending: name, updated_at."),
            "-updated_at",
            "updated_at",
        ),
    ],
)
def test_a_list_that_can_be_read_newest_first(sort: dict[str, Any], value: str, field: str) -> None:
    found = since(sort)
    assert (found.by, found.sort_param, found.sort_value, found.field) == ("sort", sort["name"], value, field)
    assert found.param == ""


@pytest.mark.parametrize(
    "sort",
    [
        param("sort", enum=["name", "updated_at"]),
        param("sort", enum=["-name"]),
        param("sort", description="Sort by updated_at."),
        param("sort"),
        param("direction", enum=["desc"]),
    ],
)
def test_an_order_that_is_not_known_to_be_newest_first_is_no_way_to_sync(sort: dict[str, Any]) -> None:
    assert [block.kind for block in both(op(many(TIMES), query=[sort]))] == ["list"]


def test_a_parameter_for_the_moment_is_preferred_over_an_order() -> None:
    assert since(param("sort", enum=["-updated_at"]), "updated_since").by == "param"
