"""Publishing a manifest to a folder that others read: a file for each version, and an index with their hashes."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from tieline.connectors.kit.folder import INDEX, order
from tieline.connectors.kit.reading import read_file
from tieline.core.errors import BadInput, Conflict

SCHEMA: Final = "tieline.index/1"
_SECONDS: Final = 60
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,60}")


class Published(Struct, frozen=True, kw_only=True):
    """``changed`` is False where this version was there already; ``commit`` is empty outside of git."""

    name: str
    version: str
    file: Path
    sha256: str
    changed: bool
    commit: str = ""


def publish(file: Path, folder: Path) -> Published:
    """Copy a manifest to ``NAME-VERSION.yaml`` in ``folder`` and enter it into ``index.json``; in a work tree of git,
    commit both.

    A version is published once: Conflict where it is there with other content. BadInput where the folder cannot be
    written, or is a work tree and git is missing or refuses.
    """
    manifest = read_file(file)
    data = file.read_bytes()
    suffix = ".json" if file.suffix.lower() == ".json" else ".yaml"
    target = folder / f"{manifest.name}-{manifest.version}{suffix}"
    if not _VERSION.fullmatch(manifest.version):
        raise BadInput(f"the version {manifest.version!r} cannot be part of a file name; write it like 1.2.0")
    digest = hashlib.sha256(data).hexdigest()
    versioned = _is_work_tree(folder)
    index = _index(folder)
    entry = index["connectors"].setdefault(manifest.name, {"title": "", "latest": "", "versions": {}})
    known = entry["versions"].get(manifest.version)
    if (known and known.get("sha256") != digest) or (target.exists() and target.read_bytes() != data):
        raise Conflict(
            f"{manifest.name} {manifest.version} is published in {folder} with other content; raise the version in"
            f" {file.name}"
        )
    changed = not known or not target.exists()
    entry["title"] = manifest.title or manifest.name
    entry["versions"][manifest.version] = {"file": target.name, "sha256": digest, "blocks": len(manifest.blocks)}
    entry["latest"] = max(entry["versions"], key=order)
    index["connectors"] = dict(sorted(index["connectors"].items()))
    commit = ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if changed:
            _write(target, data)
            _write(folder / INDEX, json.dumps(index, indent=2, ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise BadInput(f"{folder} cannot be written ({error.strerror}); name a folder that you may write to") from None
    if versioned and changed:
        commit = _commit(folder, [target.name, INDEX], f"Publish {manifest.name} {manifest.version}")
    return Published(
        name=manifest.name, version=manifest.version, file=target, sha256=digest, changed=changed, commit=commit
    )


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: others may be reading the folder."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)


def _index(folder: Path) -> dict[str, Any]:
    path = folder / INDEX
    empty: dict[str, Any] = {"schema": SCHEMA, "connectors": {}}
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return empty
    except (OSError, ValueError):
        raise BadInput(f"{path} is no index of connectors; move it away, and publish again") from None
    try:
        if found["schema"] != SCHEMA:
            raise KeyError("schema")
        msgspec.convert(found["connectors"], dict[str, dict[str, Any]])
    except (KeyError, TypeError, msgspec.ValidationError):
        raise BadInput(f"{path} is no index of connectors; move it away, and publish again") from None
    return dict(found)


def _is_work_tree(folder: Path) -> bool:
    """Whether the folder lies in a work tree of git; BadInput where it does and there is no git."""
    place = folder.absolute()
    inside = any((parent / ".git").exists() for parent in (place, *place.parents))
    if inside and shutil.which("git") is None:
        raise BadInput(f"{folder} is in a git repository, but there is no git on this machine; install it")
    return inside


def _commit(folder: Path, names: list[str], message: str) -> str:
    _git(folder, "add", "--", *names)
    if not _git(folder, "status", "--porcelain", "--", *names):
        return ""
    _git(folder, "commit", "--quiet", "--message", message, "--", *names)
    return _git(folder, "rev-parse", "HEAD")


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadInput(f"git could not be run in {folder} ({type(error).__name__}); the files are written") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        raise BadInput(f"git {arguments[0]} failed in {folder}: {' '.join(said)[:300]}; the files are written")
    return done.stdout.strip()
