"""CSP origins and the header they make; the CSRF token that clients of the vendor ask for."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Tenant, World, client

pytestmark = pytest.mark.anyio

BASE = "/api/v1/csp-origins"
HEADER = f"{BASE}/actions/generate-header"


async def make(api: httpx.AsyncClient, origin: str, **more: Any) -> dict[str, Any]:
    answer = await api.post(BASE, json={"origin": origin, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_entry_is_made_replaced_and_removed(api: httpx.AsyncClient) -> None:
    made = await make(api, "HTTPS://Cdn.Example.com", name="Pictures", description="Ours", imgSrc=True, fontSrc=False)
    assert (made["origin"], made["imgSrc"], made["fontSrc"], made["scriptSrc"]) == (
        "https://cdn.example.com",
        True,
        False,
        False,
    )
    where = f"{BASE}/{made['id']}"
    assert (await api.get(where)).json() == made
    again = await api.post(BASE, json={"origin": "https://cdn.example.com"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (400, "csp-origin-exists")
    changed = (await api.put(where, json={"origin": "https://cdn.example.com", "scriptSrc": True})).json()
    assert (changed["name"], changed["imgSrc"], changed["scriptSrc"]) == ("", False, True)
    assert changed["createdDate"] == made["createdDate"]
    assert changed["modifiedDate"] > made["modifiedDate"]
    gone = await api.delete(where)
    assert (gone.status_code, gone.content) == (204, b"")
    for answer in (await api.get(where), await api.delete(where), await api.put(where, json={"origin": "a.example"})):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "origin",
    [
        "",
        " ",
        "*",
        "'self'",
        "'unsafe-inline'",
        "data:",
        "https:",
        "a.example; script-src *",
        "a.example, b.example",
        "a.example b.example",
        "a.example\nx: y",
        "a.example/path",
        "a.example?x",
        "user@a.example",
        "javascript://a.example",
        "*.*.example",
        "a.*.example",
        "a..example",
        "a.example:x",
        "[::1]",
        "x" * 257,
    ],
    ids=lambda text: ascii(text)[:40],
)
async def test_an_origin_cannot_end_a_directive(api: httpx.AsyncClient, origin: str) -> None:
    answer = await api.post(BASE, json={"origin": origin, "imgSrc": True})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"]["pointer"] == "/origin"
    assert (await api.get(BASE)).json()["data"] == []


async def test_the_header_names_every_origin_where_it_holds(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    empty = (await api.get(HEADER)).json()["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in empty
    await make(api, "https://cdn.example.com", imgSrc=True, scriptSrc=True)
    await make(api, "*.example.org", imgSrc=True)
    await make(api, "https://live.example.com:8443", connectSrc=True, connectSrcWSS=True)
    await make(api, "https://portal.example.com", frameAncestors=True)
    await make(api, "unused.example.com")
    policy = (await api.get(HEADER)).json()["Content-Security-Policy"]
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["img-src"] == "'self' *.example.org https://cdn.example.com"
    assert parts["script-src"] == "'self' https://cdn.example.com"
    assert parts["connect-src"] == "'self' https://live.example.com:8443 wss://live.example.com:8443"
    assert parts["frame-ancestors"] == "'self' https://portal.example.com"
    assert "unused" not in policy
    assert (await other.get(HEADER)).json()["Content-Security-Policy"] == empty


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/plain", "text/plain"),
        ("text/*", "text/plain"),
        ("text/html, */*;q=0.1", "application/json"),
        ("application/json;q=0.5, text/plain", "text/plain"),
        ("application/json;q=0, */*", "text/plain"),
        ("text/html", None),
        ("image/png, application/xml", None),
        ("application/json;q=0", None),
        ("nonsense", None),
        ("", None),
    ],
)
async def test_the_header_comes_in_the_form_that_is_accepted(
    api: httpx.AsyncClient, accept: str | None, kind: str | None
) -> None:
    request = api.build_request("GET", HEADER)
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    answer = await api.send(request)
    if kind is None:
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (406, "not-acceptable")
        return
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == kind
    text = answer.json()["Content-Security-Policy"] if kind == "application/json" else answer.text
    assert text.startswith("default-src 'self'; ")


async def test_lists_are_filtered_sorted_and_paged_both_ways(api: httpx.AsyncClient) -> None:
    for index, name in enumerate(("beta", "Alpha", "gamma 100%", "delta", "epsilon")):
        await make(api, f"h{index}.example.com", name=name, imgSrc=index % 2 == 0)

    async def names(**parameters: str) -> list[str]:
        answer = await api.get(BASE, params=parameters)
        assert answer.status_code == 200, answer.text
        return [entry["name"] for entry in answer.json()["data"]]

    assert await names() == ["beta", "Alpha", "gamma 100%", "delta", "epsilon"]
    assert await names(sort="name") == ["Alpha", "beta", "delta", "epsilon", "gamma 100%"]
    assert await names(sort="-origin") == ["epsilon", "delta", "gamma 100%", "Alpha", "beta"]
    assert await names(sort="createdDate") == await names(sort="+modifiedDate")
    assert await names(imgSrc="true") == ["beta", "gamma 100%", "epsilon"]
    assert await names(imgSrc="false", fontSrc="false") == ["Alpha", "delta"]
    assert await names(name="ALP") == ["Alpha"]
    assert await names(name="*a", sort="name") == ["Alpha", "beta", "delta"]
    assert await names(name="100%") == ["gamma 100%"]
    assert await names(name="_") == []
    assert await names(origin="h3.*") == ["delta"]
    whole = await names(sort="-name", imgSrc="true")
    pages = [(await api.get(BASE, params={"sort": "-name", "imgSrc": "true", "limit": "1"})).json()]
    while "next" in pages[-1]["links"]:
        pages.append((await api.get(pages[-1]["links"]["next"]["href"])).json())
    assert [entry["name"] for page in pages for entry in page["data"]] == whole
    back = pages[-1]["links"]["prev"]["href"]
    assert "prev=" in back
    assert (await api.get(back)).json()["data"] == pages[-2]["data"]
    # A client may send nothing but the cursor: it carries the question.
    cursor = httpx.URL(pages[0]["links"]["next"]["href"]).params["next"]
    assert (await api.get(BASE, params={"next": cursor, "limit": "1"})).json()["data"] == pages[1]["data"]
    for parameters in (
        {"next": cursor, "imgSrc": "false"},
        {"next": cursor, "sort": "name"},
        {"next": cursor, "prev": cursor},
        {"next": "x"},
        {"limit": "0"},
        {"limit": "101"},
        {"sort": "imgSrc"},
        {"imgSrc": "maybe"},
    ):
        assert (await api.get(BASE, params=parameters)).status_code == 400, parameters


async def test_people_read_administrators_write_and_tenants_are_apart(
    api: httpx.AsyncClient, other: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    made = await make(api, "a.example")
    where = f"{BASE}/{made['id']}"
    _, key = await world.user(tenant.id)
    async with client(address, key) as person:
        assert (await person.get(where)).status_code == 200
        for answer in (
            await person.post(BASE, json={"origin": "b.example"}),
            await person.put(where, json={"origin": "b.example"}),
            await person.delete(where),
        ):
            assert answer.status_code == 403
    assert (await other.get(where)).status_code == 404
    assert (await other.put(where, json={"origin": "b.example"})).status_code == 404
    assert (await other.delete(where)).status_code == 404
    assert (await other.get(BASE)).json()["data"] == []
    # The same origin in another tenant is another entry.
    await make(other, "a.example")


async def test_a_policy_that_is_too_long_is_refused(api: httpx.AsyncClient) -> None:
    every = dict.fromkeys(("imgSrc", "fontSrc", "styleSrc", "scriptSrc", "frameSrc", "mediaSrc", "childSrc"), True)
    label = ".".join(["x" * 60] * 4)[:230]
    statuses = [(await api.post(BASE, json={"origin": f"h{index}.{label}", **every})).status_code for index in range(6)]
    assert statuses == [201, 201, 201, 201, 400, 400]
    assert len((await api.get(BASE)).json()["data"]) == 4


async def test_a_csrf_token_is_given_to_whoever_is_known(address: str, api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/v1/csrf-token")
    assert (answer.status_code, answer.content) == (204, b"")
    token = answer.headers["qlik-csrf-token"]
    assert len(token) == 64
    assert (await api.get("/api/v1/csrf-token")).headers["qlik-csrf-token"] == token
    async with client(address) as nobody:
        refused = await nobody.get("/api/v1/csrf-token")
        assert (refused.status_code, "qlik-csrf-token" in refused.headers) == (401, False)
