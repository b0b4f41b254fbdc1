"""Dialbook's OAuth 2.0 client credentials and what it says about a token that is not good."""

from __future__ import annotations

import base64

import pytest

from tests.sandbox.client import Answer, Client, token_of
from tieline.sandbox import Running

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def ask(sandbox: Running, body: bytes, **headers: str) -> Answer:
    return Client(sandbox.telephony.url).call("POST", "/oauth/token", raw=body, headers=FORM | headers)


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def account(sandbox: Running, authorization: str) -> Answer:
    return Client(sandbox.telephony.url).call("GET", "/api/v2/account", headers={"Authorization": authorization})


def test_credentials_in_the_form(sandbox: Running) -> None:
    answer = token_of(sandbox)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 3600
    assert account(sandbox, f"Bearer {answer.json['access_token']}").status == 200


def test_credentials_in_a_basic_header(sandbox: Running) -> None:
    header = basic(sandbox.telephony.client_id, sandbox.telephony.client_secret)
    answer = ask(sandbox, b"grant_type=client_credentials", Authorization=header)
    assert answer.status == 200
    assert account(sandbox, f"bearer {answer.json['access_token']}").status == 200


@pytest.mark.parametrize(
    "fields, status, code",
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_secret": "ünïcode"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": "contacts.read everything"}, 400, "invalid_scope"),
    ],
    ids=str,
)
def test_refusals_are_those_of_the_rfc(sandbox: Running, fields: dict[str, str], status: int, code: str) -> None:
    answer = token_of(sandbox, **fields)
    assert (answer.status, answer.json["error"]) == (status, code)
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("body", [b"", b"\xff=\xff", b"a=1&a=2", b"&".join(b"k=v" for _ in range(99))], ids=repr)
def test_a_strange_form_is_refused(sandbox: Running, body: bytes) -> None:
    assert ask(sandbox, body).status in (400, 401)


def test_a_json_body_is_refused(sandbox: Running) -> None:
    answer = Client(sandbox.telephony.url).call("POST", "/oauth/token", {"grant_type": "client_credentials"})
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("header", ["Basic !!!", "Basic", basic("dialbook-demo", "wrong"), basic("", "")])
def test_a_wrong_basic_header_is_refused_whatever_the_form_says(sandbox: Running, header: str) -> None:
    body = f"grant_type=client_credentials&client_id={sandbox.telephony.client_id}&client_secret="
    answer = ask(sandbox, (body + sandbox.telephony.client_secret).encode(), Authorization=header)
    assert answer.status == 401


def test_a_scope_can_be_asked_for(sandbox: Running) -> None:
    assert token_of(sandbox, scope="contacts.read calls.read").json["scope"] == "contacts.read calls.read"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "Token x"])
def test_without_a_token_401_has_no_error_code(sandbox: Running, header: str) -> None:
    answer = account(sandbox, header)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer realm="Dialbook"')


def test_an_unknown_token_is_invalid(sandbox: Running) -> None:
    answer = account(sandbox, "Bearer dbt_made_up")
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_tokens_can_be_made_to_expire(sandbox: Running, dialbook: Client) -> None:
    assert dialbook.call("GET", "/account").status == 200
    assert sandbox.expire_tokens() == 1
    answer = dialbook.call("GET", "/account")
    assert answer.status == 401
    assert 'error_description="The access token has expired."' in answer.headers["www-authenticate"]
    assert sandbox.ledger("telephony")["tokens"] == {"issued": 1, "refused": {"expired": 1}}


def test_a_token_lives_as_long_as_the_settings_say(sandbox: Running) -> None:
    sandbox.settings(token_seconds=0)
    answer = token_of(sandbox).json
    assert answer["expires_in"] == 0
    assert account(sandbox, f"Bearer {answer['access_token']}").status == 401
