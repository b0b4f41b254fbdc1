"""XML answers of APIs that are not SOAP: as data, in the types of the block's schema, page after page."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import client, manifest
from tieline.connectors.manifest.model import Block, ErrorRule, Paging
from tieline.connectors.manifest.xmlread import XmlRefused, read_xml
from tieline.connectors.runtime.decode import NotReadable, decode
from tieline.connectors.runtime.errors import UpstreamRefused
from tieline.connectors.runtime.transports import transport_of
from tieline.security.egress import Egress

PET = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "price": {"type": "number"},
        "alive": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "owner": {"$ref": "#/schemas/Owner"},
    },
}
OWNER = {"type": "object", "properties": {"phones": {"type": "array", "items": {"type": "integer"}}}}


def read(block: Block, text: str, kind: str = "application/xml", **schemas: Any) -> Any:
    made = manifest("https://api.example", block, schemas={"Owner": OWNER, **schemas})
    return transport_of(block, made).decode(block, text.encode(), kind, expect="json", status=200)


DATA = {
    "text": ("<a>x</a>", "x"),
    "empty": ("<a/>", None),
    "children": ("<a><b>1</b><c/></a>", {"b": "1", "c": None}),
    "several": ("<a><b>1</b><b>2</b></a>", {"b": ["1", "2"]}),
    "attributes": ('<a x="1"><b y="2">t</b></a>', {"@x": "1", "b": {"@y": "2", "#text": "t"}}),
    "namespaces go": ('<p:a xmlns:p="urn:p"><p:b>1</p:b></p:a>', {"b": "1"}),
    "two of one name": (
        '<a xmlns="urn:a" xmlns:m="urn:m"><title>own</title><m:title>other</m:title></a>',
        {"title": "own", "m:title": "other"},
    ),
    "nil": ('<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><b i:nil="true"/></a>', {"b": None}),
    "cdata and references": ("<a><b><![CDATA[<x>]]> &amp; &#65;</b></a>", {"b": "<x> & A"}),
    "comments": ("<a><!-- no --><b>1</b><?pi no?></a>", {"b": "1"}),
}


@pytest.mark.parametrize(("text", "expected"), DATA.values(), ids=DATA)
def test_elements_as_data(text: str, expected: Any) -> None:
    assert decode(text.encode(), "application/xml; charset=utf-8") == expected


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("<a>Ü</a>".encode("utf-16"), "application/xml"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><a>Ü</a>'.encode("latin-1"), "text/xml"),
        ("<a>Ü</a>".encode("cp1252"), "text/xml; charset=windows-1252"),
        ("<a>Ü</a>".encode(), "application/vnd.x+xml; charset=iso-8859-15x"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><a>Ü</a>'.encode(), "application/xml; charset=utf-8"),
    ],
    ids=["utf-16", "declared", "in the header", "unknown charset", "the header wins"],
)
def test_encodings(data: bytes, kind: str) -> None:
    assert decode(data, kind) == "Ü"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "type declaration"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>', "type declaration"),
        (b"<a>" * 300 + b"</a>" * 300, "deeper"),
        (b"<a><b></a>", "cut or damaged"),
        (b"<a>\xff</a>", "cut or damaged"),
    ],
    ids=["entities", "foreign dtd", "deep", "wrong end", "wrong bytes"],
)
def test_hostile_and_broken_xml_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(NotReadable, match=said):
        decode(data, "application/xml")


def test_too_many_elements_are_refused() -> None:
    with pytest.raises(XmlRefused, match="more than 1000"):
        read_xml(b"<a>" + b"<b/>" * 1001 + b"</a>", max_nodes=1000)


def test_records_get_the_types_of_their_schema() -> None:
    text = (
        '<pets><pet id="1"><name/><price>1.50</price><alive>true</alive><tags><tag>a</tag></tags>'
        "<owner><phones>1</phones><phones>2</phones></owner></pet></pets>"
    )
    block = Block(id="pets", kind="list", records="$.pet", output=PET)
    assert read(block, text)["pet"] == [
        {"id": 1, "name": "", "price": 1.5, "alive": True, "tags": ["a"], "owner": {"phones": [1, 2]}}
    ]


@pytest.mark.parametrize("records", ["", "$"], ids=["nothing said", "the whole"])
@pytest.mark.parametrize(
    ("text", "count"),
    [("<pets><pet><id>1</id></pet></pets>", 1), ("<pets><pet><id>1</id></pet><pet><id>2</id></pet></pets>", 2)],
    ids=["one", "two"],
)
def test_an_element_around_the_records_is_taken_off(records: str, text: str, count: int) -> None:
    block = Block(id="pets", kind="list", records=records, output=PET)
    assert read(block, text) == [{"id": index + 1} for index in range(count)]


def test_one_record_is_typed_too() -> None:
    assert read(Block(id="pet", kind="get", output=PET), "<pet><id>7</id></pet>") == {"id": 7}


@pytest.mark.anyio
async def test_pages_of_xml(egress: Egress, api: Api) -> None:
    """A page with one record, and one with none, are lists like the others."""

    def page(start: int, stop: int, more: bool) -> web.Response:
        rows = "".join(f"<pet><id>{index}</id></pet>" for index in range(start, stop))
        text = f"<answer><pets>{rows}</pets><next>{stop if more else ''}</next></answer>"
        return answer(text.encode(), content_type="application/xml")

    api.script = [page(0, 2, True), page(2, 3, True), page(3, 3, False)]
    block = Block(
        id="pets",
        kind="list",
        path="/pets",
        records="$.pets",
        output=PET,
        paging=Paging(style="cursor", param="after", next="$.next", stop=["no_next"]),
    )
    found = [one async for one in client(manifest(api.base, block), egress).records(block, {})]
    assert found == [{"id": 0}, {"id": 1}, {"id": 2}]


@pytest.mark.anyio
async def test_an_error_in_xml_has_a_message_and_can_be_ruled_on(egress: Egress, api: Api) -> None:
    text = b"<Error><Code>NoSuchKey</Code><Message>It is not there.</Message></Error>"
    api.script = [answer(text, 404, content_type="application/xml"), answer(text, 200, content_type="application/xml")]
    block = Block(id="pet", kind="get", path="/pet")
    with pytest.raises(UpstreamRefused, match="It is not there"):
        await client(manifest(api.base, block), egress).call(block, {})
    block.errors = [ErrorRule(then="fail", path="$.Code", equals="NoSuchKey", message="$.Message")]
    with pytest.raises(UpstreamRefused, match="status 200: It is not there"):
        await client(manifest(api.base, block), egress).call(block, {})


def test_text_between_many_elements_costs_no_more_than_the_elements() -> None:
    """A text that is joined anew for each element would take minutes here."""
    found = read_xml(b"<r>" + b"some words <a/>" * 200_000 + b"</r>")
    assert (len(found.text), len(found.children)) == (200_000 * 11, 200_000)
