"""The studio as it is built: small, the same each time, of the API as it is now."""

from __future__ import annotations

import gzip
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.shared import ROOT
from tests.studio.running import build
from tieline.api.edge import built
from tieline.clients import package
from tieline.server.offline import offline_document

pytestmark = [pytest.mark.battery, pytest.mark.timeout(570)]

MOST_AT_FIRST = 150_000
MOST_OF_LOADER = 2_048


@pytest.fixture(scope="module")
def dist() -> Path:
    build()
    return built.FOLDER


def built_to(folder: Path) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "bin/build_studio.py", "--to", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return contents(folder)


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_two_builds_are_equal(tmp_path: Path) -> None:
    """Wherever they are made; a path with a space does no harm."""
    first, second = built_to(tmp_path / "one"), built_to(tmp_path / "another place")
    assert first == second
    assert "index.html" in first
    assert "embed.js" in first
    assert any(name.endswith(".br") for name in first)


def test_a_second_build_has_nothing_to_do(dist: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in dist.rglob("*")}
    done = subprocess.run(
        [sys.executable, "bin/build_studio.py"],
        cwd=ROOT,
        env={"PATH": "/nowhere", "HOME": "/nowhere", "https_proxy": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {path: path.stat().st_mtime_ns for path in dist.rglob("*")} == before


def test_little_is_loaded_at_first(dist: Path) -> None:
    page = (dist / "index.html").read_text(encoding="utf-8")
    waiting = re.findall(r'(?:src|modulepreload"[^>]*href)="/studio/assets/([^"]+\.js)"', page)
    assert waiting
    sizes: dict[str, int] = {}
    # The page names what it begins with; what those import and it does not name would come later, and counts too. The
    # code of the first page itself is measured in test_big.
    while waiting:
        name = waiting.pop()
        if name not in sizes:
            code = (dist / "assets" / name).read_bytes()
            sizes[name] = len(gzip.compress(code, 9))
            waiting += re.findall(r'(?:from|import) ?"\./([^"]+\.js)"', code.decode())
    assert sum(sizes.values()) < MOST_AT_FIRST, sizes


def test_other_languages_come_when_they_are_wanted(dist: Path) -> None:
    page = (dist / "index.html").read_text(encoding="utf-8")
    for name in re.findall(r'/studio/assets/([^"]+\.js)"', page):
        assert "Nieuwe automatisering" not in (dist / "assets" / name).read_text(encoding="utf-8")


def test_the_loader_is_small(dist: Path) -> None:
    assert len(gzip.compress((dist / "embed.js").read_bytes(), 9)) < MOST_OF_LOADER


def test_the_page_needs_no_exception_of_its_policy(dist: Path) -> None:
    page = (dist / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page)
    assert not re.search(r'(?:src|href)="https?:', page)


def test_compressed_forms_hold_the_same(dist: Path) -> None:
    packed = list((dist / "assets").glob("*.gz"))
    assert packed
    for path in packed:
        assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes()


def test_the_client_is_of_the_api_as_it_is_now(dist: Path) -> None:
    files = package("typescript", offline_document())
    stale = [name for name, text in files.items() if (ROOT / "web" / "generated" / name).read_text("utf-8") != text]
    assert not stale, f"run bin/build_studio.py: {stale}"
