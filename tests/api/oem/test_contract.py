"""Every operation of the published description of the partner's API, and every field that it lists."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.api.conftest import Parts
from tests.api.oem.conftest import Partner, asks, document, says, signed_in, start
from tests.api.oem.test_datasources import manifest, offered
from tests.fixtures.shared import shared_dir

pytestmark = pytest.mark.anyio

_OPERATION = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S+)")


def described() -> dict[str, str]:
    """What the description says of each operation: the text behind ``GET /path:``."""
    text = (shared_dir() / "contracts" / "oem" / "oem-api.yaml").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    found = {}
    for line in lines:
        name, _, said = line.partition(": ")
        if _OPERATION.fullmatch(name):
            found[name] = said
    return found


def names_in(said: str, part: str) -> list[str]:
    """Names of the fields that ``part`` (item, 200, extra) of a description lists."""
    begin = re.search(rf"(?<![\w]){part}: \{{", said)
    if begin is None:
        return []
    depth, word, found, taken = 1, "", [], False
    for character in said[begin.end() :]:
        if character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth == 0:
                break
        if depth == 1 and character == ":":
            taken = True
        elif depth == 1 and character == ",":
            if not taken or word.strip():
                found.append(word.strip())
            word, taken = "", False
        elif depth == 1 and not taken:
            word += character
    found.append(word.strip())
    return [name.strip("*\"' ") for one in found for name in one.split("|") if name.strip("*\"' ")]


@dataclass
class Furnished:
    """A partner with one of everything."""

    partner: Partner
    names: dict[str, str]


@pytest.fixture(scope="module")
async def furnished(address: str, parts: Parts, worker: None) -> AsyncIterator[Furnished]:
    async with signed_in(address, parts) as partner:
        connector = await offered(partner, parts, manifest("http://127.0.0.1:9"))
        account = await partner.account(user={"externalid": "u", "name": "U", "email": "u@example.org"})
        template = await partner.template(
            document([start("settings"), asks("Project")], [start(), says("{$.inputs.Project}")])
        )
        body = {"name": "Mine", "connector_guid": connector, "params": {"api_key": "k"}}
        source = (await partner.api.post(f"/accounts/{account}/datasources", json=body)).json()["guid"]
        blend = await partner.install(template, inputs={"Project": "A"})
        await partner.run(blend)
        run = (await partner.api.get(f"/accounts/{account}/blends/{blend}/lastrun")).json()["guid"]
        by_account = ("account", "account_externalid", "account_guid_or_externalid", "account_externalid_or_guid")
        names: dict[str, str] = {
            **dict.fromkeys(by_account, account),
            "template_guid": template,
            "blend_guid": blend,
            "blend_name_or_guid": blend,
            "run_guid": run,
            "datasource_guid": source,
        }
        yield Furnished(partner, {**names, "connector": connector})


OPERATIONS = list(described())


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_every_operation_is_there(furnished: Furnished, operation: str) -> None:
    method, path = operation.split(" ")
    # No path of this API knows PATCH, so that the refusal names what it knows.
    answer = await furnished.partner.api.request("PATCH", re.sub(r"\{\w+\}", "x", path))
    assert answer.status_code == 405, answer.text
    assert method in answer.headers["allow"].split(", ")


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.startswith("GET")])
async def test_every_field_is_in_the_answer(furnished: Furnished, operation: str) -> None:
    said, path = described()[operation], operation.split(" ")[1]
    names = dict(furnished.names)
    if path.startswith("/connectors/"):
        names["guid"] = names["connector"]
    elif path.startswith("/templates/"):
        names["guid"] = names["template_guid"]
    answer = await furnished.partner.api.get(re.sub(r"\{(\w+)\}", lambda found: names[found[1]], path))
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    wanted = names_in(said, "item")
    lists = not path.endswith("}") and not path.endswith("lastrun")
    if lists and isinstance(shown, dict):
        assert set(shown) == {"data", "links", "meta"}
        assert set(shown["links"]) == {"first", "last", "prev", "next"}
        assert set(shown["meta"]) == {"current_page", "from", "last_page", "path", "per_page", "to", "total"}
    if lists:
        shown = (shown["data"] if isinstance(shown, dict) else shown)[0]
    if not lists and "extra" in said:
        inside = [name for name in names_in(said, "extra") if name != "link"]
        assert set(inside) <= set(shown), "link is there for disconnected ones only"
    if not wanted:
        # Of one, the fields are those that its list names.
        of_list = re.sub(r"/\{\w+\}$|/lastrun$", "", path)
        listed = next((text for name, text in described().items() if name == f"GET {of_list}"), "")
        wanted = names_in(listed, "item")
    assert set(wanted) <= set(shown), set(wanted) - set(shown)


async def test_what_changes_things_answers_as_described(furnished: Furnished) -> None:
    api, known = furnished.partner.api, described()
    made = await api.post("/accounts", json={"name": "New", "externalid": "new"})
    assert (made.status_code, set(made.json()) - {"status"}) == (200, set(names_in(known["POST /accounts"], "200")))
    again = await api.post("/accounts", json={"name": "New", "externalid": "new"})
    assert again.json()["guid"] == made.json()["guid"]
    for name in ("new", made.json()["guid"]):
        changed = await api.put(f"/accounts/{name}", json={"name": "Newer"})
        assert (changed.status_code, changed.json()["name"]) == (200, "Newer")
    body = {"name": "Second", "connector_guid": furnished.names["connector"], "params": {"api_key": "k"}}
    source = await api.post("/accounts/new/datasources", json=body)
    wanted = names_in(known["POST /accounts/{account_externalid}/datasources"], "200")
    assert source.status_code == 200
    assert set(wanted) <= set(source.json())
    assert set(source.json()["additional"]) == {"message", "link"}
    where = f"/accounts/new/datasources/{source.json()['guid']}"
    assert (await api.put(where, json={"name": "Third"})).json()["name"] == "Third"
    assert (await api.put(where, json={"connector_guid": "x"})).status_code == 400
    assert (await api.delete(where)).status_code == 204
    template = furnished.names["template_guid"]
    installed = await api.post(f"/templates/{template}/install", json={"account": made.json()["guid"], "inputs": {}})
    assert installed.status_code == 200
    blend = installed.json()["guid"]
    assert (await api.put(f"/accounts/new/blends/{template}/{blend}")).status_code == 200
    kept = await api.post(f"/accounts/new/blends/{blend}/set-persisted-inputs", json={"Project": "B"})
    assert (kept.status_code, kept.content) == (204, b"")
    ran = await api.post(f"/accounts/new/blends/{blend}/run", params={"async": "true"})
    assert set(names_in(known["GET /accounts/{account}/blends/{blend_guid}/runs"], "item")) <= set(ran.json())
    assert (await api.delete(f"/accounts/new/blends/{blend}")).status_code == 204
    assert (await api.delete("/accounts/new")).status_code == 204
    assert (await api.get("/accounts/new")).status_code == 404


@pytest.mark.parametrize(
    "path, allowed",
    [
        ("/accounts", {"GET", "POST"}),
        ("/accounts/acme", {"GET", "PUT", "DELETE"}),
        ("/templates", {"GET", "POST"}),
        ("/accounts/acme/blends", {"GET"}),
        ("/webhooks", {"GET", "POST"}),
        ("/bulk/install", {"POST"}),
        ("/health", {"GET"}),
    ],
)
async def test_allow_names_the_methods_that_there_are(furnished: Furnished, path: str, allowed: set[str]) -> None:
    answer = await furnished.partner.api.request("PATCH", path)
    assert answer.status_code == 405
    named = {one.strip() for one in answer.headers["allow"].split(",")}
    assert named - {"HEAD", "OPTIONS"} == allowed
