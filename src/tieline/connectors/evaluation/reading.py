"""Label files, read with patience: several shapes and names of keys; what is not understood is noted, never guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tieline.connectors.evaluation.entries import METHODS, Entry, entry_of, named
from tieline.connectors.evaluation.labels import LabelSet
from tieline.connectors.manifest.errors import UnreadableDocument
from tieline.connectors.manifest.limits import MAX_BYTES
from tieline.connectors.manifest.yamlread import read_yaml
from tieline.core.errors import BadInput

_SUFFIXES = (".json", ".yaml", ".yml", ".jsonl", ".ndjson")
_WRAPPERS = frozenset(("documents", "docs", "labels", "files", "specs", "items", "data", "labelled", "sets"))
_FACTS = frozenset(("kind", "paging", "records", "webhook", "style", "incremental"))


def read_labels(path: Path) -> LabelSet:
    """The labels of a file, or of every JSON, YAML and JSON-lines file below a folder.

    Raises BadInput for a file that cannot be read or holds no labels. Documents are looked for beside the labels.
    """
    found = LabelSet(folders=[path if path.is_dir() else path.parent])
    files = sorted(one for one in path.rglob("*") if one.suffix.lower() in _SUFFIXES) if path.is_dir() else [path]
    for file in files:
        _Reader(file, found).read(strict=not path.is_dir())
    if not found.count:
        raise BadInput(
            f"{path} holds no labels; a label names a document and an operation, see docs/reference/labels.md"
        )
    return found


class _Reader:
    def __init__(self, file: Path, found: LabelSet) -> None:
        self.file, self.found = file, found

    def read(self, *, strict: bool) -> None:
        data = _data(self.file)
        if isinstance(data, dict) and not strict and {"openapi", "swagger", "info"} & data.keys():
            return  # A document that lies beside its labels.
        self._level(data, "", 0)

    def _level(self, data: Any, document: str, depth: int) -> None:
        """Any part of a label file: a document's labels, many documents, or something that wraps them."""
        if depth > 6:
            return
        if isinstance(data, list):
            for one in data:
                self._level(one, document, depth + 1)
        elif isinstance(data, dict):
            self._mapping(data, document, depth)
        elif data is not None:
            self.found.oddities[f"an entry of {self.file.name} is {type(data).__name__}, not a mapping"] += 1

    def _mapping(self, data: dict[Any, Any], document: str, depth: int) -> None:
        keys = {named(key): key for key in data if isinstance(key, str)}
        name = data.get(keys.get("document", ""))
        document = name if isinstance(name, str) and name else document
        if ("path" in keys or "name" in keys) and (("method" in keys) or (keys.keys() & _FACTS)):
            self._add(document, Entry("", data))
            return
        if (inside := keys.get("operations")) is not None and isinstance(data[inside], dict | list):
            self._operations(data[inside], document)
            return
        wrapped = False
        for key, value in data.items():
            if str(key).lower() in _WRAPPERS and isinstance(value, dict | list):
                self._level(value, document, depth + 1)
                wrapped = True
        if wrapped:
            return
        if any(_is_operation(key) for key in data):
            self._operations(data, document)
            return
        for key, value in data.items():
            if isinstance(value, dict | list) and value:
                self._level_of(str(key), value, depth)

    def _level_of(self, key: str, value: dict[Any, Any] | list[Any], depth: int) -> None:
        """``document.json: {...}``."""
        is_file = "." in key or "/" in key or isinstance(value, list) or any(_is_operation(one) for one in value)
        if is_file or {named(str(one)) for one in value} & {"operations", "document"}:
            self._level(value, key, depth + 1)
        else:
            self.found.oddities[f"the key {key[:60]!r} is not known and was ignored"] += 1

    def _operations(self, data: Any, document: str) -> None:
        if isinstance(data, list):
            for one in data:
                if isinstance(one, dict):
                    self._add(document, Entry("", one))
            return
        for key, value in data.items():
            if not isinstance(key, str):
                continue
            if key.startswith("/") and isinstance(value, dict) and any(str(one).upper() in METHODS for one in value):
                for method, facts in value.items():
                    self._add(document, Entry(f"{method} {key}", facts))
            else:
                self._add(document, Entry(key, value))

    def _add(self, document: str, entry: Entry) -> None:
        label, own = entry_of(entry, self.found.oddities)
        if label is None:
            return
        name = own or document or self.file.stem
        origin = label.origin or self.file.name
        self.found.documents.setdefault(name, []).append(replace(label, origin=origin))


def _is_operation(key: Any) -> bool:
    first, _, rest = str(key).partition(" ")
    return (first.upper() in METHODS and rest.lstrip().startswith("/")) or str(key).startswith("/")


def _data(file: Path) -> Any:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror}); name a file or a folder of labels") from None
    if len(raw) > MAX_BYTES:
        raise BadInput(f"{file} has {len(raw)} bytes; labels have at most {MAX_BYTES}")
    text = raw.decode("utf-8-sig", errors="replace")
    if file.suffix.lower() in (".jsonl", ".ndjson"):
        return list(_lines(text, file))
    try:
        return json.loads(text)
    except ValueError:
        pass
    except RecursionError:
        raise BadInput(f"{file} nests too deep; labels need no more than a few levels") from None
    try:
        return read_yaml(text)
    except UnreadableDocument as error:
        raise BadInput(f"{file} is neither JSON nor YAML: {error.detail}") from None


def _lines(text: str, file: Path) -> Iterator[Any]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{file}, line {number} is not JSON: {error}") from None
