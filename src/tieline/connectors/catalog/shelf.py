"""Reading the manifests that come with the package."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files

from msgspec import UNSET, Struct

from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import Manifest
from tieline.core.errors import NotFound

_FOLDER = files("tieline.connectors.catalog").joinpath("manifests")


class Entry(Struct, frozen=True, kw_only=True):
    """What a catalog connector can do, in a line."""

    name: str
    title: str
    description: str
    version: str
    auth: list[str]
    paging: list[str]
    blocks: int
    events: int


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of all connectors of the catalog, in order."""
    return tuple(sorted(file.name.removesuffix(".yaml") for file in _FOLDER.iterdir() if file.name.endswith(".yaml")))


def text(name: str) -> str:
    """The YAML of one manifest as it was written; raises NotFound."""
    if name not in names():
        close = get_close_matches(name, names(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else "`tieline connectors catalog ls` shows what there is"
        raise NotFound(f"the catalog has no connector {name[:100]!r}; {hint}")
    return _FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def load(name: str) -> Manifest:
    """One manifest; raises NotFound."""
    return io.load(text(name))


def entry(manifest: Manifest) -> Entry:
    """What a manifest can do, in a line."""
    styles = {block.paging.style for block in manifest.blocks if block.paging is not UNSET}
    if manifest.paging is not UNSET and any(block.iterable and block.paging is UNSET for block in manifest.blocks):
        styles.add(manifest.paging.style)
    return Entry(
        name=manifest.name,
        title=manifest.title or manifest.name,
        description=manifest.description or "",
        version=manifest.version,
        auth=sorted({_way(method.kind, method.grants) for method in manifest.auth}),
        paging=sorted(styles - {"none"}),
        blocks=len(manifest.blocks),
        events=len(manifest.webhooks),
    )


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """All connectors of the catalog."""
    return tuple(entry(load(name)) for name in names())


def _way(kind: str, grants: Sequence[str]) -> str:
    return f"{kind} ({', '.join(grants)})" if grants else kind
