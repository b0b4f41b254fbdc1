"""The library of functions: each registers itself by a decorator and carries its own documentation and examples.

A function's parameters say by their annotations what they take; the compiler converts arguments accordingly, see
``COERCERS``.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.moments import moment_of
from tieline.automations.formulas.values import (
    integer_of,
    list_of,
    number_of,
    object_of,
    text_of,
    truth_of,
)

Moment: TypeAlias = datetime
"""A parameter that takes any form of date, see ``moments``."""
Lazy: TypeAlias = Callable[[], Any]
"""A parameter that is computed only when the function asks for it."""
Registered = TypeVar("Registered", bound=Callable[..., Any])
Coercer: TypeAlias = Callable[[Any, Context], Any]

GROUPS: Final = {
    "text": "Text",
    "pattern": "Regular expressions",
    "list": "Lists",
    "math": "Numbers",
    "date": "Dates",
    "encoding": "Hashing and encoding",
    "json": "Objects and JSON",
    "logic": "Conditions and kinds",
    "run": "The run",
}


@dataclass(frozen=True, slots=True)
class Example:
    """A formula, the sample data it runs on, and what it gives: a value, a value that matches ``like``, or an error
    code."""

    formula: str
    result: Any
    data: dict[str, Any]
    like: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as the documentation names it."""

    name: str
    kind: str
    required: bool
    rest: bool


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the library."""

    name: str
    aliases: tuple[str, ...]
    group: str
    doc: str
    examples: tuple[Example, ...]
    parameters: tuple[Parameter, ...]
    min_arguments: int
    max_arguments: int | None
    run: Callable[..., Any]
    wants_context: bool
    lazy: bool
    conditions: str
    coercers: tuple[Coercer | None, ...]

    @property
    def signature(self) -> str:
        """``{name: first, second?, more...}``."""
        names = [f"{p.name}..." if p.rest else p.name if p.required else f"{p.name}?" for p in self.parameters]
        return f"{{{self.name}: {', '.join(names)}}}" if names else f"{{{self.name}:}}"

    def coercer(self, index: int) -> Coercer | None:
        """How the argument at ``index`` is converted; None leaves it as it is."""
        return self.coercers[min(index, len(self.coercers) - 1)] if self.coercers else None

    def arity_error(self, count: int) -> str:
        """What is wrong with that many arguments, or ''."""
        least, most = self.min_arguments, self.max_arguments
        if count >= least and (most is None or count <= most):
            return ""
        wanted = str(least) if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        plural = "" if wanted == "1" else "s"
        return f"'{self.name}' takes {wanted} argument{plural}, not {count}: {self.signature}"


FUNCTIONS: dict[str, Function] = {}
"""Every function under its own name."""

_BY_NAME: dict[str, Function] = {}


def find_function(name: str) -> Function | None:
    """The function of that name or alias, in any case."""
    return _BY_NAME.get(name.lower())


def suggestion(name: str) -> str:
    """The known name nearest to a mistyped one, or ''."""
    near = difflib.get_close_matches(name.lower()[:40], _BY_NAME, n=1, cutoff=0.75)
    return near[0] if near else ""


def example(formula: str, result: Any = None, *, like: str = "", error: str = "", **data: Any) -> Example:
    """An example for the documentation; keywords are the sample data."""
    return Example(formula, result, data, like, error)


def function(
    group: str,
    *examples: Example,
    aliases: tuple[str, ...] = (),
    lazy: bool = False,
    conditions: str = "",
) -> Callable[[Registered], Registered]:
    """Register a function of the formula language under the Python function's name.

    ``lazy`` passes arguments as callables. ``conditions`` is 'first' or 'all': which arguments may be ``A operator B``.
    """

    def register(run: Registered) -> Registered:
        entry = _entry(run, group, examples, aliases, lazy=lazy, conditions=conditions)
        for word in (entry.name, *aliases):
            if word in _BY_NAME:
                raise RuntimeError(f"two functions are called {word}")
            _BY_NAME[word] = entry
        FUNCTIONS[entry.name] = entry
        return run

    return register


def _entry(
    run: Callable[..., Any],
    group: str,
    examples: tuple[Example, ...],
    aliases: tuple[str, ...],
    *,
    lazy: bool,
    conditions: str,
) -> Function:
    listed = list(inspect.signature(run).parameters.values())
    wants_context = bool(listed) and listed[0].annotation == "Context"
    if wants_context:
        listed = listed[1:]
    parameters = []
    coercers: list[Coercer | None] = []
    for parameter in listed:
        rest = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        required = parameter.default is inspect.Parameter.empty and not rest
        parameters.append(Parameter(parameter.name.strip("_"), str(parameter.annotation), required, rest))
        coercer = COERCERS[str(parameter.annotation)]
        coercers.append(coercer if required or rest else _with_default(coercer, parameter.default))
    unlimited = any(p.rest for p in parameters)
    return Function(
        name=run.__name__.strip("_"),
        aliases=aliases,
        group=group,
        doc=inspect.cleandoc(run.__doc__ or ""),
        examples=examples,
        parameters=tuple(parameters),
        min_arguments=sum(p.required for p in parameters),
        max_arguments=None if unlimited else len(parameters),
        run=run,
        wants_context=wants_context,
        lazy=lazy,
        conditions=conditions,
        coercers=tuple(coercers),
    )


def _with_default(coercer: Coercer | None, default: Any) -> Coercer | None:
    if coercer is None:
        return None if default is None else lambda value, _context: default if value is None else value
    return lambda value, context: default if value is None else coercer(value, context)


class NullArgument(Exception):
    """A required date is null or '': the function's result is null."""


def _moment(value: Any, context: Context) -> datetime:
    if value is None or value == "":
        raise NullArgument
    return moment_of(value, context)


def _optional(coercer: Coercer) -> Coercer:
    return lambda value, context: None if value is None or value == "" else coercer(value, context)


def _text(value: Any, _context: Context) -> str:
    return text_of(value)


def _number(value: Any, _context: Context) -> int | float:
    return number_of(value)


def _integer(value: Any, _context: Context) -> int:
    return integer_of(value)


def _list(value: Any, _context: Context) -> list[Any]:
    return list_of(value)


def _object(value: Any, _context: Context) -> dict[str, Any]:
    return object_of(value)


def _truth(value: Any, _context: Context) -> bool:
    return truth_of(value)


def _optional_text(value: Any, _context: Context) -> str | None:
    return None if value is None else text_of(value)


COERCERS: Final[dict[str, Coercer | None]] = {
    "Any": None,
    "Lazy": None,
    "Lazy | None": None,
    "str": _text,
    "str | None": _optional_text,
    "Number": _number,
    "Number | None": _optional(_number),
    "int": _integer,
    "int | None": _optional(_integer),
    "Items": _list,
    "Items | None": _optional(_list),
    "Object": _object,
    "Object | None": _optional(_object),
    "bool": _truth,
    "Moment": _moment,
    "Moment | None": _optional(_moment),
}
"""From a parameter's annotation to the conversion of its argument. Null for a parameter with a default means the
default."""
