"""What fuzzing has found, as the smallest input that showed it: each is an error of ours now, or works."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.fuzz.engine import attempt, target, watched
from tests.fuzz.targets.tokens import KEY, PARTNER, claims, signed
from tieline.api.edge.seals import Seals
from tieline.automations.blocks.file_errors import FileUnreadable
from tieline.automations.blocks.file_parsers import Table
from tieline.automations.blocks.file_reading import codec_of
from tieline.automations.blocks.http_parts import is_charset
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.connectors.documents.archive import open_archive
from tieline.connectors.importers import import_document
from tieline.connectors.manifest import io as manifests
from tieline.connectors.manifest.errors import UnreadableDocument
from tieline.connectors.runtime.csvdata import read_csv
from tieline.connectors.runtime.decode import NotReadable, decode
from tieline.core.errors import BadInput
from tieline.oem.sso import tokens as sso
from tieline.oem.sso.errors import SignOnRefused
from tieline.security.signatures import SignatureRefused, opened
from tieline.server.cli.sse import BrokenStream, Events
from tieline.tenancy.oauth import assertions
from tieline.tenancy.studio import oidc

MANY = 16_000


@pytest.mark.parametrize("charset", ["undefined", "unicode_escape", "raw_unicode_escape", "idna", "a\0b"])
def test_xml_in_a_codec_that_is_no_charset(charset: str) -> None:
    with pytest.raises(NotReadable):
        decode(b"<\\c", f"/xml;charset={charset}")


@pytest.mark.parametrize("name", ["undefined", "unicode_escape", "raw_unicode_escape", "idna", "utf-7", "zip", "a\0b"])
def test_a_file_in_a_codec_that_is_no_charset(name: str) -> None:
    with pytest.raises(BlockInputInvalid, match="is not known"):
        codec_of(name)


def test_the_codec_that_only_fails_is_no_charset() -> None:
    assert not is_charset("undefined")
    assert is_charset("latin-1")


def test_a_zip_whose_directory_lies_about_its_entries() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("openapi.json", b"{}")
    data = bytearray(made.getvalue())
    # The name of the entry in front of its data is cut to nothing, in the directory it begins with a NUL.
    data[data.index(b"openapi.json", 60)] = 0
    with pytest.raises(UnreadableDocument):
        open_archive(bytes(data))


@pytest.mark.parametrize("setting", ["algorithm", "header", "template"])
def test_half_of_a_surrogate_pair_in_the_settings_of_a_dialect(setting: str) -> None:
    with pytest.raises(BadInput, match=r"surrogate|are wrong"):
        opened({"dialect": "github", setting: "\ud800" if setting == "algorithm" else ["\ud800"]})


def test_thousands_of_columns_of_one_name_take_no_time() -> None:
    line = b",".join([b"1"] * MANY) + b"\n"
    with watched(5):
        parser = Table("utf-8", {}, delimiter=",", headers=True, columns=None)
        (record,), _ = parser.take(line * 2, True, 5)
        assert len(record) == MANY
        assert list(record)[:3] == ["1", "1_2", "1_3"]
        text = ",".join(["1"] * 9_999)
        assert len(read_csv(f"{text}\n{text}\n", "text/csv")[0]) == 9_999


def test_a_file_with_more_columns_than_any_table_has() -> None:
    with pytest.raises(FileUnreadable, match="columns"):
        Table("utf-8", {}, delimiter=",", headers=True, columns=None).take(b"a," * 20_000, True, 5)


def test_names_that_stand_twice_and_once_with_a_number() -> None:
    parser = Table("utf-8", {}, delimiter=",", headers=True, columns=None)
    (record,), _ = parser.take(b"a,a_2,a,a\n1,2,3,4\n", True, 5)
    assert record == {"a": "1", "a_2": "2", "a_3": "3", "a_4": "4"}


@pytest.mark.parametrize("place", ["definitions", "schemas"])
def test_definitions_that_are_a_bare_reference(place: str) -> None:
    document = {
        "swagger": "2.0",
        "info": {"title": "a", "version": "1"},
        "paths": {"/gs": {"get": {"parameters": [{"$ref": "fs"}], "responses": {}}}},
        place: {"$ref": "0"},
    }
    assert len(import_document(json.dumps(document).encode()).blocks) == 1


def test_a_default_that_is_larger_than_any_number_of_a_manifest() -> None:
    sdl = "type Query { orders(first: Int = " + "9" * 100 + ", after: String): [String!]! }"
    manifest = import_document(sdl.encode(), format="graphql")
    assert manifests.load(manifests.dump(manifest, "json")) == manifest


def test_a_pdf_with_a_filter_that_nobody_knows() -> None:
    data = (
        b"1 0 obj<</MediaBox[0 0 8 9]2 0 obj<</Pages 1 0 R0 obj<<\n/Contents 10 0 R10 0 obj\n<<\n"
        b"/Filter /FlcteDecode/>\nstream\n\xe1nstream\nejtrailer\n<</Root 2 0 R>]>\nstartxref\n8\n%"
    )
    with pytest.raises((BadInput, UnreadableDocument)):
        import_document(data, format="pdf")


@pytest.mark.parametrize("depth", [200, 300])
def test_a_manifest_that_nests_deep_is_written_and_read_again(depth: int) -> None:
    schema: Any = {}
    for _ in range(depth):
        schema = {"items": schema}
    text = json.dumps({"schema": "tieline.connector/1", "name": "a", "schemas": {"A": schema}})
    found = manifests.load(text)
    assert manifests.load(manifests.dump(found)) == found


def test_a_number_of_a_thousand_digits_in_a_manifest_is_written_and_read_again() -> None:
    text = '{"schema": "tieline.connector/1", "name": "a", "schemas": {"A": {"const": ' + "9" * 1000 + "}}}"
    found = manifests.load(text)
    assert manifests.load(manifests.dump(found)) == found
    assert manifests.load(manifests.dump(found, "json")) == found


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_sign_on_token_with_a_time_beyond_all_numbers(name: str) -> None:
    text = signed({"alg": "HS256"}, {**claims(), name: 10**400})
    with pytest.raises(SignOnRefused, match="beyond all times"):
        sso.verify(text, PARTNER, audience={"app"})


def test_an_id_token_with_a_time_beyond_all_numbers() -> None:
    assert oidc._seconds(10**400) is None


@pytest.mark.parametrize("algorithm", [{}, [], None, 1])
def test_a_client_assertion_whose_algorithm_is_no_text(algorithm: Any) -> None:
    text = signed({"alg": algorithm, "kid": "k"}, {"sub": "me"})
    with pytest.raises(SignatureRefused):
        assertions.verify(text, [{"alg": "ES384", "kid": "k"}], client_id="me", audience={"x"})


def test_a_client_assertion_that_nests_without_end_names_nobody() -> None:
    assert assertions.subject(signed({"alg": "ES384"}, b"[" * 5000)) == ""


def test_another_spelling_of_a_seal_is_none() -> None:
    seals = Seals([KEY])
    text = seals.seal(b"hello", "login")
    assert seals.open(text, "login") == b"hello"
    assert seals.open(text[:20] + "]" + text[20:], "login") is None


def test_a_stream_whose_data_is_no_json() -> None:
    with pytest.raises(BrokenStream):
        list(Events().feed(b"data: {\n\n"))
    assert list(Events().feed(b"event: run\r\nid: 1\r\ndata: [\r\ndata: 1]\r\n\r\n")) == [("run", "1", [1])]


def test_the_watchdog_and_the_reduction_work() -> None:
    """The engine itself: an endless loop is found, and an input is made small."""

    @target("test-only", lambda random: "x" * 50 + "!" + "y" * 50)
    def run(text: str) -> None:
        if "!" in text:
            raise KeyError(text)

    from tests.fuzz.engine import TARGETS, Target, drive

    one = TARGETS.pop("test-only")
    (finding,) = drive(one, "1", inputs=3).findings
    assert (finding.kind, finding.input) == ("KeyError", "!")

    def endless(_: Any) -> None:
        while True:
            pass

    failed = attempt(Target("endless", lambda random: "", endless), "", seconds=0.2)
    assert failed is not None
    assert failed[0] == "Hung"
