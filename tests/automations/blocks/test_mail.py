"""Mail: over a real conversation with a server of ours, with TLS, and with nothing smuggled in."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from tests.automations.blocks.conftest import Place
from tests.automations.blocks.servers import serving_mail
from tests.automations.engine.documents import block
from tests.security.egress.certificates import Authority
from tieline.automations.blocks.letters import addresses
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.connectors.connections import Connections
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import AuthMethod, Input, Manifest, Server

pytestmark = pytest.mark.anyio

SHOW = block("ShowBlock", "out", inputs={"input": "{$.it}"})


def mail(place: Place, settings: dict[str, Any] | None = None, /, **inputs: Any) -> dict[str, Any]:
    given = {"host": "127.0.0.1", "port": place.mail.port, "from": "robot@example.com", "to": "ada@example.com"}
    return block("MailBlock", "it", inputs={**given, "subject": "hi", "text": "hello", **inputs}, settings=settings)


async def test_a_mail_arrives_as_it_was_meant(place: Place) -> None:
    row = await place.run(
        mail(
            place,
            to=["Ada <ada@example.com>", "bo@bücher.example"],
            cc='"Cy, the third" <cy@example.com>; di@example.com',
            bcc="ed@example.com",
            reply_to="desk@example.com",
            subject="Grüße: 12",
            text="plain é",
            html="<p>html é</p>",
            attachments=[
                {"name": "ä.bin", "type": "application/pdf", "encoding": "base64", "content": "AAEC"},
                {"name": "../x.txt", "type": "text/plain", "content": "ü"},
            ],
            headers={"X-Campaign": "7"},
            username="robot",
            password="sesame-sesame",
        ),
        SHOW,
    )
    assert row["error"] is None
    (letter,) = place.mail.letters
    assert (letter["subject"], letter["x-campaign"], letter["reply-to"]) == ("Grüße: 12", "7", "desk@example.com")
    assert letter["to"] == "Ada <ada@example.com>, bo@xn--bcher-kva.example"
    assert letter["cc"] == '"Cy, the third" <cy@example.com>, di@example.com'
    assert letter["bcc"] is None
    assert len(place.mail.recipients) == 5
    body, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert body is not None and body.get_content().strip() == "plain é"
    assert html is not None and html.get_content().strip() == "<p>html é</p>"
    files = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in letter.iter_attachments()
    ]
    assert files == [("ä.bin", "application/pdf", b"\0\1\2"), (".._x.txt", "text/plain", "ü".encode())]
    assert row["shown"][0]["message_id"] == letter["message-id"]
    assert place.mail.logins == ["\0robot\0sesame-sesame"]
    assert place.mail.plain_commands == ["EHLO [127.0.0.1]", "STARTTLS"]


async def test_the_password_is_in_no_history(place: Place) -> None:
    row = await place.run(mail(place, username="robot", password="sesame-sesame"), SHOW)
    async with place.database.tenant(place.bench.tenant) as unit:
        told = str(await place.bench.runs.debug(unit, row["id"])) + str(row)
    assert place.mail.logins
    assert "sesame" not in told


async def test_tls_from_the_start(place: Place, authority: Authority) -> None:
    async with serving_mail(authority.context(), implicit=True) as box:
        row = await place.run(mail(place, port=box.port, security="tls"), SHOW)
    assert row["error"] is None
    assert len(box.letters) == 1
    assert box.plain_commands == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("wrong", ["authority", "name", "expired"])
async def test_a_certificate_that_is_not_right_ends_it(
    place: Place, authority: Authority, security: str, wrong: str
) -> None:
    context = {
        "authority": lambda: Authority("somebody").context(),
        "name": lambda: authority.context(["mail.example.com"]),
        "expired": lambda: authority.context(days=(-10, -1)),
    }[wrong]()
    assert isinstance(context, ssl.SSLContext)
    async with serving_mail(context, implicit=security == "tls") as box:
        error = await place.error(mail(place, port=box.port, security=security, username="u", password="p"))
    assert (error["code"], box.letters, box.logins) == ("mail-refused", [], [])
    assert "certificate" in error["detail"]


async def test_no_tls_where_it_was_asked_for_ends_it(place: Place) -> None:
    async with serving_mail(None) as box:
        error = await place.error(mail(place, port=box.port))
        assert (error["code"], box.letters) == ("mail-refused", [])
        error = await place.error(mail(place, port=box.port, security="none", username="u", password="p"))
        assert "a password is not sent without TLS" in error["detail"]
        row = await place.run(mail(place, port=box.port, security="none"), SHOW)
    assert row["error"] is None
    assert len(box.letters) == 1


@pytest.mark.parametrize("bad", ["a\r\nBcc: eve@example.com", "a\nb", "a\rb", "a\0b", "a\u2028b", "a\x85b"])
@pytest.mark.parametrize("where", ["subject", "from", "to", "cc", "reply_to", "headers", "attachments"])
async def test_nothing_is_smuggled_into_a_header(place: Place, where: str, bad: str) -> None:
    given: Any = {"headers": {"X-A": f"x{bad}"}, "attachments": [{"name": f"x{bad}", "content": "x"}]}.get(
        where, f"{bad} <ada@example.com>" if where != "subject" else f"x{bad}"
    )
    error = await place.error(mail(place, **{where: given}))
    assert (error["code"], place.mail.raw) == ("block-input-invalid", [])
    assert where in error["detail"]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"to": ""}, "to, cc and bcc are all empty"),
        ({"to": "nobody"}, "to must be a mail address"),
        ({"to": "a@b c"}, "to must be a mail address"),
        ({"to": "<script>@example.com"}, "to must be a mail address"),
        ({"from": ""}, "from must be a mail address"),
        ({"to": [f"a{n}@example.com" for n in range(101)]}, "at most 100"),
        ({"subject": "x" * 901}, "subject has 901 characters"),
        ({"headers": {"From": "eve@example.com"}}, "headers must not set From"),
        ({"headers": {"Content-Type": "x"}}, "headers must not set Content-Type"),
        ({"headers": {"a b": "x"}}, "headers has the name"),
        ({"attachments": "text"}, "attachments[0] must be an object"),
        ({"attachments": [{"content": "%", "encoding": "base64"}]}, "attachments[0].content is not base64"),
        ({"attachments": [{"content": "x", "type": "text"}]}, "attachments[0].type must be a media type"),
        ({"attachments": [{"content": "x"}] * 21}, "at most 20"),
        ({"host": ""}, "host is empty"),
        ({"port": "smtp"}, "port must be a number"),
        ({"security": "maybe"}, "security must be one of"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_cannot_be_sent_is_said_in_one_sentence(place: Place, inputs: dict[str, Any], said: str) -> None:
    error = await place.error(mail(place, **inputs))
    assert said in error["detail"]
    assert place.mail.raw == []


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "::1", "0.0.0.0"])
async def test_internal_servers_are_not_reached(place: Place, host: str) -> None:
    assert (await place.error(mail(place, host=host)))["code"] == "egress-denied"


async def test_some_refused_recipients_are_a_warning_all_an_error(place: Place) -> None:
    place.mail.answers["RCPT TO:<bo@"] = ["550 no such user", "550 no such user"]
    row = await place.run(mail(place, to="ada@example.com, bo@example.com"), SHOW)
    assert row["status"] == "finished with warnings"
    assert row["shown"][0]["accepted"] == ["ada@example.com"]
    assert row["shown"][0]["refused"] == {"bo@example.com": "550 no such user"}
    error = await place.error(mail(place, to="bo@example.com"))
    assert (error["code"], "no such user" in error["detail"]) == ("mail-refused", True)


async def test_what_may_pass_is_tried_again_with_the_same_identity(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tieline.automations.blocks.mail.random.uniform", lambda low, high: 0.0)
    place.mail.answers["MAIL"] = ["451 later"]
    place.mail.answers["END"] = ["close"]
    row = await place.run(mail(place), SHOW)
    assert row["error"] is None
    assert len(place.mail.letters) >= 1
    assert len({letter["message-id"] for letter in place.mail.letters}) == 1


async def test_a_refused_login_says_so_and_nothing_more(place: Place) -> None:
    place.mail.answers["AUTH"] = ["535 bad sesame-sesame"] * 4
    error = await place.error(mail(place, username="robot", password="sesame-sesame"))
    assert (error["code"], "sesame" in str(error)) == ("mail-refused", False)


async def test_a_connection_gives_server_and_login_and_no_other_host(place: Place) -> None:
    fields = [Input(id="host"), Input(id="port"), Input(id="username"), Input(id="password", secret=True)]
    auth = AuthMethod(id="smtp", kind="basic", fields=[*fields, Input(id="from")])
    manifest = Manifest(name="post", servers=[Server(url="https://mail.example.com")], auth=[auth])
    async with place.database.tenant(place.bench.tenant) as unit:
        row = await Library(place.database).save(unit, manifest)
        made = await Connections(place.database, place.vault).create(
            unit,
            connector_id=row["id"],
            name="post",
            owner_id=place.bench.user,
            params={"host": "127.0.0.1", "port": str(place.mail.port), "username": "robot", "from": "desk@example.com"},
            secrets={"password": "sesame-sesame"},
        )
    settings = {"datasource": str(made["id"])}
    done = await place.run(mail(place, settings, host=None, port=None, **{"from": None}), SHOW)
    assert done["error"] is None
    assert place.mail.logins == ["\0robot\0sesame-sesame"]
    assert place.mail.letters[0]["from"] == "desk@example.com"
    error = await place.error(mail(place, settings, host="127.0.0.1"))
    assert "credentials go to its own server only" in error["detail"]


def test_lists_of_addresses() -> None:
    assert addresses(' "Cy, the third" <c@x.org>; d@x.org,e@x.org ,', "to") == [
        ("Cy, the third", "c@x.org"),
        ("", "d@x.org"),
        ("", "e@x.org"),
    ]
    assert addresses(None, "to") == []
    with pytest.raises(BlockInputInvalid):
        addresses([{"a": 1}], "to")
