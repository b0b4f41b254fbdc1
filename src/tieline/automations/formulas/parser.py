"""Formula text to syntax tree, by recursive descent.

    value      = *( text / formula )
    formula    = "{" ( reference / name ":" [ argument *( "," argument ) ] / bare name ) "}"
    argument   = [ string / reference / number / word / json / formula / text with formulas in it ]
    string     = "'" ... "'" / '"' ... '"' / "`" ... "`"          formulas inside are computed
    reference  = "$." key *segment                                see paths_parser

A ``{`` that opens neither a reference nor ``name:`` is text, and so is a group such as CSS's ``{color:red}`` inside
a longer text: it is read as a formula only when its name is a function's and its arguments fit, or when it refers to
data.
"""

from __future__ import annotations

import re
from typing import Final

from tieline.automations.formulas import conditions
from tieline.automations.formulas.errors import FormulaSyntaxError, excerpt
from tieline.automations.formulas.paths_parser import PathParser
from tieline.automations.formulas.registry import Function, find_function, suggestion
from tieline.automations.formulas.syntax import Call, Comparison, ListOf, Literal, Node, ObjectOf, Template

MAX_SOURCE: Final = 2**20
"""Characters of one formula text."""
MAX_NODES: Final = 4000
"""Formulas, texts and path steps in one formula text."""
MAX_MARKS: Final = 30_000
"""Places in one text where a formula, an operator or an escape might be but is not, as in the rules of a style
sheet."""
MAX_NESTING: Final = 48
"""Formulas inside formulas."""

_BARE_NAMES: Final = "linebreak|jobguid|automationguid|blendguid|accountguid"
"""Functions that are also written without a colon."""
_OPEN = re.compile(rf"\{{\s*+(?:\$(?=[.\[])|[A-Za-z_][A-Za-z0-9_]*+\s*+:|(?i:{_BARE_NAMES})\s*+\}})", re.ASCII)
_BLANKS = re.compile(r"\s*")
_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*:?", re.ASCII)
_PLAIN_GROUP = re.compile(r"\{[^{}]*\}")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?(?:[eE][+-]?[0-9]{1,2})?")
_JSON_LIST = re.compile(r"\[\s*(?:[\"'\[{]|\]\s*[,}\]]|\$[.\[]|(?:-?[0-9.]+|true|false|null)\s*(?:,|\]\s*[,}\]]))")
_JSON_OBJECT = re.compile(r'\{\s*["}]')
_JSON_WORD = re.compile(r"[^\s,\]}]+")
_WORDS: Final = {"true": True, "false": False, "null": None}
_BARE_STOP = re.compile(r"[,{}]")
_CONDITION_STOP = re.compile(r"[,{}=<>!]|(?<=\s)[A-Za-z]+(?=[\s,}'\"`{\[])", re.ASCII)
_OPERATOR = re.compile(r"===|!==|==|!=|<>|>=|<=|=|>|<|[A-Za-z]+(?=[\s,}'\"`{\[]|\$)", re.ASCII)
_ENDS_ARGUMENT = re.compile(r"\s*[,}]")
_STRING_STOP: Final = {quote: re.compile(rf"[{quote}{{\\]") for quote in "'\"`"}


def parse(source: str) -> Node:
    """The tree of a formula text; raises ``FormulaSyntaxError`` and nothing else."""
    if "{" not in source:
        return Literal(source)
    if len(source) > MAX_SOURCE:
        raise FormulaSyntaxError(
            f"the formula has {len(source)} characters; at most {MAX_SOURCE} are allowed", position=MAX_SOURCE
        )
    return Parser(source).parse_value()


