"""Mends the slips of hand-written JSON where only one reading is possible.

What it knows: a comma that is missing or too much, a bracket that was forgotten, comments, names of fields without
quotes, white space that JSON does not know, a line break inside a string. It works on the tokens and never invents a
value: every name and value of the result stands in the source. It gives up where the document ends too early, since
what was lost is unknown.
"""

from __future__ import annotations

import re

MAX_REPAIRS = 50
_MAX_DEPTH = 500
_MAX_ATTEMPTS = 16

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<mark>[{}\[\]:,])
      | (?P<comment>//[^\n]*|/\*.*?\*/|\#[^\n]*)
      | (?P<word>(?!(?:true|false|null|NaN|Infinity)\b)[A-Za-z_$][\w$-]*(?=\s*:))
      | (?P<scalar>-?[0-9][-+.0-9eE]*|true|false|null|NaN|-?Infinity)
      | (?P<odd>[\s\ufeff\u200b\u2060\u180e]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f]")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\(?P<wrong>.)', re.DOTALL)
_CLOSES = {"{": "}", "[": "]"}

Repair = tuple[int, str]


class Unrepairable(Exception):
    """No certain repair; ``position`` is where reading ended."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def repair(text: str) -> tuple[str, list[Repair]]:
    """``text`` as valid JSON and the list of (position, what was mended).

    Raises `Unrepairable` where more than one reading is possible or more than `MAX_REPAIRS` places are wrong.
    """
    first: Unrepairable | None = None
    choices: list[bool] = []
    for _ in range(_MAX_ATTEMPTS):
        mender = _Mender(text, choices)
        try:
            return mender.mend()
        except Unrepairable as error:
            first = first or error
        choices = mender.choices
        while choices and not choices[-1]:
            choices.pop()
        if not choices:
            break
        choices[-1] = False
    assert first is not None
    raise first


class _Mender:
    """A push-down automaton over the tokens; ``expect`` is what may come next in the innermost container.

    first   a value or key right after an opening bracket      key     a key after a comma
    colon   the colon after a key                              value   a value after a colon or comma
    next    a comma or the closing bracket                     end     nothing more

    A closing bracket that does not fit has two readings: one before it was forgotten, or it was put in the wrong place
    and
    is too much here. ``choices`` holds which is taken (True = forgotten); the caller tries until the document comes
    out even.
    """

    def __init__(self, text: str, choices: list[bool]) -> None:
        self.text = text
        self.given = choices
        self.choices: list[bool] = []
        self.inserted = {"}": 0, "]": 0}
        self.out: list[str] = []
        self.stack: list[str] = []
        self.expect = "value"
        self.repairs: list[Repair] = []
        self.root_at = -1  # index in out of the brace that ended the whole object
        self.comma_at = -1  # index in out of the last comma

    def mend(self) -> tuple[str, list[Repair]]:
        position, size = 0, len(self.text)
        while position < size:
            match = _TOKEN.match(self.text, position)
            if match is None:
                found = self.text[position : position + 1]
                if found == ";" and self.expect == "end":
                    self._note(position, "a semicolon after the data was left out")
                    position += 1
                    continue
                if found == '"':
                    raise Unrepairable("a text is opened with a quote and never closed.", position)
                raise Unrepairable(f"unexpected {found!r}.", position)
            kind = match.lastgroup
            if kind == "space":
                self.out.append(match[0])
            elif kind == "odd":
                self._note(position, "a kind of blank that JSON does not know was read as a blank")
                self.out.append(" ")
            elif kind == "comment":
                self._note(position, "a comment was left out")
            elif kind == "mark":
                self._mark(match[0], position)
            elif kind == "word":
                self._word(match[0], position)
            else:
                self._scalar(match[0], position, text=kind == "string")
            position = match.end()
        if self.stack == ["{"] and self.expect == "next" and self.inserted["}"] < 0:
            self._note(size, "the '}' that came too early belongs here")
            self.inserted["}"] += 1
            self._close("}", size)
        if self.stack or self.expect != "end":
            raise Unrepairable("the document ends too early; a part of it seems to be lost.", size)
        return "".join(self.out), self.repairs

    def _note(self, position: int, what: str) -> None:
        self.repairs.append((position, what))
        if len(self.repairs) > MAX_REPAIRS:
            raise Unrepairable(f"more than {MAX_REPAIRS} places are wrong.", position)

    def _scalar(self, token: str, position: int, *, text: bool) -> None:
        if text:
            token = self._string(token, position)
        if self.expect == "next":
            self._missing_comma(position)
        elif self.expect == "end" and text and self.root_at >= 0:
            self._reopen(position)
        in_object = bool(self.stack) and self.stack[-1] == "{"
        if in_object and self.expect in ("first", "key"):
            if not text:
                raise Unrepairable(f"{token[:20]!r} stands where the name of a field is expected.", position)
            self.out.append(token)
            self.expect = "colon"
            return
        if self.expect in ("colon", "end"):
            raise Unrepairable(f"unexpected {token[:20]!r}.", position)
        self.out.append(token)
        self._after_value()

    def _word(self, word: str, position: int) -> None:
        """The name of a field without quotes, as JavaScript allows it."""
        if not self.stack or self.stack[-1] != "{" or self.expect not in ("first", "key", "next"):
            raise Unrepairable(f"unexpected {word[:20]!r}.", position)
        self._scalar(f'"{word}"', position, text=True)
        self._note(position, f"the field name {word[:40]!r} had no quotes")

    def _string(self, token: str, position: int) -> str:
        if _CONTROL.search(token):
            if token.count("\n") > 2 or re.search(r'\n\s*"?[\w$@.-]+"?\s*:\s*$', token[:-1]):
                raise Unrepairable("a text runs over several lines; a quote seems to be missing.", position)
            self._note(position, "a line break or control character inside a text was escaped")
            token = _CONTROL.sub(lambda m: f"\\u{ord(m[0]):04x}", token)
        if any(m["wrong"] is not None for m in _ESCAPE.finditer(token)):
            self._note(position, "a backslash that escapes nothing was read as a backslash")
            token = _ESCAPE.sub(lambda m: m[0] if m["wrong"] is None else "\\\\" + m["wrong"], token)
        return token

    def _mark(self, mark: str, position: int) -> None:
        if mark in "{[":
            self._open(mark, position)
        elif mark in "}]":
            self._close(mark, position)
        elif mark == ":":
            if self.expect != "colon":
                raise Unrepairable("unexpected ':'.", position)
            self.out.append(mark)
            self.expect = "value"
        elif self.expect == "next":
            self.comma_at = len(self.out)
            self.out.append(mark)
            self.expect = "key" if self.stack[-1] == "{" else "value"
        elif self.expect == "end" and self.root_at >= 0:
            self._reopen(position)
        elif self.comma_at >= 0 and self.expect in ("key", "value") and self._blank_since_comma():
            self._note(position, "a comma too much was left out")
        else:
            raise Unrepairable("unexpected ','.", position)

    def _open(self, mark: str, position: int) -> None:
        if self.expect == "next":
            if self.stack[-1] == "{":
                raise Unrepairable(f"unexpected {mark!r}.", position)
            self._missing_comma(position)
        elif self.expect == "key" and mark == "{" and self.stack[-2:] == ["[", "{"] and self._blank_since_comma():
            # `"a": 1, {` inside a list of objects: the brace before the comma was forgotten.
            self.out.insert(self.comma_at, "}")
            self.comma_at += 1
            self.stack.pop()
            self.inserted["}"] += 1
            self.expect = "value"
            self._note(position, "a closing '}' was missing before this object")
        if self.expect in ("colon", "end", "key") or (self.expect == "first" and self.stack[-1] == "{"):
            raise Unrepairable(f"unexpected {mark!r}.", position)
        if len(self.stack) >= _MAX_DEPTH:
            raise Unrepairable(f"nested deeper than {_MAX_DEPTH} levels.", position)
        self.out.append(mark)
        self.stack.append(mark)
        self.expect = "first"

    def _close(self, mark: str, position: int) -> None:
        if self.expect in ("key", "value") and self.stack and self._blank_since_comma():
            self._note(position, "a comma too much was left out")
            self.out[self.comma_at] = ""
            self.expect = "next"
        if self.expect not in ("next", "first") or not self.stack:
            raise Unrepairable(f"unexpected {mark!r}.", position)
        if _CLOSES[self.stack[-1]] != mark:
            fits = len(self.stack) > 1 and _CLOSES[self.stack[-2]] == mark
            if self.inserted[mark] and not (fits and self._choose()):
                self.inserted[mark] -= 1
                self._note(position, f"a {mark!r} too much was left out")
                return
            if not fits:
                raise Unrepairable(f"unexpected {mark!r}.", position)
            lost = _CLOSES[self.stack.pop()]
            self.inserted[lost] += 1
            self._note(position, f"a closing {lost!r} was missing before this {mark!r}")
            self.out.append(lost)
        if mark == "}" and len(self.stack) == 1:
            self.root_at = len(self.out)
        self.out.append(mark)
        self.stack.pop()
        self._after_value()

    def _choose(self) -> bool:
        choice = self.given[len(self.choices)] if len(self.choices) < len(self.given) else True
        self.choices.append(choice)
        return choice

    def _reopen(self, position: int) -> None:
        """More fields after the end of the whole object: its brace came too early."""
        self.out[self.root_at] = ""
        self.root_at = -1
        self.stack.append("{")
        self.inserted["}"] -= 1
        self._note(position, "a '}' before this field ended the document too early")
        self.out.append(",")
        self.expect = "key"

    def _missing_comma(self, position: int) -> None:
        self._note(position, "a comma was missing before this")
        self.comma_at = len(self.out)
        self.out.append(",")
        self.expect = "key" if self.stack[-1] == "{" else "value"

    def _after_value(self) -> None:
        self.expect = "next" if self.stack else "end"

    def _blank_since_comma(self) -> bool:
        return self.comma_at >= 0 and not "".join(self.out[self.comma_at + 1 :]).strip()
