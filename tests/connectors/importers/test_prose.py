from __future__ import annotations

import json
import re

import pytest
from msgspec import UNSET

from tests.connectors.importers import prose_pages as pages
from tests.connectors.importers.prose_api import harbour
from tests.connectors.importers.prose_compare import differences
from tests.connectors.importers.prose_render import LAYOUTS, Json
from tieline.connectors.importers import import_document
from tieline.connectors.manifest.model import Block, Manifest, Paging

_PLACE = re.compile(r"(?:page \d+, )?line \d+(?:, .+)?")


def imported(text: str | bytes) -> Manifest:
    return import_document(text if isinstance(text, bytes) else text.encode())


def block(manifest: Manifest, method: str, path: str) -> Block:
    return next(one for one in manifest.blocks if (one.method, one.path) == (method, path))


def paging(one: Block) -> Paging:
    assert one.paging is not UNSET
    return one.paging


def inputs(one: Block) -> dict[str, bool]:
    """Place and name of each input, and whether it is required."""
    return {f"{each.location} {each.name}": each.required for each in one.inputs}


def questions(manifest: Manifest) -> list[str]:
    return [one.message for one in manifest.warnings if one.code == "ask"]


def _keyset() -> Json:
    """The same API with a bearer token, paged by the last id."""
    spec = harbour()
    spec["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    spec["security"] = [{"token": []}]
    text = json.dumps(spec)
    text = text.replace('"name": "page"', '"name": "starting_after"').replace('"page": 1', '"has_more": true')
    text = text.replace('"page": {"type": "integer"}', '"has_more": {"type": "boolean"}')
    found: Json = json.loads(text)
    for item in found["paths"].values():
        for node in item.values():
            for one in node.get("parameters", []):
                if one["name"] == "starting_after":
                    one["schema"] = {"type": "string"}
                    one["description"] = "Key of the last record of the page before."
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("spec", [harbour(), _keyset()], ids=["page and key", "keyset and token"])
def test_prose_gives_the_same_connector_as_the_openapi_document(layout: str, spec: Json) -> None:
    found = imported(LAYOUTS[layout](spec))
    assert differences(imported(json.dumps(spec)), found)[0] == []
    assert questions(found) == []
    assert found.source is not UNSET and found.source.format in ("pdf", "html", "markdown")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_fact_says_where_it_stands(layout: str) -> None:
    found = imported(LAYOUTS[layout](harbour()))
    facts = [fact for one in found.blocks for fact in one.facts.values()]
    facts += [fact for one in found.blocks if one.paging is not UNSET for fact in one.paging.facts.values()]
    facts += [fact for one in found.auth for fact in one.facts.values()]
    evidence = [place for fact in facts for place in fact.evidence if place]
    assert len(evidence) > 40
    assert [place for place in evidence if not _PLACE.fullmatch(place)] == []
    if layout.startswith("pdf"):
        assert len({place.split(",")[0] for place in evidence}) > 1


def test_evidence_is_the_line_of_a_markdown_text() -> None:
    found = imported("# Box API\n\nBase URL: https://box.example\n\n## Boxes\n\n`GET /boxes`\n\nReturns all boxes.\n")
    assert found.blocks[0].facts["kind"].evidence == ["line 7"]


def test_notes_with_slips_are_read_and_what_is_unsure_is_asked() -> None:
    found = imported(pages.NOTES)
    tickets = block(found, "GET", "/tickets")
    assert [one.url for one in found.servers] == ["https://tickets.orchard.example/api/v3"]
    assert (found.auth[0].kind, found.auth[0].prefix) == ("bearer", "Bearer ")
    assert (tickets.kind, tickets.records) == ("list", "$.tickets")
    page = paging(tickets)
    assert (page.style, page.param, page.next, page.size_param, page.size_max) == (
        "cursor",
        "cursor",
        "$.next_cursor",
        "limit",
        200,
    )
    assert next(one for one in found.blocks if one.kind == "incremental").incremental.param == "modified_since"  # type: ignore[union-attr]
    assert inputs(block(found, "POST", "/tickets")) == {
        "body /subject": True,
        "body /customer_id": True,
        "body /priority": False,
    }
    assert block(found, "GET", "/tickets/{ticket_id}").records == "$"
    assert inputs(block(found, "POST", "/hooks")) == {"body /url": True, "body /events": True}
    assert [one.event for one in found.webhooks] == ["ticket.created", "ticket.closed", "customer.merged"]
    assert (found.rate.calls, found.rate.seconds) == (300, 300.0)  # type: ignore[union-attr]
    assert any("`/tikcets/{ticket_id}`" in one and "`/tickets/{ticket_id}`" in one for one in questions(found))


def test_a_misspelt_path_is_kept_as_written_with_low_confidence() -> None:
    slip = block(imported(pages.NOTES), "PATCH", "/tikcets/{ticket_id}")
    assert slip.kind == "update"
    assert slip.facts["path"].confidence < 0.7 and "tickets" in slip.facts["path"].note


def test_examples_with_ids_become_templates_and_paging_for_all_lists_reaches_each_list() -> None:
    found = imported(pages.CHARGES)
    assert found.auth[0].kind == "basic"
    assert {f"{one.method} {one.path}": one.kind for one in found.blocks} == {
        "POST /v1/charges": "create",
        "GET /v1/charges/{id}": "get",
        "GET /v1/charges": "list",
        "POST /v1/charges/{charge_id}/capture": "action",
    }
    page = paging(block(found, "GET", "/v1/charges"))
    assert (page.style, page.param, page.size_param, page.size_max, page.has_more) == (
        "keyset",
        "starting_after",
        "limit",
        100,
        "$.has_more",
    )
    create = block(found, "POST", "/v1/charges")
    assert create.body_type == "form"
    assert inputs(create) == {"form amount": True, "form currency": True, "form description": False}
    assert create.idempotency is not UNSET and create.idempotency.header == "Idempotency-Key"


def test_german_titles_are_understood() -> None:
    found = imported(pages.LAGER)
    assert [one.url for one in found.servers] == ["https://lager.example/rest"]
    assert (found.auth[0].kind, found.auth[0].location, found.auth[0].name) == ("api_key", "query", "api_key")
    page = paging(block(found, "GET", "/artikel"))
    assert (page.style, page.param, page.size_param, page.size_max, page.total) == (
        "offset",
        "offset",
        "limit",
        500,
        "$.total",
    )
    assert inputs(block(found, "POST", "/artikel")) == {"body /name": True, "body /bestand": False}


def test_a_table_of_endpoints_with_http_samples_and_oauth() -> None:
    found = imported(pages.CALENDAR)
    assert found.title == "Meridian Calendar API"
    auth = found.auth[0]
    assert (auth.kind, auth.grants) == ("oauth2", ["authorization_code"])
    assert auth.token_url == "https://login.meridian.example/oauth/token"
    assert auth.authorization_url == "https://login.meridian.example/oauth/authorize"
    assert list(auth.scopes) == ["calendar:read", "calendar:write"]
    assert [one.url for one in found.servers] == [
        "https://api.meridian.example/v2",
        "https://sandbox.meridian.example/v2",
    ]
    assert inputs(block(found, "POST", "/calendars")) == {"body /name": True, "body /color": False}
    assert paging(block(found, "GET", "/calendars")).style == "link_header"
    assert {one.kind for one in found.blocks} == {"list", "create", "get", "update", "delete"}


def _api(auth: str, more: str = "") -> str:
    return (
        f"# Lamp API\n\nBase URL: https://lamp.example/v1\n\n## Authentication\n\n{auth}\n\n"
        f"## List lamps\n\n`GET /lamps`\n\n{more}\n\n## Get a lamp\n\n`GET /lamps/{{id}}`\n"
    )


@pytest.mark.parametrize(
    "said, kind, location, name, prefix",
    [
        ("Send your key in the `X-Lamp-Key` header.", "api_key", "header", "X-Lamp-Key", ""),
        ("Add `?token=YOUR_TOKEN` to the URL; `token` is a query parameter.", "api_key", "query", "token", ""),
        ("Every request needs the header `Authorization: Bearer YOUR_TOKEN`.", "bearer", None, "", "Bearer "),
        (
            "Put the token into the Authorization header, without the word Bearer.",
            "api_key",
            "header",
            "Authorization",
            "",
        ),
        ("Use HTTP Basic authentication with your user name and password.", "basic", None, "", ""),
        ("The API uses HTTP Digest authentication.", "digest", None, "", ""),
        ("```\ncurl -u user:password https://lamp.example/v1/lamps\n```", "basic", None, "", ""),
        (
            "```\ncurl -H 'Authorization: Token token=abc' https://lamp.example/v1/lamps\n```",
            "api_key",
            "header",
            "Authorization",
            "Token token=",
        ),
        ("Requests are signed with OAuth 1.0a (HMAC-SHA256): oauth_consumer_key and so on.", "oauth1", None, "", ""),
        ("OAuth 2.0 client credentials: POST to https://id.lamp.example/oauth/token.", "oauth2", None, "", ""),
    ],
    ids=lambda value: str(value)[:30],
)
def test_how_to_authenticate(said: str, kind: str, location: str | None, name: str, prefix: str) -> None:
    method = imported(_api(said)).auth[0]
    assert (method.kind, method.name, method.prefix) == (kind, name, prefix if kind != "basic" else "")
    assert location is None or method.location == location
    assert method.facts["kind"].evidence and _PLACE.fullmatch(method.facts["kind"].evidence[0])


def test_a_key_without_a_header_is_asked_for_and_not_guessed_silently() -> None:
    found = imported(_api("You need an API key. Get one in your account."))
    assert any("header" in one and "key" in one for one in questions(found))
    assert found.auth[0].facts["kind"].confidence < 0.7


@pytest.mark.parametrize(
    "said, style, param, next",
    [
        ("All lists take `page` and `per_page` (at most 50).", "page", "page", ""),
        ("All lists are paged with `limit` and `offset`.", "offset", "offset", ""),
        (
            "All lists take `cursor`; the response holds `next_cursor` until the last page.",
            "cursor",
            "cursor",
            "$.next_cursor",
        ),
        (
            'All lists are paged by the `Link` header with rel="next"; `per_page` sets the size.',
            "link_header",
            "",
            "Link",
        ),
    ],
    ids=["page", "offset", "cursor", "link"],
)
def test_paging_of_all_lists_in_one_paragraph(said: str, style: str, param: str, next: str) -> None:
    sample = '```json\n{"lamps": [{"id": 1, "name": "Desk"}]}\n```'
    text = _api("Header `X-Api-Key: KEY`.", "Response:\n\n" + sample) + f"\n## Pagination\n\n{said}\n"
    page = paging(block(imported(text), "GET", "/lamps"))
    assert (page.style, page.param, page.next) == (style, param, next)


def test_asciidoc_is_read_like_markdown() -> None:
    text = (
        "= Lamp API\n\nBase URL: https://lamp.example\n\n== List lamps\n\n[source,http]\n----\nGET /lamps HTTP/1.1\n"
        "X-Api-Key: KEY\n----\n\n.Query parameters\n|===\n|Name |Type |Description\n\n|page |integer |Number of the "
        "page\n"
        '|===\n\n=== Response\n\n[source,json]\n----\n{"data": [{"id": 1}]}\n----\n'
    )
    found = imported(text)
    assert (found.blocks[0].records, paging(found.blocks[0]).param) == ("$.data", "page")
    assert found.auth[0].name == "X-Api-Key"


def test_parameters_in_boxes_and_answers_behind_tabs() -> None:
    found = imported(pages.VOICE)
    listed = block(found, "GET", "/2.0/calls")
    page = paging(listed)
    assert (found.auth[0].kind, found.auth[0].token_url) == ("oauth2", "https://api.vantage.example/oauth2/token")
    assert (listed.records, inputs(listed)) == ("$.calls", {"query direction": True})
    assert (page.style, page.param, page.next, page.size_param) == (
        "cursor",
        "page_token",
        "$.nextPageToken",
        "page_size",
    )
    assert inputs(block(found, "POST", "/2.0/calls")) == {
        "body /from": True,
        "body /to": True,
        "body /callerName": False,
    }
    assert [one.event for one in found.webhooks] == ["call.ringing", "call.ended"]
    assert found.webhooks[0].verification == {"dialect": "hmac", "header": "X-Vantage-Signature"}
    # It says neither how the signature is written nor where the secret comes from.
    assert [one.startswith("Webhooks (`call.ringing`") for one in questions(found)] == [True, True]


def test_a_dutch_manual_without_headings_for_its_calls() -> None:
    found = imported(pages.STOKVIS)
    assert [one.url for one in found.servers] == ["https://erp.stokvis.example/ws/v1"]
    assert (found.auth[0].kind, found.auth[0].name) == ("api_key", "X-Stokvis-Token")
    assert (block(found, "GET", "/klanten").records, paging(block(found, "GET", "/klanten")).param) == (
        "$.klanten",
        "pagina",
    )
    assert inputs(block(found, "POST", "/klanten")) == {
        "body /naam": True,
        "body /email": False,
        "body /telefoon": False,
    }
    assert {one.method for one in found.blocks} == {"GET", "POST", "PUT", "DELETE"}
