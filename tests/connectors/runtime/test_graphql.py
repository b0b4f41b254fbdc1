"""The GraphQL transport: what is sent, what errors in a 200 answer mean, and the upstream's endpoint end to end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import LOOPBACK, client
from tieline.connectors.documents import fetch
from tieline.connectors.importers import import_document
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, ObjectType, Server
from tieline.connectors.runtime import selections
from tieline.connectors.runtime.errors import (
    BadAnswer,
    ReconnectNeeded,
    UpstreamBusy,
    UpstreamRefused,
    UpstreamUnavailable,
)
from tieline.connectors.runtime.retry import RetryPolicy
from tieline.connectors.runtime.transports.graphql import document
from tieline.core import json
from tieline.core.errors import BadInput, Misconfigured
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio


def block(operation: str = "query", **more: Any) -> Block:
    call = {
        "operation": operation,
        "name": "Contact",
        "field": "contact",
        "variables": {"id": "ID!", "input": "ContactInput"},
        "selection": "id email",
        **more.pop("graphql", {}),
    }
    given = {
        "id": "contact",
        "kind": "get" if operation == "query" else "update",
        "transport": "graphql",
        "method": "POST",
        "records": "$.data.contact",
        "inputs": [
            Input(id="id", location="body", name="/variables/id", required=True),
            Input(id="age", type="integer", location="body", name="/variables/input/age"),
            Input(id="first_name", location="body", name="/variables/input/firstName"),
            Input(id="fields"),
        ],
        **more,
    }
    return Block(graphql=call, **given)


def connector(base: str, *blocks: Block, auth: list[AuthMethod] | None = None) -> Manifest:
    return Manifest(
        name="shop",
        servers=[Server(url=base)],
        auth=auth or [],
        objects=[ObjectType(name="contact", primary_key=["id"])],
        blocks=list(blocks),
    )


ALIASED = 'id ... on Order { total: sum(in: [EUR, 3], of: {a: "x\\"y"}) }'
FOUND = {"data": {"contact": {"id": "1", "email": "ada@example.com"}}}


async def test_one_post_with_query_variables_and_name(api: Api, egress: Egress) -> None:
    api.script = [answer(FOUND)]
    one = block()
    told = await client(connector(f"{api.base}/graphql/", one), egress).call(
        one, {"id": 7, "age": "30", "first_name": "Ada"}
    )
    asked = api.asked[0]
    assert (asked.method, asked.target) == ("POST", "/graphql/")
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["accept"].startswith("application/graphql-response+json, application/json")
    assert asked.json == {
        "query": "query Contact($id: ID!, $input: ContactInput) { contact(id: $id, input: $input) { id email } }",
        "operationName": "Contact",
        "variables": {"id": "7", "input": {"age": 30, "firstName": "Ada"}},
    }
    assert told.data == FOUND["data"]["contact"]


async def test_missing_differs_from_null(api: Api, egress: Egress) -> None:
    one = block("mutation")
    caller = client(connector(api.base, one), egress)
    api.script = [answer(FOUND) for _ in range(3)]
    await caller.call(one, {"id": "1", "age": None})
    await caller.call(one, {"id": "1", "input": {"age": None, "firstName": "Ada"}})
    await caller.call(one, {"id": "1", "firstName": "Eve"})
    assert [asked.json["variables"] for asked in api.asked] == [
        {"id": "1"},
        {"id": "1", "input": {"age": None, "firstName": "Ada"}},
        {"id": "1", "input": {"firstName": "Eve"}},
    ]


async def test_an_input_object_that_must_be_there_is_sent_empty(api: Api, egress: Egress) -> None:
    one = block("mutation", graphql={"variables": {"id": "ID!", "input": "ContactInput!"}})
    api.script = [answer(FOUND)]
    await client(connector(api.base, one), egress).call(one, {"id": "1"})
    assert api.asked[0].json["variables"] == {"id": "1", "input": {}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs a value for 'id'"),
        ({"id": "1", "age": "many"}, "must be a whole number"),
        ({"id": {"a": 1}}, "must be a text"),
        ({"id": "1", "nonsense": 1}, "has no input 'nonsense'"),
        ({"id": "1", "input": {"nonsense": 1}}, "has no member 'nonsense'"),
        ({"id": "1", "input": "{"}, "must be an object"),
        ({"id": "1", "fields": "id } } mutation { drop"}, "no valid selection"),
    ],
)
async def test_inputs_that_do_not_fit_are_refused_before_anything_is_sent(
    api: Api, egress: Egress, given: dict[str, Any], said: str
) -> None:
    one = block()
    with pytest.raises(BadInput) as caught:
        await client(connector(api.base, one), egress).call(one, given)
    assert said in caught.value.detail
    assert not api.asked


async def test_arguments_never_reach_the_document(api: Api, egress: Egress) -> None:
    one = block()
    api.script = [answer(FOUND)]
    hostile = '1") { id } } mutation { deleteAll { id } } #\n\u2028{{}}$id'
    await client(connector(api.base, one), egress).call(one, {"id": hostile})
    asked = api.asked[0].json
    assert asked["query"] == document(one)
    assert asked["variables"]["id"] == hostile


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("id, name", "id name"),
        ("id customer.name customer.address.city", "id customer { name address { city } }"),
        (["id", "customer.name"], "id customer { name }"),
        ('["id", "name"]', "id name"),
        ("{ id customer { name } }", "id customer { name }"),
        (ALIASED, ALIASED),
        ("id # a comment }\n name {x}", "id name { x }"),
    ],
)
async def test_a_selection_can_be_replaced(api: Api, egress: Egress, given: Any, text: str) -> None:
    one = block()
    api.script = [answer(FOUND)]
    await client(connector(api.base, one), egress).call(one, {"id": "1", "fields": given})
    assert api.asked[0].json["query"].endswith(f"contact(id: $id, input: $input) {{ {text} }} }}")


@pytest.mark.parametrize(
    "hostile",
    [
        "id } }",
        "{ id } mutation { a }",
        "id) { x",
        "a(b: $id)",
        "...Named",
        "id @include(if: true)",
        "__schema { types { name } }",
        'a(b: """x""")',
        "{ }",
        "a { }",
        "a(b: )",
        "{" * 1_000,
        "a {" * 50 + "b" + "}" * 50,
        "a(b: " + "[" * 5_000 + ")",
        " ".join(f"a{i}: b" for i in range(1_000)),
        "x" * 30_000,
        "a..b",
        ".a",
        "a.$b",
        "naïve",
        "a\x00b",
        "a(b: 1e999999)",
        [1],
        [["id"]],
        {"id": True},
        7,
    ],
    ids=str,
)
def test_selections_that_could_be_more_are_refused(hostile: Any) -> None:
    with pytest.raises(BadInput) as caught:
        selections.read(hostile, "the input 'fields'")
    assert len(caught.value.detail) < 300


@pytest.mark.parametrize(
    "call",
    [
        {"field": "a } b { c"},
        {"operation": "subscription"},
        {"variables": {"id": "ID!) { x } #"}},
        {"variables": {"a b": "ID"}},
        {"under": [{"field": "a(b: 1)"}]},
    ],
    ids=str,
)
def test_a_broken_manifest_is_said(call: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match="contact"):
        document(block(graphql=call))


def error(code: str = "", message: str = "no", **more: Any) -> dict[str, Any]:
    one: dict[str, Any] = {"message": message, **more}
    if code:
        one["extensions"] = {"code": code}
    return {"errors": [one], "data": None}


@pytest.mark.parametrize(
    ("operation", "body", "status", "kind", "calls"),
    [
        ("query", error("UNAUTHENTICATED"), 200, ReconnectNeeded, 1),
        ("query", error("invalid-jwt"), 200, ReconnectNeeded, 1),
        ("query", error("UNAUTHORIZED"), 200, ReconnectNeeded, 1),
        ("query", {**error("UNAUTHORIZED"), "data": {"contact": {"id": 1}}}, 200, UpstreamRefused, 1),
        ("query", error("FORBIDDEN"), 200, UpstreamRefused, 1),
        ("query", error("THROTTLED"), 200, UpstreamBusy, 3),
        ("mutation", error("THROTTLED"), 200, UpstreamBusy, 3),
        ("query", error("", "Rate limit exceeded"), 200, UpstreamBusy, 3),
        ("query", error("", type="RATE_LIMITED"), 200, UpstreamBusy, 3),
        ("query", error("INTERNAL_SERVER_ERROR"), 200, UpstreamUnavailable, 3),
        ("mutation", error("INTERNAL_SERVER_ERROR"), 200, UpstreamRefused, 1),
        ("query", error("SERVICE_UNAVAILABLE"), 503, UpstreamUnavailable, 3),
        ("query", error("GRAPHQL_VALIDATION_FAILED"), 400, UpstreamRefused, 1),
        ("query", error(), 200, UpstreamRefused, 1),
        ("query", {**error(), "data": {"contact": {"id": 1}}}, 200, UpstreamRefused, 1),
        ("query", {"errors": "bad key"}, 200, UpstreamRefused, 1),
        ("query", {"errors": [None, 7, {}], "data": None}, 200, UpstreamRefused, 1),
        ("query", {"data": None}, 200, BadAnswer, 1),
        ("query", {"ok": True}, 200, BadAnswer, 1),
        ("query", [1], 200, BadAnswer, 1),
    ],
    ids=lambda one: (
        json.dumps(one).decode()[:60] if isinstance(one, dict | list) else getattr(one, "__name__", str(one))
    ),
)
async def test_errors_in_an_answer_are_errors(
    api: Api, egress: Egress, operation: str, body: Any, status: int, kind: type[Exception], calls: int
) -> None:
    one = block(operation)
    api.handler = lambda _: answer(body, status)
    policy = RetryPolicy(attempts=3, limited_attempts=3, base=0.001, longest=0.01)
    caller = client(connector(api.base, one), egress, policy=policy, budget=Unhurried())
    with pytest.raises(kind) as caught:
        await caller.call(one, {"id": "1"})
    assert len(api.asked) == calls
    assert "tieline" not in str(caught.value)


class Unhurried:
    """A budget that lets every call through at once."""

    async def acquire(self, *_: Any) -> None: ...
    async def settle(self, *_: Any) -> None: ...


@pytest.mark.parametrize(
    ("extensions", "outer", "seconds"),
    [
        ({"code": "THROTTLED", "retryAfter": 30}, {}, 30.0),
        (
            {"code": "THROTTLED"},
            {"cost": {"requestedQueryCost": 500, "throttleStatus": {"currentlyAvailable": 100, "restoreRate": 50}}},
            8.0,
        ),
        ({"code": "THROTTLED", "retryAfter": "soon"}, {"cost": {"throttleStatus": []}}, 60.0),
        ({"code": "THROTTLED", "retryAfter": 1e300}, {"cost": 7}, 60.0),
    ],
    ids=["seconds", "points", "words", "for ever"],
)
async def test_a_refusal_for_speed_says_when_to_come_back(
    api: Api, egress: Egress, extensions: Any, outer: Any, seconds: float
) -> None:
    one = block()
    api.script = [answer({"errors": [{"message": "slow", "extensions": extensions}], "extensions": outer})]
    caller = client(connector(api.base, one), egress, policy=RetryPolicy(limited_attempts=1), budget=Unhurried())
    with pytest.raises(UpstreamBusy) as caught:
        await caller.call(one, {"id": "1"})
    assert caught.value.retry_after == seconds


async def test_the_message_names_code_and_place(api: Api, egress: Egress) -> None:
    one = block()
    api.script = [
        answer({"errors": [{"message": "boom", "path": ["contact", 0, "email"], "extensions": {"code": "X"}}]})
    ]
    with pytest.raises(UpstreamRefused, match=r"boom \(X, at contact.0.email\)"):
        await client(connector(api.base, one), egress).call(one, {"id": "1"})


async def test_partial_data_is_kept_where_the_block_says_so(api: Api, egress: Egress) -> None:
    one = block(graphql={"partial": "keep"})
    body = {"data": {"contact": {"id": "1", "email": None}}, "errors": [{"message": "boom"}]}
    api.script = [answer(body), answer({"data": {"contact": None}, "errors": [{"message": "boom"}]})]
    caller = client(connector(api.base, one), egress)
    assert (await caller.call(one, {"id": "1"})).data == {"id": "1", "email": None}
    with pytest.raises(UpstreamRefused, match="boom"):
        await caller.call(one, {"id": "1"})


async def test_check_uses_a_query_without_inputs(api: Api, egress: Egress) -> None:
    me = block(id="me", inputs=[], graphql={"field": "me", "variables": {}}, records="$.data.me")
    change = block("mutation", id="wipe", inputs=[], graphql={"field": "wipe", "variables": {}})
    api.script = [answer({"data": {"me": {"id": "1"}}})]
    checked = await client(connector(api.base, change, me), egress).check()
    assert (checked.ok, checked.block) == (True, "me")


async def live(egress: Egress, url: str, **options: Any) -> Manifest:
    got = await fetch(egress, url, **options)
    return import_document(got.body, address=got.url)


def of(manifest: Manifest, id: str) -> Block:
    return next(one for one in manifest.blocks if one.id == id)


@pytest.mark.parametrize("format", ["graphql", None], ids=["asked for", "found out"])
async def test_the_upstream_is_imported_live(egress: Egress, upstream: str, format: str | None) -> None:
    manifest = await live(egress, f"{upstream}/graphql", format=format)
    assert [one.url for one in manifest.servers] == [f"{upstream}/graphql"]
    assert {one.id: one.kind for one in manifest.blocks} == {
        "contacts": "list",
        "contacts_incremental": "incremental",
        "contact": "get",
        "contact_by_email": "get_by",
        "broken": "get",
        "half_broken": "get",
        "throttled": "get",
        "create_contact": "create",
    }


async def test_the_upstream_end_to_end(egress: Egress, upstream: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    manifest = await live(egress, f"{upstream}/graphql")
    caller = client(manifest, egress)
    pages = [page async for page in caller.pages(of(manifest, "contacts"), {})]
    found = [record["id"] for page in pages for record in page.records]
    assert found == [f"c{number}" for number in range(1, 238)]
    assert (len(pages), pages[0].total) == (5, 237)
    again = json.loads(json.dumps(pages[3].cursor))
    rest = [one["id"] async for one in caller.records(of(manifest, "contacts"), {}, cursor=again)]
    assert rest == found[150:]
    big = [
        one async for one in caller.records(of(manifest, "contacts"), {"first": "100", "fields": "id friends.email"})
    ]
    assert len(big) == 237
    assert set(big[0]) == {"id", "friends"}
    newest = max(record["updatedAt"] for page in pages for record in page.records)
    late = [one async for one in caller.records(of(manifest, "contacts_incremental"), {}, since=newest)]
    assert late
    assert all(one["updatedAt"] >= newest for one in late)

    got = await caller.call(of(manifest, "contact"), {"id": "c7"})
    assert got.data["id"] == "c7"
    by_email = await caller.call(of(manifest, "contact_by_email"), {"email": got.data["email"]})
    assert by_email.data == got.data
    assert (await caller.call(of(manifest, "contact"), {"id": "nobody"})).data is None
    made = await caller.call(of(manifest, "create_contact"), {"email": "ada@example.com", "name": "Ada"})
    assert made.data["email"] == "ada@example.com"
    with pytest.raises(UpstreamRefused, match="has already been taken"):
        await caller.call(of(manifest, "create_contact"), {"email": "ada@example.com"})


@pytest.mark.parametrize(
    ("name", "inputs", "kind", "said"),
    [
        ("broken", {}, UpstreamRefused, "always broken"),
        ("half_broken", {}, UpstreamRefused, "boom"),
        ("throttled", {}, UpstreamBusy, "limits the number of calls"),
        ("contact", {"id": "c1", "fields": "id nonsense"}, UpstreamRefused, "nonsense"),
        ("contact", {"id": '"}){__schema{types{name}}}'}, None, ""),
        ("create_contact", {"email": ["a"]}, BadInput, "must be a text"),
    ],
)
async def test_what_the_upstream_says_is_wrong(
    egress: Egress, upstream: str, name: str, inputs: dict[str, Any], kind: type[Exception] | None, said: str
) -> None:
    manifest = await live(egress, f"{upstream}/graphql")
    policy = RetryPolicy(base=0.01, limited_attempts=2)
    caller = client(manifest, egress, policy=policy, budget=Unhurried())
    if kind is None:
        assert (await caller.call(of(manifest, name), inputs)).data is None
        return
    with pytest.raises(kind, match=said):
        await caller.call(of(manifest, name), inputs)


async def test_a_page_size_that_the_upstream_refuses(egress: Egress, upstream: str) -> None:
    manifest = await live(egress, f"{upstream}/graphql")
    with pytest.raises(UpstreamRefused, match="first must be"):
        [page async for page in client(manifest, egress).pages(of(manifest, "contacts"), {"first": 1_000})]


async def test_an_endpoint_that_does_not_describe_itself(api: Api, egress: Egress) -> None:
    api.script = [answer({"errors": [{"message": "introspection is disabled"}]}, 400)]
    with pytest.raises(NotAnApiDocument, match="introspection is disabled"):
        await fetch(egress, f"{api.base}/graphql", format="graphql")


async def test_headers_for_the_document_stay_with_its_origin(api: Api) -> None:
    page = answer(b"<!doctype html><title>GraphiQL</title>", 200, Content_Type="text/html")
    told = answer({"data": {"__schema": {"types": [], "queryType": {"name": "Query"}}}})
    api.script = [page, told]
    async with Egress(LOOPBACK) as egress:
        got = await fetch(egress, f"{api.base}/graphql", headers={"X-Key": "s3cret"})
    assert [one.method for one in api.asked] == ["GET", "POST"]
    assert [one.headers["x-key"] for one in api.asked] == ["s3cret", "s3cret"]
    assert b"__schema" in got.body


async def test_another_page_is_not_asked_for_a_schema(api: Api, egress: Egress) -> None:
    api.script = [answer(b"<html>docs</html>", 200, Content_Type="text/html")]
    assert (await fetch(egress, f"{api.base}/docs")).status == 200
    assert len(api.asked) == 1
