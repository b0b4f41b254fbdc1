"""A Postman environment: where the server is, and who asks."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

NAMESPACE = UUID("8f6b1f0e-52a1-5d0c-9a55-0f3f1f1c7a01")


def environment(base_url: str) -> dict[str, Any]:
    """The environment, to be filled in: an API key, or an OAuth client; and, for the partner's API, its pair."""
    values = [
        ("baseUrl", base_url, "default"),
        ("apiKey", "", "secret"),
        ("clientId", "", "default"),
        ("clientSecret", "", "secret"),
        ("appId", "", "default"),
        ("partnerKey", "", "secret"),
    ]
    return {
        "id": str(uuid5(NAMESPACE, "environment")),
        "name": "Tieline",
        "values": [{"key": key, "value": value, "type": kind, "enabled": True} for key, value, kind in values],
        "_postman_variable_scope": "environment",
    }
