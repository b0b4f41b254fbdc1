"""How fast and how well documents are imported.

    python bench/importers.py [FOLDER ...]      seconds, memory, recall and precision

FOLDER holds real documents (default: the shared corpus). Quality is counted against two kinds of labels:

* ``labels/importers.yaml``: what a person said about the operations of some documents (kind, paging, record path);
* the vendors' own extensions (``x-ms-pageable``, ``x-speakeasy-pagination``, ``x-ms-notification-url``), taken
  out of the document before the importer sees it.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import UNSET

from tieline.connectors.importers import import_document
from tieline.connectors.importers.reading import read_document
from tieline.connectors.manifest.model import Block, Manifest
from tieline.connectors.manifest.yamlread import read_yaml
from tieline.core.errors import TielineError

ROOT = Path(__file__).resolve().parents[1]
LABELS = ROOT / "bench" / "labels" / "importers.yaml"
HIDDEN = (
    "x-ms-pageable",
    "x-speakeasy-pagination",
    "x-ms-notification-url",
    "x-ms-notification-content",
    "x-ms-trigger",
)


@dataclass
class Score:
    """True and false positives and misses of one question."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, expected: Any, found: Any, where: str) -> None:
        """``None`` = no such thing; anything else must be equal."""
        if expected == found:
            self.right += expected is not None
            return
        self.wrong += found is not None
        self.missed += expected is not None
        self.examples.append(f"{where}: expected {expected!r}, found {found!r}")

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)


def documents(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".yaml", ".yml"))


def speed(paths: list[Path]) -> None:
    """Wall seconds of each import and the peak memory of all of them."""
    taken: list[tuple[float, str]] = []
    failed = 0
    for path in paths:
        data = path.read_bytes()
        begun = time.perf_counter()
        try:
            import_document(data, address=path.name)
        except TielineError:
            failed += 1
        taken.append((time.perf_counter() - begun, path.name))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = sum(seconds for seconds, _ in taken)
    print(f"{len(paths) - failed} of {len(paths)} imported in {total:.2f} s, peak {peak:.0f} MB")
    for seconds, name in sorted(taken, reverse=True)[:5]:
        print(f"  {seconds:6.3f} s  {name[:70]}")


def by_operation(manifest: Manifest) -> dict[str, Block]:
    """The blocks of the document's own operations."""
    known = {block.id for block in manifest.blocks}
    return {
        f"{block.method} {block.path}": block
        for block in reversed(manifest.blocks)
        if not (block.kind == "incremental" and block.id.removesuffix("_incremental") in known - {block.id})
    }


def by_eye(paths: list[Path]) -> dict[str, Score]:
    """Kind, paging found, paging style and record path against what a person said."""
    labels = read_yaml(LABELS.read_text(encoding="utf-8"))
    scores = {name: Score() for name in ("kind", "paging found", "paging style", "record path")}
    for path in paths:
        for operation, (kind, *more) in labels.get(path.name, {}).items():
            block = by_operation(import_document(without_hints(path.read_bytes()))).get(operation)
            where = f"{path.name[:24]} {operation}"
            scores["kind"].add(kind, block.kind if block else None, where)
            if not more or block is None:
                continue
            style, records = more
            found = block.paging.style if block.paging is not UNSET else "none"
            scores["paging found"].add(True if style != "none" else None, True if found != "none" else None, where)
            if style != "none":
                scores["paging style"].add(style, found, where)
            if records:
                scores["record path"].add(records, block.records or None, where)
    return scores


def without_hints(data: bytes) -> bytes:
    """The document as JSON without what its vendor says outright."""

    def strip(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: strip(value) for key, value in node.items() if key not in HIDDEN}
        return [strip(value) for value in node] if isinstance(node, list) else node

    return json.dumps(strip(read_document(data).data)).encode()


def by_vendor(paths: list[Path]) -> dict[str, Score]:
    """What the vendors' extensions say against an import that does not see them."""
    scores = {name: Score() for name in ("paging found", "record path", "webhook subscribe")}
    for path in paths:
        data = path.read_bytes()
        if not any(hint.encode() in data for hint in HIDDEN):
            continue
        root = read_document(data).data
        blocks = by_operation(import_document(without_hints(data)))
        for operation, node in operations(root):
            block = blocks.get(operation)
            if block is None:
                continue
            where = f"{path.name[:40]} {operation}"
            pageable = node.get("x-ms-pageable") or node.get("x-speakeasy-pagination")
            if pageable:
                paged = block.paging is not UNSET and block.paging.style != "none"
                scores["paging found"].add(True, True if paged else None, where)
                outputs = node.get("x-speakeasy-pagination", {}).get("outputs", {})
                expected = outputs.get("results") or "$." + str(pageable.get("itemName", "value"))
                scores["record path"].add(expected, block.records, where)
            subscribes = '"x-ms-notification-url": true' in json.dumps(node)
            if "x-ms-notification" in json.dumps(root)[:10_000_000]:
                found = block.kind == "webhook_add"
                scores["webhook subscribe"].add(True if subscribes else None, True if found else None, where)
    return scores


def operations(root: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in (root.get("paths") or {}).items():
        for method, node in item.items() if isinstance(item, dict) else ():
            if isinstance(node, dict) and method in ("get", "post", "put", "patch", "delete"):
                yield f"{method.upper()} {path}", node


def show(title: str, scores: dict[str, Score]) -> None:
    print(f"\n{title}")
    for name, score in scores.items():
        total = score.right + score.missed
        if total:
            print(f"  {name:18} recall {score.recall:6.1%}  precision {score.precision:6.1%}  of {total}")
        for example in score.examples:
            print(f"      {example}")


def main(arguments: list[str]) -> None:
    shared = Path(os.environ.get("TIELINE_SHARED") or ROOT.parent / "shared")
    folders = [Path(argument) for argument in arguments] or [shared / "corpus" / "openapi"]
    paths = list(documents(folders))
    if not paths:
        sys.exit(f"no JSON or YAML documents in {', '.join(map(str, folders))}")
    speed(paths)
    show("against a person's reading", by_eye(paths))
    show("against the vendors' own extensions, hidden from the importer", by_vendor(paths))
    kinds = Counter(block.kind for path in paths for block in import_document(path.read_bytes()).blocks)
    print("\nblocks: " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))


if __name__ == "__main__":
    main(sys.argv[1:])
