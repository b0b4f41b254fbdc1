"""``tieline connectors import`` with documentation of several files; what needs a server is in test_cli."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import Manifest
from tieline.server.cli.connectors_commands import connectors


def imported(source: Path, *options: str) -> Manifest:
    output = source.parent / "made.json"
    done = CliRunner().invoke(connectors, ["import", str(source), "-o", str(output), *options])
    assert done.exit_code == 0, done.output
    return io.load(output.read_bytes())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An OpenAPI document with a schema in a file below it."""
    folder = tmp_path / "api"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "pet.yaml").write_text(
        "type: object\nproperties: {id: {type: string}, name: {type: string}}\n"
    )
    answer = {"description": "ok", "content": {"application/json": {"schema": {"$ref": "models/pet.yaml"}}}}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Pets", "version": "1"},
        "paths": {"/pets/{id}": {"get": {"responses": {"200": answer}}}},
    }
    (folder / "openapi.json").write_text(json.dumps(document))
    return folder


def test_siblings_are_read_by_themselves(project: Path) -> None:
    assert list(imported(project / "openapi.json").schemas) == ["pet"]


def test_an_archive_is_opened(project: Path) -> None:
    with zipfile.ZipFile(project / "docs.zip", "w") as archive:
        for path in sorted(project.rglob("*.*")):
            if path.suffix in (".json", ".yaml"):
                archive.write(path, path.relative_to(project))
    assert list(imported(project / "docs.zip").schemas) == ["pet"]


def test_further_files_are_given_by_hand(tmp_path: Path) -> None:
    collection = tmp_path / "shop.json"
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    request = {"method": "GET", "url": "{{base}}/things/{{kind}}"}
    collection.write_text(json.dumps({"info": {"name": "Shop", "schema": schema}, "item": [{"request": request}]}))
    for name, values in (("one", {"base": "https://one.example"}), ("two", {"kind": "shoe"})):
        listed = [{"key": key, "value": value} for key, value in values.items()]
        scope = {"name": name, "_postman_variable_scope": "environment", "values": listed}
        (tmp_path / f"{name}.json").write_text(json.dumps(scope))
    options = ["--with", str(tmp_path / "one.json"), "--with", str(tmp_path / "two.json")]
    manifest = imported(collection, *options)
    assert [one.url for one in manifest.servers] == ["https://one.example"]
    assert manifest.blocks[0].inputs[0].default == "shoe"


@pytest.mark.parametrize("options", [["--with", "nowhere.json"], ["--with"]])
def test_a_file_that_is_not_there(project: Path, options: list[str]) -> None:
    arguments = ["import", str(project / "openapi.json"), "-o", str(project / "x.json"), *options]
    done = CliRunner().invoke(connectors, arguments)
    assert done.exit_code != 0
    assert not (project / "x.json").exists()
