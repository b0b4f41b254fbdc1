"""What ``/oauth/authorize`` takes."""

from __future__ import annotations

from typing import Any


def _parameter(name: str, description: str, *, required: bool = True, **schema: Any) -> dict[str, Any]:
    kind = {"type": "string", **schema}
    return {"name": name, "in": "query", "required": required, "schema": kind, "description": description}


PARAMETERS = (
    _parameter("client_id", "The client."),
    _parameter("redirect_uri", "Where the browser comes back to: one of the client's, to the letter."),
    _parameter("response_type", "Always `code`."),
    _parameter("scope", "Scopes with blanks between them; empty = all that the client is allowed."),
    _parameter("state", "Comes back as it is."),
    _parameter("code_challenge", "SHA-256 of the verifier in base64url (RFC 7636).", required=False),
    _parameter("code_challenge_method", "Only `S256`.", enum=["S256"]),
    _parameter("login_hint", "Not looked at.", required=False),
    _parameter("max_age", "How many seconds ago the person may have signed in.", required=False, type="number"),
    _parameter("prompt", "`none` never shows a page.", required=False, enum=["none", "login", "consent"]),
)
