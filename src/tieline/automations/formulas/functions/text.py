"""Text: case, trimming, parts, searching, joining."""

from __future__ import annotations

from typing import Any

from tieline.automations.formulas.conditions import evaluate_condition
from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaValueError
from tieline.automations.formulas.registry import example, function
from tieline.automations.formulas.values import text_of

BLANKS = " \t\n\r\0\x0b"
_MOST_TRIMMED = 1000  # characters that one trim takes away: each character of the text is looked up among them


@function("text", example("{uppercase: {$.name}}", "ADA", name="Ada"), aliases=("upper", "strtoupper"))
def uppercase(text: str) -> str:
    """The text in capitals."""
    return text.upper()


@function("text", example("{lowercase: {$.name}}", "ada", name="ADA"), aliases=("lower", "strtolower"))
def lowercase(text: str) -> str:
    """The text in small letters."""
    return text.lower()


@function("text", example("{capitalize: 'hello world'}", "Hello world"), aliases=("ucfirst",))
def capitalize(text: str) -> str:
    """The first letter as a capital, the rest as it is."""
    return text[:1].upper() + text[1:]


@function("text", example("{uncapitalize: 'Hello World'}", "hello World"), aliases=("lcfirst",))
def uncapitalize(text: str) -> str:
    """The first letter as a small one, the rest as it is."""
    return text[:1].lower() + text[1:]


@function(
    "text",
    example("{capitalizename: 'john doe'}", "John Doe"),
    example("{capitalizename: 'JOHN DOE'}", "John Doe"),
    example("{capitalizename: 'Jan van den Broeck'}", "Jan van den Broeck"),
)
def capitalizename(context: Context, name: str) -> str:
    """Capitals for all words of a name that is all small or all capital; a name with mixed case stays as it is."""
    return titlecase(context, name) if name in {name.lower(), name.upper()} else name


@function(
    "text", example("{titlecase: \"o'neil's big day\"}", "O'neil's Big Day"), aliases=("ucwords", "capitalizewords")
)
def titlecase(context: Context, text: str) -> str:
    """The first letter of each word as a capital, the others small. Words are parted by blanks and dashes."""
    context.spend(len(text) * 25)
    out = []
    fresh = True
    for letter in text.lower():
        out.append(letter.upper() if fresh else letter)
        fresh = letter.isspace() or letter == "-"
    return "".join(out)


def charset(characters: str | None) -> str:
    """The characters to trim; ``a..z`` is a range, as in PHP."""
    if characters is None or characters == "":
        return BLANKS
    if len(characters) > _MOST_TRIMMED:
        raise FormulaValueError(f"'characters' has {len(characters)} of them; at most {_MOST_TRIMMED} are allowed")
    out: dict[str, None] = {}
    rest = characters
    while rest:
        if len(rest) >= 4 and rest[1:3] == ".." and rest[0] <= rest[3] and ord(rest[3]) < 0x250:
            out.update(dict.fromkeys(map(chr, range(ord(rest[0]), ord(rest[3]) + 1))))
            rest = rest[4:]
        else:
            out[rest[0]] = None
            rest = rest[1:]
    return "".join(out)


@function(
    "text",
    example("{trim: '  hello  '}", "hello"),
    example("{trim: 'www.example.com', 'www.'}", "example.com"),
    example("{trim: 'abc42xyz', 'a..z'}", "42"),
)
def trim(text: str, characters: str | None = None) -> str:
    """Without blanks and line breaks, or without any of the given characters, at both ends. `a..z` is a range."""
    return text.strip(charset(characters))


@function("text", example("{ltrim: '007', '0'}", "7"), aliases=("trimleft",))
def ltrim(text: str, characters: str | None = None) -> str:
    """Like `trim`, at the beginning only."""
    return text.lstrip(charset(characters))


@function("text", example("{rtrim: 'https://example.com/', '/'}", "https://example.com"), aliases=("trimright",))
def rtrim(text: str, characters: str | None = None) -> str:
    """Like `trim`, at the end only."""
    return text.rstrip(charset(characters))


