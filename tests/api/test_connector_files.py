"""Documentation of several files over HTTP: sent along, in an archive, or beside the document on its server."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automation-connectors"
PET = '{"Pet": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}}'
MAIN: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://pets.example"}],
    "paths": {
        "/pets/{id}": {
            "get": {
                "responses": {
                    "200": {
                        "content": {"application/json": {"schema": {"$ref": "models/pet.json#/Pet"}}},
                        "description": "ok",
                    }
                }
            }
        }
    },
}
COLLECTION = {
    "info": {"name": "Shop", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
    "item": [{"name": "List", "request": {"method": "GET", "url": "{{base}}/things?key={{apiKey}}"}}],
}
ENVIRONMENT = {
    "name": "Live",
    "_postman_variable_scope": "environment",
    "values": [
        {"key": "base", "value": "https://shop.example"},
        {"key": "apiKey", "value": "very-secret-value-1", "type": "secret"},
    ],
}


def packed(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return stream.getvalue()


async def manifest(api: httpx.AsyncClient, **body: Any) -> Any:
    made = await api.post(BASE, json=body)
    assert made.status_code == 201, made.text
    return (await api.get(f"{BASE}/{made.json()['id']}/manifest")).json()


async def test_files_that_are_sent_along(api: httpx.AsyncClient) -> None:
    found = await manifest(api, document=MAIN, parts={"models/pet.json": PET})
    assert list(found["schemas"]) == ["Pet"]


async def test_an_environment_and_its_secrets(api: httpx.AsyncClient) -> None:
    found = await manifest(api, document=json.dumps(COLLECTION), parts={"live.json": json.dumps(ENVIRONMENT)})
    assert [one["url"] for one in found["servers"]] == ["https://shop.example"]
    assert [(one["kind"], one["name"]) for one in found["auth"]] == [("api_key", "key")]
    assert "very-secret" not in json.dumps(found)


async def test_an_archive(api: httpx.AsyncClient) -> None:
    data = packed({"api/openapi.json": json.dumps(MAIN), "api/models/pet.json": PET})
    found = await manifest(api, document=base64.b64encode(data).decode(), encoding="base64")
    assert list(found["schemas"]) == ["Pet"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"document": "%%%", "encoding": "base64"}, 400),
        ({"document": MAIN, "encoding": "base64"}, 400),
        ({"document": MAIN, "encoding": "rot13"}, 400),
        ({"document": MAIN, "parts": ["a"]}, 400),
        ({"document": MAIN, "parts": {"a": 1}}, 400),
        ({"document": MAIN, "parts": {"": "x"}}, 400),
        ({"document": base64.b64encode(packed({"../x.json": "{}"})).decode(), "encoding": "base64"}, 422),
        ({"document": base64.b64encode(b"PK\x03\x04").decode(), "encoding": "base64"}, 422),
        ({"document": json.dumps(ENVIRONMENT)}, 422),
        ({"document": MAIN, "parts": {str(number): "" for number in range(2_001)}}, 413),
    ],
)
async def test_what_cannot_be_used_is_refused_in_words(api: httpx.AsyncClient, body: Any, status: int) -> None:
    answer = await api.post(BASE, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["detail"]
