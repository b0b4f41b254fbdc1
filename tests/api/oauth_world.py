"""A program that uses OAuth, as tests need one: it makes clients, signs people in, and asks for tokens."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.api.conftest import client

CLIENTS = "/api/v1/oauth-clients"
BACK = "https://app.example.com/back"
AUTOMATIONS = "/api/v1/automations"


def pkce() -> tuple[str, str]:
    """Verifier and challenge."""
    verifier = secrets.token_urlsafe(48)
    return verifier, urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


async def make(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """A client; a web client with both grant types unless told otherwise."""
    wish: dict[str, Any] = {"appType": "web", "clientName": "Sync", **fields}
    if wish["appType"] == "web":
        wish.setdefault("allowedGrantTypes", ["client_credentials", "urn:qlik:oauth:user-impersonation"])
    wish.setdefault("redirectUris", [BACK])
    wish.setdefault("allowedScopes", ["user_default", "offline_access"])
    answer = await api.post(CLIENTS, json=wish)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def named(made: dict[str, Any]) -> dict[str, str]:
    """How the client names itself in a body."""
    secret = {"client_secret": made["clientSecret"]} if made["clientSecret"] else {}
    return {"client_id": made["clientId"], **secret}


async def ask(browser: httpx.AsyncClient, made: dict[str, Any], **changed: str | None) -> httpx.Response:
    """The answer of ``/oauth/authorize``; a parameter that is None is left out."""
    wish: dict[str, str | None] = {
        "client_id": made["clientId"],
        "redirect_uri": made["redirectUris"][0],
        "response_type": "code",
        "scope": "user_default offline_access",
        "state": "xyz",
        "code_challenge": pkce()[1],
        "code_challenge_method": "S256",
        **changed,
    }
    return await browser.get(
        "/oauth/authorize", params={name: value for name, value in wish.items() if value is not None}
    )


def told(answer: httpx.Response) -> dict[str, str]:
    """What the client is told in its redirect URI."""
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def form_of(page: httpx.Response) -> str:
    """The signed request in the page's form."""
    found = re.search(r'name="request" value="([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


async def decide(
    browser: httpx.AsyncClient, asked: httpx.Response, key: str, decision: str = "allow", **headers: str
) -> httpx.Response:
    """Opens the page and sends its form."""
    page = await browser.get(asked.headers["location"])
    data = {"request": form_of(page), "key": key, "decision": decision}
    return await browser.post("/oauth/consent", data=data, headers=headers)


async def code_of(address: str, made: dict[str, Any], key: str, **changed: str) -> tuple[str, str]:
    """A code and its verifier."""
    verifier, challenge = pkce()
    async with client(address) as browser:
        done = await decide(browser, await ask(browser, made, code_challenge=challenge, **changed), key)
    assert done.status_code == 303, done.text
    return told(done)["code"], verifier


async def signed_in(address: str, made: dict[str, Any], key: str, **changed: str) -> dict[str, Any]:
    """The tokens of a person."""
    code, verifier = await code_of(address, made, key, **changed)
    answer = await exchange(address, made, code, verifier)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def exchange(address: str, made: dict[str, Any], given: str, verifier: str, /, **changed: Any) -> httpx.Response:
    """Code for tokens."""
    body = {"code": given, "code_verifier": verifier, "redirect_uri": made["redirectUris"][0], **named(made), **changed}
    return await token(address, "authorization_code", body)


async def token(address: str, grant_type: str, body: dict[str, Any]) -> httpx.Response:
    """The answer of the token endpoint."""
    async with client(address) as program:
        return await program.post("/oauth/token", json={"grant_type": grant_type, **body})


async def reads(address: str, access: str) -> int:
    """The status of reading automations with this token."""
    async with client(address, access) as program:
        return (await program.get(AUTOMATIONS)).status_code


async def refresh(address: str, made: dict[str, Any], refresh_token: str, **more: str) -> httpx.Response:
    """New tokens."""
    return await token(address, "refresh_token", {"refresh_token": refresh_token, **named(made), **more})
