"""What programs read to find their way in: ``/.well-known/oauth-authorization-server`` and its like.

RFC 8414 for the server that gives tokens, RFC 9728 for what they open. An agent's client starts at a 401 of ``/mcp``,
reads which server gives tokens for it, and then how that server wants to be asked.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tieline.api.edge.access import edge_of
from tieline.api.edge.answers import Json
from tieline.tenancy.oauth import grants, rules, scopes
from tieline.tenancy.oauth.clients import CODE_GRANT
from tieline.tenancy.scopes import KNOWN

router = APIRouter(include_in_schema=False)

# Everybody may read it, and nobody is told more by it than by the documentation.
_PUBLIC = {"access-control-allow-origin": "*", "cache-control": "public, max-age=300"}


@router.get("/.well-known/oauth-authorization-server")
async def authorization_server(request: Request) -> Response:
    """How tokens are asked for (RFC 8414 section 2)."""
    base = edge_of(request).origin.base(request)
    return _public(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "service_documentation": f"{base}/docs",
            "scopes_supported": [*KNOWN, scopes.OFFLINE],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [CODE_GRANT, "refresh_token", *rules.GRANT_TYPES, grants.EXCHANGE],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", rules.KEY, "none"],
            "token_endpoint_auth_signing_alg_values_supported": list(rules.ALGORITHMS),
            "authorization_response_iss_parameter_supported": True,
        }
    )


@router.get("/.well-known/oauth-protected-resource")
async def protected_api(request: Request) -> Response:
    """Who gives tokens for the API (RFC 9728 section 2)."""
    return _resource(edge_of(request).origin.base(request), "")


@router.get("/.well-known/oauth-protected-resource/mcp")
async def protected_tools(request: Request) -> Response:
    """Who gives tokens for the tools of an agent."""
    return _resource(edge_of(request).origin.base(request), "/mcp")


def _resource(base: str, path: str) -> Response:
    return _public(
        {
            "resource": base + path,
            "authorization_servers": [base],
            "scopes_supported": list(KNOWN),
            "bearer_methods_supported": ["header"],
            "resource_name": "Tieline",
            "resource_documentation": f"{base}/docs",
        }
    )


def _public(body: dict[str, Any]) -> Response:
    return Json(body, 200, _PUBLIC)