class Parser(PathParser):
    """One pass over one formula text."""

    def parse_value(self) -> Node:
        """The whole text: one formula keeps its type, anything else becomes text."""
        source = self.source
        parts: list[Node] = []
        done = 0
        found = _OPEN.search(source)
        while found is not None:
            start = found.start()
            node = self._formula_or_text(start)
            if node is None:
                found = _OPEN.search(source, start + 1)
                continue
            if start > done:
                parts.append(self.count(Literal(source[done:start])))
            parts.append(node)
            done = self.at
            found = _OPEN.search(source, done)
        if done < len(source) or not parts:
            parts.append(Literal(source[done:]))
        return parts[0] if len(parts) == 1 else Template(tuple(parts))

    def _formula_or_text(self, start: int) -> Node | None:
        """The formula at ``start``, or None when the braces are only text."""
        group = _PLAIN_GROUP.match(self.source, start)
        if group is None or len(group.group()) == len(self.source):
            self.at = start
            return self.parse_formula()
        return self._plain_group(group, start)

    def _plain_group(self, group: re.Match[str], start: int) -> Node | None:
        """Braces without braces inside: a formula when it reads as one, text when it only looks like one."""
        self.mark(start, 3)
        name = _NAME.match(self.source, start + 1)
        plain = "$." not in group.group()
        if plain and name and name.group().endswith(":") and find_function(name.group(1)) is None:
            return None
        depth = self.depth
        self.at = start
        try:
            return self.parse_formula()
        except FormulaSyntaxError:
            if not plain or self.nodes > MAX_NODES:
                raise
            self.depth = depth
            return None

    def parse_formula(self) -> Node:
        """A formula, from its opening brace past its closing one."""
        opened = self.at
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.error(
                f"formulas are nested more than {MAX_NESTING} deep; compute a part in a variable first", opened
            )
        self.at += 1
        self.blanks()
        node = self.parse_reference(braced=True) if self.source.startswith("$", self.at) else self._parse_call(opened)
        self.blanks()
        if self.at >= len(self.source):
            raise self.error("the brace that opens here is never closed; add '}'", opened)
        if not self.source.startswith("}", self.at):
            raise self.error("expected '}' here", self.at)
        self.at += 1
        self.depth -= 1
        return self.count(node)

    def _parse_call(self, opened: int) -> Node:
        found = _NAME.match(self.source, self.at)
        if found is None:
            raise self.error("expected a reference such as $.name or a function such as uppercase: here", self.at)
        position = self.at
        name = found.group(1)
        self.at = found.end()
        function = find_function(name)
        if function is not None and not found.group().endswith(":"):
            return Call(function.name, (), opened)
        if function is None:
            near = suggestion(name)
            hint = (
                f"; did you mean '{near}'?"
                if near
                else "; see the list of functions, or quote the name if this is JSON"
            )
            raise self.error(f"there is no function '{name[:40]}'{hint}", position)
        arguments = self._parse_arguments(function)
        if len(arguments) == 1 and arguments[0] == Literal(None) and function.min_arguments == 0:
            arguments = []
        function_error = function.arity_error(len(arguments))
        if function_error:
            raise self.error(function_error, opened)
        return Call(function.name, tuple(arguments), opened)

    def _parse_arguments(self, function: Function) -> list[Node]:
        arguments: list[Node] = []
        while True:
            condition = function.conditions == "all" or (function.conditions == "first" and not arguments)
            arguments.append(self.count(self.parse_condition() if condition else self.parse_argument()))
            if not self.source.startswith(",", self.at):
                return arguments
            self.at += 1

    def parse_argument(self) -> Node:
        """One argument, up to the comma or brace that ends it."""
        node = self._parse_operand(condition=False)
        self.blanks()
        if self.at < len(self.source) and self.source[self.at] not in ",}":
            raise self.error("expected ',' or '}' here; put text with such characters into quotes", self.at)
        return node

    def parse_condition(self) -> Node:
        """``A operator B``, ``A operator`` or ``A``."""
        self.blanks()
        start = self.at
        left = self._parse_operand(condition=True)
        self.blanks()
        if self.at >= len(self.source) or self.source[self.at] in ",}":
            if isinstance(left, Template) and self.source[start] not in _STRING_STOP:
                raise self.error("expected an operator such as =, >, empty or contain in this condition", start)
            return left
        found = _OPERATOR.match(self.source, self.at)
        operator = conditions.find_operator(found.group()) if found else None
        if found is None or operator is None:
            raise self.error("expected an operator such as =, >, empty or contain here", self.at)
        self.at = found.end()
        if operator.unary:
            self.blanks()
            if self.at < len(self.source) and self.source[self.at] not in ",}":
                raise self.error(f"the operator '{operator.name}' takes no value after it; expected ',' here", self.at)
            return Comparison(operator.name, left, None)
        return Comparison(operator.name, left, self.parse_argument())

    def _parse_operand(self, *, condition: bool) -> Node:
        self.blanks()
        source = self.source
        start = self.at
        if start >= len(source):
            raise self.error("an argument is missing here; close the formula with '}'", start)
        first = source[start]
        if first in ",}":
            return Literal(None)
        if first in _STRING_STOP:
            return self.parse_string()
        if first == "$" and source[start + 1 : start + 2] in {".", "["}:
            return self._mixed(self.parse_reference(braced=False), condition=condition)
        if first == "{" and _OPEN.match(source, start):
            return self._mixed(self.parse_formula(), condition=condition)
        if (first == "{" and _JSON_OBJECT.match(source, start)) or (first == "[" and _JSON_LIST.match(source, start)):
            return self.parse_json()
        return self._parse_bare([], start, condition=condition)

    def _mixed(self, node: Node, *, condition: bool) -> Node:
        """A formula alone keeps its type; with text after it, it is part of a text."""
        after = self.at
        self.blanks()
        if self.at >= len(self.source) or self.source[self.at] in ",}":
            return node
        if condition:
            found = _OPERATOR.match(self.source, self.at)
            if found and conditions.find_operator(found.group()):
                return node
        return self._parse_bare([node], after, condition=condition)

    def _parse_bare(self, parts: list[Node], start: int, *, condition: bool) -> Node:
        """Unquoted text with formulas in it, trimmed; a number, true, false and null are what they say."""
        source = self.source
        stop = _CONDITION_STOP if condition else _BARE_STOP
        begin = position = start
        braces = 0
        while True:
            found = stop.search(source, position)
            if found is None:
                raise self.error("the formula is not closed; add '}'", start)
            position = found.start()
            mark = source[position]
            if mark == "{":
                if _OPEN.match(source, position) is None:
                    self.mark(position)
                    braces += 1
                    position += 1
                    continue
                if position > begin:
                    parts.append(self.count(Literal(source[begin:position])))
                self.at = position
                parts.append(self.parse_formula())
                begin = position = self.at
                continue
            if braces:
                braces -= mark == "}"
                position += 1
                continue
            if mark not in ",}":
                operator = _OPERATOR.match(source, position)
                if operator is None or conditions.find_operator(operator.group()) is None:
                    self.mark(position, 2)
                    position = found.end()
                    continue
            break
        self.at = position
        if not parts:
            return self._word(source[begin:position].strip())
        if position > begin:
            parts.append(Literal(source[begin:position].rstrip()))
        if isinstance(parts[0], Literal):
            parts[0] = Literal(str(parts[0].value).lstrip())
        kept = tuple(part for part in parts if part != Literal(""))
        return kept[0] if len(kept) == 1 else Template(kept)

    def _word(self, word: str) -> Literal:
        if word.lower() in _WORDS:
            return Literal(_WORDS[word.lower()], word)
        if _NUMBER.fullmatch(word):
            return Literal(float(word) if any(c in ".eE" for c in word) else int(word), word)
        return Literal(word or None)

    def parse_string(self) -> Node:
        """A quoted string; formulas inside are computed, a backslash before the own quote makes it text."""
        source = self.source
        opened = self.at
        quote = source[opened]
        stop = _STRING_STOP[quote]
        parts: list[Node] = []
        text: list[str] = []
        position = opened + 1
        while True:
            found = stop.search(source, position)
            if found is None:
                raise self.error(f"the text that opens here is never closed; add {quote}", opened)
            end = found.start()
            text.append(source[position:end])
            mark = source[end]
            position = end + 1
            if mark == quote:
                break
            self.mark(end)
            if mark == "\\":
                piece, position = self._backslash(end, quote)
                text.append(piece)
                if position == end + 1 and source.startswith(quote, position):
                    position += 1
                    break
                continue
            node = self._nested(end) if _OPEN.match(source, end) else None
            if node is None:
                text.append("{")
                continue
            literal = "".join(text)
            text.clear()
            if literal:
                parts.append(self.count(Literal(literal)))
            parts.append(node)
            position = self.at
        self.at = position
        literal = "".join(text)
        if literal or not parts:
            parts.append(Literal(literal))
        if len(parts) == 1 and isinstance(parts[0], Literal):
            return parts[0]
        return Template(tuple(parts))

    def _nested(self, start: int) -> Node | None:
        """A formula inside a string, or None when it is only braces in the text."""
        group = _PLAIN_GROUP.match(self.source, start)
        if group is not None:
            return self._plain_group(group, start)
        self.at = start
        return self.parse_formula()

    def _backslash(self, at: int, quote: str) -> tuple[str, int]:
        """What a backslash stands for, and where to go on: ``\\'`` is the quote, unless the quote ends the argument."""
        following = self.source[at + 1 : at + 2]
        if following == "\\":
            return "\\\\", at + 2
        if following == quote and not _ENDS_ARGUMENT.match(self.source, at + 2):
            return quote, at + 2
        return "\\", at + 1

    def parse_json(self) -> Node:
        """A JSON object or list whose strings are templates and whose values may be formulas."""
        opened = self.at
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.error(f"lists and objects are nested more than {MAX_NESTING} deep", opened)
        is_object = self.source[opened] == "{"
        close = "}" if is_object else "]"
        self.at += 1
        members: list[tuple[Node, Node]] = []
        self.blanks()
        while not self.source.startswith(close, self.at):
            key: Node = Literal(None)
            if is_object:
                key = self._json_value()
                self.blanks()
                self._expect(":")
                self.blanks()
            members.append((key, self.count(self._json_value())))
            self.blanks()
            if self.source.startswith(",", self.at):
                self.at += 1
                self.blanks()
            elif not self.source.startswith(close, self.at):
                raise self.error(f"expected ',' or '{close}' in the JSON that opens at {opened}", self.at)
        self.at += 1
        self.depth -= 1
        return ObjectOf(tuple(members)) if is_object else ListOf(tuple(value for _, value in members))

    def _json_value(self) -> Node:
        source = self.source
        first = source[self.at : self.at + 1]
        if first in _STRING_STOP:
            return self.parse_string()
        if first == "$":
            return self.parse_reference(braced=False)
        if first == "{" and _OPEN.match(source, self.at):
            return self.parse_formula()
        if first in {"{", "["}:
            return self.parse_json()
        found = _JSON_WORD.match(source, self.at)
        word = found.group() if found else ""
        if word not in _WORDS and not _NUMBER.fullmatch(word):
            raise self.error("expected a JSON value here", self.at)
        self.at += len(word)
        return self._word(word)

    def _expect(self, mark: str) -> None:
        if not self.source.startswith(mark, self.at):
            raise self.error(f"expected '{mark}' here", self.at)
        self.at += len(mark)

    def count(self, node: Node, weight: int = 1) -> Node:
        """Bound the size of the tree."""
        self.nodes += weight
        if self.nodes > MAX_NODES:
            raise self.error(f"the formula has more than {MAX_NODES} parts; split it over several blocks", self.at)
        return node

    def mark(self, position: int, weight: int = 1) -> None:
        """Bound the places that are looked at in vain."""
        self.marks += weight
        if self.marks > MAX_MARKS:
            raise self.error("the text has too many braces and marks; split it over several blocks", position)

    def blanks(self) -> None:
        """Skip white space."""
        found = _BLANKS.match(self.source, self.at)
        assert found is not None
        self.at = found.end()

    def error(self, detail: str, position: int) -> FormulaSyntaxError:
        """A syntax error at ``position``."""
        return FormulaSyntaxError(
            f"{detail} (character {position})", position=position, text=excerpt(self.source, position)
        )
