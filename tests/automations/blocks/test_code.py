"""Custom code: what it gives, and that nothing gets out of its sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

from tests.automations.blocks.conftest import Place
from tests.automations.engine.documents import block
from tieline.automations.blocks.sandbox import CodeFailed, CodeLimit, Sandbox
from tieline.automations.engine.errors import BlockInputInvalid

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(workers=1) as found:
        yield found


async def ran(sandbox: Sandbox, code: str, **inputs: Any) -> tuple[Any, str]:
    result = await sandbox.run(code, inputs, seconds=0.5, printed=[])
    return result.value, result.printed


async def still_well(sandbox: Sandbox) -> None:
    """The next code runs as if nothing had been, and finds nothing of what was before."""
    assert await ran(sandbox, "print('fine')\n[1, inputs['a']]", a=2) == ([1, 2], "fine\n")
    with pytest.raises(CodeFailed, match="NameError"):
        await ran(sandbox, "left_behind")


LIMITS = {
    "an endless loop": "while True: pass",
    "an endless loop that prints": "while True: print('x' * 1000)",
    "ever larger numbers": "x = 3\nwhile True: x = x * x + 1",
    "a list without end": "x = []\nwhile True: x.append('a' * 10000)",
    "a text of ten billion": "'a' * 10**10",
    "a power": "9 ** 9 ** 9",
    "recursion": "def f(n): return f(n + 1)\nf(0)",
    "mutual recursion": "def f(): return g()\ndef g(): return f()\nf()",
    "an answer nested too deep": "a = []\nfor _ in range(500): a = [a]\na",
    "an answer that doubles": "a = [1]\nfor _ in range(60): a = [a, a]\na",
    "an answer of many values": "list(range(300000))",
    "an answer of much text": "'x' * 3000000",
    "sorting too much": "sorted(list(range(3000000)), key=lambda v: -v)",
}


@pytest.mark.parametrize("code", LIMITS.values(), ids=LIMITS.keys())
async def test_what_takes_too_much_is_stopped(sandbox: Sandbox, code: str) -> None:
    with pytest.raises(CodeLimit):
        await ran(sandbox, "left_behind = 1\n" + code)
    await still_well(sandbox)


async def test_code_that_nobody_waits_for_any_more_leaves_the_sandbox_well(sandbox: Sandbox) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ran(sandbox, "while True: pass")
    await still_well(sandbox)


async def test_many_at_once_share_the_workers(sandbox: Sandbox) -> None:
    found = await asyncio.gather(*(ran(sandbox, f"print({n})\n{n} * 2") for n in range(30)))
    assert found == [(n * 2, f"{n}\n") for n in range(30)]


async def test_a_worker_that_is_killed_is_replaced(sandbox: Sandbox) -> None:
    await still_well(sandbox)
    children = [one for one in psutil.Process().children(recursive=True) if "monty" in " ".join(one.cmdline())]
    assert children
    for child in children:
        child.kill()
    with suppress(CodeLimit):
        await ran(sandbox, "1")
    await still_well(sandbox)


ESCAPES = {
    "socket": "import socket",
    "subprocess": "import subprocess",
    "urllib": "import urllib.request",
    "ctypes": "import ctypes",
    "our own package": "import tieline",
    "a shell": "import os\nos.system('id')",
    "fork": "import os\nos.fork()",
    "the environment": "import os\nos.environ['PATH']",
    "one variable of it": "import os\nos.getenv('HOME')",
    "a file": "open('/etc/passwd').read()",
    "writing a file": "open('/tmp/escaped', 'w').write('x')",
    "a path": "from pathlib import Path\nPath('/etc/passwd').read_text()",
    "a folder": "from pathlib import Path\nlist(Path('/').iterdir())",
    "a module by name": "__import__('os').system('id')",
    "subclasses": "().__class__.__base__.__subclasses__()",
    "globals of a function": "def f(): pass\nf.__globals__['__builtins__']",
    "the frame": "import sys\nsys._getframe(0)",
    "compile": "exec(compile('import socket', 'x', 'exec'))",
    "eval": "eval('__import__(\"socket\")')",
}


@pytest.mark.parametrize("code", ESCAPES.values(), ids=ESCAPES.keys())
async def test_nothing_outside_can_be_reached(sandbox: Sandbox, code: str) -> None:
    with pytest.raises((CodeFailed, CodeLimit)):
        await ran(sandbox, code)
    await still_well(sandbox)


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        ("a = 1\nb = 2\nraise ValueError('boom')", 3, "ValueError: boom"),
        ("x = 1\ny = = 2", 2, "SyntaxError"),
        ("def f():\n    return 1 / 0\nf()", 2, "ZeroDivisionError"),
        ("inputs['none']", 1, "KeyError"),
        ("(" * 5000 + ")" * 5000, 1, "SyntaxError"),
    ],
    ids=["raised", "syntax", "in a function", "no such input", "nested source"],
)
async def test_an_error_names_its_line(sandbox: Sandbox, code: str, line: int, said: str) -> None:
    with pytest.raises(CodeFailed, match=f"line {line}: .*{said}"):
        await ran(sandbox, code)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("(1, {2}, b'\\xff', None, True, 1.5)", [1, [2], "/w==", None, True, 1.5]),
        ("{1: 'a', None: 'b'}", {"1": "a", "": "b"}),
        ("from datetime import date\ndate(2026, 2, 28)", "2026-02-28"),
        ("2 ** 100", float(2**100)),
        ("x = 1", None),
        ("'{$.start}'", "{$.start}"),
    ],
    ids=["kinds", "keys", "date", "large number", "no value", "braces"],
)
async def test_the_last_expression_is_json_data(sandbox: Sandbox, code: str, value: Any) -> None:
    assert (await ran(sandbox, code))[0] == value


@pytest.mark.parametrize("code", ["float('nan')", "float('inf')", "class A: pass\nA()", "10 ** 400"])
async def test_what_json_cannot_say_is_an_error(sandbox: Sandbox, code: str) -> None:
    with pytest.raises(CodeFailed, match="the code returned"):
        await ran(sandbox, code)


async def test_large_inputs_and_code_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(BlockInputInvalid, match="inputs are larger"):
        await ran(sandbox, "1", a="x" * 9_000_000)
    with pytest.raises(BlockInputInvalid, match="code has"):
        await ran(sandbox, "1\n" * 200_000)


def code_block(code: str, inputs: Any = None, /, language: str = "python", **settings: Any) -> dict[str, Any]:
    return block(
        "CustomCodeBlock3", "it", inputs={"language": language, "inputs": inputs, "code": code}, settings=settings
    )


async def test_code_is_never_a_formula_and_inputs_are(place: Place) -> None:
    row = await place.run(
        code_block(
            "print('{$.start.a}', inputs['First Name'])", [{"key": "First Name", "value": "{uppercase: $.start.a}"}]
        ),
        block("ShowBlock", inputs={"input": "{$.it}"}),
        inputs={"a": "ada"},
    )
    assert row["shown"] == ["{$.start.a} ADA"]


@pytest.mark.parametrize(
    ("result", "shown"),
    [("printed", "one\ntwo"), ("value", 3), ("full", {"value": 3, "printed": ["one", "two"]})],
)
async def test_what_the_output_is_made_of(place: Place, result: str, shown: Any) -> None:
    row = await place.run(
        code_block("print('one')\nprint('two')\n1 + 2", result=result), block("ShowBlock", inputs={"input": "{$.it}"})
    )
    assert row["shown"] == [shown]


async def test_printed_lines_are_kept_also_where_the_code_fails(place: Place) -> None:
    row = await place.run(code_block("print('as far as here')\nraise ValueError('no')"))
    assert row["error"][0]["code"] == "code-failed"
    async with place.database.tenant(place.bench.tenant) as unit:
        entries = await place.bench.runs.debug(unit, row["id"])
    assert [exchange for entry in entries for exchange in entry["exchanges"]] == [{"printed": "as far as here\n"}]


@pytest.mark.parametrize("language", ["php", "nodejs"])
async def test_other_languages_are_refused_by_name(place: Place, language: str) -> None:
    error = await place.error(code_block("echo 1;", language=language))
    assert f"language '{language}' cannot be run" in error["detail"]