def replaced(context: Context, text: str, search: str, replacement: str, count: int = -1) -> str:
    """``str.replace`` that asks for the room first."""
    if search == "":
        return text
    hits = text.count(search) if count < 0 else min(count, text.count(search))
    grown = len(text) + hits * (len(replacement) - len(search))
    if grown > len(text):
        context.reserve(grown)
    return text.replace(search, replacement, count)


@function(
    "text",
    example("{replace: {$.phone}, ' ', ''}", "+32470123456", phone="+32 470 12 34 56"),
    example("{replace: 'a-b-c', '-', '_'}", "a_b_c"),
    aliases=("strreplace",),
)
def replace(context: Context, text: str, search: str, replacement: str = "") -> str:
    """Every occurrence of a text by another one. See `regexreplace` for patterns."""
    return replaced(context, text, search, replacement)


@function("text", example("{replacefirst: 'a-b-c', '-', '_'}", "a_b-c"))
def replacefirst(context: Context, text: str, search: str, replacement: str = "") -> str:
    """The first occurrence only."""
    return replaced(context, text, search, replacement, 1)


@function("text", example("{replacelast: 'a-b-c', '-', '_'}", "a-b_c"))
def replacelast(context: Context, text: str, search: str, replacement: str = "") -> str:
    """The last occurrence only."""
    at = text.rfind(search) if search else -1
    if at < 0:
        return text
    context.reserve(len(text) + len(replacement))
    return text[:at] + replacement + text[at + len(search) :]


@function(
    "text",
    example("{substring: 'Hello world', 6}", "world"),
    example("{substring: 'Hello world', 0, 5}", "Hello"),
    example("{substring: 'Hello world', -5, -1}", "worl"),
    aliases=("substr", "mid"),
)
def substring(text: str, start: int, length: int | None = None) -> str:
    """A part of the text from `start` (0 is the first character, negative counts from the end), `length` characters
    long; a negative length leaves that many off the end."""
    size = len(text)
    begin = max(0, size + start) if start < 0 else start
    if length is None:
        return text[begin:]
    end = size + length if length < 0 else begin + length
    return text[begin : max(begin, end)]


@function("text", example("{left: 'Hello', 2}", "He"), aliases=("leftof",))
def left(text: str, length: int) -> str:
    """The first characters."""
    return text[: max(0, length)]


@function("text", example("{right: 'Hello', 2}", "lo"), aliases=("rightof",))
def right(text: str, length: int) -> str:
    """The last characters."""
    return text[max(0, len(text) - length) :] if length > 0 else ""


@function("text", example("{textlength: 'héllo'}", 5), aliases=("strlen", "length"))
def textlength(text: str) -> int:
    """The number of characters."""
    return len(text)


@function(
    "text",
    example("{stripos: 'Hello World', 'world'}", 6),
    example("{stripos: 'Hello', 'x'}", None),
    aliases=("indexofignorecase",),
)
def stripos(text: str, search: str, start: int = 0) -> int | None:
    """Where a text begins inside another, from 0, in any case; null when it is not there."""
    return strpos(text.lower(), search.lower(), start)


@function("text", example("{strpos: 'Hello World', 'World'}", 6), aliases=("textposition",))
def strpos(text: str, search: str, start: int = 0) -> int | None:
    """Where a text begins inside another, from 0, exact case; null when it is not there."""
    at = text.find(search, max(0, len(text) + start) if start < 0 else start)
    return at if at >= 0 else None


@function("text", example("{strrpos: 'a/b/c', '/'}", 3))
def strrpos(text: str, search: str) -> int | None:
    """Where a text begins for the last time; null when it is not there."""
    at = text.rfind(search)
    return at if at >= 0 else None


@function(
    "text",
    example("{contains: 'Hello World', 'World'}", True),
    example("{contains: {$.tags}, 'vip'}", True, tags=["new", "vip"]),
)
def contains(context: Context, value: Any, search: Any) -> bool:
    """Whether a text holds another, a list an item, or an object a key; the operator `contain`."""
    if isinstance(value, list):
        context.spend(len(value) * 60)
    return evaluate_condition("contain", value, search)


