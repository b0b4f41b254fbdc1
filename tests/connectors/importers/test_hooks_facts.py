"""What a document says about deliveries: how they are signed, where the record lies, what has to be fetched."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.connectors.importers.support import THING, Json, imported, many, obj, op, spec
from tieline.connectors.importers import import_document
from tieline.connectors.manifest.model import Manifest, WebhookEvent
from tieline.security.signatures import Message, SignatureRefused, verify

BODY = b'{"id": "1", "type": "thing.created", "data": {"id": "7"}}'
MOMENT = datetime(2026, 5, 1, tzinfo=UTC)
SECONDS = str(int(MOMENT.timestamp()))
MILLIS = SECONDS + "000"
KEY = b"s3cret"
CHOICES = {"type": "array", "items": {"type": "string", "enum": ["thing.created", "thing.deleted"]}}
TIMED = obj(id="string", url="string", secret="string")
KEYED = {"openIdless": {"type": "apiKey", "in": "header", "name": "X-Key"}}


def hooks(says: str, *, answer: Any = TIMED, body: Any = None, **more: Any) -> Json:
    """An API with one way to subscribe that says this about it."""
    body = obj(url="string", events=CHOICES) if body is None else body
    paths = {
        "/things": {"get": op(many()), "post": op(THING, body=THING, status="201")},
        "/things/{thing_id}": {"get": op(THING)},
        "/webhooks": {"get": op(many(answer)), "post": op(answer, body=body, status="201", description=says)},
        "/webhooks/{id}": {"delete": op()},
    }
    return spec(paths, **more)


def digest(text: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.digest(KEY, text, algorithm)


def asked(manifest: Manifest, code: str = "ask") -> list[str]:
    return [one.message for one in manifest.warnings if one.code == code]


def values(event: WebhookEvent, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(event, name) for name in names)


B64 = base64.b64encode
SIGNED = [
    pytest.param(
        "Each delivery has the header `X-Acme-Signature`, the hex HMAC-SHA256 of the raw request body.",
        {"X-Acme-Signature": digest(BODY).hex()},
        id="hex of the body",
    ),
    pytest.param(
        "We sign deliveries: `X-Foo-Signature: sha256=<hex digest>`, an HMAC with SHA-256 over the payload.",
        {"X-Foo-Signature": "sha256=" + digest(BODY).hex()},
        id="prefix",
    ),
    pytest.param(
        "Compute an HMAC-SHA1 of the body, base64 encode it and compare it with the header `X-Signature`.",
        {"X-Signature": B64(digest(BODY, "sha1")).decode()},
        id="base64 sha1",
    ),
    pytest.param(
        "The signature stands in `X-Sig-Signature`. It is the HMAC-SHA512 of `{timestamp}.{body}`, base64, where the"
        " timestamp is the value of X-Sig-Timestamp in milliseconds. Reject what is older than 10 minutes.",
        {
            "X-Sig-Signature": B64(digest(f"{MILLIS}.".encode() + BODY, "sha512")).decode(),
            "X-Sig-Timestamp": MILLIS,
        },
        id="timestamp header in milliseconds",
    ),
    pytest.param(
        "Every webhook is signed: `Acme-Signature: ts=1700000000;h1=5257a869e7ec`. The string that is signed with"
        " HMAC SHA256 (hex) is made by concatenating the timestamp, a colon and the request body.",
        {"Acme-Signature": f"ts={SECONDS};h1=" + digest(f"{SECONDS}:".encode() + BODY).hex()},
        id="pairs with a semicolon",
    ),
    pytest.param(
        'X-Hook-Sign is hex(hmac_sha256(secret, "v0:" + timestamp + ":" + rawBody)); X-Hook-Timestamp holds seconds.',
        {"X-Hook-Sign": digest(f"v0:{SECONDS}:".encode() + BODY).hex(), "X-Hook-Timestamp": SECONDS},
        id="code",
    ),
    pytest.param(
        "The signature covers the message id, the timestamp and the body joined by a dot; it is sent as `X-M-Signature`"
        " (HMAC-SHA256, base64), beside `X-M-Message-Id` and `X-M-Timestamp`.",
        {
            "X-M-Signature": B64(digest(f"m1.{SECONDS}.".encode() + BODY)).decode(),
            "X-M-Message-Id": "m1",
            "X-M-Timestamp": SECONDS,
        },
        id="id, timestamp and body",
    ),
    pytest.param(
        "Deliveries follow Svix: `svix-id`, `svix-timestamp` and `svix-signature`.",
        {
            "svix-id": "m1",
            "svix-timestamp": SECONDS,
            "svix-signature": "v1,"
            + B64(hmac.digest(base64.b64decode("s3cret=="), f"m1.{SECONDS}.".encode() + BODY, hashlib.sha256)).decode(),
        },
        id="svix",
    ),
    pytest.param(
        "The header `X-Acme-Token` of every delivery is the same as the secret.", {"X-Acme-Token": "s3cret"}, id="token"
    ),
    pytest.param(
        "We send `Authorization: Bearer <secret>` with each webhook.", {"Authorization": "Bearer s3cret"}, id="bearer"
    ),
    pytest.param(
        "Notifications carry HTTP Basic authentication with the secret as password.",
        {"Authorization": "Basic " + B64(b"acme:s3cret").decode()},
        id="basic",
    ),
]


@pytest.mark.parametrize("says, headers", SIGNED)
def test_prose_about_signatures_verifies_real_deliveries(says: str, headers: dict[str, str]) -> None:
    manifest = imported(hooks(says))
    for event in manifest.webhooks:
        assert event.secret_path == "$.secret" and event.facts["verification"].confidence >= 0.7, asked(manifest)
        assert event.facts["verification"].evidence[0].startswith("/paths/~1webhooks/post")
        message = Message(headers=list(headers.items()), body=BODY)
        verify(event.verification, ["s3cret"], message, MOMENT)
        with pytest.raises(SignatureRefused):
            verify(event.verification, ["another"], message, MOMENT)
    assert asked(manifest) == asked(manifest, "webhook-unsigned") == []


@pytest.mark.parametrize("section", ["# Webhooks\n\n", "## Errors\n\nThey are JSON.\n\n## Callbacks we make\n\n"])
def test_the_introduction_tells_how_deliveries_are_signed(section: str) -> None:
    said = section + (
        "Webhooks bear a `X-Enode-Signature` header.\n\nThe signature is the HMAC hex digest of the payload, where:\n"
        "- algorithm = `sha1`\n- key = your `secret`\n- payload = the request body\n\nIt is prefixed with `sha1=`"
    )
    body = obj(url="string", secret="string", events=CHOICES)
    info = {"title": "T", "version": "1", "description": said}
    for event in imported(hooks("Subscribe.", answer=obj(id="string"), body=body, info=info)).webhooks:
        assert event.verification == {
            "dialect": "hmac",
            "header": "X-Enode-Signature",
            "algorithm": "sha1",
            "prefix": "sha1=",
        }
        assert values(event, "secret_input", "secret_path") == ("secret", "")


def test_signatures_of_our_own_calls_are_none_of_deliveries() -> None:
    said = "# Authentication\n\nSign each request to the API with HMAC-SHA256 in the header `X-Api-Signature`."
    manifest = imported(hooks("Subscribe.", info={"title": "T", "version": "1", "description": said}, answer=THING))
    assert [one.verification for one in manifest.webhooks] == [{}, {}]
    (said,) = asked(manifest, "webhook-unsigned")
    assert "`thing.created`, `thing.deleted`" in said


def test_headers_of_a_delivery_name_the_dialect_and_the_event() -> None:
    headers = [
        {"name": "X-Hub-Signature-256", "in": "header", "schema": {"type": "string"}, "example": "sha256=6dcb09b5b"},
        {"name": "X-GitHub-Delivery", "in": "header", "schema": {"type": "string"}},
        {"name": "X-GitHub-Event", "in": "header", "example": "thing.created", "schema": {"type": "string"}},
    ]
    payload = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    document = hooks(
        "Subscribe.",
        body=obj(url="string", secret="string", events=CHOICES),
        webhooks={"thingCreated": {"post": {"parameters": headers, "requestBody": payload}}},
    )
    created, deleted = imported(document).webhooks
    assert created.verification == deleted.verification == {"dialect": "github"}
    # The choices know how the event is spelled.
    assert values(created, "event", "type_path", "object", "payload", "object_path") == (
        "thing.created",
        "header:X-GitHub-Event",
        "thing",
        "$",
        "$.id",
    )
    assert values(deleted, "event", "subscribe", "secret_input") == ("thing.deleted", created.subscribe, "secret")


@pytest.mark.parametrize(
    "says, question",
    [
        ("Each callback includes an `X-Acme-Signature` header.", "does not say the algorithm"),
        ("Deliveries are signed with RSA-SHA256 in `X-Acme-Signature`; get our public key.", "private key"),
        ("Deliveries carry `X-Acme-Signature`, an MD5 of the body.", "MD5"),
        ("Subscribe.", "a subscription has a secret"),
    ],
    ids=["vague", "asymmetric", "md5", "silent"],
)
def test_what_is_unsure_is_asked(says: str, question: str) -> None:
    manifest = imported(hooks(says))
    (said,) = asked(manifest)
    assert question.lower() in said.lower() and "`thing.created`" in said
    (event, _) = manifest.webhooks
    if event.verification:
        assert event.facts["verification"].confidence <= 0.5
    else:
        assert len(asked(manifest, "webhook-unsigned")) == 1


def test_a_client_secret_signs() -> None:
    oauth = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://api.example/t", "scopes": {}}}}
    components = {"schemas": {"Thing": THING}, "securitySchemes": {"o": oauth}}
    says = "Deliveries carry `X-Sig-Signature`, the hex HMAC-SHA256 of the body, keyed with your app's client secret."
    (event, _) = imported(hooks(says, answer=obj(id="string"), components=components)).webhooks
    assert values(event, "secret_from", "secret_path", "secret_input") == ("client_secret", "", "")


def test_a_secret_of_the_vendors_settings_is_asked_for_with_the_connection() -> None:
    components = {"schemas": {"Thing": THING}, "securitySchemes": KEYED}
    says = (
        "Deliveries carry `X-Sig-Signature`, the hex HMAC-SHA256 of the body.\n"
        "The signing secret is shown in the settings of your account."
    )
    manifest = imported(hooks(says, answer=obj(id="string"), components=components))
    assert manifest.webhooks[0].secret_from == "webhook_secret" and not asked(manifest)
    (field,) = (one for one in manifest.auth[0].fields if one.id == "webhook_secret")
    assert field.secret and not field.required


def test_subscriptions_that_run_out_are_renewed_and_checked() -> None:
    state = obj(id="string", expirationDateTime={"type": "string", "format": "date-time"}, clientState="string")
    body = obj(
        changeType="string",
        notificationUrl="string",
        resource="string",
        expirationDateTime={"type": "string", "format": "date-time"},
        clientState="string",
    )
    says = (
        "Before it is made, a POST with the query parameter `validationToken` is sent to the notification URL; respond"
        " with the token as plain text. A subscription expires after 3 days unless it is renewed."
    )
    paths = {
        "/subscriptions": {"get": op(many(state)), "post": op(state, body=body, description=says, status="201")},
        "/subscriptions/{subscription-id}": {"patch": op(state, body=body), "delete": op()},
    }
    (event,) = imported(spec(paths)).webhooks
    assert event.handshake == {"kind": "query", "param": "validationToken"}
    assert values(event, "lifetime", "expires_path", "id_path") == (259_200, "$.expirationDateTime", "$.id")
    assert event.expires_input == "expiration_date_time" and event.remote_input == "subscription-id"
    assert event.renew.startswith("patch_") and event.unsubscribe.startswith("delete_")


@pytest.mark.parametrize(
    "says, handshake",
    [
        (
            "We GET the url with `hub.challenge` and `hub.verify_token` in the query; echo the challenge.",
            {
                "kind": "query",
                "param": "hub.challenge",
                "token_param": "hub.verify_token",
                "token_input": "verify_token",
            },
        ),
        (
            'First we POST `{"type": "ping.check", "challenge": "abc"}` to your webhook; return the challenge.',
            {"kind": "challenge", "when": {"$.type": "ping.check"}},
        ),
        (
            "The handshake sends the header `X-Hook-Secret` to your webhook, which has to be sent back.",
            {"kind": "header", "header": "X-Hook-Secret"},
        ),
    ],
    ids=["query", "challenge", "header"],
)
def test_handshakes_are_read(says: str, handshake: dict[str, Any]) -> None:
    body = obj(url="string", verify_token="string", events=CHOICES)
    assert {repr(one.handshake) for one in imported(hooks(says, body=body, answer=THING)).webhooks} == {repr(handshake)}


def test_deliveries_of_ids_are_fetched() -> None:
    notes = obj(event={"type": "string", "enum": ["thing.updated", "thing.deleted"]}, thing_id="string", time="string")
    post = {"post": {"requestBody": {"content": {"application/json": {"schema": notes}}}}}
    changed, gone = imported(hooks("Subscribe.", webhooks={"thing.updated": post, "thing.deleted": post})).webhooks[:2]
    assert values(changed, "fetch", "fetch_inputs", "object_path") == (
        "get_things_by_thing_id",
        {"thing_id": "$.thing_id"},
        "$.thing_id",
    )
    assert values(gone, "fetch", "object_path") == ("", "$.thing_id")


def test_each_family_keeps_to_itself() -> None:
    def family(name: str) -> Json:
        says = f"Subscribes to {name}. The header `X-{name.title()}-Token` of a delivery holds the secret."
        return {
            f"/{name}": {"get": op(many(obj(id="string", **{name: "string"})))},
            f"/hooks/{name}": {
                "get": op(many(obj(id="string", target_url="string"))),
                "post": op(obj(id="string"), body=obj(target_url="string", secret="string"), description=says),
            },
            f"/hooks/{name}/{{id}}": {"delete": op()},
        }

    contacts, deals = imported(spec({**family("contacts"), **family("deals")})).webhooks
    for event, name in ((contacts, "contacts"), (deals, "deals")):
        assert values(event, "subscribe", "unsubscribe", "list", "secret_input") == (
            f"post_hooks_{name}",
            f"delete_hooks_{name}_by_id",
            f"get_hooks_{name}",
            "secret",
        )
        assert event.verification == {"dialect": "token", "header": f"X-{name.title()}-Token"}


def contacts(**tagged: Any) -> Json:
    contact = {"type": "object", "properties": {"id": {"type": "string"}, "phone": {"type": "string"}}}
    paths = {
        f"/{area}/contacts": {"get": op(many(contact), tags=[area]), "post": op(contact, body=contact, tags=[area])}
        for area in ("crm", "telephony")
    }
    paths["/webhooks"] = {"post": op(TIMED, body=obj(url="string", events=many({"type": "string"})))}
    content = {"requestBody": {"content": {"application/json": {"schema": obj(event="string", data=contact)}}}}
    return spec(paths, webhooks={"contact.created": {"post": {**content, **tagged}}})


def test_of_two_objects_the_tag_decides_or_a_person() -> None:
    names = {one.name for one in imported(contacts()).objects}
    (event,) = imported(contacts(tags=["telephony"])).webhooks
    if {"crm_contact", "telephony_contact"} <= names:
        assert event.object == "telephony_contact"
        open_one = imported(contacts())
        assert open_one.webhooks[0].object == "" and any("crm_contact" in one for one in asked(open_one))
    else:
        assert event.object == "contact"
    assert event.payload == "$.data"


def test_a_call_that_stands_for_several_events_is_one_event_each() -> None:
    bodies = obj(type=CHOICES["items"], data=obj(object=THING), id={"type": "string", "description": "Id of the event"})
    callback = {"post": {"requestBody": {"content": {"application/json": {"schema": bodies}}}}}
    document = hooks("Deliveries carry `X-Sig-Signature`, the hex HMAC-SHA256 of the body.")
    document["paths"]["/webhooks"]["post"]["callbacks"] = {"onEvent": {"{$request.body#/url}": callback}}
    events = imported(document).webhooks
    assert [values(one, "event", "type_path", "payload", "object_path") for one in events] == [
        (name, "$.type", "$.data.object", "$.data.object.id") for name in ("thing.created", "thing.deleted")
    ]
    assert events[0].facts["url_input"].confidence >= 0.9 and events[0].verification["id_path"] == "$.id"


@pytest.mark.parametrize("object_, path", [("things", "$.event_id"), ("events", "")])
def test_an_event_id_names_the_message_unless_events_are_records(object_: str, path: str) -> None:
    body = obj(type=CHOICES["items"], event_id="string", data=THING)
    post = {"post": {"requestBody": {"content": {"application/json": {"schema": body}}}}}
    document = hooks(
        "Deliveries carry `X-Sig-Signature`, the hex HMAC-SHA256 of the body.", webhooks={"thing.created": post}
    )
    document["paths"][f"/{object_}"] = {"get": op(many()), "post": op(THING, body=THING, status="201")}
    assert imported(document).webhooks[0].verification.get("id_path", "") == path


def test_json_is_asked_for_where_there_is_a_choice() -> None:
    body = obj(url="string", format={"type": "string", "enum": ["form", "json"]}, events=CHOICES)
    assert imported(hooks("Subscribe.", body=body)).webhooks[0].inputs == {"format": "json"}


def test_an_address_inside_an_object_has_an_input() -> None:
    config = obj(url="string", secret="string", content_type={"type": "string", "enum": ["form", "json"]})
    manifest = imported(hooks("Subscribe.", body=obj(name="string", config=config, events=CHOICES), answer=THING))
    event = manifest.webhooks[0]
    assert values(event, "url_input", "inputs") == ("config_url", {"config_content_type": "json"})
    (add,) = (one for one in manifest.blocks if one.kind == "webhook_add")
    assert [one.name for one in add.inputs] == [
        "/name",
        "/config/url",
        "/config/secret",
        "/config/content_type",
        "/events",
    ]


def test_prose_documents_say_it_too() -> None:
    text = """# Harbour API

