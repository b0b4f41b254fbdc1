"""Call URL with each of its options, against a real server."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import pytest

from tests.automations.blocks.conftest import Place
from tests.automations.engine.documents import block
from tieline.connectors.connections import Connections
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import AuthMethod, Input, Manifest, Server
from tieline.core.ids import new_id

pytestmark = pytest.mark.anyio


def call(url: str, settings: dict[str, Any] | None = None, /, **inputs: Any) -> dict[str, Any]:
    return block("CallUrlBlock", "it", inputs={"url": url, **inputs}, settings=settings)


SHOW = block("ShowBlock", "out", inputs={"input": "{$.it}"})


async def sent(place: Place, **inputs: Any) -> dict[str, Any]:
    """What the server saw of one call."""
    row = await place.run(call(f"{place.web.url}/echo", **inputs), SHOW)
    assert row["error"] is None
    seen = row["shown"][0]
    assert isinstance(seen, dict)
    return seen


@pytest.mark.parametrize(
    ("given", "kind", "body"),
    [
        ({"body": {"a": [1, None]}}, "application/json", '{"a":[1,null]}'),
        ({"body": '{"a": 1}'}, "application/json", '{"a": 1}'),
        ({"body": [{"key": "a", "value": "x y"}], "encoding": "form"}, "application/x-www-form-urlencoded", "a=x+y"),
        ({"body": {"a": ["1", "2"]}, "encoding": "form"}, "application/x-www-form-urlencoded", "a=1&a=2"),
        ({"body": "<a/>", "encoding": "xml"}, "application/xml; charset=utf-8", "<a/>"),
        ({"body": "plain", "encoding": "text"}, "text/plain; charset=utf-8", "plain"),
        ({"body": "aGk=", "encoding": "base64"}, "application/octet-stream", "hi"),
        ({"body": "a=1", "encoding": "raw", "headers": {"Content-Type": "text/x"}}, "text/x", "a=1"),
        ({"params": [{"key": "a", "value": "1"}]}, "application/json", '{"a":"1"}'),
        ({"params": {"a": "1"}, "encoding": "ISO-8859-1"}, "application/json", '{"a":"1"}'),
        (
            {"params": {"a": "1"}, "headers": {"content-type": "application/x-www-form-urlencoded"}},
            "application/x-www-form-urlencoded",
            "a=1",
        ),
    ],
    ids=[
        "json", "json text", "form", "form with a list", "xml", "text", "base64", "raw", "params of an export",
        "a charset as encoding", "by the header",
    ],
)  # fmt: skip
async def test_kinds_of_bodies(place: Place, given: dict[str, Any], kind: str, body: str) -> None:
    seen = await sent(place, method="POST", **given)
    assert (seen["headers"]["Content-Type"], seen["body"], seen["query"]) == (kind, body, "")
    assert len(seen["headers"]["Idempotency-Key"]) == 32


async def test_params_of_an_export_are_the_body_of_whatever_writes(place: Place) -> None:
    gone = await sent(place, method="DELETE", params=[{"key": "a", "value": "1"}])
    assert (gone["body"], gone["query"]) == ('{"a":"1"}', "")
    read = await sent(place, method="GET", params=[{"key": "a", "value": "1"}])
    assert (read["body"], read["query"]) == ("", "a=1")


async def test_a_form_with_files(place: Place) -> None:
    file = {"name": 'a"\r\nX: 1.png', "type": "image/png", "encoding": "base64", "content": "/wA="}
    seen = await sent(place, method="POST", body={"n": "1", "f": file}, encoding="multipart")
    raw = base64.b64decode(seen["raw"])
    assert seen["headers"]["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="n"\r\n\r\n1\r\n' in raw
    assert b'filename="a%22%0D%0AX: 1.png"\r\ncontent-type: image/png\r\n\r\n\xff\x00\r\n' in raw


async def test_parameters_of_a_read_stay_in_the_address(place: Place) -> None:
    row = await place.run(call(f"{place.web.url}/echo?a=1#part", params={"b": ["2", "3"]}, query={"c": "&"}), SHOW)
    assert row["shown"][0]["query"] == "a=1&b=2&b=3&c=%26"
    assert "Idempotency-Key" not in row["shown"][0]["headers"]


async def test_answers_as_data_text_and_files(place: Place) -> None:
    kinds = [("echo", "text"), ("text", "auto"), ("text", "text"), ("bytes", "auto"), ("bytes", "file")]
    shown = []
    for path, kind in kinds:
        row = await place.run(call(f"{place.web.url}/{path}", response=kind), SHOW)
        assert row["error"] is None
        shown += row["shown"]
    file = {"name": ".._logo.png", "type": "image/png", "size": 6, "encoding": "base64", "content": "iVBORwAB"}
    assert isinstance(shown[0], str)
    assert shown[1:] == [{"a": 1}, '{"a": 1}', file, file]


@pytest.mark.parametrize(
    ("status", "accepted", "code"),
    [
        (404, None, "call-refused"),
        (404, "200-299,404", None),
        (204, "200", "call-refused"),
        (500, "500-599", None),
        (503, None, "call-failed"),
    ],
)
async def test_which_statuses_are_errors(place: Place, status: int, accepted: str | None, code: str | None) -> None:
    it = call(f"{place.web.url}/status/{status}", {"full_response": "yes"}, accept_status=accepted, retries=0)
    row = await place.run(it, block("ShowBlock", inputs={"input": "{$.it.status}"}))
    assert [error["code"] for error in row["error"] or []] == ([code] if code else [])
    assert row["shown"] == ([] if code else [status])
    assert len(place.web.seen) == 1


async def test_what_may_pass_is_tried_again_under_the_same_key(place: Place) -> None:
    row = await place.run(call(f"{place.web.url}/flaky", method="POST", body={"a": 1}), SHOW)
    assert row["error"] is None
    assert len(place.web.seen) == 3
    assert len({seen["headers"]["Idempotency-Key"] for seen in place.web.seen}) == 1


async def test_redirects_are_followed_or_shown(place: Place) -> None:
    full = {"full_response": True, "capitalize_headers": True}
    followed = await place.run(call(f"{place.web.url}/redirect"), SHOW)
    assert followed["shown"][0]["method"] == "GET"
    row = await place.run(call(f"{place.web.url}/redirect", full, follow_redirects="no"), SHOW)
    assert (row["shown"][0]["status"], row["shown"][0]["headers"]["Location"]) == (302, "/echo")


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"method": "BREW"}, "method must be one of GET, POST"),
        ({"timeout": "0"}, "timeout must be more than 0"),
        ({"timeout": "later"}, "timeout must be a number"),
        ({"retries": "99"}, "retries must be a whole number from 0 to 10"),
        ({"headers": "text"}, "headers must be an object"),
        ({"headers": {"X": "a\r\nY: b"}}, "is not on one line"),
        ({"headers": {"a b": "c"}}, "is not a token"),
        ({"encoding": "morse"}, "encoding 'morse' is not known"),
        ({"response": "video"}, "response must be one of auto, json, text, file"),
        ({"accept_status": "all"}, "accept_status must be numbers and ranges"),
        ({"method": "POST", "body": "%%%", "encoding": "base64"}, "body is not base64"),
        ({"method": "POST", "body": "text", "encoding": "form"}, "body must be an object"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_what_cannot_be_sent_is_said_in_one_sentence(place: Place, inputs: dict[str, Any], said: str) -> None:
    error = await place.error(call(f"{place.web.url}/echo", **inputs))
    assert said in error["detail"]
    assert place.web.seen == []


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::1]/", "file:///etc/passwd"]
)
async def test_internal_addresses_are_not_called(place: Place, url: str) -> None:
    error = await place.error(call(url))
    assert error["code"] in ("egress-denied", "bad-url")


async def test_secrets_in_headers_stay_out_of_the_history(place: Place) -> None:
    row = await place.run(
        call(
            f"{place.web.url}/status/400?token=hush-hush-1",
            method="POST",
            headers={"Authorization": "Bearer hush-hush-2"},
        )
    )
    async with place.database.tenant(place.bench.tenant) as unit:
        told = str(await place.bench.runs.debug(unit, row["id"])) + str(row["error"])
    assert "hush-hush-2" not in told
    assert "answered 400" in told


async def connection(place: Place, base_url: str) -> UUID:
    """A connection with an API key in a header, to ``base_url``."""
    key = [Input(id="api_key", type="password", secret=True)]
    auth = AuthMethod(id="key", kind="api_key", location="header", name="X-Key", fields=key)
    manifest = Manifest(name="api", servers=[Server(url=base_url)], auth=[auth])
    async with place.database.tenant(place.bench.tenant) as unit:
        row = await Library(place.database).save(unit, manifest)
        made = await Connections(place.database, place.vault).create(
            unit, connector_id=row["id"], name="a", owner_id=place.bench.user, secrets={"api_key": "sesame-sesame"}
        )
    found: UUID = made["id"]
    return found


async def test_a_connection_signs_calls_to_its_own_server_only(place: Place) -> None:
    known = str(await connection(place, place.web.url))
    row = await place.run(call(f"{place.web.url}/echo", {"datasource": known}), SHOW)
    assert row["shown"][0]["headers"]["x-key"] == "sesame-sesame"
    elsewhere = place.web.url.replace("127.0.0.1", "localhost")
    error = await place.error(call(f"{elsewhere}/echo", {"datasource": known}))
    assert error["code"] == "origin-refused"
    assert len(place.web.seen) == 1
    error = await place.error(call(f"{place.web.url}/echo", {"datasource": str(new_id())}))
    assert error["code"] == "block-unbound"
