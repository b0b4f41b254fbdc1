from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.importers.support import THING, imported, kinds, many, obj, only, op, param, spec

PAGE = obj(data=many(), next_cursor="string")


@pytest.mark.parametrize(
    "method, path, operation, kind",
    [
        # plain REST
        ("GET", "/contacts", op(many()), "list"),
        ("GET", "/contacts", op(PAGE), "list"),
        ("GET", "/contacts/{id}", op(THING), "get"),
        ("GET", "/users/{id}/contacts", op(many()), "list"),
        ("POST", "/contacts", op(THING, status="201"), "create"),
        ("PUT", "/contacts/{id}", op(THING), "update"),
        ("PATCH", "/contacts/{id}", op(THING), "update"),
        ("DELETE", "/contacts/{id}", op(), "delete"),
        ("GET", "/me", op(THING), "get"),
        ("GET", "/account/settings", op(THING), "get"),
        # lists that are not documented
        ("GET", "/contacts", op(query=["page", "per_page"]), "list"),
        ("GET", "/contacts", op({"type": "object"}), "list"),
        ("GET", "/contacts/{id}", op(), "get"),
        ("GET", "/status", op(), "get"),
        # one record in a list
        ("GET", "/pets/{petId}", op(many(), id="showPetById"), "get"),
        ("GET", "/Accounts/{AccountID}", op(obj(Accounts=many()), id="getAccount"), "get"),
        # search and look-up
        ("GET", "/contacts/search", op(many()), "search"),
        ("POST", "/contacts/search", op(PAGE), "search"),
        ("POST", "/databases/{id}/query", op(obj(results=many())), "search"),
        ("GET", "/pets", op(many(), id="findPetsByStatus"), "search"),
        ("GET", "/contacts/by-email/{email}", op(THING), "get_by"),
        ("GET", "/contacts/by/{field}/{value}", op(THING), "get_by"),
        ("GET", "/users/email/{email}", op(THING, id="getUserByEmail"), "get_by"),
        ("GET", "/users.lookupByEmail", op(THING, id="users_lookupByEmail"), "get_by"),
        ("GET", "/users/lookup", op(THING, query=[param("email", required=True)]), "get_by"),
        # the verb is in the path
        ("POST", "/contacts.list", op(many()), "list"),
        ("POST", "/contacts.info", op(THING), "get"),
        ("POST", "/contacts.create", op(THING), "create"),
        ("POST", "/contacts.update", op(THING), "update"),
        ("POST", "/contacts.delete", op(), "delete"),
        ("POST", "/chat.postMessage", op(THING), "create"),
        ("POST", "/conversations.archive", op(), "action"),
        ("POST", "/v1/users/list", op(many()), "list"),
        ("POST", "/api/contacts/get", op(THING, id="getContact"), "get"),
        ("POST", "/addUser", op(THING), "create"),
        ("POST", "/lists/{id}/update.json", op(THING, id="list_update"), "update"),
        ("POST", "/v1/{name}:cancel", op(), "action"),
        ("GET", "/create_contact", op(THING, id="create_contact"), "create"),
        # deeds
        ("POST", "/orders/{id}/cancel", op(THING), "action"),
        ("POST", "/orders/{id}/actions/change-owner", op(id="order-change-owner"), "action"),
        ("POST", "/users/actions/filter", op(PAGE, body=obj(filter="string")), "search"),
        ("POST", "/payouts/{payout}/reverse", op(THING), "action"),
        ("PUT", "/conversations/{id}/archive", op(), "action"),
        ("POST", "/markdown", op(id="renderMarkdown"), "action"),
        ("POST", "/repos/{owner}/{repo}", op(id="adoptRepository", summary="Adopt a repository"), "action"),
        ("POST", "/contacts/{id}/notes", op(THING), "create"),
        ("GET", "/apps.uninstall", op(id="apps_uninstall"), "action"),
        ("GET", "/ping", op(id="ping"), "get"),
        # POST that updates, PUT that creates
        ("POST", "/v1/customers/{customer}", op(THING, id="PostCustomersCustomer"), "update"),
        ("POST", "/services/{sid}", op(THING, id="UpdateService"), "update"),
        ("PUT", "/contacts", op(THING, id="createContacts"), "create"),
        ("PUT", "/contacts/{id}", op(THING, id="createOrUpdateContact"), "update"),
        # what an operation is called tells more than the words of its path
        ("POST", "/runners/remove-token", op(THING, id="actions/create-remove-token", status="201"), "create"),
        ("POST", "/load_balancers", op(THING, id="loadBalancers_create"), "create"),
        ("POST", "/deploy_keys", op(THING, id="createDeployKey"), "create"),
        ("GET", "/droplets/{id}/destroy_with_resources", op(THING, id="droplets_list_resources"), "list"),
        ("POST", "/getTerminalDetails", op(THING, id="post-getTerminalDetails"), "get"),
        ("POST", "/issues/{index}/deadline", op(THING, id="issueEditIssueDeadline"), "update"),
        (
            "POST",
            "/transactions/sync",
            op(PAGE, body=obj(cursor="string", count="integer"), id="transactionsSync"),
            "list",
        ),
        ("GET", "/lists/{Page}/{PageSize}.json", op(obj(Context="object"), id="ListActive"), "list"),
        # metadata
        ("GET", "/contacts/fields", op(many(obj(name="string", type="string"))), "list_fields"),
        ("GET", "/meta/objects/{type}/fields", op(many()), "list_fields"),
        ("GET", "/meta/objects", op(many()), "list_types"),
        ("GET", "/object-types", op(many()), "list_types"),
        # one record, whatever its answer looks like
        ("GET", "/items/{list}", op({"type": "object"}, id="GetListItems", summary="Retrieve an item record"), "get"),
        ("GET", "/lists/{id}/schema", op({"type": "object"}, id="GetListSchema"), "get"),
        ("GET", "/utils/stats", op(id="getDataStats"), "get"),
        ("GET", "/plays/{week}", op(obj(plays=many(), quarters=many(), score="object"), id="PlayByPlay"), "get"),
        ("GET", "/reference_data", op(obj(roles=many(), user_groups=many()), id="getUsersReference"), "get"),
        # search by its place
        ("GET", "/Search/Sections/{searchTerm}", op(obj(results=many())), "search"),
        ("POST", "/search/contacts", op(obj(results=many()), body=obj(query="string")), "search"),
        ("POST", "/evidence/filter", op(id="postEvidenceFilter"), "search"),
        ("GET", "/contacts/external/{external_id}", op(THING, id="getContactByExternalId"), "get_by"),
        ("GET", "/byoip_prefixes", op(many()), "list"),
        # what is done, said in a sentence
        ("GET", "/gateway/reload/group", op(description="Will reload the cluster."), "action"),
        (
            "POST",
            "/license/certificate",
            op(summary="Driving license", description="API to verify a license."),
            "action",
        ),
        ("POST", "/", op(summary="Raw", description="Send an HTTP request.", status="201"), "action"),
        ("PUT", "/contacts/imports", op(summary="Import contacts"), "action"),
        ("POST", "/oauth2/token", op(obj(access_token="string"), id="getToken"), "action"),
        ("GET", "/Jobs('{Name}')/Run(Variables='{Variables}')", op(THING, id="RunJob"), "action"),
        ("GET", "/Jobs('{Name}')", op(THING), "get"),
        # many at once
        ("POST", "/contacts/batch", op(body=obj(contacts=many())), "create"),
        ("PATCH", "/contacts/batch", op(many()), "update"),
        ("POST", "/contacts/bulk-delete", op(body=obj(ids=many({"type": "string"}))), "delete"),
        ("PUT", "/templates/{id}/add_fields", op(THING, id="addFieldsToTemplate"), "update"),
        # metadata
        ("GET", "/forms/{id}/fields", op(obj(content="object", message="string"), id="GetFormFields"), "list_fields"),
        ("GET", "/properties/{objectType}", op(obj(results=many(obj(name="string", type="string")))), "list_fields"),
        ("GET", "/dealFields", op(obj(data=many(obj(key="string", field_type="string")))), "list_fields"),
        ("GET", "/schemas", op(obj(results=many(obj(name="string", labels="object")))), "list_types"),
        ("GET", "/entityTypes/{service}", op(many(obj(name="string")), id="GetEntityTypes"), "list_types"),
        ("GET", "/real-estate/properties", op(many(obj(id="string", address="string"))), "list"),
        ("GET", "/hooks/types", op(many(obj(name="string", fields=many()))), "list"),
        ("GET", "/football/fields", op(many(obj(name="string", address="string"))), "list"),
    ],
)
def test_the_kind_of_an_operation(method: str, path: str, operation: dict[str, Any], kind: str) -> None:
    assert only(method, path, operation).kind == kind