Base URL: https://api.harbour.example/v1

## Webhooks

Every delivery is signed. The header `X-Harbour-Signature` holds `sha256=` and the hex HMAC-SHA256 of the raw body.

### POST /webhooks

Subscribe to events. Webhook deliveries are sent to the url.

| field | type | description |
|---|---|---|
| url | string | where to send |
| events | array | `ship.arrived`, `ship.created` |
| secret | string | signs the deliveries |

### Events

- `ship.created` - a ship was registered
- `ship.deleted` - a ship went
"""
    manifest = import_document(text.encode())
    assert manifest.webhooks
    for event in manifest.webhooks:
        assert event.subscribe and event.secret_input == "secret"


@pytest.mark.parametrize("bad", [7, "x", [], {"type": 3}, {"properties": []}, {"$ref": "#/nowhere"}, None, True])
def test_nonsense_in_place_of_a_body_breaks_nothing(bad: Any) -> None:
    node = {"post": {"parameters": [bad, {"in": "header", "name": 7}], "requestBody": bad, "description": bad}}
    loop: Json = {"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Loop"}, "event": bad}}
    document = hooks("x" * 50_000 + "`X-Signature` hmac " * 500, webhooks={"thing.created": node, "": node, "é": node})
    document["components"]["schemas"]["Loop"] = loop
    document["webhooks"]["loop"] = {
        "post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Loop"}}}}}
    }
    assert imported(document).webhooks
