"""Inputs from a seed: bytes changed blindly, JSON changed in its structure, tokens put together by chance."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

BYTES = [b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xf4\x90\x80\x80", b"\r\n", b'"', b"\\", b"{" * 300]
BYTES += [b"[" * 2000, b"<a>" * 500, b"&#x0;", b"&a;", b"]]>", b"<!--", b"%00", b"%ff", b"\xe2\x80\xae", b"\xc3\x28"]
BYTES += [b"9" * 5000, b"-0", b"1e999", b"NaN", b" " * 3000, b"\t", b"\n\n", b"---\n", b"&x *x", b"? : -", b"${{$.a}}"]
NUMBERS: list[Any] = [0, -1, 1, 2**31, 2**63, -(2**63) - 1, 2**64, 10**400, 1e308, 5e-324, -0.0, 0.1, 10**18]
TEXTS = [
    "",
    " ",
    "\0",
    "\ud800",
    "\uffff",
    "é",
    "日本語",
    "🙂" * 30,
    "\u202e",
    "a" * 3000,
    "{$.a}",
    "{",
    "}",
    "[]",
    "null",
]
TEXTS += [
    "../../etc/passwd",
    "%2e%2e",
    "http://[::1",
    "//x",
    "-",
    "0",
    "1e400",
    "٣",
    "ß",
    "İ",
    "\x1b[31m",
    "\r\n",
    "$",
    "/",
]
TEXTS += [
    "application/json",
    "$ref",
    "#/",
    "#/components/schemas/A",
    "{id}",
    "{{id}}",
    ":id",
    "a.b.c",
    "$.a[*]",
    "type",
]
ODD: list[Any] = [None, True, False, [], {}, [[]], {"": None}, [None], *NUMBERS, *TEXTS]


def odd(random: Random) -> Any:
    """A value that nobody expects."""
    value = random.choice(ODD)
    if random.random() < 0.15:
        for _ in range(random.choice((2, 5, 90, 300))):
            value = [value] if random.random() < 0.5 else {"a": value}
    return copy.deepcopy(value) if not isinstance(value, str) else value


def nodes(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything in a JSON value."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (dict, list)):
            for key in list(one) if isinstance(one, dict) else range(len(one)):
                found.append((one, key))
                waiting.append(one[key])
    return found


def mutated_json(random: Random, seed: Any) -> Any:
    """A copy of a JSON value with some of it replaced, taken out, doubled, renamed or moved."""
    value = copy.deepcopy(seed)
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        places = nodes(value)
        if not places:
            return odd(random)
        container, key = random.choice(places)
        match random.randrange(7):
            case 0 | 1:
                container[key] = odd(random)
            case 2:
                del container[key]
            case 3 if isinstance(container, dict):
                container[random.choice((*TEXTS[:14], *(str(one[1]) for one in random.sample(places, 1))))] = (
                    container.pop(key)
                )
            case 4:
                # Of moderate size only: what doubles a document over and over is another test.
                other, name = random.choice(places)
                taken = copy.deepcopy(other[name])
                container[key] = taken if len(repr(taken)) < 5000 else None
            case 5:
                container[key] = [container[key]] if random.random() < 0.5 else {"x": container[key]}
            case _:
                container[key] = str(container[key])[:2000] if random.random() < 0.5 else {"$ref": random.choice(TEXTS)}
    return value


def mutated_bytes(random: Random, seed: bytes) -> bytes:
    """A copy of bytes with some of them changed."""
    data = bytearray(seed)
    for _ in range(random.choice((1, 1, 2, 4, 12))):
        at = random.randrange(len(data) + 1)
        size = random.choice((0, 1, 1, 2, 8, 64))
        match random.randrange(5):
            case 0:
                data[at : at + size] = random.choice(BYTES)
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[(other := random.randrange(len(data) + 1)) : other + 4 * size]
            case 3 if at < len(data):
                data[at] = random.randrange(256)
            case _ if at < len(data):
                data[at] ^= 1 << random.randrange(8)
    return bytes(data)


def mutated_text(random: Random, seed: str) -> str:
    """A copy of a text with some of it changed."""
    return mutated_bytes(random, seed.encode("utf-8", "replace")).decode("utf-8", "replace")


def words(random: Random, tokens: Sequence[str], most: int = 25, between: Sequence[str] = ("", "", " ")) -> str:
    """Tokens in a row."""
    return "".join(random.choice(tokens) + random.choice(between) for _ in range(random.randrange(most + 1)))


def json_or_bytes(seeds: Callable[[], Sequence[Any]]) -> Callable[[Random], bytes]:
    """Makes inputs of JSON documents: three of four changed in their structure, the others in their bytes."""

    def make(random: Random) -> bytes:
        seed = random.choice(seeds())
        if random.random() < 0.75:
            return json.dumps(mutated_json(random, seed)).encode("utf-8", "replace")
        return mutated_bytes(random, json.dumps(seed).encode())

    return make


def of_bytes(seeds: Callable[[], Sequence[bytes]]) -> Callable[[Random], bytes]:
    """Makes inputs by changing bytes."""
    return lambda random: mutated_bytes(random, random.choice(seeds()))


def of_texts(seeds: Sequence[str], tokens: Sequence[str] = ()) -> Callable[[Random], str]:
    """Makes inputs by changing texts, or by putting tokens together."""

    def make(random: Random) -> str:
        if tokens and random.random() < 0.5:
            return words(random, tokens)
        return mutated_text(random, random.choice(seeds))

    return make
