"""GraphQL schemas, as SDL and as introspection answers: blocks, paging, inputs, selections, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from graphql import build_client_schema, build_schema, introspection_from_schema, parse, validate
from msgspec import UNSET

from tests.fixtures.shared import shared_dir
from tieline.connectors.importers import import_document, report
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.formats.graphql import introspection_query, is_introspection
from tieline.connectors.manifest import io
from tieline.connectors.manifest.errors import UnreadableDocument
from tieline.connectors.manifest.model import Block, Manifest
from tieline.connectors.runtime.transports.graphql import document

SHOP = """
schema { query: Root, mutation: Changes, subscription: News }
"A moment." scalar DateTime
scalar Upload
enum State { OPEN CLOSED OLD @deprecated }
interface Node { id: ID! }
type Money { amount: Float! currency: String! }
type Customer implements Node {
  id: ID!
  email: String
  createdAt: DateTime!
  updatedAt: DateTime
  balance: Money
  manager: Customer
  tags: [String!]!
  friends: [Customer!]
  old: String @deprecated
  secretNote: String "Requires the permission READ_NOTES." internal: String
  photo(size: Int!): String
  orders(first: Int = 20, after: String, last: Int, before: String, state: State): OrderConnection!
}
type Order implements Node { id: ID! number: String! state: State! total: Money customer: Customer }
type OrderEdge { cursor: String! node: Order }
type OrderConnection { edges: [OrderEdge] pageInfo: PageInfo! totalCount: Int }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type CustomerPage { items: [Customer!]! total: Int! hasMore: Boolean! }
input OrderFilter { state: State updatedAt: Range and: [OrderFilter!] }
input Range { gte: DateTime lte: DateTime }
input CustomerInput { email: String! name: String state: State home: AddressInput tags: [String!] }
input AddressInput { street: String! friend: CustomerInput }
union Found = Customer | Order
type Problem { field: [String!] message: String! }
type CustomerPayload { customer: Customer userErrors: [Problem!]! clientMutationId: String }
type DeletePayload { success: Boolean! message: String deletedId: ID }
union OrderResult = OrderDone | OrderFailure
type OrderDone { order: Order! }
type OrderFailure { error: Reason! }
type Reason { code: String! }
type Root {
  customers(page: Int = 1, perPage: Int, "from then on" updatedSince: DateTime): CustomerPage!
  orders(first: Int, after: String, filter: OrderFilter): OrderConnection!
  customer(id: ID, email: String, slug: String): Customer
  order(id: ID!): Order
  orderByNumber(number: String!): Order
  viewer: Customer
  currencies(offset: Int, limit: Int): [String!]!
  search(query: String!, first: Int, after: String): [Found!]!
  price(of: CustomerInput!): Money
}
type Changes {
  createCustomer(input: CustomerInput!): CustomerPayload
  customerUpdate(id: ID!, input: CustomerInput!): CustomerPayload
  deleteCustomer(id: ID!): DeletePayload
  placeOrder(number: String!): OrderResult!
  upload(file: Upload!): Boolean
}
type News { orderPlaced: Order }
"""


def shop(**options: Any) -> Manifest:
    return import_document(SHOP.encode(), address="shop.graphql", **options)


def named(manifest: Manifest, id: str) -> Block:
    return next(block for block in manifest.blocks if block.id == id)


def inputs(block: Block) -> dict[str, str]:
    """Wire name -> type, a star behind what is required."""
    return {one.name: one.type + ("*" if one.required else "") for one in block.inputs if one.id != "fields"}


def test_each_field_is_a_block_of_the_kind_that_its_words_and_types_say() -> None:
    found = {block.id: (block.kind, block.object) for block in shop().blocks}
    assert found == {
        "customers": ("list", "customer"),
        "customers_incremental": ("incremental", "customer"),
        "orders": ("list", "order"),
        "customer": ("get", "customer"),
        "customer_by_email": ("get_by", "customer"),
        "customer_by_slug": ("get_by", "customer"),
        "order": ("get", "order"),
        "order_by_number": ("get_by", "order"),
        "viewer": ("get", "customer"),
        "currencies": ("list", "currency"),
        "search": ("search", "search"),
        "price": ("action", "money"),
        "customer_orders": ("list", "order"),
        "create_customer": ("create", "customer"),
        "customer_update": ("update", "customer"),
        "delete_customer": ("delete", "customer"),
        "place_order": ("action", "order"),
    }


def test_only_mutations_write() -> None:
    assert {block.id for block in shop().blocks if block.writes} == {
        "create_customer",
        "customer_update",
        "delete_customer",
        "place_order",
    }


def test_a_connection_is_paged_by_cursor() -> None:
    block = named(shop(), "orders")
    assert (block.records, block.item_path) == ("$.data.orders.edges", "$.node")
    page = block.paging
    assert page is not UNSET
    assert (page.style, page.param, page.location) == ("cursor", "/variables/after", "body")
    assert (page.size_param, page.size, page.size_location) == ("/variables/first", 50, "body")
    assert page.next == "$.data.orders.pageInfo.endCursor"
    assert page.has_more == "$.data.orders.pageInfo.hasNextPage"
    assert page.total == "$.data.orders.totalCount"
    assert page.stop == ["has_more", "no_next"]


def test_a_list_in_an_object_is_paged_by_number() -> None:
    block = named(shop(), "customers")
    page = block.paging
    assert page is not UNSET
    assert (block.records, block.item_path) == ("$.data.customers.items", "")
    assert (page.style, page.param, page.start, page.size_param) == ("page", "/variables/page", 1, "/variables/perPage")
    assert (page.has_more, page.total) == ("$.data.customers.hasMore", "$.data.customers.total")


def test_a_plain_list_is_paged_by_offset() -> None:
    page = named(shop(), "currencies").paging
    assert page is not UNSET
    assert (page.style, page.param, page.start, page.stop) == ("offset", "/variables/offset", 0, ["empty"])


def test_a_list_below_a_record_asks_for_the_record() -> None:
    block = named(shop(), "customer_orders")
    assert block.records == "$.data.customer.orders.edges"
    assert inputs(block) == {
        "/variables/customerId": "string*",
        "/variables/first": "integer",
        "/variables/state": "select",
    }
    assert document(block).startswith(
        "query CustomerOrders($customerId: ID!, $first: Int, $after: String, $last: Int, $before: String,"
        " $state: State) { customer(id: $customerId) { orders(first: $first, after: $after"
    )


def test_changes_since_a_moment_are_asked_for_by_argument() -> None:
    since = named(shop(), "customers_incremental").incremental
    assert since is not UNSET
    assert (since.param, since.location, since.field, since.created_field) == (
        "/variables/updatedSince",
        "body",
        "updatedAt",
        "createdAt",
    )


def test_input_objects_stand_member_by_member_and_nest_by_reference() -> None:
    manifest = shop()
    block = named(manifest, "customer_update")
    assert inputs(block) == {
        "/variables/id": "string*",
        "/variables/input/email": "string*",
        "/variables/input/name": "string",
        "/variables/input/state": "select",
        "/variables/input/home": "object",
        "/variables/input/tags": "array",
    }
    by_name = {one.name: one for one in block.inputs}
    assert by_name["/variables/input/state"].choices == ["OPEN", "CLOSED"]
    assert by_name["/variables/input/home"].schema == {"$ref": "#/schemas/AddressInput"}
    assert manifest.schemas["AddressInput"]["properties"]["friend"] == {"$ref": "#/schemas/CustomerInput"}


def test_the_usual_selection_is_bounded() -> None:
    block = named(shop(), "customer")
    assert block.graphql["selection"] == (
        "id email createdAt updatedAt tags secretNote balance { amount currency } manager { id email }"
    )
    schema = shop().schemas["Customer"]["properties"]
    assert schema["updatedAt"] == {"type": ["string", "null"], "format": "date-time"}
    assert schema["manager"]["properties"] == {"id": {"type": "string"}, "email": {"type": ["string", "null"]}}


def test_a_union_is_asked_by_inline_fragments() -> None:
    assert named(shop(), "search").graphql["selection"].startswith("__typename ... on Customer { id email")


def test_errors_in_a_payload_are_errors() -> None:
    manifest = shop()
    create = named(manifest, "create_customer")
    assert create.records == "$.data.createCustomer.customer"
    assert [(rule.path, rule.then, rule.message) for rule in create.errors] == [
        ("$.data.createCustomer.userErrors", "fail", "$.data.createCustomer.userErrors[0].message")
    ]
    assert create.graphql["wrap"] == "customer { * } userErrors { message field }"
    (gone,) = named(manifest, "delete_customer").errors
    assert (gone.path, gone.equals, gone.message) == (
        "$.data.deleteCustomer.success",
        False,
        "$.data.deleteCustomer.message",
    )
    placed = named(manifest, "place_order")
    assert placed.records == "$.data.placeOrder.order"
    assert (placed.errors[0].path, placed.errors[0].equals) == ("$.data.placeOrder.__typename", "OrderFailure")
    assert placed.errors[0].message == "$.data.placeOrder.error.code"


def test_keys_and_moments_of_objects() -> None:
    customer = next(one for one in shop().objects if one.name == "customer")
    assert (customer.primary_key, customer.created_field, customer.updated_field) == (["id"], "createdAt", "updatedAt")


def test_what_is_left_out_or_unknown_is_said() -> None:
    manifest = shop()
    assert {one.code for one in manifest.warnings} == {"file-upload", "subscriptions", "no-server", "auth-unknown"}
    assert [one.kind for one in manifest.auth] == ["none", "bearer", "api_key", "basic"]
    assert all(one.facts["kind"].confidence < 0.7 for one in manifest.auth)


def test_every_document_is_valid_against_its_schema() -> None:
    schema = build_schema(SHOP)
    for block in shop().blocks:
        assert validate(schema, parse(document(block))) == [], block.id


@pytest.mark.parametrize("wrapped", [True, False], ids=["with data", "without"])
@pytest.mark.parametrize("old", [True, False], ids=["of 2016", "of today"])
def test_introspection_gives_what_sdl_gives(wrapped: bool, old: bool) -> None:
    answer: Any = introspection_from_schema(build_schema(SHOP))
    if old:
        _age(answer)
    data = {"data": answer} if wrapped else answer
    assert is_introspection(data)
    manifest = import_document(json.dumps(data).encode(), address="https://shop.example/graphql")
    assert [one.url for one in manifest.servers] == ["https://shop.example/graphql"]

    def facts(one: Manifest) -> Any:
        return sorted((b.id, b.kind, b.records, b.graphql, sorted(inputs(b).items())) for b in one.blocks if not old)

    assert facts(manifest) == facts(shop())
    assert len(manifest.blocks) >= 17


def _age(node: Any) -> None:
    """Takes out what older servers do not say."""
    if isinstance(node, dict):
        for name in ("specifiedByURL", "isOneOf", "isRepeatable", "isDeprecated", "deprecationReason", "description"):
            node.pop(name, None)
        for one in node.values():
            _age(one)
    elif isinstance(node, list):
        for one in node:
            _age(one)


def test_the_introspection_query_is_valid_and_enough() -> None:
    from graphql import graphql_sync

    schema = build_schema(SHOP)
    answer = graphql_sync(schema, introspection_query())
    assert not answer.errors
    found = import_document(json.dumps({"data": answer.data}).encode())
    assert {block.id for block in found.blocks} == {block.id for block in shop().blocks}


def test_several_files_make_one_schema() -> None:
    parts = {
        "more/orders.graphql": b"extend type Query { order(id: ID!): Order } type Order { id: ID! by: Missing }",
        "notes.md": b"not a schema",
    }
    manifest = import_document(b"type Query { ping: String }", address="main.graphql", parts=parts)
    assert {block.id for block in manifest.blocks} == {"ping", "order"}
    assert named(manifest, "order").graphql["selection"] == "id"
    assert any(one.code == "missing-type" and "'Missing'" in one.message for one in manifest.warnings)


def test_types_that_are_only_extended_are_taken() -> None:
    manifest = import_document(b"extend type Query { a(x: Unknown): Int }", format="graphql")
    assert [block.id for block in manifest.blocks] == ["a"]


def test_old_sdl_is_mended() -> None:
    source = b"type Query implements A, B { a: Int } interface A {} interface B { }"
    manifest = import_document(source, address="x.graphql")
    assert "repaired" in {one.code for one in manifest.warnings}


@pytest.mark.battery
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("type Query { a: Int", "line 1, column"),
        ("type Query { a: [" * 1 + "[" * 5_000 + "Int" + "]" * 5_001 + " }", "too deep"),
        ("type Query { a(x: Int = " + "[" * 20_000 + "): Int }", "too deep"),
        ("type A { a: Int }", "neither queries nor mutations"),
        (" ".join(f"type T{i} {{ f: Int g: T{i} }}" for i in range(60_000)), "tokens"),
        ("type Query { a: Int } query X {" + " ".join(f"a{i}: a" for i in range(200_000)) + "}", "tokens"),
        ('{"__schema": {"types": [], "queryType": null}}', "neither queries nor mutations"),
        ('{"data": {"__schema": [1]}}', "known kinds of documents"),
    ],
    ids=["cut off", "deep list", "deep value", "no roots", "100k types", "aliases", "empty", "no schema"],
)
def test_hostile_schemas_end_in_one_sentence(source: str, said: str) -> None:
    address = "x.graphql" if source[0] != "{" else "x.json"
    with pytest.raises((UnreadableDocument, NotAnApiDocument)) as caught:
        import_document(source.encode(), address=address)
    assert said in str(caught.value.detail)
    assert len(caught.value.detail) < 400


@pytest.mark.battery
def test_endless_types_cost_nothing() -> None:
    chain = "\n".join(f"input I{i} {{ n: I{i + 1} }}" for i in range(10_000))
    types = "type Query { a(i: I0): A } type A { a: A b: B } type B { a: A c: [B!]! } input I10000 { x: Int }"
    source = f"{types} {chain}"
    manifest = import_document(source.encode(), address="x.graphql")
    assert io.load(io.dump(manifest)) == manifest
    assert len(document(manifest.blocks[0])) < 5_000


def test_a_type_of_2000_fields_that_are_all_itself() -> None:
    fields = [{"name": f"f{i}", "args": [], "type": {"kind": "OBJECT", "name": "Query"}} for i in range(2_000)]
    data = {
        "__schema": {"queryType": {"name": "Query"}, "types": [{"kind": "OBJECT", "name": "Query", "fields": fields}]}
    }
    manifest = import_document(json.dumps(data).encode())
    assert len(manifest.blocks) == 2_000
    assert document(manifest.blocks[0]) == "query F0 { f0 { __typename } }"


@pytest.mark.battery
@pytest.mark.parametrize(
    "name", ["Artsy_exchange.graphql", "SWAPI.graphql", "Saleor.graphql", "Shopify_storefront.json"]
)
def test_documents_made_of_real_schemas_are_valid(name: str) -> None:
    path = shared_dir() / "corpus" / "graphql" / name
    source = path.read_text()
    if name.endswith(".json"):
        schema = build_client_schema(json.loads(source), assume_valid=True)
    else:
        schema = build_schema(source, assume_valid=True, assume_valid_sdl=True)
    manifest = import_document(path.read_bytes(), address=name)
    assert manifest.blocks
    for block in manifest.blocks:
        assert validate(schema, parse(document(block))) == [], block.id
    assert io.load(io.dump(manifest, "json")) == manifest


@pytest.mark.battery
def test_the_corpus_is_imported_within_200_mb() -> None:
    program = (
        "import json, re, sys\nfrom tieline.connectors.documents import reports\n"
        "ok = [one['ok'] for one in reports(sys.argv[1])]\n"
        "peak = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())\n"
        "print(json.dumps([ok, int(peak[1]) // 1024]))"
    )
    folder = shared_dir() / "corpus" / "graphql"
    done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
    ok, megabytes = json.loads(done.stdout)
    assert ok == [True] * 4
    assert megabytes < 200


def test_text_of_other_kinds_is_not_taken_for_a_schema() -> None:
    for source in ("# Title\n\ntype of things {", "type: object\nproperties: {}\n", "<html>type Query {}</html>"):
        assert report(source.encode())["ok"] is False
