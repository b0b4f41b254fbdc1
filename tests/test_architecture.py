"""The rules of ARCHITECTURE.md that import-linter (see pyproject.toml) has no contract for."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from tests.fixtures.shared import ROOT
from tests.fixtures.whole import Import, facts, files, modules, subclasses, within
from tieline.core.errors import Terminal, TielineError, Transient

LONGEST_FILE = 450

# What opens a connection to somewhere, in the standard library and beside it.
WAYS_OUT = {
    "aiohttp.ClientSession",
    "aiohttp.TCPConnector",
    "asyncio.open_connection",
    "ftplib",
    "http.client",
    "httpx",
    "requests",
    "smtplib",
    "socket.create_connection",
    "telnetlib",
    "urllib.request",
    "urllib3",
    "xmlrpc.client",
}
# Their input can run code.
CODE_RUNNERS = {"code", "codeop", "dill", "marshal", "pickle", "shelve"}


def offences(found: list[str]) -> str:
    return "\n" + "\n".join(sorted(found))


def test_every_module_can_be_imported() -> None:
    assert len(modules()) > 1


def test_the_sandbox_stands_on_core_alone() -> None:
    found = [
        f"{each.place} imports {each.target}: the sandbox plays foreign servers and knows only tieline.core"
        for each in facts().imports
        if within(each.by, "tieline.sandbox")
        and within(each.target, "tieline")
        and not within(each.target, "tieline.sandbox", "tieline.core")
    ]
    assert not found, offences(found)


def test_only_the_server_starts_the_sandbox() -> None:
    found = [
        f"{each.place} imports {each.target}: only tieline.server may"
        for each in facts().imports
        if within(each.target, "tieline.sandbox") and not within(each.by, "tieline.sandbox", "tieline.server")
    ]
    assert not found, offences(found)


def test_only_egress_opens_connections() -> None:
    found = [
        f"{each.place} imports {each.target}: outbound calls go through tieline.security.egress"
        for each in facts().imports
        if within(each.target, *WAYS_OUT) and not within(each.by, "tieline.security.egress", "tieline.sandbox")
    ]
    dotted = {way for way in WAYS_OUT if "." in way}
    found += [
        f"{each.place} uses {each.target}: outbound calls go through tieline.security.egress"
        for each in facts().attributes
        if each.target in dotted and not within(each.by, "tieline.security.egress", "tieline.sandbox")
    ]
    assert not found, offences(found)


def test_nothing_turns_data_into_code() -> None:
    found = [f"{each.place} imports {each.target}" for each in facts().imports if within(each.target, *CODE_RUNNERS)]
    found += [f"{each.place} calls {each.target}" for each in facts().calls if each.target in {"eval", "exec"}]
    assert not found, offences(found)


def test_the_product_does_not_import_its_tests() -> None:
    found = [each.place for each in facts().imports if within(each.target, "tests", "bench", "pytest", "hypothesis")]
    assert not found, offences(found)


def test_one_idea_a_file() -> None:
    found = []
    for path in files():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            found.append(
                f"{path.relative_to(ROOT)} has {lines} lines, more than {LONGEST_FILE}: it holds several ideas"
            )
    assert not found, offences(found)


def test_every_module_says_what_it_is_for() -> None:
    found = [f"{path.relative_to(ROOT)} has no docstring" for path in facts().without_docstring]
    assert not found, offences(found)


def test_every_package_has_an_init() -> None:
    found = [
        f"{path.parent.relative_to(ROOT)} has modules and no __init__.py"
        for path in files()
        if not (path.parent / "__init__.py").is_file() and "migrations" not in path.parts
    ]
    assert not found, offences(sorted(set(found)))


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if later.search(line)
    ]
    assert not found, offences(found)


def test_an_error_has_a_code_and_a_code_one_title() -> None:
    """Two classes may share a code where they mean the same and a published interface wants another status."""
    roots = {TielineError, Transient, Terminal}
    titles: dict[str, dict[str, str]] = defaultdict(dict)
    found = []
    for cls in subclasses(TielineError):
        where = f"{cls.__module__}.{cls.__qualname__}"
        titles[cls.code].setdefault(cls.title, where)
        if cls not in roots and cls.code in {root.code for root in roots}:
            found.append(f"{where} has no code of its own")
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", cls.code):
            found.append(f"{where}: the code {cls.code!r} is not lower case words with dashes")
        if not 400 <= cls.status <= 599:
            found.append(f"{where}: {cls.status} is not the status of an error")
        if not cls.title or cls.title.endswith("."):
            found.append(f"{where}: the title {cls.title!r} must be a few words without a full stop")
        if not (cls.__doc__ or "").strip():
            found.append(f"{where} has no docstring")
    found += [
        f"the code {code!r} has more than one title: {' and '.join(them.values())}"
        for code, them in titles.items()
        if len(them) > 1
    ]
    assert not found, offences(found)


def test_an_error_that_may_go_away_has_a_status_that_says_so() -> None:
    telling = {408, 409, 423, 425, 429, 500, 502, 503, 504, 507}
    found = [
        f"{cls.__module__}.{cls.__qualname__}: {cls.status} tells the caller not to try again"
        for cls in subclasses(Transient)
        if cls.status not in telling
    ]
    assert not found, offences(found)


@pytest.mark.parametrize(
    "name, package, expected",
    [("tieline.api.x", "tieline.api", True), ("tieline.apix", "tieline.api", False), ("tieline", "tieline", True)],
)
def test_within_compares_whole_names(name: str, package: str, expected: bool) -> None:
    assert within(name, package) is expected
    assert Import(name, package, "").by == name
