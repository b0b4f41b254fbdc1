"""What two connectors of the same API must agree on, whatever their documents looked like."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from tieline.connectors.manifest.model import Block, Manifest

_PAGING = (
    "style",
    "param",
    "location",
    "size_param",
    "size_location",
    "start",
    "step",
    "next",
    "has_more",
    "total",
    "total_pages",
    "key",
    "stop",
    "size_max",
)


def facts(manifest: Manifest) -> dict[str, Any]:
    """Kinds, methods, paths, inputs, record paths, paging and auth, each under its own name."""
    found: dict[str, Any] = {"server": manifest.servers[0].url if manifest.servers else ""}
    for number, method in enumerate(manifest.auth):
        found[f"auth {number}"] = (method.kind, method.location or "", method.name, method.prefix)
    for block in manifest.blocks:
        key = f"{block.method} {block.path}" + (" (incremental)" if block.kind == "incremental" else "")
        found[key] = block.kind
        found[f"{key} object"] = block.object
        found[f"{key} records"] = block.records
        found[f"{key} paging"] = _paging(block)
        found[f"{key} required"] = sorted((str(one.location), one.name) for one in block.inputs if one.required)
        found[f"{key} inputs"] = sorted((str(one.location), one.name) for one in block.inputs)
    found["objects"] = sorted((one.name, *one.primary_key) for one in manifest.objects)
    return found


def _paging(block: Block) -> Any:
    if block.paging is UNSET or not block.iterable:
        return None
    return {name: getattr(block.paging, name) for name in _PAGING}


def differences(want: Manifest, got: Manifest) -> tuple[list[str], int]:
    """What differs, in words, and how many facts were compared."""
    expected, found = facts(want), facts(got)
    names = list(dict.fromkeys([*expected, *found]))
    return (
        [
            f"{name}: {found.get(name, 'nothing')!r} instead of {expected.get(name, 'nothing')!r}"
            for name in names
            if expected.get(name) != found.get(name)
        ],
        len(names),
    )
