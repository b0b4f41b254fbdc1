"""Bodies: answers of vendors (JSON, XML, CSV, lines, gzip, several parts), webhook deliveries, files of file blocks."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from random import Random
from typing import Any

from tests.fuzz.engine import target
from tests.fuzz.mutation import mutated_bytes, odd, of_bytes, words
from tieline.automations.blocks import file_rows
from tieline.automations.blocks.file_errors import FileUnreadable
from tieline.automations.blocks.file_parsers import Json, JsonLines, Lines, Table, sniffed_delimiter
from tieline.automations.blocks.file_reading import codec_of
from tieline.automations.blocks.values import decoded, flag, items, number, whole
from tieline.connectors.documents.archive import is_archive, open_archive
from tieline.connectors.manifest.xmlread import XmlRefused, read_xml
from tieline.connectors.runtime.decode import NotReadable, decode
from tieline.connectors.runtime.soap import mime
from tieline.connectors.runtime.xmldata import plain_value
from tieline.connectors.webhooks import bodies
from tieline.core.errors import TielineError

JSON = b'{"data": [{"id": 1, "name": "Ada \\u00e9", "at": "2026-01-31T12:00:00Z", "n": null, "f": 1.5e3}], "next": "x"}'
XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<a xmlns:x="urn:x" id="1"><x:b>text &amp; &#233;</x:b><c><![CDATA[<d>]]></c><c/><!-- e --><?pi f?></a>"""
CSV = b'id,name,"a ""b"""\r\n1,Ada,x\r\n2,"line\nbreak",\r\n'
LINES = b'{"id": 1}\n\n{"id": 2}\r\n'
HTML = b"<!DOCTYPE html><html><form>log in</form></html>"
TYPES = {
    "application/json": [JSON, LINES],
    "application/xml": [XML],
    "text/csv": [CSV, b"sep=;\r\na;b\r\n1;2"],
    "text/tab-separated-values": [CSV],
    "application/x-ndjson": [LINES],
    "text/html": [HTML],
    "text/plain; charset=utf-16": [JSON.decode().encode("utf-16"), XML],
    "application/octet-stream": [gzip.compress(JSON), gzip.compress(gzip.compress(CSV))],
    "": [JSON, XML, CSV, b"true", b"\xef\xbb\xbf[]"],
}
CHARSETS = [
    "",
    "; charset=latin-1",
    "; charset=utf-7",
    "; charset=hex",
    "; charset=rot13",
    "; charset=idna",
    "; charset=undefined",
]
CHARSETS += [
    "; charset=zip",
    "; charset=utf-16",
    '; charset="x',
    "; header=absent",
    "; charset=punycode",
    "; charset=unicode_escape",
]


def answer(random: Random) -> tuple[bytes, str, str]:
    kind = random.choice(list(TYPES))
    body = mutated_bytes(random, random.choice(TYPES[kind]))
    if random.random() < 0.2:
        kind = random.choice(list(TYPES))
    return body, kind + random.choice(CHARSETS), random.choice(["json", "any"])


@target("answer", answer, refuses=(NotReadable, TielineError), ci=4000)
def answers(made: tuple[bytes, str, str]) -> None:
    body, kind, expect = made
    json.dumps(decode(body, kind, expect=expect))


@target(
    "xml",
    of_bytes(lambda: [XML, XML.decode().encode("utf-16"), b"<a>" * 300 + b"</a>" * 300]),
    refuses=(XmlRefused,),
    ci=1500,
)
def xml(data: bytes) -> None:
    plain_value(read_xml(data))


MULTI = b"--x\r\nContent-Type: text/xml\r\nContent-ID: <a>\r\n\r\n<a/>\r\n"
MULTI += b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--x--"
MULTI_TYPES = [
    "multipart/related; boundary=x; start=<a>",
    'multipart/related; boundary="x"',
    "multipart/related",
    "x; boundary=é",
]


@target(
    "multipart",
    lambda random: (mutated_bytes(random, MULTI), random.choice(MULTI_TYPES)),
    refuses=(NotReadable,),
    ci=800,
)
def multipart(made: tuple[bytes, str]) -> None:
    root, others = mime.split(*made)
    for part in (root, *others):
        part.as_file()


