"""Formulas: every function with every kind of argument, every piece of the grammar, structures of formulas."""

from __future__ import annotations

import random as standard
from datetime import UTC, datetime
from random import Random
from typing import Any

from tests.fuzz.engine import target
from tests.fuzz.mutation import TEXTS, mutated_text, odd, words
from tieline.automations.formulas import FUNCTIONS, Env, FormulaError, compile_json, compile_value, text_of
from tieline.automations.formulas.conditions import OPERATORS
from tieline.automations.formulas.preview import explain

NOW = datetime(2024, 5, 15, 10, 30, tzinfo=UTC)
NAMES = sorted(FUNCTIONS)
SEEDS = [one.formula for function in FUNCTIONS.values() for one in function.examples]
PIECES = (
    "{ } {$. $. {$.a} a b . .. [ ] [0] [*] [-1] [1:2] [::0] [?( @. ) == ' \" ` \\ , : ( ) {if: {map: {date: = != > "
)
PIECES += 'empty contain null true 1 -2.5 1e99 {"k": && || ! && and or [[ {{ }} $ @ # \n \t é \\u0000'
TOKENS = [*PIECES.split(" "), *(f"{{{name}: " for name in NAMES), *OPERATORS]
# What eats time, memory or patience.
HOSTILE: list[Any] = [
    "(a+)+$",
    "^(\\w+\\s?)*$",
    "(?:(?:(?:a{1,90}){1,90}){1,90}){1,90}",
    "(?P<x>a)(?P=x)",
    "(?<=a*)b",
    "[" * 200,
    "a" * 40 + "!",
    "ab" * 20_000,
    "%s" * 100,
    "{0.__class__}",
    "%999999999d",
    "9999-12-31 23:59:59",
    "0000-00-00",
    "+99999999999 years",
    "last day of february 10000",
    "@9223372036854775807",
    "Y-m-d\\TH:i:sP" * 50,
    "America/../UTC",
    "1e308",
    "-" * 500,
    [[1] * 500] * 500,
    list(range(20_000)),
    {str(n): n for n in range(3000)},
    ["x" * 1000] * 1000,
    [{"a": n % 7, "b": str(n)} for n in range(3000)],
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 300,
    "<" * 5000,
    "<a href='" * 900,
    "&lt;" * 4000,
    "%25" * 4000,
    '{"a":' * 2000,
    "==" * 3000,
    10**9,
    -(10**9),
    2**62,
]
FORESEEN = (FormulaError, OverflowError, ValueError)
PATTERNS = ["/(a+)+$/", "(x+x+)+y", "(.*)(.*)(.*)(.*)(.*)$", "/./u", "/[/", "a{99999}", "(?R)", "\\p{L}+", "$^", "|"]


def argument(random: Random) -> Any:
    """Something that a function gets."""
    chosen = random.randrange(6)
    if chosen == 0:
        return random.choice(HOSTILE)
    if chosen == 1:
        return random.choice(PATTERNS)
    if chosen == 2:
        return random.choice(NUMERIC)
    return odd(random)


NUMERIC: list[Any] = [
    0,
    1,
    -1,
    2,
    3,
    7,
    10,
    64,
    1000,
    2**31,
    2**53,
    10**15,
    -(10**15),
    1.5,
    -0.5,
    1e300,
    1e-300,
    "12",
    "-3.7",
]


def call(random: Random) -> tuple[str, dict[str, Any]]:
    """A call of one function with odd data, sometimes of another call's result."""
    name = random.choice(NAMES)
    function = FUNCTIONS[name]
    most = function.max_arguments if function.max_arguments is not None else function.min_arguments + 4
    count = random.randint(function.min_arguments, most) if random.random() < 0.95 else random.randrange(9)
    given = {f"a{n}": argument(random) for n in range(count)}
    texts = [f"$.{one}" for one in given]
    for place in range(len(texts)):
        if random.random() < 0.2:
            inner = random.choice(NAMES)
            texts[place] = f"{{{inner}: {texts[place]}}}"
        elif random.random() < 0.1:
            texts[place] = random.choice(TOKENS)
    return f"{{{name}: {', '.join(texts)}}}", given


def computed(text: str, data: dict[str, Any]) -> None:
    """Evaluates; what a function did not foresee is what must not be."""
    env = Env(now=lambda: NOW, random=standard.Random(1))
    try:
        value = compile_value(text).evaluate(data, env)
    except FormulaError as error:
        if error.position is None or len(error.detail) > 2000:
            raise AssertionError(f"place {error.position}, {len(error.detail)} characters") from error
        if isinstance(error.__cause__, Exception) and not isinstance(error.__cause__, FORESEEN):
            raise error.__cause__ from None
        raise
    assert not isinstance(value, str) or len(value) <= env.limits.max_output_bytes
    text_of(value)


@target("formula-functions", call, ci=2500)
def functions(made: tuple[str, dict[str, Any]]) -> None:
    computed(*made)


def grammar(random: Random) -> tuple[str, dict[str, Any]]:
    data = {name: odd(random) for name in ("a", "b", "item")}
    if random.random() < 0.5:
        return words(random, TOKENS, 40), data
    if random.random() < 0.1:
        opened = random.choice(["{", "{uppercase: ", "{$.a[?(@.b == ", "{if: ", "[", '{"a": ', "{$.a[", "(", "{{", "!"])
        return opened * random.choice((10, 100, 2000)) + random.choice(("", "}" * 50)), data
    return mutated_text(random, random.choice(SEEDS)), data


@target("formula-grammar", grammar, ci=1500)
def texts(made: tuple[str, dict[str, Any]]) -> None:
    computed(*made)


@target("formula-editor", grammar, ci=500)
def editor(made: tuple[str, dict[str, Any]]) -> None:
    """What the editor asks for never raises, whatever the formula is."""
    found = explain(*made)
    assert set(found) == {"value", "type", "text", "error", "references"}


def structure(random: Random) -> Any:
    kept = [mutated_text(random, random.choice(SEEDS)) for _ in range(random.randrange(4))]
    return {"list": kept, random.choice((*TEXTS, *TOKENS)): odd(random), "deep": [[{"x": kept}]]}


@target("formula-json", structure, ci=400)
def structures(made: Any) -> None:
    compile_json(made).evaluate({"a": 1, "b": "x"}, Env(now=lambda: NOW, random=standard.Random(1)))
