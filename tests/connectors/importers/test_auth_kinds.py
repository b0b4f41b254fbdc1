"""Auth kinds that an OpenAPI document can name, as the runtime wants them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.importers.support import imported
from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime import Account, Client, MemoryBudget, MemoryTokens
from tieline.security.egress import Egress


def method(scheme: dict[str, Any], version: str = "3.2.0") -> AuthMethod:
    """The auth method of a document with one scheme; the runtime takes it."""
    document = {
        "openapi": version,
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": "https://api.example"}],
        "paths": {"/me": {"get": {"responses": {"200": {"description": "ok"}}}}},
        "components": {"securitySchemes": {"main": scheme}},
        "security": [{"main": []}],
    }
    manifest = imported(document)
    Client(Account(manifest=manifest), egress=Egress(), tokens=MemoryTokens(), budget=MemoryBudget())
    return manifest.auth[0]


def test_device_flow_and_metadata_of_openapi_3_2() -> None:
    found = method(
        {
            "type": "oauth2",
            "oauth2MetadataUrl": "https://id.example/.well-known/oauth-authorization-server",
            "flows": {
                "deviceAuthorization": {
                    "deviceAuthorizationUrl": "https://id.example/device",
                    "tokenUrl": "https://id.example/token",
                    "scopes": {},
                }
            },
        }
    )
    assert (found.grants, found.device_url, found.token_url) == (
        ["device_code"],
        "https://id.example/device",
        "https://id.example/token",
    )
    assert found.discovery_url == "https://id.example/.well-known/oauth-authorization-server"


def test_an_implicit_flow_asks_for_the_token() -> None:
    flow = {"authorizationUrl": "https://id.example/authorize", "scopes": {}}
    found = method({"type": "oauth2", "flows": {"implicit": flow}})
    assert [(field.id, field.secret) for field in found.fields] == [("access_token", True)]


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [
        ({"type": "http", "scheme": "digest"}, "digest"),
        ({"type": "http", "scheme": "oauth", "description": "OAuth 1.0a, signed with HMAC-SHA1"}, "oauth1"),
        ({"type": "http", "scheme": "oauth", "description": "OAuth 2.0 token"}, "bearer"),
        (
            {"type": "apiKey", "in": "header", "name": "Authorization", "description": "OAuth oauth_consumer_key=..."},
            "oauth1",
        ),
        ({"type": "http", "scheme": "bearer"}, "bearer"),
    ],
)
def test_kinds(scheme: dict[str, Any], kind: str) -> None:
    assert method(scheme).kind == kind
