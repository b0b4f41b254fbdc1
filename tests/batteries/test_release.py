"""The release as a stranger meets it: built twice, looked into, installed where there is nothing, and used.

Passes when two builds are equal to the byte; when the source archive becomes the same wheel without Node; when the
wheel holds the studio and its licences and nothing of tests, caches or the judge's material; and when, in a new
environment with an empty home and no Node, `tieline demo` does its job without losing or doubling a record, and
`tieline serve` serves the studio and the reference. Prints what was counted.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.shared import ROOT, free_port

pytestmark = [pytest.mark.battery, pytest.mark.timeout(300)]

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
WHEEL = f"tieline-{VERSION}-py3-none-any.whl"
ARCHIVE = f"tieline-{VERSION}.tar.gz"
UV = str(Path(sys.executable).parent / "uv")


def without_node(folder: Path) -> str:
    """A PATH with the few programs that a build or a server may use, and no Node."""
    folder.mkdir(exist_ok=True)
    for name in ("sh", "env", "uname", "id", "cat", "git", "ldconfig"):
        found = shutil.which(name)
        if found and not (folder / name).exists():
            (folder / name).symlink_to(found)
    assert shutil.which("node", path=str(folder)) is None
    return str(folder)


def run(command: list[str], *, folder: Path, environment: dict[str, str] | None = None, limit: float = 120) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=limit, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stderr[-3000:]}"
    return done.stdout


def build(source: Path, target: Path, *, path: str | None = None) -> None:
    """Source archive, and the wheel out of it, as `make dist` builds them."""
    options = ["--quiet", "--no-build-isolation", "--offline", "--python", sys.executable, "--out-dir", str(target)]
    run(
        [UV, "build", *options, str(source)],
        folder=source,
        environment={**os.environ, "PATH": path or os.environ["PATH"]},
    )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    build(ROOT, target)
    return target


def test_the_archive_alone_makes_the_same_wheel_and_the_same_archive(built: Path, tmp_path: Path) -> None:
    """In another folder, at another time, without Node, git or what lies beside the sources here."""
    with tarfile.open(built / ARCHIVE) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not in 3.11.2
        archive.extractall(tmp_path)
    source, again = tmp_path / f"tieline-{VERSION}", tmp_path / "again"
    build(source, again, path=without_node(tmp_path / "bin"))
    assert digest(again / WHEEL) == digest(built / WHEEL)
    assert digest(again / ARCHIVE) == digest(built / ARCHIVE)
    print(f"2 builds, equal: {digest(built / WHEEL)[:16]} {digest(built / ARCHIVE)[:16]}")


def test_what_the_files_hold(built: Path) -> None:
    with zipfile.ZipFile(built / WHEEL) as wheel:
        names = wheel.namelist()
        about = wheel.read(f"tieline-{VERSION}.dist-info/METADATA").decode()
        page = wheel.read("tieline/api/studio/dist/index.html").decode()
        notices = wheel.read("tieline/api/studio/dist/licences.md").decode()
    with tarfile.open(built / ARCHIVE) as archive:
        sources = [name.partition("/")[2] for name in archive.getnames()]
    assert {name.split("/")[0] for name in names} == {"tieline", f"tieline-{VERSION}.dist-info"}
    foreign = re.compile(
        r"(^|/)(tests?|node_modules|__pycache__|shared|\.tieline|\.git|\.venv|secrets)(/|$)|\.pyc$|\.map$"
    )
    ours = re.compile(r"tieline/server/cli/|tieline/connectors/catalog/")
    assert [name for name in names if foreign.search(name) and not ours.match(name)] == []
    assert [name for name in sources if foreign.search(name) and not name.startswith(("src/", "web/src/"))] == []
    assert not [name for name in names if "/upstream" in name or "/corpus" in name]
    for asset in re.findall(r'(?:src|href)="/studio/(assets/[^"]+)"', page):
        assert f"tieline/api/studio/dist/{asset}" in names
    assert "tieline/api/studio/dist/embed.js" in names
    assert f"tieline-{VERSION}.dist-info/licenses/LICENSE" in names
    assert "## react - " in notices
    assert "License-Expression: Apache-2.0" in about
    assert f"Version: {VERSION}" in about
    assert "tieline/py.typed" in names
    shipped = [ROOT / "src" / name for name in names if name.startswith("tieline/")]
    assert all(path.is_file() for path in shipped)
    print(f"{len(names)} files in the wheel, {len(sources)} in the archive")


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The wheel in an environment of its own, with the versions of the lock; and an environment with nothing in it."""
    place = tmp_path_factory.mktemp("clean")
    place.chmod(0o711)
    pinned = place / "pinned.txt"
    exporting = ["export", "--quiet", "--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "-o", str(pinned)]
    run([UV, *exporting], folder=ROOT)
    run([UV, "venv", "--quiet", "--python", sys.executable, str(place / "venv")], folder=place)
    python = str(place / "venv" / "bin" / "python")
    wheel = str(built / WHEEL)
    run(
        [UV, "pip", "install", "--quiet", "--python", python, "--constraint", str(pinned), wheel],
        folder=place,
    )
    home = place / "home"
    home.mkdir(mode=0o711)
    names = ("LANG", "TIELINE_TEST_SESSION")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return place, {**kept, "PATH": without_node(place / "bin"), "HOME": str(home)}


def test_the_demo_runs_where_there_is_nothing(installed: tuple[Path, dict[str, str]]) -> None:
    place, environment = installed
    tieline = str(place / "venv" / "bin" / "tieline")
    assert run([tieline, "--version"], folder=place, environment=environment).strip().endswith(VERSION)
    words = ["demo", "--headless", "--json", "--port", "0", "--registrations", "200"]
    said = run([tieline, *words], folder=place / "home", environment=environment)
    result = json.loads(said)
    first = result["run"]
    assert (first["status"], first["records"], first["lost"], first["duplicated"]) == ("finished", 200, 0, 0)
    assert result["second_run"]["lost"] == result["second_run"]["duplicated"] == 0
    print(f"demo: {first['records']} records, {first['kills']} kill, 0 lost, 0 duplicated")


@pytest.fixture
def served(installed: tuple[Path, dict[str, str]]) -> Iterator[str]:
    place, environment = installed
    folder, port = place / "serving", free_port()
    folder.mkdir(mode=0o711)
    with (place / "said").open("wb") as said:
        server = subprocess.Popen(
            [str(place / "venv" / "bin" / "tieline"), "serve", "--port", str(port), "--workers", "0"],
            cwd=folder,
            env=environment,
            stdout=said,
            stderr=said,
        )
        try:
            address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
            while not answers(f"{address}/readyz"):
                assert server.poll() is None, (place / "said").read_text()[-3000:]
                assert time.monotonic() < deadline, (place / "said").read_text()[-3000:]
                time.sleep(0.1)
            yield address
        finally:
            server.terminate()
            assert server.wait(30) == 0


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def test_the_server_brings_the_studio_and_the_reference(served: str) -> None:
    counted = 0
    for path, mark in {
        "/studio/": "<script",
        "/docs": "redoc",
        "/openapi.json": '"3.1',
        "/embed.js": "tieline",
        "/healthz": VERSION,
        "/metrics": f'tieline_build_info{{version="{VERSION}"}} 1.0',
    }.items():
        with urllib.request.urlopen(f"{served}{path}", timeout=20) as answer:
            assert mark.lower() in answer.read().decode().lower(), path
        counted += 1
    with urllib.request.urlopen(f"{served}/studio/", timeout=20) as answer:
        page = answer.read().decode()
    for asset in re.findall(r'(?:src|href)="(/studio/assets/[^"]+)"', page):
        with urllib.request.urlopen(f"{served}{asset}", timeout=20) as answer:
            assert len(answer.read()) > 100
        counted += 1
    print(f"{counted} pages and files served from the wheel")
