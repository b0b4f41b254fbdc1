"""Numbers. Null and '' count as 0; results carry at most 15 significant digits, whole ones are integers."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaLimit, FormulaValueError
from tieline.automations.formulas.registry import example, function
from tieline.automations.formulas.values import Items, Number, float_of, number_of, tidy

_MAX_INTEGER_POWER = 4096
_MAX_PLACES = 15
_MAX_DIGITS = 18


def numbers(values: tuple[Any, ...]) -> Items:
    """The numbers in one list, or in several arguments; nulls and '' are left out."""
    found: Items = []
    for value in values:
        if isinstance(value, (list, tuple)):
            found.extend(number_of(item) for item in value if item is not None and item != "")
        elif value is not None and value != "":
            found.append(number_of(value))
    return found


@function("math", example("{add: {$.a}, 2}", 5, a=3), example("{add: 0.1, '0.2'}", 0.3), aliases=("plus",))
def add(first: Number, second: Number, *more: Number) -> Number:
    """The sum of the arguments."""
    return total([first, second, *more])


def total(values: Items) -> Number:
    """An exact sum of integers, a correctly rounded one as soon as there is a float."""
    if all(value.__class__ is int for value in values):
        return tidy(sum(values))
    try:
        return tidy(math.fsum(values))
    except OverflowError:
        raise FormulaLimit("the result is larger than a number can be") from None


@function("math", example("{subtract: 10, 4}", 6), aliases=("minus",))
def subtract(first: Number, second: Number, *more: Number) -> Number:
    """The first number less the others."""
    return total([first, *[-value for value in (second, *more)]])


@function("math", example("{multiply: 6, 7}", 42), aliases=("times",))
def multiply(first: Number, second: Number, *more: Number) -> Number:
    """The product of the arguments."""
    product = tidy(first * second)
    for value in more:
        product = tidy(product * value)
    return product


@function(
    "math",
    example("{divide: 10, 4}", 2.5),
    example("{add: {divide: {date: '2021-06-01', 'U'}, 86400}, 25569}", 44348),
    example("{divide: 1, 0}", error="formula-value"),
)
def divide(first: Number, second: Number) -> Number:
    """The first number divided by the second."""
    if second == 0:
        raise FormulaValueError("division by zero; test the divisor first")
    if first.__class__ is int and second.__class__ is int and first % second == 0:
        return first // second
    return tidy(first / second)


@function("math", example("{intdivide: 17, 5}", 3))
def intdivide(first: Number, second: Number) -> Number:
    """The whole part of a division, towards zero."""
    return trunc(divide(first, second))


@function("math", example("{mod: 25, 4}", 1), aliases=("modulo",))
def mod(first: Number, second: Number) -> Number:
    """What is left after a division, with the sign of the first number."""
    if second == 0:
        raise FormulaValueError("division by zero; test the divisor first")
    if first.__class__ is int and second.__class__ is int:
        return int(first - second * int(abs(first) // abs(second)) * (1 if (first < 0) == (second < 0) else -1))
    return tidy(math.fmod(first, second))


def _digits(text: str) -> list[int]:
    digits = [int(letter) for letter in text[:10_000] if letter.isdecimal() and letter.isascii()]
    if not digits or len(digits) > 1000 or len(text) > 10_000:
        raise FormulaValueError("1 to 1000 digits are needed")
    return digits


@function("math", example("{mod10: 25}", 7), example("{mod10: '7992739871'}", 3), aliases=("modtendigit",))
def mod10(digits: str) -> int:
    """The check digit by modulo 10 (Luhn, ISO/IEC 7812-1)."""
    doubled = 0
    for place, digit in enumerate(reversed(_digits(digits))):
        value = digit * 2 if place % 2 == 0 else digit
        doubled += value - 9 if value > 9 else value
    return (10 - doubled % 10) % 10


@function("math", example("{mod11: 25}", 6), aliases=("modelevendigit",))
def mod11(digits: str) -> int:
    """The check digit by modulo 11: weights 2 to 7 from the right, 11 less the remainder; 10 and 11 give 0."""
    weighted = sum(digit * (2 + place % 6) for place, digit in enumerate(reversed(_digits(digits))))
    check = 11 - weighted % 11
    return check if check < 10 else 0


@function("math", example("{isluhn: '4111 1111 1111 1111'}", True))
def isluhn(digits: str) -> bool:
    """Whether the last digit is the right check digit by modulo 10."""
    found = _digits(digits)
    return len(found) > 1 and mod10("".join(map(str, found[:-1]))) == found[-1]


@function(
    "math", example("{power: 2, 10}", 1024), example("{power: 9, 999999}", error="formula-limit"), aliases=("pow",)
)
def power(base: Number, exponent: Number) -> Number:
    """The base to the power of the exponent."""
    if base == 0 and exponent < 0:
        raise FormulaValueError("zero has no negative power")
    if base.__class__ is int and exponent.__class__ is int and exponent >= 0:
        if base.bit_length() * exponent <= _MAX_INTEGER_POWER:
            return tidy(base**exponent)
        if abs(base) > 1 and exponent > _MAX_INTEGER_POWER:
            raise FormulaLimit("the result is larger than a number can be")
        exponent = exponent % 2 if abs(base) == 1 else exponent
    try:
        result = float_of(int(base) if base.__class__ is int else base) ** exponent  # type: ignore[arg-type]
    except OverflowError:
        raise FormulaLimit("the result is larger than a number can be") from None
    if isinstance(result, complex):
        raise FormulaValueError("a negative number has no such power")
    return tidy(result)


@function("math", example("{sqrt: 144}", 12))
def sqrt(number: Number) -> Number:
    """The square root."""
    if number < 0:
        raise FormulaValueError("a negative number has no square root")
    return tidy(math.sqrt(number))


def _places(places: int) -> int:
    if not -_MAX_PLACES <= places <= _MAX_PLACES:
        raise FormulaValueError(f"'places' must be -{_MAX_PLACES} to {_MAX_PLACES}")
    return places


@function(
    "math",
    example("{round: 0.8416}", 1),
    example("{round: 0.8416, 2}", 0.84),
    example("{round: 2.5}", 3),
    example("{round: 1.005, 2}", 1.01),
)
def round_(number: Number, places: int = 0) -> Number:
    """Rounded to that many decimal places (0 by default), halves away from zero, as people count."""
    if number.__class__ is int and _places(places) >= 0:
        return number
    exact = (
        Decimal(repr(number)).quantize(Decimal(1).scaleb(-_places(places)), ROUND_HALF_UP)
        if abs(number) < 1e15
        else number
    )
    return tidy(float(exact))


@function("math", example("{ceil: 4.1}", 5), aliases=("roundup",))
def ceil(number: Number, places: int = 0) -> Number:
    """Rounded up."""
    return _scaled(math.ceil, number, places)


@function("math", example("{floor: 4.9}", 4), example("{floor: 4.987, 2}", 4.98), aliases=("rounddown",))
def floor(number: Number, places: int = 0) -> Number:
    """Rounded down."""
    return _scaled(math.floor, number, places)


def _scaled(rounding: Any, number: Number, places: int) -> Number:
    factor = 10.0 ** _places(places)
    scaled = tidy(number * factor)
    return tidy(rounding(scaled) / factor) if places else tidy(rounding(scaled))


@function("math", example("{trunc: -4.9}", -4), aliases=("truncatenumber",))
def trunc(number: Number) -> Number:
    """Without decimals."""
    return tidy(math.trunc(number))


@function("math", example("{roundto: 17, 5}", 15), aliases=("mround",))
def roundto(number: Number, multiple: Number) -> Number:
    """The nearest multiple."""
    return tidy(round_(divide(number, multiple)) * multiple)


@function("math", example("{abs: -3}", 3))
def abs_(number: Number) -> Number:
    """Without its sign."""
    return tidy(abs(number))


@function("math", example("{sign: -3}", -1))
def sign(number: Number) -> int:
    """-1, 0 or 1."""
    return (number > 0) - (number < 0)


@function("math", example("{negate: 3}", -3))
def negate(number: Number) -> Number:
    """With the opposite sign."""
    return tidy(-number)


@function("math", example("{sum: {$.l[*].price}}", 30, l=[{"price": 10}, {"price": "20"}]))
def sum_(*values: Any) -> Number:
    """The sum of a list or of the arguments."""
    return total(numbers(values))


@function("math", example("{avg: {$.l}}", 2, l=[1, 2, 3]), aliases=("average", "mean"))
def avg(*values: Any) -> Number | None:
    """The average of a list or of the arguments; null for none."""
    found = numbers(values)
    return divide(total(found), len(found)) if found else None


@function("math", example("{median: {$.l}}", 2.5, l=[1, 2, 3, 10]))
def median(context: Context, *values: Any) -> Number | None:
    """The middle value of a list or of the arguments; null for none."""
    found = numbers(values)
    context.spend(len(found) * 20)
    found.sort()
    middle = len(found) // 2
    if not found:
        return None
    return found[middle] if len(found) % 2 else divide(total(found[middle - 1 : middle + 1]), 2)


@function("math", example("{max: {$.l}}", 10, l=[1, 2, 7, 10]), example("{max: 3, 8}", 8), aliases=("maximum",))
def max_(*values: Any) -> Number | None:
    """The greatest number of a list or of the arguments; null for none."""
    return max(numbers(values), default=None)


@function("math", example("{min: {$.l}}", 1, l=[1, 2, 7, 10]), aliases=("minimum",))
def min_(*values: Any) -> Number | None:
    """The smallest number of a list or of the arguments; null for none."""
    return min(numbers(values), default=None)


@function("math", example("{clamp: 120, 0, 100}", 100))
def clamp(number: Number, least: Number, most: Number) -> Number:
    """The number, but not below the least nor above the most."""
    return max(least, min(number, most))


@function("math", example("{percentage: 25, 200}", 12.5), aliases=("percent",))
def percentage(part: Number, whole: Number) -> Number:
    """How many percent of the whole the part is."""
    return tidy(divide(part, whole) * 100)


@function("math", example("{percentchange: 80, 100}", 25))
def percentchange(old: Number, new: Number) -> Number:
    """By how many percent a value changed."""
    return tidy(divide(total([new, -old]), abs(old)) * 100)


@function("math", example("{log: 100, 10}", 2))
def log(number: Number, base: Number | None = None) -> Number:
    """The logarithm, natural when no base is given."""
    if number <= 0 or (base is not None and (base <= 0 or base == 1)):
        raise FormulaValueError("'number' must be above 0, 'base' above 0 and not 1")
    if base is None:
        return tidy(math.log(number))
    return tidy(math.log10(number) if base == 10 else math.log2(number) if base == 2 else math.log(number, base))


@function("math", example("{exp: 0}", 1))
def exp(number: Number) -> Number:
    """e to the power of the number."""
    try:
        return tidy(math.exp(number))
    except OverflowError:
        raise FormulaLimit("the result is larger than a number can be") from None


@function("math", example("{pi:}", 3.14159265358979))
def pi() -> Number:
    """The ratio of a circle's circumference to its diameter."""
    return tidy(math.pi)


@function("math", example("{iseven: 4}", True))
def iseven(number: int) -> bool:
    """Whether a whole number is even."""
    return number % 2 == 0


@function("math", example("{isodd: 4}", False))
def isodd(number: int) -> bool:
    """Whether a whole number is odd."""
    return number % 2 == 1


@function("math", example("{gcd: 12, 18}", 6))
def gcd(first: int, second: int) -> int:
    """The greatest common divisor."""
    return math.gcd(first, second)


@function("math", example("{randomnumber: 2}", like="[1-9][0-9]"), example("{randomnumber: 1, 6}", like="[1-6]"))
def randomnumber(context: Context, digits: int = 9, to: int | None = None) -> int:
    """A random whole number with that many digits (1 to 18); with a second argument, one between the two."""
    if to is not None:
        return context.env.random.randint(min(digits, to), max(digits, to))
    if not 1 <= digits <= _MAX_DIGITS:
        raise FormulaValueError(f"'digits' must be 1 to {_MAX_DIGITS}")
    return context.env.random.randint(0 if digits == 1 else 10 ** (digits - 1), 10**digits - 1)
