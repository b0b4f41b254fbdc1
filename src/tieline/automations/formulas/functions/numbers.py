"""Numbers: from and to text."""

from __future__ import annotations

from typing import Any

from tieline.automations.formulas.errors import FormulaValueError
from tieline.automations.formulas.functions.math import round_
from tieline.automations.formulas.registry import example, function
from tieline.automations.formulas.values import Number, integer_of, number_in, number_of, text_of, tidy

_MAX_PLACES = 15
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


@function(
    "math",
    example("{numberformat: 1234567.891, 2}", "1,234,567.89"),
    example("{numberformat: 1234567.891, 2, ',', '.'}", "1.234.567,89"),
    example("{numberformat: 5}", "5"),
    aliases=("formatnumber",),
)
def numberformat(number: Number, places: int = 0, point: str = ".", thousands: str = ",") -> str:
    """A number as text with that many decimal places, a decimal point and a mark between thousands."""
    if not 0 <= places <= _MAX_PLACES:
        raise FormulaValueError(f"'places' must be 0 to {_MAX_PLACES}")
    text = f"{round_(number, places):,.{places}f}"
    if len(point) > 10 or len(thousands) > 10:
        raise FormulaValueError("'point' and 'thousands' must have at most 10 characters")
    whole, _, fraction = text.partition(".")
    return whole.replace(",", thousands) + (point + fraction if fraction else "")


@function(
    "math", example("{tonumber: ' 12.50 '}", 12.5), example("{tonumber: 'n/a', 0}", 0), aliases=("number", "tofloat")
)
def tonumber(value: Any, default: Any = None) -> Any:
    """A text as a number; the default (null) when it is none."""
    if isinstance(value, str):
        found = number_in(value)
        return default if found is None else tidy(found)
    return number_of(value) if isinstance(value, (int, float)) else default


@function("math", example("{tointeger: '12.9'}", 12), aliases=("int", "intval"))
def tointeger(value: Any, default: Any = None) -> Any:
    """A number or text as a whole number, without its decimals; the default (null) when it is none."""
    found = tonumber(value)
    return default if found is None else int(found)


@function("math", example("{parsenumber: '1.234,56', ','}", 1234.56), example("{parsenumber: 'USD 1,234.50'}", 1234.5))
def parsenumber(text: str, point: str = ".") -> Number | None:
    """A number out of a written amount: everything but digits, sign and decimal point is dropped; null when nothing
    is left."""
    if len(text) > 200:
        raise FormulaValueError("'text' must have at most 200 characters")
    kept = "".join(letter for letter in text if letter.isdecimal() or letter in {"-", point})
    found = number_in(kept.replace(point, ".", 1) if point else kept)
    return None if found is None else tidy(found)


@function("math", example("{baseconvert: 'ff', 16, 2}", "11111111"), aliases=("convertbase",))
def baseconvert(digits: str, from_: int, to: int) -> str:
    """A whole number from one base to another, 2 to 36; at most 64 bits."""
    if not (2 <= from_ <= 36 and 2 <= to <= 36):
        raise FormulaValueError("'from' and 'to' must be 2 to 36")
    if len(digits) > 65:
        raise FormulaValueError("'digits' must have at most 65 characters")
    try:
        number = int(digits, from_)
    except ValueError:
        raise FormulaValueError(f"'digits' is not a number in base {from_}") from None
    out = ""
    rest = abs(number)
    while rest:
        rest, digit = divmod(rest, to)
        out = _DIGITS[digit] + out
    return ("-" if number < 0 else "") + (out or "0")


@function("math", example("{dechex: 255}", "ff"))
def dechex(number: int) -> str:
    """A whole number as hexadecimal text."""
    return f"{number:x}"


@function("math", example("{hexdec: 'ff'}", 255))
def hexdec(digits: str) -> int:
    """Hexadecimal text as a whole number."""
    return integer_of(baseconvert(digits.removeprefix("0x"), 16, 10))


@function("math", example("{ordinal: 22}", "22nd"))
def ordinal(number: int) -> str:
    """The English ordinal: 1st, 2nd, 3rd, 4th."""
    last = abs(number) % 100
    ending = "th" if 11 <= last <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(last % 10, "th")
    return f"{number}{ending}"


@function("math", example("{formatbytes: 1536000}", "1.54 MB"))
def formatbytes(number: Number, places: int = 2) -> str:
    """A size in bytes in the nearest decimal unit."""
    value = float(number)
    unit = 0
    while abs(value) >= 1000 and unit < len(_UNITS) - 1:
        value /= 1000
        unit += 1
    return f"{text_of(round_(value, places))} {_UNITS[unit]}"