@function("text", example("{startswith: 'invoice-7', 'invoice'}", True))
def startswith(text: str, search: str) -> bool:
    """Whether the text begins so (exact case)."""
    return text.startswith(search)


@function("text", example("{endswith: 'photo.jpg', '.jpg'}", True))
def endswith(text: str, search: str) -> bool:
    """Whether the text ends so (exact case)."""
    return text.endswith(search)


@function("text", example("{countsubstring: 'banana', 'an'}", 2), aliases=("substrcount",))
def countsubstring(text: str, search: str) -> int:
    """How often a text occurs in another, without overlaps."""
    return text.count(search) if search else 0


@function("text", example("{repeat: '-', 5}", "-----"), aliases=("strrepeat",))
def repeat(context: Context, text: str, times: int) -> str:
    """The text that many times."""
    if times > 0:
        context.reserve(len(text) * times * (1 if text.isascii() else 4))
    return text * max(0, times)


def _padding(context: Context, text: str, length: int, pad: str) -> str:
    if pad == "":
        raise FormulaValueError("'pad' must not be empty")
    missing = max(0, length - len(text))
    context.reserve(missing * (1 if pad.isascii() else 4))
    return (pad * (missing // len(pad) + 1))[:missing]


@function("text", example("{padleft: 7, 3, '0'}", "007"), aliases=("lpad", "padstart"))
def padleft(context: Context, text: str, length: int, pad: str = " ") -> str:
    """Filled up at the beginning to that length."""
    return _padding(context, text, length, pad) + text


@function("text", example("{padright: 'ab', 5, '.'}", "ab..."), aliases=("rpad", "padend"))
def padright(context: Context, text: str, length: int, pad: str = " ") -> str:
    """Filled up at the end to that length."""
    return text + _padding(context, text, length, pad)


@function("text", example("{reversetext: 'stressed'}", "desserts"), aliases=("strrev",))
def reversetext(text: str) -> str:
    """The characters in opposite order."""
    return text[::-1]


@function("text", example("{concat: {$.first}, ' ', {$.last}}", "Ada Lovelace", first="Ada", last="Lovelace"))
def concat(context: Context, *values: Any) -> str:
    """All values as one text."""
    pieces = []
    for value in values:
        piece = text_of(value)
        context.spend(len(piece) + 10)
        pieces.append(piece)
    context.reserve(sum(map(len, pieces)))
    return "".join(pieces)


@function(
    "text",
    example("{textbefore: 'ada@example.com', '@'}", "ada"),
    example("{textbefore: 'ada', '@'}", "ada"),
    aliases=("before", "strbefore"),
)
def textbefore(text: str, search: str) -> str:
    """What stands before the first occurrence; the whole text when there is none."""
    return text.partition(search)[0] if search else text


@function(
    "text",
    example("{textafter: 'ada@example.com', '@'}", "example.com"),
    example("{textafter: 'ada', '@'}", ""),
    aliases=("after", "strafter"),
)
def textafter(text: str, search: str) -> str:
    """What stands after the first occurrence; '' when there is none."""
    return text.partition(search)[2] if search else text


@function("text", example("{beforelast: 'a/b/c.txt', '/'}", "a/b"))
def beforelast(text: str, search: str) -> str:
    """What stands before the last occurrence; the whole text when there is none."""
    at = text.rfind(search) if search else -1
    return text[:at] if at >= 0 else text


@function("text", example("{afterlast: 'a/b/c.txt', '/'}", "c.txt"))
def afterlast(text: str, search: str) -> str:
    """What stands after the last occurrence; the whole text when there is none."""
    at = text.rfind(search) if search else -1
    return text[at + len(search) :] if at >= 0 else text


@function("text", example("{between: 'Order [4711] paid', '[', ']'}", "4711"))
def between(text: str, start: str, end: str) -> str | None:
    """What stands between two marks, the first time; null when one of them is missing."""
    head = text.find(start)
    if head < 0:
        return None
    tail = text.find(end, head + len(start))
    return text[head + len(start) : tail] if tail >= 0 else None
