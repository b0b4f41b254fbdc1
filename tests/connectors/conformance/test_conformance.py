"""The offline test of manifests: what conforms passes, and each kind of fault in a manifest or in the runtime shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tieline.connectors.conformance import Certificate, conform
from tieline.connectors.kit import read_file, scaffold
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import Manifest
from tieline.connectors.runtime.paging.cursor import Cursor
from tieline.core import json
from tieline.core.errors import NotFound

pytestmark = pytest.mark.anyio

RECORD = {"type": "object", "properties": {"id": {"type": "string"}, "updated": {"type": "string"}}}
LIST = {"id": "list", "kind": "list", "object": "thing", "path": "/things", "output": RECORD}


def manifest(*blocks: dict[str, Any], **more: Any) -> Manifest:
    plain = {
        "name": "probe",
        "servers": [{"url": "https://api.example.com/v1"}],
        "objects": [{"name": "thing", "primary_key": ["id"]}],
        "blocks": list(blocks or [LIST]),
        **more,
    }
    return io.load(json.dumps(plain))


def failures(made: Certificate) -> dict[str, str]:
    return {f"{one.block} {one.scenario}": one.reason for one in made.results if one.outcome == "fail"}


def passed(made: Certificate) -> set[str]:
    return {one.scenario for one in made.results if one.outcome == "pass"}


async def test_the_manifest_that_authors_begin_with_conforms(tmp_path: Path) -> None:
    file, _ = scaffold("my-crm", tmp_path)
    made = await conform(read_file(file))
    assert made.ok, failures(made)
    assert {"answer", "pages", "since", "loop", "limited", "lost-answer", "gone", "error-rules"} <= passed(made)
    assert made.passed + made.failed + made.not_applicable == len(made.results)


async def test_two_runs_give_the_same_certificate(tmp_path: Path) -> None:
    file, _ = scaffold("my-crm", tmp_path)
    first, second = await conform(read_file(file)), await conform(read_file(file))
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    assert b"127.0.0.1" not in msgspec.json.encode(first)


async def test_one_block_alone_and_one_that_is_not_there(tmp_path: Path) -> None:
    file, _ = scaffold("my-crm", tmp_path)
    made = await conform(read_file(file), block="get_contact")
    assert {one.block for one in made.results} == {"get_contact"}
    with pytest.raises(NotFound, match="no block 'nothing'"):
        await conform(read_file(file), block="nothing")


@pytest.mark.parametrize(
    "paging",
    [
        {"style": "page", "param": "p", "size_param": "n", "size": 4, "stop": ["empty"]},
        {"style": "page", "param": "p", "start": 0, "total_pages": "X-Pages", "total_in": "header", "stop": ["total"]},
        {"style": "offset", "param": "skip", "start": 0, "size_param": "n", "size": 4, "stop": ["short"]},
        {"style": "offset", "param": "startIndex", "step": "records", "size": 4, "total": "$.total", "stop": ["total"]},
        {"style": "offset", "param": "Range", "location": "header", "size": 4, "stop": ["short"]},
        {"style": "cursor", "param": "after", "next": "$.meta.next", "stop": ["no_next"]},
        {"style": "cursor", "param": "after", "next": "X-Next", "next_in": "header", "stop": ["no_next"]},
        {"style": "cursor", "param": "/page/after", "location": "body", "next": "$.next", "has_more": "!$.done"},
        {"style": "next_url", "next": "$['@odata.nextLink']", "stop": ["no_next"]},
        {"style": "link_header", "size_param": "n", "size": 4, "stop": ["no_next"]},
        {"style": "keyset", "param": "after", "key": "id", "size_param": "n", "size": 4, "has_more": "$.more"},
        {"style": "total", "param": "p", "size": 4, "total": "$.count"},
        {"style": "none"},
    ],
    ids=lambda paging: "-".join(map(str, paging.values()))[:40],
)
async def test_every_paging_style_is_played(paging: dict[str, Any]) -> None:
    bare = paging["style"] in ("link_header", "none") or not any("$" in str(value) for value in paging.values())
    method = "POST" if paging.get("location") == "body" else "GET"
    made = await conform(manifest({**LIST, "method": method, "paging": paging, "records": "$" if bare else "$.things"}))
    assert made.ok, failures(made)
    assert paging["style"] == "none" or "pages" in passed(made)


SECRET = {"id": "secret", "required": True, "secret": True}
CLIENT = [{"id": "client_id", "required": True}, {"id": "client_secret", "required": True, "secret": True}]
NAMED = [{"id": "username", "required": True}, {"id": "password", "required": True, "secret": True}]
TOKEN = "https://login.example.com/token"


@pytest.mark.parametrize(
    "method, renews",
    [
        ({"kind": "api_key", "location": "query", "name": "key", "fields": [SECRET]}, False),
        ({"kind": "api_key", "location": "cookie", "name": "sid", "fields": [SECRET]}, False),
        ({"kind": "basic", "fields": NAMED}, False),
        ({"kind": "digest", "fields": NAMED}, False),
        ({"kind": "bearer", "prefix": "Token ", "fields": [SECRET]}, False),
        ({"kind": "oauth1", "fields": [{"id": "consumer_key"}, {**SECRET, "id": "consumer_secret"}]}, False),
        ({"kind": "oauth2", "grants": ["client_credentials"], "token_url": TOKEN, "fields": CLIENT}, True),
        ({"kind": "oauth2", "grants": ["authorization_code"], "token_url": TOKEN, "fields": CLIENT}, True),
        ({"kind": "oauth2", "grants": ["password"], "token_url": TOKEN, "fields": [*CLIENT, *NAMED]}, True),
        ({"kind": "jwt_bearer", "signature": "ES256", "fields": [{**SECRET, "id": "private_key"}]}, True),
        ({"kind": "jwt_bearer", "signature": "HS256", "fields": [SECRET]}, True),
        (
            {
                "kind": "session",
                "fields": NAMED,
                "steps": [
                    {
                        "request": {"url": "/login", "json": {"u": "{username}", "p": "{password}"}},
                        "extract": {"sid": "cookie:SID", "life": "$.ttl"},
                        "expires_in": "{life}",
                    },
                    {"inject": [{"name": "X-Session", "value": "{sid}"}]},
                ],
            },
            True,
        ),
        (
            {
                "kind": "hmac",
                "template": "{timestamp}{method}{path_qs}",
                "fields": [SECRET],
                "steps": [{"inject": [{"name": "X-Sign", "value": "{signature}"}]}],
            },
            False,
        ),
    ],
    ids=lambda value: value if isinstance(value, bool) else f"{value['kind']}-{value.get('grants', [''])[0]}",
)
async def test_every_kind_of_authentication_is_played(method: dict[str, Any], renews: bool) -> None:
    made = await conform(manifest(auth=[{"id": "way", **method}]))
    assert made.ok, failures(made)
    assert ("refresh" in passed(made)) is renews


WRONG: dict[str, tuple[Manifest, str, str]] = {
    "a style without its place": (
        manifest({**LIST, "paging": {"style": "next_url"}, "records": "$.things"}),
        "list pages",
        "needs 'next'",
    ),
    "a name that nobody is asked for": (
        manifest({"id": "get", "kind": "get", "path": "/things/{id}", "output": RECORD}),
        "connector addresses",
        "nobody is asked for id",
    ),
    "credentials for another origin": (
        manifest(
            {**LIST, "server": "https://elsewhere.example.net"},
            auth=[{"id": "way", "kind": "bearer", "fields": [SECRET]}],
        ),
        "list answer",
        "origin-refused",
    ),
    "one input inside another": (
        manifest(
            {
                "id": "change",
                "kind": "update",
                "method": "PATCH",
                "path": "/things",
                "body_type": "json",
                "inputs": [
                    {"id": "name", "location": "body", "name": "/fields/name"},
                    {"id": "fields", "location": "body", "name": "/fields", "type": "object"},
                ],
            }
        ),
        "change all-inputs",
        "'name' is not at '/fields/name'",
    ),
    "a signature that goes nowhere": (
        manifest(auth=[{"id": "way", "kind": "hmac", "template": "{timestamp}", "fields": [SECRET]}]),
        "auth/way connect",
        "no step that injects",
    ),
    "incremental in name only": (manifest({**LIST, "kind": "incremental"}), "list since", "add `incremental`"),
    "a total beside a bare list": (
        manifest({**LIST, "records": "$", "paging": {"style": "page", "param": "p", "total": "$.total"}}),
        "list answer",
        "in an answer that is a list",
    ),
    "an event that subscribes by a list": (
        manifest(LIST, webhooks=[{"id": "made", "subscribe": "list"}]),
        "webhook/made declared",
        "of kind 'list'",
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_fault_in_the_manifest_shows(name: str) -> None:
    wrong, where, why = WRONG[name]
    made = await conform(wrong)
    assert not made.ok
    assert why in failures(made).get(where, f"{where} did not fail"), failures(made)


async def test_a_fault_in_the_runtime_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    paged = manifest({**LIST, "records": "$.things", "paging": {"style": "cursor", "param": "after", "next": "$.next"}})
    monkeypatch.setattr(Cursor, "following", lambda *_: None)
    assert "3 records came instead of 8" in failures(await conform(paged))["list pages"]
    monkeypatch.undo()
    monkeypatch.setattr(Cursor, "place", lambda *_: None)
    assert "list pages" in failures(await conform(paged))


async def test_writes_are_counted_by_their_effects() -> None:
    def write(kind: str) -> dict[str, Any]:
        return {
            "id": kind,
            "kind": "create",
            "object": "thing",
            "method": "POST",
            "path": "/things",
            "body_type": "json",
            "inputs": [{"id": "name", "location": "body", "name": "/name", "required": True}],
            "idempotency": {"kind": kind},
            "output": RECORD,
        }

    made = await conform(manifest(*(write(kind) for kind in ("none", "header", "natural_key", "upsert"))))
    assert made.ok, failures(made)
    told = {one.block: one.reason for one in made.results if one.scenario == "lost-answer"}
    assert told["none"] == "at least once, as the manifest declares: 2 effects, and the caller is told"
    assert told["header"] == told["natural_key"] == told["upsert"] == ""


async def test_an_error_with_status_200_does_what_its_rule_says() -> None:
    rules = [
        {"path": "$.error", "equals": "slow", "then": "rate_limited"},
        {"path": "$.error", "equals": "gone", "then": "done"},
        {"path": "$.ok", "equals": False, "message": "$.error", "then": "fail"},
    ]
    made = await conform(manifest({"id": "act", "method": "POST", "path": "/act", "output": RECORD, "errors": rules}))
    assert made.ok, failures(made)
    assert [one.reason for one in made.results if one.scenario == "error-rules"] == ["3 rules"]


FOUND: dict[str, Manifest] = {
    "a page number with a default in the path": manifest(
        {
            **LIST,
            "path": "/things/{page}",
            "records": "$.things",
            "inputs": [{"id": "page", "location": "path", "type": "integer", "required": True, "default": 1}],
            "paging": {"style": "page", "param": "page", "location": "path", "total": "$.total", "stop": ["total"]},
        }
    ),
    "a server variable that begins with a slash": manifest(
        {**LIST, "records": "$.things", "paging": {"style": "next_url", "next": "$.next", "stop": ["no_next"]}},
        servers=[{"url": "https://api.example.com/{base}", "variables": {"base": {"default": "/v1"}}}],
    ),
    "a delete behind a challenge": manifest(
        {"id": "drop", "kind": "delete", "method": "DELETE", "path": "/things"},
        auth=[{"id": "way", "kind": "digest", "fields": NAMED}],
    ),
    "a required filter that only its id names": manifest(
        {
            **LIST,
            "kind": "incremental",
            "inputs": [{"id": "q", "location": "query", "required": True}],
            "incremental": {"by": "filter", "param": "q", "format": "updated >= %Y-%m-%d %H:%M:%S", "field": "updated"},
        }
    ),
}


@pytest.mark.parametrize("name", FOUND)
async def test_what_the_offline_test_once_found_in_the_runtime_stays_mended(name: str) -> None:
    made = await conform(FOUND[name])
    assert made.ok, failures(made)


async def test_schemas_without_an_end_have_an_end() -> None:
    endless = {
        "Tree": {
            "type": "object",
            "required": ["a", "b", "c"],
            "properties": {key: {"$ref": "#/schemas/Tree"} for key in "abc"},
        },
        "Knot": {"allOf": [{"$ref": "#/schemas/Knot"}]},
        "Loop": {"oneOf": [{"$ref": "#/schemas/Loop"}]},
    }
    blocks = [{**LIST, "id": name.lower(), "output": {"$ref": f"#/schemas/{name}"}} for name in endless]
    made = await conform(manifest(*blocks, schemas=endless))
    assert made.ok, failures(made)


@pytest.mark.parametrize(
    "hostile",
    [
        {"servers": [{"url": "https://[*]/v1"}]},
        {"servers": [{"url": "https://user:secret@api.example.com"}]},
        {"servers": []},
        {"blocks": [{**LIST, "records": "$.a[*].b[*]"}]},
        {"blocks": [{**LIST, "path": "/{a}/{a}/../{"}]},
        {"blocks": [{**LIST, "paging": {"style": "page", "param": "p", "size_param": "n", "size": 10**9}}]},
        {"blocks": [{**LIST, "paging": {"style": "keyset", "param": "p", "key": "$.a.b", "size": -4}}]},
        {"blocks": [{**LIST, "method": "BREW"}]},
        {"blocks": [{**LIST, "headers": {"X-A": "1\r\nX-B: 2"}}]},
        {"blocks": [{**LIST, "output": {"type": 7, "properties": [], "enum": "x"}}]},
        {"blocks": []},
    ],
    ids=lambda hostile: str(hostile)[:60],
)
async def test_a_hostile_manifest_gets_a_certificate_too(hostile: dict[str, Any]) -> None:
    given = {"name": "x", "servers": [{"url": "https://a.example"}], "blocks": [LIST], **hostile}
    made = await conform(io.load(json.dumps(given)))
    assert made.passed + made.failed + made.not_applicable == len(made.results)
