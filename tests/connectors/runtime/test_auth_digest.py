"""HTTP Digest with the examples of RFC 7616 and a server that counts."""

from __future__ import annotations

import re
import secrets
from typing import Any

import pytest
from multidict import CIMultiDict

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import client, manifest
from tieline.connectors.manifest.model import AuthMethod, Block, Input
from tieline.connectors.runtime.auth import digest
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio
METHOD = AuthMethod(id="d", kind="digest", fields=[Input(id="username"), Input(id="password", secret=True)])
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
BOTH = [
    f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={name}, nonce="{NONCE}", opaque="FQhe/qa"'
    for name in ("MD5", "SHA-256")
]


def pairs(header: str) -> dict[str, str]:
    assert header.startswith("Digest ")
    return {name: quoted or bare for name, quoted, bare in re.findall(r'([\w*]+)=(?:"([^"]*)"|([^\s,]+))', header)}


def block(path: str, **more: Any) -> Block:
    return Block(id="b", path=path, kind="action", **more)


# challenges -> user, password, path, client nonce, expected parameters
EXAMPLES: dict[str, tuple[list[str], tuple[str, str, str, str], dict[str, str]]] = {
    "3.9.1 MD5": (
        BOTH[:1],
        ("Mufasa", "Circle of Life", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
        {"response": "8ca523f5e9506fed4657c9700eebdbec", "algorithm": "MD5", "opaque": "FQhe/qa", "nc": "00000001"},
    ),
    "3.9.1 the stronger of two": (
        BOTH,
        ("Mufasa", "Circle of Life", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
        {
            "response": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            "algorithm": "SHA-256",
            "username": "Mufasa",
            "uri": "/dir/index.html",
            "qop": "auth",
        },
    ),
    "3.9.1 both in one header, with others": (
        [f'Basic realm="x", {BOTH[0]}, {BOTH[1]}, Bearer realm="y"'],
        ("Mufasa", "Circle of Life", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
        {"response": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
    ),
    # The RFC prints the values of a SHA-512 that was cut short; this is SHA-512/256 of the same name and realm.
    "3.9.2 SHA-512-256 and a hidden name": (
        [
            """Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, opaque="HRPCssKJSGjCrkzDg8OhwpzC",
            nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", charset=UTF-8, userhash=true""".replace("\n", "")
        ],
        ("Jäsøn Doe", "Secret, or not?", "/doe.json", "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm"),
        {
            "username": "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b",
            "userhash": "true",
            "algorithm": "SHA-512-256",
            "response": "7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c",
        },
    ),
    "RFC 2069 without qop": (
        ['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'],
        ("Mufasa", "CircleOfLife", "/dir/index.html", ""),
        {"response": "1949323746fe6a43ef61f9606e7febea"},
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
async def test_examples(egress: Egress, api: Api, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    challenges, (user, password, path, cnonce), expected = EXAMPLES[name]
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _: cnonce)
    refusal = answer({}, 401)
    for challenge in challenges:
        refusal.headers.add("WWW-Authenticate", challenge)
    api.script = [refusal, answer({"id": 1})]
    made = client(manifest(api.base, block(path), auth=METHOD), egress, {"username": user, "password": password})
    await made.call(block(path), {})
    assert "authorization" not in api.asked[0].headers
    sent = pairs(api.asked[1].headers["authorization"])
    assert {key: sent.get(key) for key in expected} == expected


async def test_session_keys_keep_their_client_nonce_and_names_beyond_ascii_are_marked(egress: Egress, api: Api) -> None:
    refusal = answer({}, 401)
    refusal.headers["WWW-Authenticate"] = 'Digest realm="r", nonce="n", qop=auth, algorithm=MD5-sess, charset=UTF-8'
    api.script = [refusal]
    made = client(manifest(api.base, block("/x"), auth=METHOD), egress, {"username": "zoë", "password": "p"})
    for _ in range(3):
        await made.call(block("/x"), {})
    sent = [pairs(asked.headers["authorization"]) for asked in api.asked[1:]]
    assert [one["nc"] for one in sent] == ["00000001", "00000002", "00000003"]
    assert len({one["cnonce"] for one in sent}) == 1
    assert sent[0]["username*"] == "UTF-8''zo%C3%AB"


async def test_integrity_of_the_body_where_nothing_else_is_offered(egress: Egress, api: Api) -> None:
    refusal = answer({}, 401)
    refusal.headers["WWW-Authenticate"] = 'Digest realm="r", nonce="n", qop="auth-int"'
    api.script = [refusal]
    write = block("/x", method="POST", body_type="json", inputs=[Input(id="a", location="body", name="/a")])
    made = client(manifest(api.base, write, auth=METHOD), egress, {"username": "u", "password": "p"})
    await made.call(write, {"a": 1})
    assert pairs(api.asked[1].headers["authorization"])["qop"] == "auth-int"


async def test_a_wrong_password_is_not_tried_for_ever(egress: Egress, api: Api) -> None:
    def handle(_: Any) -> Any:
        refusal = answer({}, 401)
        refusal.headers["WWW-Authenticate"] = f'Digest realm="r", nonce="n{len(api.asked)}", qop=auth'
        return refusal

    api.handler = handle
    made = client(manifest(api.base, block("/x"), auth=METHOD), egress, {"username": "u", "password": "wr0ng"})
    with pytest.raises(ReconnectNeeded):
        await made.call(block("/x"), {})
    assert len(api.asked) == 2


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Digest",
        "Digest realm=x",
        'Digest nonce="n", algorithm=MD6',
        'Digest nonce="n", qop="auth-conf"',
        "Basic realm=x",
        "Digest " + "a=b," * 20_000,
        'Digest nonce="' + "\\" * 10_001,
    ],
)
def test_challenges_that_cannot_be_answered(challenge: str) -> None:
    assert digest.challenge_of(CIMultiDict({"WWW-Authenticate": challenge})) is None
    assert digest.challenge_of({"WWW-Authenticate": challenge}) is None
