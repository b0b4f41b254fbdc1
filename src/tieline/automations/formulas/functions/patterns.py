"""Functions on regular expressions."""

from __future__ import annotations

import re

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.patterns import compile_pattern, encoded, group, replacement_parts
from tieline.automations.formulas.registry import example, function

_EMAIL = r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}"
_URL = r"https?://[^\s<>\"']+"


def _first(context: Context, text: str, pattern: str) -> str | None:
    """The first match: its first group when the pattern has one, else all of it."""
    compiled = compile_pattern(pattern)
    data = encoded(text)
    match = compiled.search(context, data)
    return None if match is None else group(match, data, 1 if compiled.groups else 0) or ""


@function(
    "pattern",
    example(r"{regexparse: 'www.example.com/us/products', '\.com(.*)'}", "/us/products"),
    example("{regexparse: 'Order 4711', '/[0-9]+/'}", "4711"),
    example("{regexparse: 'none', '[0-9]+'}", None),
    aliases=("regexextract",),
)
def regexparse(context: Context, text: str, pattern: str) -> str | None:
    """The first match: its first group when the pattern has one, else all of it; null when nothing matches. Patterns
    are those of RE2, also between `/`, `#` or `~` with the flags i, m, s, U."""
    return _first(context, text, pattern)


@function("pattern", example("{regexparseall: 'a1 b22', '[0-9]+'}", ["1", "22"]), aliases=("regexextractall",))
def regexparseall(context: Context, text: str, pattern: str) -> list[str]:
    """A list of all matches, each as in `regexparse`."""
    compiled = compile_pattern(pattern)
    data = encoded(text)
    number = 1 if compiled.groups else 0
    return [group(found, data, number) or "" for found in compiled.matches(context, data)]


@function("pattern", example("{regexgroups: '2024-05-15', '(\\d+)-(\\d+)-(\\d+)'}", ["2024", "05", "15"]))
def regexgroups(context: Context, text: str, pattern: str) -> list[str | None] | None:
    """All groups of the first match as a list; null when nothing matches."""
    compiled = compile_pattern(pattern)
    data = encoded(text)
    found = compiled.search(context, data)
    return None if found is None else [group(found, data, number) for number in range(1, compiled.groups + 1)]


@function(
    "pattern",
    example(r"{regexreplace: 'Ada Lovelace', '(\w+) (\w+)', '$2, $1'}", "Lovelace, Ada"),
    example("{regexreplace: '+32 470-12', '[^0-9]', ''}", "3247012"),
    example("{regexreplace: 'aaa', '/A/i', 'b', 1}", "baa"),
    aliases=("pregreplace",),
)
def regexreplace(context: Context, text: str, pattern: str, replacement: str = "", limit: int | None = None) -> str:
    """Every match (or the first `limit` ones) replaced; `$1`, `\\1` and `${1}` stand for groups."""
    compiled = compile_pattern(pattern)
    data = encoded(text)
    out: list[bytes] = []
    size = at = 0
    parts = replacement_parts(replacement, compiled.groups)
    for number, found in enumerate(compiled.matches(context, data)):
        if limit is not None and 0 <= limit <= number:
            break
        start, end = found[0]
        if at < start:
            out.append(data[at:start])
        at = end
        # A group that took no part is (-1, -1): nothing.
        pieces = [part if isinstance(part, bytes) else data[found[part][0] : found[part][1]] for part in parts]
        piece = b"".join(pieces)
        size += len(piece)
        context.work -= len(piece) + 60 * len(pieces)
        if piece:
            out.append(piece)
        if size > context.limits.max_output_bytes:
            context.reserve(size)
    out.append(data[at:])
    return b"".join(out).decode("utf-8", "replace")


@function("pattern", example("{regexmatch: 'INV-2024', '^INV-\\d{4}$'}", True), aliases=("regextest",))
def regexmatch(context: Context, text: str, pattern: str) -> bool:
    """Whether the pattern matches somewhere in the text."""
    return compile_pattern(pattern).search(context, encoded(text)) is not None


@function("pattern", example("{regexcount: 'a1b22', '[0-9]'}", 3))
def regexcount(context: Context, text: str, pattern: str) -> int:
    """How often the pattern matches."""
    return sum(1 for _found in compile_pattern(pattern).matches(context, encoded(text)))


@function("pattern", example(r"{regexsplit: 'a, b;c', '[,;]\s*'}", ["a", "b", "c"]))
def regexsplit(context: Context, text: str, pattern: str) -> list[str]:
    """The text cut at every match."""
    data = encoded(text)
    out: list[str] = []
    at = 0
    for found in compile_pattern(pattern).matches(context, data):
        start, end = found[0]
        if start < end:
            out.append(data[at:start].decode("utf-8", "replace"))
            at = end
    out.append(data[at:].decode("utf-8", "replace"))
    return out


@function("pattern", example("{regexescape: '1+1=2'}", r"1\+1=2"))
def regexescape(context: Context, text: str) -> str:
    """The text as a pattern that matches only itself."""
    context.reserve(2 * len(text))
    context.spend(len(text) * 150)
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", text)


@function("pattern", example("{extractemail: 'Write to ada@example.com today'}", "ada@example.com"))
def extractemail(context: Context, text: str) -> str | None:
    """The first e-mail address in the text; null when there is none."""
    return _first(context, text, _EMAIL)


@function("pattern", example("{extractemails: 'a@x.org, b@y.org'}", ["a@x.org", "b@y.org"]))
def extractemails(context: Context, text: str) -> list[str]:
    """All e-mail addresses in the text."""
    return regexparseall(context, text, _EMAIL)


@function("pattern", example("{extracturl: 'See https://example.com/a?b=1 now'}", "https://example.com/a?b=1"))
def extracturl(context: Context, text: str) -> str | None:
    """The first http or https address in the text; null when there is none."""
    found = _first(context, text, _URL)
    return found.rstrip(".,;:!?)") if found else None


@function("pattern", example("{extractnumber: 'Total: -12.50 EUR'}", -12.5))
def extractnumber(context: Context, text: str) -> int | float | None:
    """The first number in the text; null when there is none."""
    number = _first(context, text, r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
    if number is None:
        return None
    return float(number) if "." in number else int(number)