DELIVERIES = [JSON, b"a=1&b=2&a=3&c=%C3%A9", b"payload=%7B%22a%22%3A1%7D", b'"\\ud800"', b"\xef\xbb\xbf{}"]
DELIVERED = ["application/json", "application/x-www-form-urlencoded", "text/plain", ""]


@target(
    "delivery", lambda random: (mutated_bytes(random, random.choice(DELIVERIES)), random.choice(DELIVERED)), ci=1500
)
def delivery(made: tuple[bytes, str]) -> None:
    found = bodies.decode(*made)
    json.dumps(found, ensure_ascii=False).encode()
    bodies.storable(bodies.scalar(found, "$.data[0].id"))


ENCODINGS = ["utf-8", "latin-1", "cp1252", "utf-8-sig", "undefined", "unicode_escape", "cp037", "utf-7", "é", "\0"]


def file_of(random: Random) -> tuple[bytes, str, str, str]:
    kind = random.choice(["json", "csv", "ndjson", "raw"])
    seeds = {"json": [JSON, b"[1, 2, {}]", b" [] "], "csv": [CSV], "ndjson": [LINES], "raw": [LINES]}
    data = mutated_bytes(random, random.choice(seeds[kind]))
    if random.random() < 0.1:
        data = words(random, ["[", "]", ",", "1", "{", "}", '"', "a", ":", "\n", "1e9", "-", " "], 40).encode()
    if random.random() < 0.02:
        data = random.choice([b"a,", b'"', b'""', b"[", b"1,", b"\n", b'{"a":'])[:10] * 60_000
    return data, kind, random.choice(ENCODINGS), random.choice([",", ";", "\t", "|"])


def parser_of(kind: str, named: str, delimiter: str) -> Any:
    encoding = codec_of(named)
    if kind == "csv":
        return Table(encoding, {}, delimiter=delimiter, headers=True, columns=None)
    return {"json": Json, "ndjson": JsonLines, "raw": Lines}[kind](encoding, {})


def taken(parser: Any, data: bytes) -> list[Any]:
    found: list[Any] = []
    at = 0
    while at < len(data):
        records, used = parser.take(data[at:], True, 500)
        found += records
        if not used:
            break
        at += used
    return found


@target("file", file_of, refuses=(FileUnreadable, TielineError), ci=2000)
def files(made: tuple[bytes, str, str, str]) -> None:
    data, kind, encoding, delimiter = made
    sniffed_delimiter(data)
    whole_file = taken(parser_of(kind, encoding, delimiter), data)
    if len(data) > 5000:
        return
    # In small buffers it says the same, as long as each holds a record.
    parser, found, at, size = parser_of(kind, encoding, delimiter), [], 0, 8
    while at < len(data):
        final = at + size >= len(data)
        records, used = parser.take(data[at : at + size], final, 3)
        found += records
        at += used
        size = size if used else 2 * size
        if final and not used and not records:
            break
        if size > 4 * len(data) + 16:
            break
    assert found == whole_file, "the size of the buffer must not matter"


def rows(random: Random) -> tuple[str, Any, str]:
    names = ["a", "b", 'c"', "d\n", "e,"]
    data: Any = [{name: odd(random) for name in names if random.random() < 0.8} for _ in range(random.randrange(4))]
    return (
        random.choice(["csv", "json", "ndjson", "raw", "x"]),
        data if random.random() < 0.8 else odd(random),
        random.choice([",", ";"]),
    )


@target("values", lambda random: odd(random), ci=800)
def values(value: Any) -> None:
    for read in (decoded, items, flag):
        read(value)
    for what in (number, whole):
        with suppress(TielineError):
            what(value, "x")


@target("file-settings", lambda random: odd(random), ci=400)
def settings(value: Any) -> None:
    for read in (file_rows.delimiter_of, file_rows.encoding_of):
        with suppress(TielineError):
            read(value)


def archive(random: Random) -> bytes:
    import io
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("openapi.json", b'{"openapi": "3.1.0"}')
        file.writestr(random.choice(["../../x.json", "/etc/passwd", "a\\..\\b.json", "é.yaml", "a" * 300]), b"x" * 1000)
    return mutated_bytes(random, made.getvalue())


@target("archive", archive, ci=500)
def archives(data: bytes) -> None:
    if is_archive(data):
        bundle = open_archive(data)
        assert not any(".." in name.split("/") or name.startswith("/") for name in bundle.parts)
