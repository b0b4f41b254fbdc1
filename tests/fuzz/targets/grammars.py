"""Small grammars: filter, sort, cursors, JSON Patch, schedules, durations, paths, addresses, origins, moments."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from tests.fuzz.engine import target
from tests.fuzz.mutation import TEXTS, json_or_bytes, mutated_text, odd, of_texts, words
from tieline.api.edge.bodies import decode
from tieline.api.edge.cursors import signed_cursors
from tieline.api.edge.patches import patch
from tieline.automations.formulas import evaluate_condition
from tieline.automations.formulas.conditions import OPERATORS
from tieline.automations.library import schedules
from tieline.automations.triggers import rules
from tieline.automations.triggers.recurrence import Timing
from tieline.connectors.manifest import paths
from tieline.connectors.runtime import times
from tieline.core import durations, filters, origins, sorting
from tieline.core.paging import Cursor, Position
from tieline.security.egress import urls

# filter ------------------------------------------------------------------------------------------------------------

ATTRIBUTES = {
    "name": filters.Attribute(),
    "ownerId": filters.Attribute(exact=True),
    "size": filters.Attribute("number"),
    "billable": filters.Attribute("boolean"),
    "startTime": filters.Attribute("moment"),
    "date": filters.Attribute("day"),
}
VALUES: dict[str, list[Any]] = {
    "text": ["", "x", 'a "b" \\ c', "é🙂", "\n\t", "and", "(", "\u2028", None],
    "number": [0, -1, 1.5, 1e18, 2**62, None],
    "boolean": [True, False, None],
    "moment": [datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC), None],
    "day": [date(2026, 1, 31), date(9999, 12, 31), None],
}
FILTERS = ['name eq "x"', 'not (size ge 1.5e3 or billable eq true) and name co "a"', 'date le "2025-08-12T10:00:00Z"']
FILTER_TOKENS = [
    "name",
    "size",
    "billable",
    "startTime",
    "date",
    "eq",
    "ne",
    "co",
    "pr",
    "gt",
    "and",
    "or",
    "not",
    "(",
    ")",
]
FILTER_TOKENS += [
    '"x"',
    '"2026-01-01"',
    '"\\u0000"',
    '"\\ud800"',
    "1",
    "-1e999",
    "9" * 500,
    "true",
    "null",
    "[",
    "$",
    "é",
    '"',
]


def tree(random: Random, depth: int = 0) -> filters.Node:
    """A tree that a filter can say."""
    kind = random.randrange(6 if depth < 4 else 2)
    name = random.choice(list(ATTRIBUTES))
    attribute = ATTRIBUTES[name]
    if kind == 0:
        return filters.Present(name)
    if kind in (1, 2):
        value = random.choice(VALUES[attribute.kind])
        allowed = ("eq", "ne") if value is None else filters._OPERATORS[attribute.kind]
        return filters.Comparison(name, random.choice(allowed), value)
    if kind == 3:
        return filters.Negation(tree(random, depth + 1))
    parts = tuple(tree(random, depth + 1) for _ in range(random.randint(2, 3)))
    return filters.Both(parts) if kind == 4 else filters.Either(parts)


def printed(node: filters.Node) -> str:
    """A tree as text; every part in brackets."""
    match node:
        case filters.Present(name):
            return f"{name} pr"
        case filters.Comparison(name, operator, value):
            plain = value.isoformat() if isinstance(value, (datetime, date)) else value
            return f"{name} {operator} {json.dumps(plain)}"
        case filters.Negation(part):
            return f"not ({printed(part)})"
        case filters.Both(parts):
            return " and ".join(f"({printed(one)})" for one in parts)
    return " or ".join(f"({printed(one)})" for one in node.parts)


@target("filter", of_texts(FILTERS, [f"{one} " for one in FILTER_TOKENS]), ci=2000)
def scim(text: str) -> None:
    filters.parse(text, ATTRIBUTES)


@target("filter-printed", tree, refuses=(), ci=400)
def scim_printed(node: filters.Node) -> None:
    text = printed(node)
    try:
        found = filters.parse(text, ATTRIBUTES)
    except filters.BadFilter as error:
        if "terms" in error.detail or "more than" in error.detail:
            return
        raise
    assert found == node, text


# sort, cursor, patch -----------------------------------------------------------------------------------------------


@target("sort", of_texts(["+name", "-createdAt", " name"], ["+", "-", "name", "created", "\0", ",", " "]), ci=400)
def sort(text: str) -> None:
    found = sorting.parse(text, ("name", "createdAt"))
    assert sorting.parse(str(found), ("name", "createdAt")) == found


CURSORS = signed_cursors([b"k" * 32, b"o" * 32])


def cursor(random: Random) -> tuple[Cursor, str]:
    key: Any = random.choice(["", "a\0b", "é" * 50, 7, -1.5, None, True, datetime(2026, 1, 1, 1, 1, 1, 7, tzinfo=UTC)])
    position = Position(key, UUID(int=random.getrandbits(128)), random.random() < 0.5)
    made = Cursor(position, random.choice(["", "-name"]), random.choice(["", 'name eq "x"']))
    return made, mutated_text(random, CURSORS.write(made, b"list"))


@target("cursor", cursor, ci=500)
def cursors(made: tuple[Cursor, str]) -> None:
    whole, changed = made
    text = CURSORS.write(whole, b"list")
    assert CURSORS.read(text, b"list") == whole
    found = CURSORS.read(changed, b"list")
    assert changed == text and found == whole, "a changed cursor opened"


PATCHES = [
    [{"op": "replace", "path": "/name", "value": "x"}, {"op": "add", "path": "/tags", "value": ["a"]}],
    [{"op": "remove", "path": "/tags"}],
]
_read_patch = patch(ops=("replace", "add", "remove"), paths=("/name", "/tags"), valueless=("remove",))
_loop = asyncio.new_event_loop()


class Posted:
    """As much of a request as reading a body needs."""

    def __init__(self, body: bytes, **headers: str) -> None:
        self._body = body
        self.headers = {"content-type": "application/json", **headers}
        self.scope = {"tieline.gate": SimpleNamespace(allow_large=lambda: None, allow_file=lambda: None)}

    async def body(self) -> bytes:
        return self._body


@target("json-patch", json_or_bytes(lambda: PATCHES), ci=600)
def patches(data: bytes) -> None:
    request: Any = Posted(data)
    for operation in _loop.run_until_complete(_read_patch(request)):
        assert operation.op in ("replace", "add", "remove")
        if operation.op == "replace":
            operation.text()


# time --------------------------------------------------------------------------------------------------------------

RULES = [
    "FREQ=DAILY;BYHOUR=6",
    "RRULE:FREQ=MONTHLY;BYDAY=-1FR;BYSETPOS=1;COUNT=5",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
]
RULES += [
    "0 6 * * *",
    "*/5 1-3,7 1,15 JAN-MAR MON-FRI",
    "@daily",
    "FREQ=WEEKLY;WKST=SU;UNTIL=20270101T000000Z;INTERVAL=3",
]
RULE_TOKENS = [
    "FREQ=",
    "SECONDLY",
    "MINUTELY",
    "HOURLY",
    "DAILY",
    "WEEKLY",
    "MONTHLY",
    "YEARLY",
    ";",
    "INTERVAL=",
    "COUNT=",
]
RULE_TOKENS += [
    "BYDAY=",
    "MO",
    "-5SU",
    "53FR",
    ",",
    "BYMONTH=2",
    ";BYMONTHDAY=30",
    ";BYYEARDAY=-366",
    ";BYWEEKNO=53",
    ";BYHOUR=25",
]
RULE_TOKENS += [
    ";BYSETPOS=-366",
    ";UNTIL=99991231T235959Z",
    ";UNTIL=00000000",
    "99999999999",
    "0",
    "-1",
    "*",
    "/",
    " ",
    "@",
    "1",
    "RRULE:",
]
RULE_TOKENS += [
    ";BYSECOND=0,30",
    ";BYMINUTE=59",
    ";BYEASTER=0",
    "FREQ=YEARLY;",
    "FREQ=DAILY;",
    "FREQ=MINUTELY;INTERVAL=1439;BYMONTH=2;BYMONTHDAY=29",
]
ZONES = [
    "UTC",
    "Europe/Stockholm",
    "Pacific/Apia",
    "America/St_Johns",
    "../etc/passwd",
    "",
    "Europe",
    "posix/UTC",
    "\0",
    "A" * 300,
]


def schedule(random: Random) -> dict[str, Any]:
    rule = words(random, RULE_TOKENS, 9, ("",)) if random.random() < 0.6 else mutated_text(random, random.choice(RULES))
    made: dict[str, Any] = {"recurrence": rule, "timezone": random.choice(ZONES)}
    for name in ("startAt", "stopAt", "interval", "misfire", "id", "timezone", "recurrence"):
        if random.random() < 0.1:
            made[name] = odd(random)
        elif name in ("startAt", "stopAt") and random.random() < 0.3:
            made[name] = mutated_text(random, "2026-03-29 02:30:00")
    return made


@target("schedule", schedule, ci=500)
def schedules_(made: dict[str, Any]) -> None:
    (found,) = schedules.check([made])
    if "recurrence" not in found:
        return
    zone = found.get("timezone", "UTC")
    read = tuple(rules.read(one, zone) for one in rules.split(found["recurrence"]))
    moment = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    for _ in range(3):
        after = Timing(anchor=moment, zone=zone, rules=read).after(moment)
        if after is None:
            break
        assert after > moment
        moment = after


@target(
    "duration", of_texts(["P7D", "PT24H", "P1Y2M3W4DT5H6M7.5S"], [*"PTYMWDHS", "1", "999999999", ".", ",", "-", "0"])
)
def duration(text: str) -> None:
    assert durations.parse(text).total_seconds() > 0


MOMENTS = ["2026-01-31T12:00:00Z", "Sat, 31 Jan 2026 12:00:00 GMT", "1769860800", "2026-01-31 12:00:00.123456789+05:30"]


@target(
    "moment", of_texts(MOMENTS, ["2026", "-", ":", "T", "Z", "+", "99", "1e999", "nan", "Jan", "٣", " ", "0" * 400])
)
def moment(text: str) -> None:
    found = times.parse(text)
    assert found is None or found.tzinfo is not None


# paths and addresses -----------------------------------------------------------------------------------------------

PATH_TOKENS = [
    "$",
    ".",
    "..",
    "a",
    "['b']",
    '["c"]',
    "[0]",
    "[-1]",
    "[*]",
    "[",
    "]",
    "'",
    "\\",
    "[?(@.a)]",
    "[99999999999]",
    "é",
]


def path(random: Random) -> tuple[str, Any]:
    return words(random, PATH_TOKENS, 12, ("",)), {"a": odd(random), "b": [odd(random), {"c": odd(random)}]}


@target("path", path, ci=1500)
def paths_(made: tuple[str, Any]) -> None:
    text, body = made
    steps = paths.parse(text)
    assert paths.parse(paths.render(steps)) == steps
    paths.get(body, text)
    paths.put(body, text, 1)


URLS = [
    "https://user:pw@host.example:8443/a/b?c=d#e",
    "http://[::1]:80/",
    "http://127.1/",
    "https://xn--bcher-kva.example/",
]
URL_TOKENS = [
    "http",
    "https",
    "ftp",
    "file",
    ":",
    "/",
    "//",
    "@",
    "\\",
    "?",
    "#",
    "[",
    "]",
    "::1",
    "127.0.0.1",
    "0x7f.1",
    "%00",
]
URL_TOKENS += [
    "a.example",
    ".",
    "..",
    "é",
    "\u3002",
    "\t",
    "\n",
    " ",
    "99999",
    "-1",
    "٣",
    "%2e",
    "[fe80::1%25eth0]",
    "ⓔxample",
]


@target("url", of_texts(URLS, URL_TOKENS), ci=1000)
def url(text: str) -> None:
    base = urls.parse(text)
    assert urls.parse(base.text).host == base.host
    urls.join(base, text[::-1])


@target("origin", of_texts(["https://a.example", "http://localhost:3000"], URL_TOKENS), ci=600)
def origin(text: str) -> None:
    found = origins.normalized(text)
    assert origins.normalized(found) == found


def compared(random: Random) -> tuple[str, Any, Any]:
    return random.choice([*OPERATORS, *TEXTS]), odd(random), odd(random)


@target("condition", compared, ci=600)
def conditions(made: tuple[str, Any, Any]) -> None:
    evaluate_condition(*made)


@target("json-body", json_or_bytes(lambda: [*PATCHES, {"a": {"b": ["\0", "x"]}}]), ci=600)
def body(data: bytes) -> None:
    assert json.loads(json.dumps(decode(data))) is not Ellipsis
