"""Text: words, lines, names for machines, and small repairs."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaValueError
from tieline.automations.formulas.registry import example, function
from tieline.automations.formulas.values import integer_of, number_of, text_of

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")
_BREAK = re.compile(r"\r\n|\r|\n")
_LETTERS = {
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "ø": "o",
    "Ø": "O",
    "œ": "oe",
    "Œ": "OE",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "þ": "th",
    "ı": "i",
}
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_MAX_RANDOM = 10_000
_MAX_DISTANCE = 1000


@function("text", example("{wordcount: 'one two  three'}", 3))
def wordcount(text: str) -> int:
    """The number of words, parted by blanks."""
    return len(text.split())


@function("text", example("{words: ' one two '}", ["one", "two"]))
def words(context: Context, text: str) -> list[str]:
    """The words of a text, parted by blanks."""
    context.spend(len(text) * 8)
    return text.split()


@function("text", example("{lines: {$.text}}", ["a", "b"], text="a\r\nb"))
def lines(context: Context, text: str) -> list[str]:
    """The lines of a text."""
    context.spend(len(text) * 8)
    return _BREAK.split(text) if text else []


@function(
    "text", example("one{linebreak:}two", "one\ntwo"), example("{implode: {$.l}, '{linebreak}'}", "a\nb", l=["a", "b"])
)
def linebreak() -> str:
    """A line break; also written `{linebreak}`."""
    return "\n"


@function("text", example("{removelinebreaks: {$.text}}", "a b", text="a\r\nb"))
def removelinebreaks(context: Context, text: str, replacement: str = " ") -> str:
    """Line breaks replaced by a blank, or by the given text."""
    context.reserve(len(text) + text.count("\n") * len(replacement) + text.count("\r") * len(replacement))
    return _BREAK.sub(lambda _found: replacement, text)


@function("text", example("{nl2br: {$.text}}", "a<br>\nb", text="a\nb"))
def nl2br(context: Context, text: str) -> str:
    """An HTML line break before every line break."""
    context.reserve(len(text) * 3)
    return _BREAK.sub(lambda found: "<br>" + found.group(), text)


@function("text", example("{striphtml: '<p>Hello <b>world</b></p>'}", "Hello world"), aliases=("striptags",))
def striphtml(context: Context, text: str) -> str:
    """Without HTML tags, comments, scripts and styles. Entities stay; see `htmldecode`."""
    context.spend(len(text) * 4)
    if text.count("<") > 1 and ("<!--" in text or "<s" in text.lower()):
        text = _without_blocks(text)
    return _PLAIN_TAG.sub("", text)


_PLAIN_TAG = re.compile(r"<[!/?a-zA-Z][^<>]*>")
_BLOCK = re.compile(r"<!--|<(script|style)\b", re.IGNORECASE)


def _without_blocks(text: str) -> str:
    """Cut comments, scripts and styles in one pass; an unclosed one reaches to the end."""
    out = []
    lowered = text.lower()
    at = 0
    while found := _BLOCK.search(text, at):
        out.append(text[at : found.start()])
        close = f"</{found.group(1).lower()}" if found.group(1) else "-->"
        end = lowered.find(close, found.end())
        if end < 0:
            return "".join(out)
        stop = text.find(">", end)
        if stop < 0:
            return "".join(out)
        at = stop + 1
    out.append(text[at:])
    return "".join(out)


@function("text", example("{normalizespace: '  a   b '}", "a b"), aliases=("collapsespaces", "squish"))
def normalizespace(text: str) -> str:
    """Every run of blanks as one blank, none at the ends."""
    return " ".join(text.split())


@function("text", example("{removespaces: '+32 470 12 34'}", "+324701234"))
def removespaces(text: str) -> str:
    """Without any blanks and line breaks."""
    return "".join(text.split())


@function("text", example("{truncate: 'A long story', 8}", "A long …"), example("{truncate: 'short', 8}", "short"))
def truncate(text: str, length: int, ending: str = "…") -> str:
    """At most that many characters; what is longer is cut and gets the ending, which counts."""
    if len(text) <= length:
        return text
    return text[: max(0, length - len(ending))] + ending[: max(0, length)]


@function("text", example("{removeaccents: 'Crème Brûlée'}", "Creme Brulee"), aliases=("ascii", "transliterate"))
def removeaccents(context: Context, text: str) -> str:
    """Letters without accents; what has no plain form is left out."""
    context.spend(len(text) * 20)
    plain = "".join(_LETTERS.get(letter, letter) for letter in text)
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode("ascii")


def parts(context: Context, text: str) -> list[str]:
    """The words of a text or of a name in any case style."""
    context.spend(len(text) * 20)
    return _WORD.findall(text)


@function("text", example("{slugify: 'Crème Brûlée & Co.'}", "creme-brulee-co"), aliases=("slug",))
def slugify(context: Context, text: str, separator: str = "-") -> str:
    """A form for addresses: small plain letters and digits, words joined by dashes."""
    found = re.findall(r"[a-z0-9]+", removeaccents(context, text).lower())
    context.reserve(len(text) + len(found) * len(separator))
    return separator.join(found)


@function("text", example("{camelcase: 'first name'}", "firstName"))
def camelcase(context: Context, text: str) -> str:
    """Words joined, each but the first with a capital."""
    joined = pascalcase(context, text)
    return joined[:1].lower() + joined[1:]


@function("text", example("{pascalcase: 'first_name'}", "FirstName"))
def pascalcase(context: Context, text: str) -> str:
    """Words joined, each with a capital."""
    return "".join(word[:1].upper() + word[1:].lower() for word in parts(context, text))


@function("text", example("{snakecase: 'firstName'}", "first_name"))
def snakecase(context: Context, text: str) -> str:
    """Small words joined by underscores."""
    return "_".join(word.lower() for word in parts(context, text))


@function("text", example("{kebabcase: 'firstName'}", "first-name"))
def kebabcase(context: Context, text: str) -> str:
    """Small words joined by dashes."""
    return "-".join(word.lower() for word in parts(context, text))


@function("text", example("{initials: 'Ada King Lovelace'}", "AKL"))
def initials(context: Context, text: str) -> str:
    """The first letter of each word, as capitals."""
    context.spend(len(text) * 12)
    return "".join(word[0].upper() for word in text.split())


@function("text", example("{mask: '4111111111111111', 4}", "************1111"))
def mask(text: str, visible: int = 4, character: str = "*") -> str:
    """All characters but the last ones replaced."""
    hidden = max(0, len(text) - max(0, visible))
    return (character[:1] or "*") * hidden + text[hidden:]


@function("text", example("{ensureprefix: 'example.com', 'https://'}", "https://example.com"))
def ensureprefix(text: str, prefix: str) -> str:
    """With that beginning, added when it is not there."""
    return text if text.startswith(prefix) else prefix + text


@function("text", example("{ensuresuffix: '/api', '/'}", "/api/"))
def ensuresuffix(text: str, suffix: str) -> str:
    """With that ending, added when it is not there."""
    return text if text.endswith(suffix) else text + suffix


@function("text", example("{removeprefix: 'id-42', 'id-'}", "42"))
def removeprefix(text: str, prefix: str) -> str:
    """Without that beginning."""
    return text.removeprefix(prefix)


@function("text", example("{removesuffix: 'report.csv', '.csv'}", "report"))
def removesuffix(text: str, suffix: str) -> str:
    """Without that ending."""
    return text.removesuffix(suffix)


@function("text", example("{digitsonly: '+32 (0)470 12'}", "32047012"), aliases=("onlydigits",))
def digitsonly(context: Context, text: str) -> str:
    """Only the digits 0 to 9."""
    context.spend(len(text) * 10)
    return "".join(letter for letter in text if "0" <= letter <= "9")


@function("text", example("{lettersonly: 'R2-D2 é'}", "RDé"), aliases=("onlyletters",))
def lettersonly(context: Context, text: str) -> str:
    """Only the letters."""
    context.spend(len(text) * 10)
    return "".join(letter for letter in text if letter.isalpha())


@function("text", example("{char: 8364}", "€"), aliases=("chr",))
def char(code: int) -> str:
    """The character with that Unicode number."""
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise FormulaValueError("'code' must be the number of a Unicode character")
    return chr(code)


@function("text", example("{charcode: '€'}", 8364), aliases=("ord",))
def charcode(text: str) -> int | None:
    """The Unicode number of the first character; null for ''."""
    return ord(text[0]) if text else None


@function("text", example("{random: 12}", like="[A-Za-z0-9]{12}"), aliases=("randomstring", "randomtext"))
def random(context: Context, length: int = 10, characters: str = _ALPHABET) -> str:
    """Random letters and digits, or of the given characters; at most 10,000."""
    if not 0 <= length <= _MAX_RANDOM or not characters:
        raise FormulaValueError(f"'length' must be 0 to {_MAX_RANDOM}, 'characters' not empty")
    context.spend(length * 100)
    return "".join(context.env.random.choices(characters, k=length))


@function(
    "text",
    example("{sprintf: '%s has %d items, %05.2f each', 'Cart', 3, 1.5}", "Cart has 3 items, 01.50 each"),
    aliases=("format",),
)
def sprintf(context: Context, pattern: str, *values: Any) -> str:
    """A pattern with `%s`, `%d`, `%f`, `%x`, `%05.2f`, `%2$s` filled in, as in PHP."""
    queue = iter(values)
    grown = 0

    def fill(found: re.Match[str]) -> str:
        nonlocal grown
        if found.group() == "%%":
            return "%"
        place, flags, width, precision, kind = found.groups()
        if place:
            index = int(place[:-1]) - 1
            value = values[index] if 0 <= index < len(values) else None
        else:
            value = next(queue, None)
        size = min(int(width or 0), 1000)
        digits = min(int(precision or 6), 50)
        if kind == "s":
            text = text_of(value)
            text = text if precision is None else text[:digits]
        elif kind == "f":
            text = f"{number_of(value):.{digits}f}"
        elif kind in "di":
            text = str(int(number_of(value)))
        else:
            text = f"{integer_of(value):{kind}}"
        if "+" in flags and kind in "dif" and not text.startswith("-"):
            text = "+" + text
        text = text.ljust(size) if "-" in flags else text.zfill(size) if "0" in flags else text.rjust(size)
        grown += len(text)
        context.reserve(grown)
        return text

    return re.sub(r"%%|%([0-9]{1,2}\$)?([-+0]*)([0-9]{1,4})?(?:\.([0-9]{1,2}))?([sdifxXob])", fill, pattern)


@function("text", example("{similarity: 'kitten', 'sitting'}", 57), aliases=("similartext",))
def similarity(context: Context, first: str, second: str) -> int:
    """How alike two texts are, 0 to 100: 100 less the share of changed characters (Levenshtein)."""
    longest = max(len(first), len(second))
    return round(100 * (1 - levenshtein(context, first, second) / longest)) if longest else 100


@function("text", example("{levenshtein: 'kitten', 'sitting'}", 3))
def levenshtein(context: Context, first: str, second: str) -> int:
    """How many characters must be changed, added or removed to make one text of another; for up to 1,000 characters
    each."""
    if len(first) > _MAX_DISTANCE or len(second) > _MAX_DISTANCE:
        raise FormulaValueError(f"both texts must have at most {_MAX_DISTANCE} characters")
    context.spend(len(first) * len(second) * 25)
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


@function("text", example("{unescape: 'a\\nb\\t\\u20ac'}", "a\nb\t€"))
def unescape(context: Context, text: str) -> str:
    """The escapes `\\n`, `\\r`, `\\t`, `\\\\`, `\\'`, `\\"` and `\\u0041` as the characters they stand for."""
    context.spend(len(text) * 10)
    plain = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}

    def put(found: re.Match[str]) -> str:
        mark = found.group(1)
        if mark[0] == "u" and len(mark) > 1:
            code = int(mark[1:], 16)
            return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)
        return plain.get(mark, mark)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|[nrt0\\'\"/])", put, text)
