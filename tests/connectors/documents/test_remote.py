from __future__ import annotations

import json

import pytest

from tests.connectors.importers.support import obj, op, spec
from tests.security.egress.servers import LOOPBACK, Seen, http, serving
from tieline.connectors.documents import Bundle, gather_url
from tieline.connectors.documents import remote as module
from tieline.connectors.importers import import_document
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio


async def gathered(files: dict[str, bytes], main: str) -> tuple[Bundle, list[str]]:
    async def answer(seen: Seen) -> bytes:
        data = files.get(seen.path)
        if data is not None and data.startswith(b"->"):
            return http(b"", 302, f"Location: {data[2:].decode()}")
        return http(data) if data is not None else http(b"", 404)

    async with serving(answer) as served, Egress(LOOPBACK) as egress:
        bundle = await gather_url(egress, files[main].replace(b"ORIGIN", served.url("").encode()), served.url(main))
        return bundle, [seen.path for seen in served.requests]


async def test_files_of_the_same_origin_are_fetched_and_named_relative_to_the_document() -> None:
    refs = ["models/pet.json#/Pet", "/shared/error.yaml", "ORIGIN/api/v1/elsewhere.json#/X", "models/gone.json"]
    paths = {f"/{number}": {"get": op({"$ref": ref}, id=f"get{number}")} for number, ref in enumerate(refs)}
    files = {
        "/api/v1/openapi.json": json.dumps(spec(paths)).encode(),
        "/api/v1/models/pet.json": json.dumps(
            {"Pet": obj(id="string", name="string", e={"$ref": "../../../shared/error.yaml"})}
        ).encode(),
        "/shared/error.yaml": b"properties: {code: {type: integer}}",
        "/api/v1/elsewhere.json": b"->/api/v1/other.json",
        "/api/v1/other.json": b'{"X": {"properties": {"x": {"type": "string"}}}}',
    }
    bundle, seen = await gathered(files, "/api/v1/openapi.json")
    assert sorted(bundle.parts) == ["../../shared/error.yaml", "elsewhere.json", "models/pet.json"]
    assert bundle.missing == ["models/gone.json"]
    assert sorted(seen) == sorted(set(seen)), "each file once"
    manifest = import_document(bundle.data, address=bundle.address, parts=bundle.parts)
    assert set(manifest.schemas) == {"Pet", "error", "X"}
    assert [one.code for one in manifest.warnings if one.code == "external-reference"] == ["external-reference"]


async def test_other_origins_are_never_asked_not_even_by_redirect() -> None:
    async def stranger(_: Seen) -> bytes:
        return http(b'{"X": {}}')

    async with serving(stranger) as other:
        files = {
            "/openapi.json": json.dumps(
                spec(
                    {"/a": {"get": op({"$ref": other.url("/x.json#/X")})}, "/b": {"get": op({"$ref": "moved.json#/X"})}}
                )
            ).encode(),
            "/moved.json": b"->" + other.url("/x.json").encode(),
        }
        bundle, _ = await gathered(files, "/openapi.json")
        assert bundle.parts == {}
        assert other.requests == []


async def test_a_listing_of_swagger_1_hangs_its_declarations_on_its_own_address() -> None:
    files = {
        "/api-docs": b'{"swaggerVersion": "1.2", "apis": [{"path": "/pet"}]}',
        "/api-docs/pet": b'{"swaggerVersion": "1.2", "basePath": "http://x.example", "resourcePath": "/pet", "apis": '
        b'[{"path": "/pet", "operations": [{"method": "GET", "nickname": "list", "type": "array", "items": '
        b'{"type": "string"}}]}]}',
    }
    bundle, _ = await gathered(files, "/api-docs")
    manifest = import_document(bundle.data, address=bundle.address, parts=bundle.parts)
    assert [one.path for one in manifest.blocks] == ["/pet"]


async def test_imports_that_differ_in_their_query_only() -> None:
    files = {
        "/s?wsdl": b'<definitions><import location="?xsd=1"/><import location="s?xsd=2"/></definitions>',
        "/s?xsd=1": b"<one/>",
        "/s?xsd=2": b"<two/>",
    }
    bundle, _ = await gathered(files, "/s?wsdl")
    assert bundle.parts == {"s?xsd=1": b"<one/>", "s?xsd=2": b"<two/>"}


async def test_the_number_of_files_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FETCHED", 5)
    refs = [{"$ref": f"{number}.json"} for number in range(20)]
    files = {"/openapi.json": json.dumps(spec({"/x": {"get": op({"anyOf": refs})}})).encode()}
    files |= {f"/{number}.json": b"{}" for number in range(20)}
    bundle, seen = await gathered(files, "/openapi.json")
    assert len(bundle.parts) == len(seen) == 5


@pytest.mark.parametrize("asked", ["here", "elsewhere"])
async def test_credentials_go_to_the_origin_that_they_were_given_for(asked: str) -> None:
    async def answer(_: Seen) -> bytes:
        return http(b"{}")

    async with serving(answer) as served, Egress(LOOPBACK) as egress:
        data = json.dumps(spec({"/x": {"get": op({"$ref": "a.json"})}})).encode()
        source = served.url("/before") if asked == "here" else "http://other.example/openapi.json"
        await gather_url(egress, data, served.url("/openapi.json"), asked=source, headers={"x-key": "k"})
        assert [seen.headers.get("x-key") for seen in served.requests] == ["k" if asked == "here" else None]


async def test_a_file_that_refers_back_to_the_document() -> None:
    files = {
        "/openapi.json": json.dumps(spec({"/x": {"get": op({"$ref": "a.json"})}})).encode(),
        "/a.json": b'{"$ref": "openapi.json#/components/schemas/Thing"}',
    }
    bundle, seen = await gathered(files, "/openapi.json")
    assert (sorted(bundle.parts), bundle.missing, seen) == (["a.json"], [], ["/a.json"])


async def test_an_address_in_full_is_followed_to_files_only() -> None:
    files = {
        "/s?wsdl": b'<definitions><import location="ORIGIN/s?xsd=1"/><import location="ORIGIN/types/a.xsd"/>'
        b'<import location="ORIGIN/jobs/start"/></definitions>',
        "/s?xsd=1": b"<one/>",
        "/types/a.xsd": b"<two/>",
        "/jobs/start": b"<started/>",
    }
    bundle, seen = await gathered(files, "/s?wsdl")
    assert bundle.parts == {"s?xsd=1": b"<one/>", "types/a.xsd": b"<two/>"}
    assert "/jobs/start" not in seen
    assert len(bundle.missing) == 1
