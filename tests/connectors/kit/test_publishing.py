"""Publishing manifests to folders and git, and what authors begin with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tieline.connectors.kit import publish, read_file, scaffold
from tieline.connectors.manifest.errors import ManifestError
from tieline.core.errors import BadInput, Conflict


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return scaffold("my-crm", tmp_path)[0]


def test_the_scaffold_names_its_schema_and_is_not_overwritten(tmp_path: Path, file: Path) -> None:
    first = file.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=./connector.schema.json"
    assert json.loads((tmp_path / "connector.schema.json").read_text())["title"] == "Tieline connector manifest"
    assert read_file(file).name == "my-crm"
    with pytest.raises(Conflict, match="is there already"):
        scaffold("my-crm", tmp_path)
    with pytest.raises(BadInput, match="lower-case"):
        scaffold("../My CRM", tmp_path)


def test_a_version_is_published_once(tmp_path: Path, file: Path) -> None:
    folder = tmp_path / "shelf"
    first = publish(file, folder)
    assert first.changed
    assert first.file == folder / "my-crm-0.1.0.yaml"
    assert first.file.read_bytes() == file.read_bytes()
    assert not publish(file, folder).changed
    file.write_text(file.read_text().replace("What the API is for", "Another word"))
    with pytest.raises(Conflict, match=r"raise the version in my-crm\.yaml"):
        publish(file, folder)
    file.write_text(file.read_text().replace("version: 0.1.0", "version: 0.10.0"))
    second = publish(file, folder)
    index = json.loads((folder / "index.json").read_text())
    assert index["schema"] == "tieline.index/1"
    assert index["connectors"]["my-crm"]["latest"] == "0.10.0"
    assert index["connectors"]["my-crm"]["versions"]["0.10.0"]["sha256"] == second.sha256
    assert sorted(path.name for path in folder.iterdir()) == [
        "index.json",
        "my-crm-0.1.0.yaml",
        "my-crm-0.10.0.yaml",
    ]


@pytest.mark.parametrize("text", ["[]", "{}", "not json", '{"schema": "tieline.index/1", "connectors": []}'])
def test_a_foreign_index_is_left_alone(tmp_path: Path, file: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(BadInput, match="no index of connectors"):
        publish(file, tmp_path)
    assert (tmp_path / "index.json").read_text() == text


def test_a_version_cannot_leave_the_folder(tmp_path: Path, file: Path) -> None:
    file.write_text(file.read_text().replace("version: 0.1.0", "version: ../../0.1.0"))
    with pytest.raises(BadInput, match="cannot be part of a file name"):
        publish(file, tmp_path / "shelf")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True).stdout


def test_in_a_work_tree_both_files_are_committed_and_nothing_else(tmp_path: Path, file: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "config", "user.email", "ada@example.com")
    git(folder, "config", "user.name", "Ada")
    (folder / "mine.txt").write_text("not to be committed")
    git(folder, "add", "mine.txt")
    done = publish(file, folder)
    assert git(folder, "rev-parse", "HEAD").strip() == done.commit
    assert git(folder, "show", "--name-only", "--format=%s", "HEAD").split("\n\n") == [
        "Publish my-crm 0.1.0",
        "index.json\nmy-crm-0.1.0.yaml\n",
    ]
    assert publish(file, folder).commit == ""


def test_a_work_tree_without_git_is_a_clear_error(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tree" / ".git").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="there is no git on this machine"):
        publish(file, tmp_path / "tree")
    assert not list((tmp_path / "tree").glob("*.yaml"))


@pytest.mark.parametrize(
    "wrong, why",
    [
        ("  style: cursor", "Invalid enum value"),
        ("    kind: incremental", "Invalid enum value"),
        ("    method: POST", "Object contains unknown field"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line(file: Path, wrong: str, why: str) -> None:
    lines = file.read_text().splitlines()
    number = next(at for at, text in enumerate(lines) if text.startswith(wrong)) + 1
    lines[number - 1] = wrong.partition(":")[0] + (": nonsense" if "unknown" not in why else "x: nonsense")
    file.write_text("\n".join(lines))
    with pytest.raises(ManifestError, match=why) as caught:
        read_file(file)
    told = caught.value.meta["line"]
    assert str(file) in caught.value.detail
    # An unknown field has no place of its own: the entry that holds it is named.
    assert told == number or (why.endswith("field") and 0 < number - told < 12), told