def test_a_path_with_a_key_is_a_get_where_its_collection_lists_the_same_records() -> None:
    page = obj(results=many({"$ref": "#/components/schemas/Thing"}))
    both = [param("page", "integer"), param("limit", "integer")]
    assert kinds(
        spec({"/countries": {"get": op(page, query=both)}, "/countries/{country_id}": {"get": op(page, query=both)}})
    ) == {
        "GET /countries": "list",
        "GET /countries/{country_id}": "get",
    }


def test_words_that_all_operation_ids_begin_with_say_nothing() -> None:
    paths = {
        f"/x{n}/{n}": {"post": op(THING, id=f"cp_{verb}_thing")}
        for n, verb in enumerate(("get", "set", "create", "run"))
    }
    assert list(kinds(spec(paths)).values()) == ["get", "update", "create", "action"]


def test_options_and_trace_are_left_out_and_head_only_where_get_exists() -> None:
    paths = {"/a": {"get": op(THING), "head": op(), "options": op(), "trace": op()}, "/b": {"head": op()}}
    assert kinds(spec(paths)) == {"GET /a": "get", "HEAD /b": "get"}


def test_openapi_3_2_query_and_additional_operations() -> None:
    document = spec(
        {"/things/search": {"query": op(many()), "additionalOperations": {"COPY": op(THING)}}}, openapi="3.2.0"
    )
    assert kinds(document) == {"QUERY /things/search": "search", "COPY /things/search": "action"}


def test_every_kind_has_its_evidence_and_confidence() -> None:
    for block in imported(
        spec({"/things": {"get": op(many()), "post": op(THING)}, "/things/{id}": {"delete": op()}})
    ).blocks:
        fact = block.facts["kind"]
        assert fact.by == "importer" and 0 < fact.confidence <= 1 and fact.note
        assert fact.evidence[0].startswith("/paths/~1things")


def test_a_post_to_a_value_that_nothing_else_is_about_changes_nothing_known() -> None:
    paths = {
        "/portal-access/{app_id}": {"post": op(THING, id="portalAccess")},
        "/cards/{card}": {"post": op(THING, id="PostCardsCard"), "get": op(THING)},
    }
    found = kinds(spec(paths))
    assert (found["POST /portal-access/{app_id}"], found["POST /cards/{card}"]) == ("action", "update")
