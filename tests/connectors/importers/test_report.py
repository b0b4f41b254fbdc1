from __future__ import annotations

import json
from pathlib import Path

from tests.connectors.importers.support import many, op, param, spec
from tieline.connectors.documents import reports
from tieline.connectors.importers import report

GOOD = json.dumps(
    spec({"/things": {"get": op(many(), query=[param("page", "integer"), param("per_page", "integer")]), "post": op()}})
)


def test_a_good_document(tmp_path: Path) -> None:
    file = tmp_path / "good.json"
    file.write_text(GOOD)
    found = report(file)
    seconds = found.pop("seconds")
    assert 0 <= seconds < 60
    assert found == {
        "file": str(file),
        "ok": True,
        "name": "test",
        "format": "openapi",
        "version": "3.1.0",
        "blocks": {"create": 1, "list": 1},
        "auth": [],
        "paging": {"page": 1},
        "warnings": ["The document says nothing about authentication; connections are made without."],
    }
    assert report(GOOD.encode())["file"] == "-"


def test_a_bad_document_is_a_report_too(tmp_path: Path) -> None:
    found = report(b"a: 1\nb\nc: 2", file="x.yaml")
    assert set(found) == {"file", "ok", "error", "seconds"}
    assert (found["file"], found["ok"]) == ("x.yaml", False)
    assert found["error"] == {
        "code": "unreadable-document",
        "title": "The document cannot be read",
        "detail": "line 3, column 1: not readable as YAML: could not find expected ':' (while scanning a simple key).",
        "line": 3,
        "column": 1,
    }
    assert report(tmp_path / "missing.json")["error"]["code"] == "unreadable-file"
    assert report(b"{}", format="nope")["error"]["code"] == "unknown-format"


def test_a_folder_gives_one_report_a_document(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.json", "a.yaml", "deep/c.yml", "notes.txt"):
        (tmp_path / name).write_text(GOOD)
    (tmp_path / "broken.json").write_text("{")
    found = list(reports(tmp_path))
    assert [(one["file"], one["ok"]) for one in found] == [
        ("a.yaml", True),
        ("b.json", True),
        ("broken.json", False),
        ("deep/c.yml", True),
    ]
    assert [one["file"] for one in reports(tmp_path / "b.json")] == [str(tmp_path / "b.json")]
