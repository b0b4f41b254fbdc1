from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.connectors.importers.support import op, spec
from tieline.connectors.documents import bundle as limits
from tieline.connectors.documents import gather_file, links

PET = {"Pet": {"type": "object", "properties": {"owner": {"$ref": "./deep/owner.yaml"}}}}


def project(folder: Path) -> Path:
    """An OpenAPI document with files below it that refer to each other in a circle."""
    (folder / "models" / "deep").mkdir(parents=True)
    main = folder / "openapi.json"
    main.write_text(json.dumps(spec({"/pets": {"get": op({"$ref": "models/pet.json#/Pet"})}})))
    (folder / "models" / "pet.json").write_text(json.dumps(PET))
    (folder / "models" / "deep" / "owner.yaml").write_text("properties:\n  pet:\n    $ref: '../pet.json#/Pet'\n")
    return main


def test_files_below_are_read_through_each_other(tmp_path: Path) -> None:
    bundle = gather_file(project(tmp_path))
    assert sorted(bundle.parts) == ["models/deep/owner.yaml", "models/pet.json"]
    assert (bundle.address, bundle.missing) == ("openapi.json", [])


@pytest.mark.parametrize("ref", ["../secret.json", "/etc/passwd", "models/../../secret.json", "file:///etc/passwd"])
def test_nothing_outside_of_the_folder_is_read(tmp_path: Path, ref: str) -> None:
    inside = tmp_path / "api"
    inside.mkdir()
    (tmp_path / "secret.json").write_text('{"secret": 1}')
    main = inside / "openapi.json"
    main.write_text(json.dumps(spec({"/x": {"get": op({"$ref": ref + "#/secret"})}})))
    assert gather_file(main).parts == {}


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "api"
    inside.mkdir()
    (tmp_path / "secret.json").write_text('{"secret": 1}')
    (inside / "link.json").symlink_to(tmp_path / "secret.json")
    (inside / "openapi.json").write_text(json.dumps(spec({"/x": {"get": op({"$ref": "link.json#/secret"})}})))
    bundle = gather_file(inside / "openapi.json")
    assert (bundle.parts, bundle.missing) == ({}, ["link.json"])


def test_number_and_bytes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main = tmp_path / "openapi.json"
    refs = [{"$ref": f"{number}.json"} for number in range(10)]
    main.write_text(json.dumps(spec({"/x": {"get": op({"anyOf": refs})}})))
    for number in range(10):
        (tmp_path / f"{number}.json").write_text("{}" + " " * 1000)
    monkeypatch.setattr(limits, "MAX_FILES", 4)
    assert len(gather_file(main).parts) == 4
    monkeypatch.setattr(limits, "MAX_FILES", 500)
    monkeypatch.setattr(limits, "MAX_BYTES", main.stat().st_size + 2500)
    assert len(gather_file(main).parts) == 2


def test_declarations_of_a_listing_are_found_by_their_path(tmp_path: Path) -> None:
    main = tmp_path / "api-docs.json"
    main.write_text(
        '{"swaggerVersion": "1.2", "apis": [{"path": "/pet.{format}"}, {"path": "/store"}, {"path": "/no"}]}'
    )
    (tmp_path / "pet.json").write_text("{}")
    (tmp_path / "store").write_text("{}")
    bundle = gather_file(main)
    assert (sorted(bundle.parts), bundle.missing) == (["pet.json", "store"], ["no"])


def test_imports_of_wsdl_and_schemas(tmp_path: Path) -> None:
    main = tmp_path / "service.wsdl"
    main.write_text(
        "<definitions><import location=\"x/types.wsdl\"/><xs:include schemaLocation='a&amp;b.xsd'/></definitions>"
    )
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "types.wsdl").write_text('<xs:import namespace="n"\n schemaLocation="../a&amp;b.xsd"/>')
    (tmp_path / "a&b.xsd").write_text("<schema/>")
    assert sorted(gather_file(main).parts) == ["a&b.xsd", "x/types.wsdl"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"$ref": "a.yaml#/X"}', ["a.yaml"]),
        ('{"$ref": "a\\/b.json"}', ["a/b.json"]),
        ("x:\n  $ref: ./a.yaml\n", ["./a.yaml"]),
        ("x: {$ref: 'a b.yaml'}", ["a b.yaml"]),
        ('{"$ref": "#/definitions/X"}', []),
        ('{"$ref": "Pet"}', []),
        ('{"$ref": {"type": "string"}}', []),
        ("\x00\x01\xff\xfe", []),
        ("", []),
    ],
)
def test_links(text: str, expected: list[str]) -> None:
    assert [one[0] for one in links(text.encode("latin-1"))] == expected


def test_a_chain_of_thousands_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_FILES", 50)
    for number in range(100):
        (tmp_path / f"{number}.json").write_text(json.dumps({"$ref": f"{number + 1}.json"}))
    assert len(gather_file(tmp_path / "0.json").parts) == 50
