"""One small API, as an OpenAPI document: what the prose documents of the tests are rendered from."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}
_WHOLE: Json = {"type": "integer"}
_WHEN: Json = {"type": "string", "format": "date-time"}

GUEST_SAMPLE: Json = {
    "id": "gst_81f2",
    "email": "ada@harbour.example",
    "full_name": "Ada Byron",
    "phone": "+32 2 555 01 01",
    "vip": True,
    "created_at": "2026-03-02T09:15:00Z",
    "updated_at": "2026-03-04T11:00:00Z",
}
BOOKING_SAMPLE: Json = {
    "id": "bkg_5521",
    "guest_id": "gst_81f2",
    "room": "204",
    "nights": 3,
    "total_price": 371.5,
    "status": "confirmed",
    "created_at": "2026-03-02T09:16:00Z",
    "updated_at": "2026-03-02T09:16:00Z",
}
HOOK_SAMPLE: Json = {
    "id": "whk_9001",
    "target_url": "https://hooks.example/in",
    "events": ["booking.created"],
    "active": True,
}


def schema_of_sample(sample: Json) -> Json:
    """The schema of a flat sample."""
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}
    found: Json = {}
    for name, value in sample.items():
        found[name] = {"type": kinds[type(value)]}
        if isinstance(value, list):
            found[name]["items"] = {"type": "string"}
        if name.endswith("_at"):
            found[name]["format"] = "date-time"
    return {"type": "object", "properties": found}


def _param(name: str, kind: str, said: str, *, where: str = "query", required: bool = False, **more: Any) -> Json:
    return {"name": name, "in": where, "required": required, "description": said, "schema": {"type": kind, **more}}


def _path_id(said: str) -> Json:
    return _param("id", "string", said, where="path", required=True)


def _answer(sample: Any, schema: Json, said: str = "OK") -> Json:
    return {"description": said, "content": {"application/json": {"schema": schema, "example": sample}}}


def _listed(sample: Json) -> tuple[Json, Json]:
    value = {"data": [sample], "total": 41, "page": 1, "per_page": 25}
    schema = {
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": schema_of_sample(sample)},
            "total": _WHOLE,
            "page": _WHOLE,
            "per_page": _WHOLE,
        },
    }
    return value, schema


def _body(sample: Json, fields: dict[str, tuple[str, bool, str]]) -> Json:
    properties: Json = {}
    for name, (kind, _, said) in fields.items():
        properties[name] = {"type": kind, "description": said}
        if kind == "array":
            properties[name]["items"] = {"type": "string"}
    schema = {"type": "object", "properties": properties, "required": [name for name, one in fields.items() if one[1]]}
    if not schema["required"]:
        del schema["required"]
    return {"required": True, "content": {"application/json": {"schema": schema, "example": sample}}}


_PAGING = [
    _param("page", "integer", "Number of the page, the first is 1.", default=1),
    _param("per_page", "integer", "How many records to return, at most 100.", maximum=100, default=25),
]
_GUEST_BODY = {
    "email": ("string", True, "Address of the guest, unique."),
    "full_name": ("string", True, "First and last name."),
    "phone": ("string", False, "Telephone number with the country code."),
    "vip": ("boolean", False, "Marks a guest of honour."),
}
_ERROR: Json = {"error": {"code": "not_found", "message": "There is no such guest."}}
_ERROR_SCHEMA: Json = {
    "type": "object",
    "properties": {"error": {"type": "object", "properties": {"code": _TEXT, "message": _TEXT}}},
}


def harbour() -> Json:
    """Guests and bookings of a small hotel: CRUD, search, paging by number, an API key, webhooks."""
    guests, guests_schema = _listed(GUEST_SAMPLE)
    bookings, bookings_schema = _listed(BOOKING_SAMPLE)
    guest, booking, hook = (schema_of_sample(one) for one in (GUEST_SAMPLE, BOOKING_SAMPLE, HOOK_SAMPLE))
    missing = _answer(_ERROR, _ERROR_SCHEMA, "No such record")
    sent = {name: GUEST_SAMPLE[name] for name in _GUEST_BODY}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Harbour Inn API",
            "version": "2.1",
            "description": "Manages guests and bookings of small hotels. The limit is 120 requests per minute.",
        },
        "servers": [{"url": "https://api.harbourinn.example/v2"}],
        "security": [{"key": []}],
        "paths": {
            "/guests": {
                "get": {
                    "summary": "List guests",
                    "description": "Returns all guests, page by page.",
                    "parameters": [
                        *_PAGING,
                        _param("updated_since", "string", "Only guests changed after this moment.", format="date-time"),
                    ],
                    "responses": {"200": _answer(guests, guests_schema)},
                },
                "post": {
                    "summary": "Create a guest",
                    "description": "Adds a guest.",
                    "requestBody": _body(sent, _GUEST_BODY),
                    "responses": {"201": _answer(GUEST_SAMPLE, guest, "Created")},
                },
            },
            "/guests/search": {
                "get": {
                    "summary": "Search guests",
                    "description": "Finds guests by words in their name or address.",
                    "parameters": [_param("q", "string", "The words to look for.", required=True), *_PAGING],
                    "responses": {"200": _answer(guests, guests_schema)},
                },
            },
            "/guests/{id}": {
                "get": {
                    "summary": "Get a guest",
                    "description": "Returns one guest.",
                    "parameters": [_path_id("Key of the guest.")],
                    "responses": {"200": _answer(GUEST_SAMPLE, guest), "404": missing},
                },
                "patch": {
                    "summary": "Update a guest",
                    "description": "Changes the fields that are sent.",
                    "parameters": [_path_id("Key of the guest.")],
                    "requestBody": _body(
                        {"phone": "+32 2 555 02 02"},
                        {name: (kind, False, said) for name, (kind, _, said) in _GUEST_BODY.items()},
                    ),
                    "responses": {"200": _answer(GUEST_SAMPLE, guest)},
                },
                "delete": {
                    "summary": "Delete a guest",
                    "description": "Removes a guest for good.",
                    "parameters": [_path_id("Key of the guest.")],
                    "responses": {"204": {"description": "Deleted"}},
                },
            },
            "/guests/{id}/bookings": {
                "get": {
                    "summary": "List the bookings of a guest",
                    "description": "Returns the bookings that a guest has made.",
                    "parameters": [_path_id("Key of the guest."), *_PAGING],
                    "responses": {"200": _answer(bookings, bookings_schema)},
                },
            },
            "/bookings": {
                "post": {
                    "summary": "Create a booking",
                    "description": "Books a room.",
                    "requestBody": _body(
                        {"guest_id": "gst_81f2", "room": "204", "nights": 3},
                        {
                            "guest_id": ("string", True, "Key of the guest who stays."),
                            "room": ("string", True, "Number of the room."),
                            "nights": ("integer", True, "How many nights."),
                            "note": ("string", False, "A wish of the guest."),
                        },
                    ),
                    "responses": {"201": _answer(BOOKING_SAMPLE, booking, "Created")},
                },
            },
            "/webhooks": {
                "get": {
                    "summary": "List webhooks",
                    "description": "Returns the subscriptions of this key.",
                    "responses": {
                        "200": _answer(
                            {"data": [HOOK_SAMPLE]},
                            {"type": "object", "properties": {"data": {"type": "array", "items": hook}}},
                        )
                    },
                },
                "post": {
                    "summary": "Create a webhook",
                    "description": "Subscribes an address to events.",
                    "requestBody": _body(
                        {"target_url": "https://hooks.example/in", "events": ["booking.created"]},
                        {
                            "target_url": ("string", True, "The address that is called."),
                            "events": ("array", True, "Names of events."),
                        },
                    ),
                    "responses": {"201": _answer(HOOK_SAMPLE, hook, "Created")},
                },
            },
            "/webhooks/{id}": {
                "delete": {
                    "summary": "Delete a webhook",
                    "description": "Ends a subscription.",
                    "parameters": [_path_id("Key of the webhook.")],
                    "responses": {"204": {"description": "Deleted"}},
                },
            },
        },
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}}},
    }
