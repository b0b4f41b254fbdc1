from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.importers.support import THING, imported, kinds, many, obj, op, spec

ADD = op(THING, body=obj(url="string", events=many({"type": "string"})), status="201")


@pytest.mark.parametrize(
    "paths, expected",
    [
        (
            {
                "/webhooks": {"get": op(many()), "post": ADD},
                "/webhooks/{id}": {"get": op(THING), "put": op(THING), "delete": op()},
            },
            ["webhook_list", "webhook_add", "get", "update", "webhook_remove"],
        ),
        ({"/repos/{r}/hooks": {"post": op(THING, body=obj(config="object", active="boolean"))}}, ["webhook_add"]),
        ({"/v1/event-subscriptions": {"post": ADD}}, ["webhook_add"]),
        ({"/subscriptions": {"post": op(THING, body=obj(callbackUrl="string", topic="string"))}}, ["webhook_add"]),
        ({"/subscriptions": {"post": op(THING, body=obj(plan="string", customer="string"))}}, ["create"]),
        ({"/endpoints": {"post": op(THING, body=obj(url="string", filterTypes="array"))}}, ["webhook_add"]),
        ({"/endpoints": {"post": op(THING, body=obj(name="string", url="string"))}}, ["create"]),
        (
            {"/calendars/{id}/events/watch": {"post": op(THING, body=obj(address="string", type="string"))}},
            ["webhook_add"],
        ),
        ({"/subscribe": {"post": op(THING, body=obj(targetUrl="string"))}}, ["webhook_add"]),
        ({"/create_callback": {"post": op(THING, body=obj(phone="string"))}}, ["create"]),
        ({"/webhooks/{id}/ping": {"post": op()}}, ["action"]),
        ({"/webhooks": {"get": op(many())}, "/webhooks/{id}": {"delete": op()}}, ["webhook_list", "webhook_remove"]),
        (
            {"/WhenPaid": {"post": op(THING, body=obj(callbackUrl="string"), summary="When an invoice is paid")}},
            ["webhook_add"],
        ),
        ({"/webhook/created/{type}": {"post": op(body=obj(targetUri="string"))}}, ["webhook_add"]),
        ({"/webhook_endpoints/{id}": {"post": op(THING, body=obj(url="string")), "get": op(THING)}}, ["update", "get"]),
        ({"/webhooks/delete/{webhookId}": {"delete": op()}}, ["webhook_remove"]),
        ({"/payments": {"post": op(THING, body=obj(amount="integer", callbackUrl="string"))}}, ["create"]),
        ({"/build_hooks": {"post": op(THING, body=obj(title="string"))}}, ["create"]),
        ({"/links": {"post": op(THING, body=obj(url="string"))}}, ["create"]),
    ],
)
def test_subscriptions_have_kinds_of_their_own(paths: dict[str, Any], expected: list[str]) -> None:
    assert list(kinds(spec(paths)).values()) == expected


def test_power_platform_marks_the_address() -> None:
    body = obj(body=obj(callback={"type": "string", "x-ms-notification-url": True}))
    trigger = {
        **op(body=body),
        "x-ms-trigger": "single",
        "x-ms-notification-content": {"schema": THING},
        "operationId": "WhenPaid",
    }
    manifest = imported(spec({"/triggers/paid": {"post": trigger}, "/triggers/paid/{id}": {"delete": op()}}))
    assert [block.kind for block in manifest.blocks] == ["webhook_add", "webhook_remove"]
    (event,) = manifest.webhooks
    assert (event.id, event.subscribe, event.unsubscribe) == ("when_paid", "when_paid", manifest.blocks[1].id)
    assert event.schema["properties"]["id"] == {"type": "string"}


def test_openapi_webhooks_and_callbacks_become_events() -> None:
    payload = {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}
    document = spec(
        {
            "/things": {"get": op(many())},
            "/webhooks": {"post": {**ADD, "callbacks": {"thingGone": {"{$request.body#/url}": {"post": payload}}}}},
            "/webhooks/{id}": {"delete": op()},
        },
        webhooks={"thing.created": {"post": {**payload, "summary": "A thing was made"}}},
    )
    manifest = imported(document)
    created, gone = manifest.webhooks
    assert (created.event, created.object, created.name) == ("thing.created", "thing", "A thing was made")
    assert created.subscribe == gone.subscribe == "post_webhooks" and created.unsubscribe == "delete_webhooks_by_id"
    assert gone.facts["subscribe"].confidence > created.facts["subscribe"].confidence
    assert created.schema == {"$ref": "#/schemas/Thing"}


@pytest.mark.parametrize(
    "path, operation, kind",
    [
        ("/register_Skill", op(THING, body=obj(webHookUri="string", secret="string"), summary="When it changes"), True),
        ("/triggers/contact-created", op(body=obj(hookUrl="string"), summary="New contact"), True),
        ("/screenshots", op(THING, body=obj(url="string", webhook_url="string")), False),
        ("/exports", op(THING, body=obj(format="string", callback_url="string")), False),
        ("/notifications", op(THING, body=obj(title="string", message="string", url="string")), False),
        ("/calls", op(THING, body=obj(to="string", url="string", status_callback="string")), False),
    ],
)
def test_an_address_to_call_back_is_not_yet_a_subscription(path: str, operation: dict[str, Any], kind: bool) -> None:
    assert (kinds(spec({path: {"post": operation}}))[f"POST {path}"] == "webhook_add") is kind


def test_a_call_that_stops_what_another_began_unsubscribes() -> None:
    stop = op(id="channels_stop", description="Stop watching resources through this channel", body=obj(id="string"))
    paths = {
        "/events/watch": {"post": op(THING, body=obj(address="string", type="string"))},
        "/channels/stop": {"post": stop},
    }
    assert kinds(spec(paths))["POST /channels/stop"] == "webhook_remove"
    # Without anything to stop it is a deed like others.
    assert kinds(spec({"/channels/stop": {"post": stop}}))["POST /channels/stop"] == "action"
    paths = {"/webhooks": {"post": ADD}, "/webhooks/unsubscribe": {"post": op(body=obj(id="string"), id="unsubscribe")}}
    assert kinds(spec(paths))["POST /webhooks/unsubscribe"] == "webhook_remove"
    paths = {"/webhooks": {"post": ADD}, "/mails/unsubscribe": {"post": op(body=obj(mail="string"), id="unsubscribe")}}
    assert kinds(spec(paths))["POST /mails/unsubscribe"] == "action"
