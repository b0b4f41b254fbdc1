from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.connectors.importers.support import THING, imported, many, obj, only, op, param, spec
from tieline.connectors.importers.classify.words import plural, singular, singular_name, snake, split
from tieline.connectors.manifest.model import ObjectType


@pytest.mark.parametrize(
    "many_, one",
    [
        ("contacts", "contact"),
        ("companies", "company"),
        ("categories", "category"),
        ("addresses", "address"),
        ("boxes", "box"),
        ("people", "person"),
        ("children", "child"),
        ("statuses", "status"),
        ("classes", "class"),
        ("batches", "batch"),
        ("sizes", "size"),
        ("houses", "house"),
        ("analyses", "analysis"),
        ("movies", "movie"),
        ("series", "series"),
        ("news", "news"),
        ("data", "data"),
        ("bus", "bus"),
        ("address", "address"),
        ("keys", "key"),
        ("aliases", "alias"),
        ("exercises", "exercise"),
        ("apis", "api"),
        ("quizzes", "quiz"),
        ("invoices", "invoice"),
        ("matrices", "matrix"),
        ("fees", "fee"),
        ("heroes", "hero"),
        ("dishes", "dish"),
    ],
)
def test_singular_of_english_words(many_: str, one: str) -> None:
    assert singular(many_) == one
    assert singular(one) == one


def test_names_are_split_into_words() -> None:
    assert split("updatedAt") == split("updated_at") == split("Updated-At") == ("updated", "at")
    assert split("HTMLParser2Go") == ("html", "parser2", "go")
    assert split("addURLs") == ("add", "urls")
    assert singular_name("attendeeCategories") == "attendee_category"
    assert snake("日本") == ""


@given(st.text(max_size=40))
def test_any_name_is_split(name: str) -> None:
    assert all(word and word == word.lower() for word in split(name))
    assert isinstance(singular_name(name), str) and plural(name or "x")


@pytest.mark.parametrize(
    "path, name",
    [
        ("/contacts", "contact"),
        ("/contacts/{id}", "contact"),
        ("/v1/api/attendee-categories/{id}", "attendee_category"),
        ("/users/{id}/orders", "order"),
        ("/orders/{id}/cancel", "order"),
        ("/contacts/search", "contact"),
        ("/orders/{id}/actions/change-owner", "order"),
        ("/contacts/by-email/{email}", "contact"),
        ("/contacts.list", "contact"),
        ("/admin.users.session.reset", "session"),
        ("/v1/documents:batchDelete", "document"),
        ("/addUser", "user"),
        ("/api/patch/v1/advisories", "patch_advisory"),
        ("/Contacts('{id}')", "contact"),
        ("/lists/{id}.json", "list"),
        ("/groups/{id}/members/$ref", "member"),
    ],
)
def test_the_object_of_a_path(path: str, name: str) -> None:
    block = only("POST" if "." in path or ":" in path or "add" in path else "GET", path, op(THING))
    assert block.object == name.replace("patch_", "")


def test_without_a_noun_in_the_path_the_name_says_it() -> None:
    assert only("GET", "/{tenant}/{id}", op(THING, id="getInvoiceById")).object == "invoice"
    assert only("GET", "/", op(THING, tags=["Reports"])).object == "report"


def objects(paths: dict[str, Any], **schemas: Any) -> dict[str, ObjectType]:
    document = spec(paths)
    document["components"]["schemas"] |= schemas
    return {one.name: one for one in imported(document).objects}


def test_an_object_knows_its_key_moments_parent_and_schema() -> None:
    paths = {
        "/users/{user_id}/things": {"get": op(many({"$ref": "#/components/schemas/Thing"}))},
        "/users/{user_id}/things/{thing_id}": {"get": op({"$ref": "#/components/schemas/Thing"})},
    }
    thing = objects(paths)["thing"]
    assert (thing.primary_key, thing.created_field, thing.updated_field, thing.parent) == (
        ["id"],
        "created_at",
        "updated_at",
        "user",
    )
    assert thing.schema == {"$ref": "#/schemas/Thing"}
    assert set(thing.facts) >= {"primary_key", "created_field", "updated_field", "parent", "schema"}


@pytest.mark.parametrize(
    "param_, members, key",
    [
        ("thing_id", {"id": "string"}, ["id"]),
        ("thing_id", {"thing_id": "string", "id": "string"}, ["thing_id"]),
        ("thingGuid", {"guid": "string", "name": "string"}, ["guid"]),
        ("Sid", {"sid": "string"}, ["sid"]),
        ("username", {"username": "string", "email": "string"}, ["username"]),
        ("key", {"ThingID": "string", "Name": "string"}, ["ThingID"]),
        ("x", {"name": "string"}, []),
        ("id", {"id": obj(a="string"), "uuid": "string"}, ["uuid"]),
    ],
)
def test_the_primary_key(param_: str, members: dict[str, Any], key: list[str]) -> None:
    found = objects(
        {"/things": {"get": op(many(obj(**members)))}, f"/things/{{{param_}}}": {"get": op(obj(**members))}}
    )
    assert found["thing"].primary_key == key


@pytest.mark.parametrize(
    "members, created, updated",
    [
        (["createdAt", "updatedAt"], "createdAt", "updatedAt"),
        (["date_created", "date_updated"], "date_created", "date_updated"),
        (["CreatedDateUTC", "UpdatedDateUTC"], "CreatedDateUTC", "UpdatedDateUTC"),
        (["creation_date", "last_modified"], "creation_date", "last_modified"),
        (["createTime", "updateTime"], "createTime", "updateTime"),
        (["created", "modified"], "created", "modified"),
        (["ctime", "mtime"], "ctime", "mtime"),
        (["created_by", "updated_by"], "", ""),
        (["name"], "", ""),
    ],
)
def test_the_moments_of_a_record(members: list[str], created: str, updated: str) -> None:
    record = obj(id="string", **dict.fromkeys(members, "string"))
    thing = objects({"/things/{id}": {"get": op(record)}})["thing"]
    assert (thing.created_field, thing.updated_field) == (created, updated)


def test_two_things_of_one_name_are_told_apart_by_the_word_before() -> None:
    paths = {
        f"/{area}/contacts": {"get": op(many({"$ref": f"#/components/schemas/{area}Contact"}))}
        for area in ("crm", "phone")
    }
    assert set(objects(paths, crmContact=THING, phoneContact=THING)) == {"crm_contact", "phone_contact"}


def test_one_thing_in_two_places_stays_one() -> None:
    page = op(many({"$ref": "#/components/schemas/Thing"}), query=[param("page", "integer")])
    assert set(
        objects({"/users/{id}/repos": {"get": page}, "/orgs/{id}/repos": {"get": page}, "/repos": {"get": page}})
    ) == {"repo"}
