"""All labels against what the importer makes of their documents."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tieline.connectors.documents import gather_file
from tieline.connectors.evaluation.labels import Label, LabelSet
from tieline.connectors.evaluation.scoring import Score, Scores, compare
from tieline.connectors.evaluation.vendor import hidden, operations
from tieline.connectors.evaluation.vocabulary import plain
from tieline.connectors.importers import import_document
from tieline.connectors.importers.reading import open_document
from tieline.connectors.manifest.model import Block, Manifest
from tieline.core.errors import BadInput, TielineError

_PARAM = re.compile(r"\{[^{}]*\}|:[A-Za-z_]\w*(?=/|$)|<[^<>]*>")


@dataclass(slots=True)
class Evaluation:
    """What came of it."""

    scores: Scores = field(default_factory=Scores)
    documents: int = 0
    operations: int = 0
    origins: dict[str, int] = field(default_factory=dict)  # where the labels come from -> how many
    not_found: list[str] = field(default_factory=list)  # documents that lie nowhere: their labels are not scored
    failed: dict[str, str] = field(default_factory=dict)  # documents that cannot be imported: all labels missed
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_data(self) -> dict[str, Any]:
        """For machines. Recall and precision go from 0 to 1, null = nothing to measure."""
        return {
            "documents": self.documents,
            "operations": self.operations,
            "origins": self.origins,
            "scores": {name: _figures(one) for name, one in self.scores.of.items() if one.asked},
            "kinds": {name: _figures(one, misses=False) for name, one in sorted(self.scores.kinds.items())},
            "confused": [
                {"expected": one, "found": other, "count": count}
                for (one, other), count in self.scores.confused.most_common()
            ],
            "not_found": self.not_found,
            "failed": self.failed,
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }


def evaluate(
    labels: LabelSet, folders: Iterable[Path] = (), progress: Callable[[str], None] | None = None
) -> Evaluation:
    """Import every labelled document without its vendor's extensions and score it.

    ``folders`` are searched for the documents before those of the label set. ``progress`` is told each document's
    name. Raises BadInput where not one of the documents is found.
    """
    begun = time.perf_counter()
    finder = _Finder([*folders, *labels.folders])
    result = Evaluation(notes=labels.notes)
    for name, entries in labels.documents.items():
        path = finder.find(name)
        if path is None:
            result.not_found.append(name)
            continue
        if progress is not None:
            progress(name)
        result.documents += 1
        result.operations += len(entries)
        for label in entries:
            result.origins[label.origin] = result.origins.get(label.origin, 0) + 1
        _document(result, name, path, entries)
    if not result.documents:
        missing = ", ".join(result.not_found[:3])
        raise BadInput(f"none of the labelled documents was found ({missing} ...); name their folder with --documents")
    result.seconds = time.perf_counter() - begun
    return result


def _document(result: Evaluation, name: str, path: Path, labels: list[Label]) -> None:
    data = b""
    try:
        bundle = gather_file(path)
        data = bundle.data
        parts = {name: hidden(content) for name, content in bundle.parts.items()}
        manifest = import_document(hidden(data), address=path.name, parts=parts)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); name a folder that may be read") from None
    except TielineError as error:
        result.failed[name] = error.detail
        manifest = Manifest(name="none")
    index = _Index(manifest, _named(data) if any(one.name and not one.path for one in labels) else {})
    for label in labels:
        blocks = index.find(label)
        if not blocks and name not in result.failed:
            result.notes.append(f"{name}: there is no operation {label.shown!r}; its labels count as missed")
        compare(result.scores, name, label, blocks, manifest)


class _Index:
    """Finds the blocks of an operation."""

    def __init__(self, manifest: Manifest, named: dict[str, str]) -> None:
        self._exact: dict[str, list[Block]] = {}
        self._loose: dict[str, list[Block]] = {}
        self._ids: dict[str, list[Block]] = {}
        self._named = named
        ids = {block.id for block in manifest.blocks}
        for block in manifest.blocks:
            base = block.id.removesuffix("_incremental")
            second = block.kind == "incremental" and base != block.id and base in ids
            call = f"{block.method} {block.path}"
            self._exact.setdefault(call, []).append(block)
            self._loose.setdefault(_loose(call), []).append(block)
            self._ids.setdefault(plain(base if second else block.id), []).append(block)

    def find(self, label: Label) -> list[Block]:
        """The main block and, behind it, those that were made beside it."""
        call = f"{label.method} {label.path}" if label.path else self._named.get(label.name, "")
        if call:
            exact = self._exact.get(call) or self._loose.get(_loose(call))
            return exact or self._without_query(call) or self._ending(call)
        return self._ids.get(plain(label.name), [])

    def _without_query(self, call: str) -> list[Block]:
        """Constants of the query may stand in the path of a block."""
        wanted = _loose(call.partition("?")[0])
        found = [blocks for known, blocks in self._loose.items() if known.partition("?")[0].rstrip("/") == wanted]
        return found[0] if len(found) == 1 else []

    def _ending(self, call: str) -> list[Block]:
        """A path that was labelled with the base path of its server in front of it, or without."""
        method, _, path = _loose(call).partition(" ")
        found = [
            blocks
            for known, blocks in self._loose.items()
            if known.startswith(method + " ") and _ends(path, known.partition(" ")[2])
        ]
        return found[0] if len(found) == 1 else []


def _ends(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) > 1 and short.startswith("/") and long.endswith(short)


def _loose(call: str) -> str:
    method, _, path = call.partition(" ")
    return f"{method.upper()} {_PARAM.sub('{}', path).rstrip('/').lower() or '/'}"


def _named(data: bytes) -> dict[str, str]:
    """Calls by operation id."""
    root = open_document(data).data
    return {
        node["operationId"]: f"{method} {path}"
        for method, path, node in operations(root)
        if isinstance(node.get("operationId"), str)
    }


class _Finder:
    """Documents by the name that labels give them: a path, or only a file's name, with or without its ending."""

    def __init__(self, folders: list[Path]) -> None:
        self._folders = list(dict.fromkeys(folders))
        self._by_name: dict[str, Path] | None = None

    def find(self, name: str) -> Path | None:
        for folder in self._folders:
            path = folder / name
            if path.is_file():
                return path
        if self._by_name is None:
            self._by_name = {}
            for folder in self._folders:
                for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
                    if path.is_file():
                        self._by_name.setdefault(path.name.lower(), path)
                        self._by_name.setdefault(path.stem.lower(), path)
        last = name.replace("\\", "/").rsplit("/", 1)[-1].lower()
        return self._by_name.get(last)


def _figures(score: Score, *, misses: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {
        "recall": score.recall,
        "precision": score.precision,
        "labelled": score.right + score.missed,
        "none": score.quiet + score.only_wrong,
        "right": score.right,
        "wrong": score.wrong,
        "missed": score.missed,
    }
    if misses:
        found["misses"] = [
            {"document": one.document, "operation": one.operation, "expected": one.expected, "found": one.found}
            for one in score.misses
        ]
    return found
