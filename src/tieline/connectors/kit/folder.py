"""A folder of manifests: which are there, which is the newest of each name, and what is wrong with the others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from tieline.connectors.kit.reading import read_file
from tieline.connectors.manifest.errors import ManifestError
from tieline.connectors.manifest.model import Manifest

SUFFIXES: Final = (".yaml", ".yml", ".json")
MOST_FILES: Final = 1000
INDEX: Final = "index.json"

Stamp = tuple[int, int]  # time of the last change in ns, and size: what tells a changed file without reading it


class Found(Struct, frozen=True):
    """One manifest of a folder."""

    manifest: Manifest
    file: Path


class Problem(Struct, frozen=True):
    """A file that is no manifest; ``reason`` names file, line and rule."""

    file: Path
    line: int | None
    reason: str


class Folder(Struct):
    """What a look into a folder found."""

    connectors: dict[str, Found] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def stamps(folder: Path) -> dict[Path, Stamp]:
    """The manifest files of a folder, not of those below it. Empty where there is no such folder."""
    found: dict[Path, Stamp] = {}
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or path.name == INDEX:
                continue
            if path.name.endswith(".schema.json"):
                continue
            status = path.stat()
            if path.is_file():
                found[path] = (status.st_mtime_ns, status.st_size)
            if len(found) >= MOST_FILES:
                break
    except OSError:
        return found
    return found


def read_folder(folder: Path) -> Folder:
    """Read every manifest; of several versions of one name the highest counts. A broken file is a problem, never an
    error.
    """
    made = Folder()
    for path in stamps(folder):
        try:
            manifest = read_file(path)
        except ManifestError as error:
            line = error.meta.get("line")
            made.problems.append(Problem(path, line if isinstance(line, int) else None, error.detail))
            continue
        known = made.connectors.get(manifest.name)
        if known is not None and order(known.manifest.version) == order(manifest.version):
            reason = (
                f"{path}: {manifest.name} {manifest.version} is in {known.file.name} too; raise one of the versions"
            )
            made.problems.append(Problem(path, None, reason))
        elif known is None or order(manifest.version) > order(known.manifest.version):
            made.connectors[manifest.name] = Found(manifest, path)
    return made


def order(version: str) -> tuple[tuple[int, ...], bool, str]:
    """What versions are compared by: the numbers, then a release above its pre-releases (semver.org, section 11)."""
    core, _, rest = version.partition("+")[0].partition("-")
    numbers = tuple(int(part) for part in re.findall(r"\d{1,9}", core)[:6])
    return numbers, not rest, rest
