"""What lies in the repository: small files, plain texts, nothing built, no address of a package registry."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

from tests.fixtures.shared import ROOT

LARGEST = 500_000
NOT_OURS = {".git", ".venv", ".tieline", ".hypothesis", ".coverage", "node_modules"}
# In two pieces, so that this file does not hold what it looks for.
REGISTRIES = (
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry.npmjs" + ".org",
    "deb.debian" + ".org",
    "security.debian" + ".org",
)
BUILT = {
    ".bundle.js",
    ".min.js",
    ".min.css",
    ".js.map",
    ".whl",
    ".pyc",
    ".so",
    ".o",
    ".exe",
    ".dll",
    ".jar",
    ".zip",
    ".gz",
}


@cache
def committed() -> tuple[Path, ...]:
    """Files that git has or would take; in a copy without git, every file that is not of a cache."""
    asked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if asked.returncode == 0 and (ROOT / ".git").exists():
        found = [ROOT / os.fsdecode(name) for name in asked.stdout.split(b"\0") if name]
    else:
        found = [
            path
            for path in ROOT.rglob("*")
            if not any(part in NOT_OURS or part.endswith("cache") or part == "__pycache__" for part in path.parts)
        ]
    return tuple(path for path in sorted(found) if path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts))


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def test_there_are_files_to_look_at() -> None:
    assert ROOT / "pyproject.toml" in committed()


def test_no_file_is_large() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes"
        for path in committed()
        if path.stat().st_size > LARGEST and path.name != "uv.lock"
    ]
    assert not found, "\n".join(found)


def test_registries_are_named_in_the_lock_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)} names {host}"
        for path in committed()
        if path.name != "uv.lock"
        for host in REGISTRIES
        if host in text_of(path)
    ]
    assert not found, "\n".join(found)


def test_nothing_built_is_kept() -> None:
    found = [str(path.relative_to(ROOT)) for path in committed() if any(path.name.endswith(end) for end in BUILT)]
    assert not found, "\n".join(found)


def test_texts_end_their_lines_as_unix_does() -> None:
    kinds = {".py", ".md", ".toml", ".yaml", ".yml", ".json", ".sql", ".sh", ".ini", ".mako", ""}
    found = []
    for path in committed():
        if path.suffix in kinds:
            content = path.read_bytes()
            if b"\r\n" in content and b"crlf" not in path.name.encode():
                found.append(f"{path.relative_to(ROOT)} has Windows line ends")
            if content and not content.endswith(b"\n") and path.suffix != ".json":
                found.append(f"{path.relative_to(ROOT)} does not end with a line end")
    assert not found, "\n".join(found)


def test_no_private_key_is_kept() -> None:
    mark = "-----BEGIN " + "{}PRIVATE KEY-----"
    found = [
        str(path.relative_to(ROOT))
        for path in committed()
        for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")
        if mark.format(kind) in text_of(path)
    ]
    assert not found, "\n".join(found)


def test_the_lock_fits_the_project() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    lock = tomllib.loads(text_of(ROOT / "uv.lock"))
    ours = next(package for package in lock["package"] if package["name"] == project["name"])
    assert lock["requires-python"] == project["requires-python"]
    extras = [one for needs in project["optional-dependencies"].values() for one in needs]
    assert len(ours["metadata"]["requires-dist"]) == len(project["dependencies"]) + len(extras)


def test_the_licence_is_the_one_that_the_project_names() -> None:
    assert "Apache License" in text_of(ROOT / "LICENSE")
    assert tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["license"] == "Apache-2.0"


def test_the_scripts_of_the_shell_can_be_read() -> None:
    for script in (ROOT / "bin" / "bootstrap", ROOT / ".ci" / "run"):
        shell = text_of(script).splitlines()[0].split("/")[-1].split()[-1]
        checked = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_every_target_says_what_it_does() -> None:
    makefile = text_of(ROOT / "Makefile")
    targets = {word for line in re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE) for word in line.split()}
    explained = set(re.findall(r"^([a-z-]+):.* ## \S", makefile, re.MULTILINE))
    assert targets - explained == {"ready-run", "ready-dev"}
    assert {"demo", "test", "help"} <= explained


def test_the_makefile_has_no_absolute_address() -> None:
    """An address with a space in it would fall apart."""
    makefile = text_of(ROOT / "Makefile")
    assert not re.search(r"CURDIR|PWD|abspath|realpath|MAKEFILE_LIST", makefile)
