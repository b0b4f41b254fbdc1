"""Plain data from YAML, without the traps of its first version.

Built on the events of libyaml and not on a loader: nothing is constructed but ``dict list str int float bool None``,
nesting and aliases are counted while reading, and every key is text. Scalars follow the JSON schema of YAML 1.2
(section 10.2) with one narrowing: a number is a number only where its text is the one that JSON would print, so that
``version: 3.10``, ``012``, ``1e3``, ``0x1F``, ``no``, ``=`` and ``2020-01-01`` stay the text that the author wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument
from tieline.connectors.manifest.limits import MAX_ALIASED, MAX_DEPTH, MAX_INTEGER_DIGITS, MAX_VALUES
from tieline.connectors.manifest.model import Notice

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.(?:[0-9]*[1-9]|0)(?:[eE][-+]?[0-9]+)?\Z")
_EMPTY_LINE = re.compile(r"^[ ]*\t[ \t]*$", re.MULTILINE)
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = {_TAG + "str", _TAG + "timestamp", _TAG + "binary", "!"}
_PLAIN_TAGS = {_TAG + name for name in ("int", "float", "bool", "null", "seq", "map", "merge", "value", "omap", "set")}


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being read."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    size: int = 1
    key: str | None = None
    merges: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class _Anchored:
    value: Any
    size: int


def read_yaml(text: str, notices: list[Notice] | None = None) -> Any:
    """The first YAML document in ``text``.

    Doubtful places that have one sensible reading (a key given twice: the last one counts) go to ``notices``.
    Raises `UnreadableDocument` with line and column, or `DocumentTooLarge`.
    """
    notices = [] if notices is None else notices
    try:
        return _read(text, notices)
    except UnreadableDocument:
        # libyaml takes a tab on an otherwise empty line for indentation; such a line says nothing.
        tab = _EMPTY_LINE.search(text)
        if tab is None:
            raise
        data = _read(_EMPTY_LINE.sub("", text), notices)
        line = text.count("\n", 0, tab.start()) + 1
        notices.append(Notice(code="repaired", message=f"line {line}: tabs on empty lines were left out."))
        return data


def _read(text: str, notices: list[Notice]) -> Any:
    try:
        return _Reader(notices).read(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it breaks a rule of YAML"
        hint = f" ({error.context})" if error.context and error.context != problem else ""
        raise UnreadableDocument(
            f"not readable as YAML: {problem}{hint}.",
            line=None if mark is None else mark.line + 1,
            column=None if mark is None else mark.column + 1,
        ) from None
    except yaml.reader.ReaderError as error:
        line, column = _place(text, error.position)
        raise UnreadableDocument(f"not readable as YAML: {error.reason}.", line=line, column=column) from None
    except yaml.YAMLError as error:
        raise UnreadableDocument(f"not readable as YAML: {error}.") from None


def _place(text: str, position: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, position) + 1
    return text.count("\n", 0, position) + 1, position - start + 1


class _Reader:
    def __init__(self, notices: list[Notice]) -> None:
        self.notices = notices
        self.stack: list[_Open] = []
        self.values = 0
        self.anchors: dict[str, _Anchored] = {}
        self.unfinished: set[str] = set()
        self.aliased = 0
        self.duplicates = 0

    def read(self, text: str) -> Any:
        """The first document that holds something."""
        result: Any = None
        ended = False
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            kind = type(event)
            if ended and kind is yaml.DocumentStartEvent:
                message = "Only the first of several YAML documents in the file was read."
                self.notices.append(Notice(code="more-documents", message=message))
                break
            if kind is yaml.ScalarEvent:
                result = self._on_scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._on_start(event, {} if kind is yaml.MappingStartEvent else [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                result = self._on_end(event)
            elif kind is yaml.AliasEvent:
                result = self._on_alias(event)
            elif kind is yaml.DocumentEndEvent and result is not None:
                ended = True
        return result

    def _on_scalar(self, event: Any) -> Any:
        self.values += 1
        if self.values > MAX_VALUES:
            raise DocumentTooLarge(f"More than {MAX_VALUES:,} values; split the document.")
        is_key = self._wants_key() and event.tag is None
        value = event.value if is_key else self._scalar(event)
        if event.anchor:
            self.anchors[event.anchor] = _Anchored(value, 1)
        return self._place(event, value, 1)

    def _on_start(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        self._check_tag(event)
        if len(self.stack) >= MAX_DEPTH:
            self._fail(event, f"nested deeper than {MAX_DEPTH} levels.", DocumentTooLarge)
        if self._wants_key():
            self._fail(event, "a list or mapping cannot be the name of a field.")
        self.values += 1
        if self.values > MAX_VALUES:
            raise DocumentTooLarge(f"More than {MAX_VALUES:,} values; split the document.")
        self.stack.append(_Open(value, event.anchor))
        if event.anchor:
            self.unfinished.add(event.anchor)

    def _on_end(self, event: Any) -> Any:
        closed = self.stack.pop()
        if closed.merges:
            self._merge(event, closed)
        if closed.anchor:
            self.unfinished.discard(closed.anchor)
            self.anchors[closed.anchor] = _Anchored(closed.value, closed.size)
        return self._place(event, closed.value, closed.size)

    def _on_alias(self, event: Any) -> Any:
        if event.anchor in self.unfinished:
            self._fail(event, f"the alias *{event.anchor} stands inside its own anchor, which never ends.")
        anchored = self.anchors.get(event.anchor)
        if anchored is None:
            self._fail(event, f"the alias *{event.anchor} has no anchor before it.")
        self._spend(event, anchored.size)
        return self._place(event, anchored.value, anchored.size)

    def _wants_key(self) -> bool:
        return bool(self.stack) and type(self.stack[-1].value) is dict and self.stack[-1].key is None

    def _place(self, event: Any, value: Any, size: int) -> Any:
        if not self.stack:
            return value
        top = self.stack[-1]
        top.size += size
        target = top.value
        if type(target) is list:
            target.append(value)
        elif top.key is None:
            top.key = value if type(value) is str else _as_key(value)
        else:
            assert type(target) is dict
            if top.key == "<<" and isinstance(value, dict | list):
                top.merges.append(value)
            else:
                if top.key in target:
                    self._duplicate(event, top.key)
                target[top.key] = value
            top.key = None
        return None

    def _merge(self, event: Any, closed: _Open) -> None:
        assert type(closed.value) is dict
        for merge in closed.merges:
            for source in merge if isinstance(merge, list) else [merge]:
                if not isinstance(source, dict):
                    self._fail(event, "the merge key << takes a mapping or a list of mappings.")
                self._spend(event, len(source))
                for key, value in source.items():
                    closed.value.setdefault(key, value)

    def _spend(self, event: Any, size: int) -> None:
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            self._fail(event, f"its aliases stand for more than {MAX_ALIASED:,} values.", DocumentTooLarge)

    def _duplicate(self, event: Any, key: str) -> None:
        self.duplicates += 1
        if self.duplicates <= 20:
            line = event.start_mark.line + 1
            self.notices.append(
                Notice(
                    code="duplicate-key",
                    message=f"line {line}: the field {key[:80]!r} is given twice; the last one counts.",
                )
            )

    def _check_tag(self, event: Any) -> None:
        tag = event.tag
        if tag and tag not in _TEXT_TAGS and tag not in _PLAIN_TAGS:
            self._fail(event, f"the tag {tag[:80]!r} is not plain data; remove it.")

    def _scalar(self, event: Any) -> Any:
        tag, value = event.tag, event.value
        if tag is not None:
            self._check_tag(event)
            if tag in _TEXT_TAGS:
                return value
        elif event.style:
            return value
        if value in _WORDS:
            return _WORDS[value]
        if _INTEGER.match(value):
            return int(value) if len(value) <= MAX_INTEGER_DIGITS else value
        if _FLOAT.match(value):
            return float(value)
        return value

    @staticmethod
    def _fail(event: Any, detail: str, error: type[UnreadableDocument] = UnreadableDocument) -> NoReturn:
        mark = event.start_mark
        raise error(f"not readable as YAML: {detail}", line=mark.line + 1, column=mark.column + 1)


def _as_key(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
