"""The bill of materials and the report of licences: complete, valid, and without a licence that is not allowed."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import cyclonedx.schema
import jsonschema_rs
import pytest
from packaging.requirements import Requirement

from tests.fixtures.shared import ROOT

SCRIPT = ROOT / "bin" / "components.py"
SCHEMAS = Path(cyclonedx.schema.__file__).parent / "_res"


def written(what: str, target: Path) -> str:
    done = subprocess.run([sys.executable, str(SCRIPT), what, str(target)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def components() -> Any:
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("components", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["components"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written("sbom", tmp_path_factory.mktemp("sbom") / "bill.json"))
    return found


def test_the_page_of_licences_is_up_to_date(tmp_path: Path) -> None:
    """`make licences` writes it anew. It also fails where a licence is not on the list."""
    page = ROOT / "docs" / "reference" / "licences.md"
    assert written("licences", tmp_path / "licences.md") == page.read_text(encoding="utf-8"), "run `make licences`"


def test_the_bill_is_cyclonedx(bill: dict[str, Any]) -> None:
    """Judged by the schema of the standard, with another reader than the writer's."""

    def schema(name: str) -> Any:
        return json.loads((SCHEMAS / f"{name}.SNAPSHOT.schema.json").read_text(encoding="utf-8"))

    place = "http://cyclonedx.org/schema"
    names = [(f"{place}/{name}{end}.schema.json", name) for name in ("spdx", "jsf-0.82") for end in ("", ".SNAPSHOT")]
    registry = jsonschema_rs.Registry([(address, schema(name)) for address, name in names])
    validator = jsonschema_rs.validator_for(schema("bom-1.6"), registry=registry)
    assert [error.message for error in validator.iter_errors(bill)] == []
    assert not validator.is_valid({**bill, "components": [{"type": "nothing"}]})
    assert bill["specVersion"] == "1.6"


def test_the_bill_is_complete(bill: dict[str, Any]) -> None:
    """Everything that is asked for at run time here, through all levels, and the code in the pages."""
    listed = {one["purl"].split("@")[0] for one in bill["components"] if one["purl"].startswith("pkg:pypi/")}
    seen: set[str] = set()
    queue = [("tieline", frozenset({"otel"}))]
    while queue:
        name, extras = queue.pop()
        seen.add(name)
        for line in requires(name) or ():
            needed = Requirement(line)
            wanted = needed.name.lower().replace("_", "-").replace(".", "-")
            if wanted not in seen and (
                needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in {"", *extras})
            ):
                queue.append((wanted, frozenset(needed.extras)))
    missing = {name for name in seen - {"tieline"} if f"pkg:pypi/{name}" not in listed}
    assert not missing
    pages = {one["name"] for one in bill["components"] if one["purl"].startswith("pkg:npm/")}
    assert {"react", "react-dom", "wouter"} <= pages
    assert not pages & {"vite", "typescript", "vitest"}
    refs = {one["bom-ref"] for one in bill["components"]}
    assert {ref for one in bill["dependencies"] for ref in one.get("dependsOn", ())} == refs


@pytest.mark.parametrize(
    "name, licence, fine",
    [
        ("x", "MIT", True),
        ("x", "MIT OR GPL-3.0-only", True),
        ("x", "MIT AND GPL-3.0-only", False),
        ("x", "GPL-3.0-only", False),
        ("x", "AGPL-3.0-or-later", False),
        ("x", "Apache-2.0 WITH LLVM-exception", True),
        ("x", "LGPL-3.0-only", False),
        ("psycopg", "LGPL-3.0-only", True),
        ("psycopg", "GPL-3.0-only", False),
        ("x", "", False),
        ("x", "Proprietary", False),
    ],
)
def test_licences_are_judged_by_their_expression(components: Any, name: str, licence: str, fine: bool) -> None:
    part = components.Part("pypi", name, "1", licence)
    assert components.allowed(part) is fine
    if not fine:
        with pytest.raises(components.Refused, match="outside of the list"):
            components.refuse_foreign_licences([part])
