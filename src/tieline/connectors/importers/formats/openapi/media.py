"""What a ``content`` mapping offers: the media type that suits us best, its schema, its examples."""

from __future__ import annotations

from typing import Any

from tieline.connectors.importers.references import References
from tieline.connectors.importers.sampling import schema_of
from tieline.connectors.importers.values import mapping, sequence


def pick_media(content: Any, references: References) -> tuple[str, dict[str, Any]]:
    """The media type of a ``content`` mapping that suits us best, and what it holds."""
    best: tuple[int, str, dict[str, Any]] | None = None
    for name, node in mapping(content).items():
        node = mapping(references.resolve(node))
        rank = rank_of(name)
        if node.get("schema") or node.get("itemSchema"):
            rank += 10
        if best is None or rank > best[0]:
            best = (rank, name, node)
    if best is None:
        return "", {}
    _, name, node = best
    if "schema" not in node and "itemSchema" in node:
        # OpenAPI 3.2: a stream of items (NDJSON, server-sent events).
        node = {**node, "schema": {"type": "array", "items": node["itemSchema"]}}
    return name, node


def rank_of(media: str) -> int:
    """How well we get along with a media type."""
    media = media.lower().split(";")[0].strip()
    if media == "application/json":
        return 9
    if media.endswith("json") or "json" in media:
        return 8 if "patch+json" not in media or "merge" in media else 6
    if media in ("*/*", "application/*", ""):
        return 7
    if media == "application/x-www-form-urlencoded":
        return 5
    if media.startswith("multipart/"):
        return 4
    if "xml" in media:
        return 3
    return 2 if media.startswith("text/") else 1


def examples(node: dict[str, Any], references: References) -> list[Any]:
    """All examples of a parameter or media type, the single one first."""
    found = [node["example"]] if "example" in node else []
    several = node.get("examples")
    if isinstance(several, list):
        return found + sequence(several)[:20]
    for one in list(mapping(several).values())[:20]:
        one = mapping(references.resolve(one))
        found += [one[name] for name in ("value", "dataValue") if name in one][:1]
    return found


def schema_by_example(samples: list[Any]) -> dict[str, Any]:
    """The schema of the examples that are data; ``{}`` where none is."""
    return schema_of([one for one in samples if isinstance(one, dict | list)])
