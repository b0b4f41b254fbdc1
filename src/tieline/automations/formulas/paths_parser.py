"""References: ``$.root`` and its segments, a bounded subset of JSONPath (RFC 9535) plus what exports of the dialect
use.

segment = "." ( key / string ) / "." "{" formula "}" / ".*" / "[" bracket "]" / ".." ( key / "*" / "[" bracket "]" )
bracket = int / slice / "*" / string *( "," string ) / int *( "," int ) / formula / "$." reference / "?" filter / word
filter  = "(" or ")" / or ;  or = and *( "||" and ) ;  and = not *( "&&" not ) ;  not = [ "!" ] test
test    = "(" or ")" / operand [ operator operand ] ;  operand = "@" path / "$." path / formula / string / number / word
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Final

from tieline.automations.formulas import conditions
from tieline.automations.formulas.errors import FormulaSyntaxError
from tieline.automations.formulas.syntax import (
    Comparison,
    Current,
    Descend,
    Every,
    Filter,
    Key,
    Keys,
    Literal,
    Logic,
    Node,
    Reference,
    Segment,
    Slice,
)

_MAX_SEGMENTS: Final = 64
_TEST_WEIGHT: Final = 6
"""Parts of a formula that one test of a filter counts for."""
_BRACED_KEY = re.compile(r"[^.\[\]{},\"'`]+")
_BARE_KEY = re.compile(r"[^.\[\]{},\"'`\s=<>!()&|]+")
_INDEX = re.compile(r"\s*(-?[0-9]{1,9})\s*(?=[,\]])")
_SLICE = re.compile(r"\s*(-?[0-9]{1,9})?\s*:\s*(-?[0-9]{1,9})?\s*(?::\s*(-?[0-9]{1,9})?\s*)?(?=\])")
_BRACKET_WORD = re.compile(r"\s*([^\s\[\]{}'\"`,:?*()$]+)\s*(?=\])")
_FILTER_OPERATOR = re.compile(r"===|!==|==|!=|<>|>=|<=|=|>|<|[A-Za-z]+(?=[\s'\"`{)\]])", re.ASCII)
_FILTER_WORD = re.compile(r"[^\s\[\]{}()'\"`,=<>!&|]+")


class PathParser(ABC):
    """The part of the parser that reads references."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.depth = 0
        self.nodes = 0
        self.marks = 0

    @abstractmethod
    def parse_formula(self) -> Node: ...

    @abstractmethod
    def parse_string(self) -> Node: ...

    @abstractmethod
    def count(self, node: Node, weight: int = 1) -> Node: ...

    @abstractmethod
    def mark(self, position: int, weight: int = 1) -> None: ...

    @abstractmethod
    def blanks(self) -> None: ...

    @abstractmethod
    def error(self, detail: str, position: int) -> FormulaSyntaxError: ...

    @abstractmethod
    def _word(self, word: str) -> Literal: ...

    def parse_reference(self, *, braced: bool) -> Node:
        """``$.root...`` from its dollar sign; in braces keys may hold blanks."""
        position = self.at
        self.at += 1
        segments = self._segments(braced=braced)
        root = segments[0].key if segments and isinstance(segments[0], Key) else None
        if not isinstance(root, str):
            raise self.error("a reference begins with the name of a block or variable, as in $.name", position)
        return self.count(Reference(root, tuple(segments[1:]), position))

    def _segments(self, *, braced: bool) -> list[Segment]:
        segments: list[Segment] = []
        source = self.source
        while True:
            if len(segments) > _MAX_SEGMENTS:
                raise self.error(f"the path has more than {_MAX_SEGMENTS} steps", self.at)
            if source.startswith("..", self.at):
                segments.append(Descend())
                self.at += 2
                if not source.startswith("[", self.at):
                    segments.append(self._after_dot(braced=braced))
            elif source.startswith(".", self.at):
                self.at += 1
                if not source.startswith("[", self.at):
                    segments.append(self._after_dot(braced=braced))
            elif source.startswith("[", self.at):
                self.at += 1
                segments.append(self._bracket())
            else:
                return segments

    def _after_dot(self, *, braced: bool) -> Segment:
        source = self.source
        if source.startswith("{", self.at):
            return Key(self.parse_formula())
        if source.startswith("*", self.at):
            self.at += 1
            return Every()
        if source[self.at : self.at + 1] in {"'", '"', "`"}:
            node = self.parse_string()
            return Key(str(node.value) if isinstance(node, Literal) else node)
        found = (_BRACED_KEY if braced else _BARE_KEY).match(source, self.at)
        name = found.group().strip() if found else ""
        if not found or not name:
            raise self.error("a name is missing after the dot", self.at)
        self.at = found.end()
        return Key(name)

    def _bracket(self) -> Segment:
        opened = self.at - 1
        segment = self._bracket_content()
        self.blanks()
        if not self.source.startswith("]", self.at):
            raise self.error(f"the bracket that opens at {opened} is not closed; expected ']' here", self.at)
        self.at += 1
        return segment

    def _bracket_content(self) -> Segment:
        self.blanks()
        source = self.source
        mark = source[self.at : self.at + 1]
        if mark == "?":
            return self._filter()
        if mark == "*":
            self.at += 1
            return Every()
        if mark in {"'", '"', "`"}:
            return self._quoted_keys()
        if mark == "{":
            return Key(self.parse_formula())
        if mark == "$":
            return Key(self.parse_reference(braced=False))
        if found := _INDEX.match(source, self.at):
            return self._indexes(found)
        if found := _SLICE.match(source, self.at):
            self.at = found.end()
            start, stop, step = (int(part) if part else None for part in found.groups())
            if step == 0:
                raise self.error("the step of a slice must not be 0", found.start())
            return Slice(start, stop, step)
        if found := _BRACKET_WORD.match(source, self.at):
            self.at = found.end()
            return Key(found.group(1))
        raise self.error("expected an index, a quoted name, * or a filter here", self.at)

    def _quoted_keys(self) -> Segment:
        keys: list[str | int] = []
        while True:
            node = self.parse_string()
            if not isinstance(node, Literal):
                if keys:
                    raise self.error("only plain names may stand in a list of names", self.at)
                return Key(node)
            keys.append(str(node.value))
            self.mark(self.at, 6)
            self.blanks()
            if not self.source.startswith(",", self.at):
                return Key(keys[0]) if len(keys) == 1 else Keys(tuple(keys))
            self.at += 1
            self.blanks()
            if self.source[self.at : self.at + 1] not in {"'", '"', "`"}:
                raise self.error("expected a quoted name here", self.at)

    def _indexes(self, found: re.Match[str]) -> Segment:
        indexes: list[str | int] = []
        following: re.Match[str] | None = found
        while following is not None:
            indexes.append(int(following.group(1)))
            self.mark(following.start(), 2)
            self.at = following.end()
            if not self.source.startswith(",", self.at):
                return Key(indexes[0]) if len(indexes) == 1 else Keys(tuple(indexes))
            following = _INDEX.match(self.source, self.at + 1)
        raise self.error("expected an index here", self.at)

    def _filter(self) -> Segment:
        self.at += 1
        return Filter(self._either())

    def _either(self) -> Node:
        parts = [self._both()]
        while self._takes("||", "or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Logic("||", tuple(parts))

    def _both(self) -> Node:
        parts = [self._test()]
        while self._takes("&&", "and"):
            parts.append(self._test())
        return parts[0] if len(parts) == 1 else Logic("&&", tuple(parts))

    def _takes(self, symbol: str, word: str) -> bool:
        self.blanks()
        if self.source.startswith(symbol, self.at):
            self.at += len(symbol)
            return True
        end = self.at + len(word)
        if self.source[self.at : end].lower() == word and self.source[end : end + 1] in {" ", "("}:
            self.at = end
            return True
        return False

    def _test(self) -> Node:
        self.blanks()
        self.depth += 1
        if self.depth > _MAX_SEGMENTS:
            raise self.error("the filter is nested too deeply", self.at)
        node: Node
        if self.source.startswith("!", self.at):
            self.at += 1
            node = Logic("!", (self._test(),))
        elif self.source.startswith("(", self.at):
            self.at += 1
            node = self._either()
            self.blanks()
            if not self.source.startswith(")", self.at):
                raise self.error("expected ')' here", self.at)
            self.at += 1
        else:
            node = self._comparison()
        self.depth -= 1
        return self.count(node, _TEST_WEIGHT)

    def _comparison(self) -> Node:
        left = self._operand()
        self.blanks()
        found = _FILTER_OPERATOR.match(self.source, self.at)
        operator = conditions.find_operator(found.group()) if found else None
        if found is None or operator is None:
            return left
        self.at = found.end()
        return Comparison(operator.name, left, None if operator.unary else self._operand())

    def _operand(self) -> Node:
        self.blanks()
        mark = self.source[self.at : self.at + 1]
        if mark == "@":
            self.at += 1
            return self.count(Current(tuple(self._segments(braced=False))))
        if mark == "$":
            return self.parse_reference(braced=False)
        if mark == "{":
            return self.parse_formula()
        if mark in {"'", '"', "`"}:
            return self.parse_string()
        found = _FILTER_WORD.match(self.source, self.at)
        if found is None:
            raise self.error("expected @, $., a text or a number in the filter here", self.at)
        self.at = found.end()
        return self._word(found.group())
