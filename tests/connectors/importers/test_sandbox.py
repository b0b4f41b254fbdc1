"""Our own servers' documents give exactly what a person would write by hand."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from tests.fixtures.shared import ROOT
from tieline.connectors.importers import import_document
from tieline.connectors.manifest.model import Block, Manifest

FOLDER = ROOT / "src" / "tieline" / "sandbox"


def document(name: str) -> Manifest:
    path = FOLDER / name / "openapi.yaml"
    return import_document(path.read_bytes(), address=f"http://127.0.0.1:8400/{name}/openapi.yaml")


@pytest.fixture(scope="module")
def gather() -> Manifest:
    return document("gather")


@pytest.fixture(scope="module")
def dialbook() -> Manifest:
    return document("dialbook")


def block(manifest: Manifest, method: str, path: str, *, incremental: bool = False) -> Block:
    (found,) = (
        one
        for one in manifest.blocks
        if (one.method, one.path) == (method, path) and (one.kind == "incremental") == incremental
    )
    return found


def shows(value: Any, **expected: Any) -> None:
    assert {name: getattr(value, name) for name in expected} == expected


def test_nothing_is_left_to_ask(gather: Manifest, dialbook: Manifest) -> None:
    assert gather.warnings == dialbook.warnings == []


def test_credentials(gather: Manifest, dialbook: Manifest) -> None:
    (key,) = gather.auth
    shows(key, kind="api_key", location="header", name="X-Gather-Key", prefix="")
    assert [(one.id, one.secret, one.required) for one in key.fields] == [("api_key", True, True)]
    (oauth,) = dialbook.auth
    shows(oauth, kind="oauth2", grants=["client_credentials"])
    assert oauth.token_url.endswith("/oauth/token")
    assert [(one.id, one.secret) for one in oauth.fields][:2] == [("client_id", False), ("client_secret", True)]


@pytest.mark.parametrize(
    "thing", ["events", "sessions", "attendee-categories", "attendees", "registrations", "check-ins"]
)
def test_lists_of_the_events_platform_are_paged_by_cursor(gather: Manifest, thing: str) -> None:
    listed = block(gather, "GET", f"/{thing}")
    shows(listed, kind="list", records="$.data", auth=["api_key"])
    shows(
        listed.paging,
        style="cursor",
        param="cursor",
        location="query",
        next="$.paging.next_cursor",
        size_param="limit",
        size_max=200,
        size=200,
        has_more="$.paging.has_more",
        stop=["has_more", "no_next"],
    )
    assert "cursor" not in [one.id for one in listed.inputs]
    changed = block(gather, "GET", f"/{thing}", incremental=True)
    shows(
        changed.incremental,
        param="updated_since",
        field="updated_at",
        format="iso",
        inclusive=True,
        sort_param="sort",
        sort_value="updated_at",
        created_field="created_at",
    )
    assert changed.paging == listed.paging and changed.id == listed.id + "_incremental"


def test_writes_of_the_events_platform(gather: Manifest) -> None:
    created = block(gather, "POST", "/registrations")
    shows(created, kind="create", object="registration", records="$", body_type="json")
    shows(created.idempotency, kind="header", header="Idempotency-Key")
    assert all(one.name.startswith("/") for one in created.inputs if one.location == "body")
    shows(block(gather, "PATCH", "/events/{event_id}"), kind="update", object="event")
    shows(block(gather, "DELETE", "/events/{event_id}"), kind="delete")


def test_objects_of_the_events_platform(gather: Manifest) -> None:
    found = {one.name: (one.primary_key, one.created_field, one.updated_field) for one in gather.objects}
    for name in ("event", "session", "attendee_category", "attendee", "registration", "check_in"):
        assert found[name] == (["id"], "created_at", "updated_at")


def test_metadata_and_webhooks_of_the_events_platform(gather: Manifest) -> None:
    shows(block(gather, "GET", "/object-types"), kind="list_types", records="$.data")
    shows(block(gather, "GET", "/object-types/{object_type}/fields"), kind="list_fields", records="$.data")
    shows(block(gather, "POST", "/webhooks"), kind="webhook_add")
    shows(block(gather, "GET", "/webhooks"), kind="webhook_list")
    shows(block(gather, "DELETE", "/webhooks/{webhook_id}"), kind="webhook_remove")
    for event in gather.webhooks:
        shows(
            event, object="registration", subscribe="create_webhook", unsubscribe="delete_webhook", list="list_webhooks"
        )


def test_contacts_of_the_telephone_system_are_paged_by_number(dialbook: Manifest) -> None:
    listed = block(dialbook, "GET", "/contacts")
    shows(listed, kind="list", object="contact", records="$.items")
    shows(
        listed.paging,
        style="page",
        param="page",
        start=1,
        size_param="per_page",
        size_max=100,
        total="$.total",
        stop=["total", "empty"],
    )
    changed = block(dialbook, "GET", "/contacts", incremental=True).incremental
    shows(changed, param="updated_after", field="updated_at", format="iso", inclusive=False)


@pytest.mark.parametrize("thing", ["directories", "calls"])
def test_bare_lists_of_the_telephone_system_follow_the_link_header(dialbook: Manifest, thing: str) -> None:
    listed = block(dialbook, "GET", f"/{thing}")
    shows(listed, kind="list", records="$")
    shows(listed.paging, style="link_header", next="Link", stop=["no_next"], size_param="per_page", size_max=100)


def test_writes_of_the_telephone_system(dialbook: Manifest) -> None:
    shows(block(dialbook, "POST", "/contacts").idempotency, kind="header", header="Idempotency-Key")
    shows(block(dialbook, "PUT", "/contacts/by-external-id/{external_id}").idempotency, kind="upsert")
    shows(block(dialbook, "GET", "/contacts/by-external-id/{external_id}"), kind="get_by", object="contact")
    shows(block(dialbook, "GET", "/contacts/search"), kind="search", records="$.items")
    shows(block(dialbook, "PATCH", "/calls/{call_id}"), kind="update", object="call")


def test_deliveries_of_the_events_platform(gather: Manifest) -> None:
    for event in gather.webhooks:
        shows(
            event,
            verification={"dialect": "standard"},
            secret_path="$.secret",
            url_input="url",
            event_input="events",
            remote_input="webhook_id",
            id_path="$.id",
            payload="$.data",
            type_path="$.type",
            object_path="$.data.id",
        )


def test_deliveries_of_the_telephone_system(dialbook: Manifest) -> None:
    assert [one.event for one in dialbook.webhooks] == ["call.incoming", "call.updated", "call.ended"]
    signed = {
        "dialect": "hmac",
        "header": "X-Dialbook-Signature",
        "pairs": ",",
        "signature_key": "v1",
        "timestamp_key": "t",
        "template": "{timestamp}.{body}",
        "id_header": "X-Dialbook-Delivery",
    }
    for event in dialbook.webhooks:
        shows(event, object="call", subscribe="webhooks_create", unsubscribe="webhooks_destroy", list="webhooks_index")
        shows(event, verification=signed, secret_path="$.signing_secret", payload="$.call", type_path="$.event")
        assert event.facts["verification"].confidence >= 0.9


def test_every_block_has_its_facts(gather: Manifest, dialbook: Manifest) -> None:
    for one in (*gather.blocks, *dialbook.blocks):
        assert {"kind", "object"} <= set(one.facts)
        assert all(fact.by == "importer" and fact.evidence for fact in one.facts.values())
        if one.iterable:
            assert one.paging is not UNSET and one.paging.facts["style"].confidence >= 0.7
