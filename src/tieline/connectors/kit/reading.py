"""Manifests in files, with the line of whatever is wrong in them."""

from __future__ import annotations

from pathlib import Path

import yaml

from tieline.connectors.manifest import io
from tieline.connectors.manifest.errors import ManifestError
from tieline.connectors.manifest.limits import MAX_BYTES
from tieline.connectors.manifest.model import Manifest
from tieline.connectors.manifest.paths import PathError, Step, parse


def read_file(path: Path) -> Manifest:
    """The manifest in a YAML or JSON file. Raises ManifestError that names the file, the line where it is known, and
    the reason; ``meta`` holds ``file`` and ``line``.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ManifestError(f"{path} has more than {MAX_BYTES // 2**20} MB; that cannot be a manifest")
        data = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror}); name a file that exists") from None
    try:
        return io.load(data)
    except ManifestError as error:
        line = error.meta.get("line") or line_of(data, str(error.meta.get("place", "")))
        where = f"{path}, line {line}" if line else str(path)
        raise ManifestError(f"{where}: {error.detail}", meta={**error.meta, "file": str(path), "line": line}) from None


def line_of(data: bytes, place: str) -> int | None:
    """The line (from 1) of a ``$``-path in a YAML or JSON document; of the nearest thing above it that is there."""
    try:
        steps = parse(place)
        node = yaml.compose(data.decode("utf-8-sig"), Loader=yaml.CSafeLoader)
    except (PathError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return None
    if node is None or not place:
        return None
    for step in steps:
        below = _child(node, step)
        if below is None:
            break
        node = below
    return int(node.start_mark.line) + 1


def _child(node: yaml.Node, step: Step) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None
