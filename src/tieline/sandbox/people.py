"""Made-up people from many places: names, companies, phone numbers.

A line of ``locales.txt`` is country; language; dialling code and first digits; given names; family names; companies.
A name that is not written in Latin letters carries its romanisation behind ``|`` (for the e-mail address). Domains end
in ``.example`` (RFC 2606).
"""

from __future__ import annotations

import random
import unicodedata
from functools import cache
from pathlib import Path

from msgspec import Struct

_TITLES = (
    "Account Manager,Software Engineer,Marketing Lead,CEO,Événementiel,Leiterin Vertrieb,Product Owner,"
    "Head of R&D,Journalist,مديرة المشاريع,営業部長,Student,Data Scientist,Consultant"
).split(",")
_FAMILY_FIRST = {"ja", "zh", "ko"}
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "þ": "th", "Þ": "th",
     "æ": "ae", "Æ": "ae", "ı": "i", "İ": "i"}
)  # fmt: skip


class Locale(Struct, frozen=True):
    country: str
    language: str
    phone: str
    given: tuple[tuple[str, str], ...]
    family: tuple[tuple[str, str], ...]
    companies: tuple[str, ...]


class Person(Struct):
    first_name: str
    last_name: str
    name: str
    email: str
    phone: str
    company: str | None
    job_title: str | None
    language: str
    country: str


def _pair(text: str) -> tuple[str, str]:
    native, _, latin = text.partition("|")
    return native, plain(latin or native)


@cache
def plain(text: str) -> str:
    """Lower-case ASCII letters and digits of a Latin name: ``O'Shaughnessy`` to ``oshaughnessy``."""
    folded = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in folded.lower() if c.isascii() and c.isalnum())


def _locale(line: str) -> Locale:
    country, language, phone, given, family, companies = line.split(";")
    return Locale(
        country,
        language,
        phone,
        tuple(_pair(name) for name in given.split(",")),
        tuple(_pair(name) for name in family.split(",")),
        tuple(companies.split(",")),
    )


LOCALES = tuple(_locale(line) for line in Path(__file__).with_name("locales.txt").read_text("utf-8").splitlines())


def full_name(first: str, last: str, language: str) -> str:
    """As the person's own language orders it."""
    return f"{last} {first}" if language in _FAMILY_FIRST else f"{first} {last}".strip()


def person(dice: random.Random, number: int) -> Person:
    """The ``number``-th person: e-mail address and phone number are their own."""
    pick = dice.random
    locale = LOCALES[int(pick() * len(LOCALES))]
    first, first_ascii = locale.given[int(pick() * len(locale.given))]
    last, last_ascii = locale.family[int(pick() * len(locale.family))]
    company = locale.companies[int(pick() * len(locale.companies))] if pick() < 0.9 else None
    if number % 97 == 96:
        first = f"{first} {'🎤🦊🌈🎸'[number // 97 % 4]}"
    return Person(
        first_name=first,
        last_name=last,
        name=full_name(first, last, locale.language),
        email=f"{first_ascii}.{last_ascii}.{number}@{plain(company or '') or 'post'}.example",
        phone=f"{locale.phone}{number:06d}"[:16],
        company=company,
        job_title=_TITLES[int(pick() * len(_TITLES))] if pick() < 0.8 else None,
        language=locale.language,
        country=locale.country,
    )


def new_phone(dice: random.Random, country: str) -> str:
    """Another number of the same country, out of a range that `person` does not use for the first 900,000 people."""
    phone = next((locale.phone for locale in LOCALES if locale.country == country), "+1202555")
    return f"{phone}9{dice.randrange(100_000):05d}"
