"""Syntax tree to Python closures, once per formula."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tieline.automations.formulas import conditions, paths
from tieline.automations.formulas.context import MISSING, Context, Getter
from tieline.automations.formulas.errors import FormulaError, FormulaLimit, FormulaValueError
from tieline.automations.formulas.paths import Run
from tieline.automations.formulas.registry import Coercer, Function, NullArgument, find_function
from tieline.automations.formulas.syntax import (
    Call,
    Comparison,
    Current,
    Descend,
    Every,
    Filter,
    Key,
    Keys,
    ListOf,
    Literal,
    Logic,
    Node,
    ObjectOf,
    Reference,
    Segment,
    Slice,
    Template,
)
from tieline.automations.formulas.values import text_of

_UNEXPECTED: Final = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
_CALL_COST: Final = 60
_COMPARE_COST: Final = 450
_CHECK_FROM: Final = 65_536

Test = Callable[[Any, Getter, Context], Any]


class Compiler:
    """Compiles the tree of one formula text and notes which blocks and variables it reads."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.roots: set[str] = set()
        self.whole: set[str] = set()

    def compile(self, node: Node) -> Run:
        """The closure of a node."""
        match node:
            case Literal(value):
                return lambda _get, _context: value
            case Template(parts):
                return self._template(parts)
            case Reference():
                return self._reference(node)
            case Call():
                return self._call(node)
            case Comparison():
                return self._comparison(node)
            case ObjectOf(members):
                pairs = [(self.compile(key), self.compile(value)) for key, value in members]
                return lambda get, context: {text_of(key(get, context)): value(get, context) for key, value in pairs}
            case ListOf(items):
                compiled = [self.compile(item) for item in items]
                return lambda get, context: [item(get, context) for item in compiled]
            case _:
                raise TypeError(f"{type(node).__name__} stands only inside a filter")

    def _template(self, parts: tuple[Node, ...]) -> Run:
        skeleton = [part.value if isinstance(part, Literal) else "" for part in parts]
        slots = tuple((i, self.compile(part)) for i, part in enumerate(parts) if not isinstance(part, Literal))
        fixed = sum(map(len, skeleton))

        def run(get: Getter, context: Context) -> str:
            pieces = skeleton.copy()
            size = fixed
            for index, node in slots:
                value = node(get, context)
                if value.__class__ is not str:
                    value = text_of(value)
                pieces[index] = value
                size += len(value)
                if size > _CHECK_FROM:
                    context.credit(value)
                    context.spend(len(value))
                    if size > context.limits.max_output_bytes:
                        raise FormulaLimit(
                            f"the text would have more than {context.limits.max_output_bytes} bytes; shorten it"
                        )
            text = "".join(pieces)
            if size > _CHECK_FROM:
                context.check_text(text)
            return text

        return run

    def _reference(self, node: Reference) -> Run:
        self.roots.add(node.root)
        first = node.segments[0] if node.segments else None
        if not (isinstance(first, Key) and first.key in ("item", "index")):
            self.whole.add(node.root)
        names: list[str | int] = []
        for segment in node.segments:
            if not (isinstance(segment, Key) and isinstance(segment.key, (str, int))):
                break
            names.append(segment.key)
        start = paths.names_only(node.root, tuple(names))
        rest = node.segments[len(names) :]
        return paths.walk(start, self._steps(rest)) if rest else start

    def _steps(self, segments: tuple[Segment, ...]) -> tuple[tuple[paths.Step, bool, bool], ...]:
        return tuple(self._step(segment) for segment in segments)

    def _step(self, segment: Segment) -> tuple[paths.Step, bool, bool]:
        match segment:
            case Key(key):
                if isinstance(key, (str, int)):
                    return paths.key_step(key), False, isinstance(key, int)
                return paths.computed_step(self.compile(key)), False, False
            case Keys(keys):
                return paths.keys_step(keys), True, False
            case Slice(start, stop, step):
                return paths.slice_step(start, stop, step), True, False
            case Every():
                return paths.every_step, True, False
            case Descend():
                return paths.descend_step, True, False
            case Filter(test):
                return paths.filter_step(self._test(test)), True, False

    def _test(self, node: Node) -> Test:
        """The closure of a filter, which also sees the member it looks at."""
        match node:
            case Current(segments):
                return self._current(segments)
            case Logic("!", (part,)):
                inner = self._test(part)
                return lambda item, get, context: not _present(inner(item, get, context))
            case Logic(operator, parts):
                tests = [self._test(part) for part in parts]
                quantifier = all if operator == "&&" else any
                return lambda item, get, context: quantifier(_present(test(item, get, context)) for test in tests)
            case Comparison(operator, left, right):
                holds = conditions.OPERATORS[operator].holds
                first = self._test(left)
                second = self._test(right) if right is not None else _nothing
                equality = operator == "="

                def compared(item: Any, get: Getter, context: Context) -> bool:
                    context.work -= _COMPARE_COST
                    one, other = first(item, get, context), second(item, get, context)
                    if one is MISSING and other is not None and equality:
                        return False
                    return holds(_plain(one), _plain(other))

                return compared
            case _:
                outer = self.compile(node)
                return lambda _item, get, context: outer(get, context)

    def _current(self, segments: tuple[Segment, ...]) -> Test:
        steps = self._steps(segments)
        if len(steps) == 1 and isinstance(segments[0], Key) and isinstance(segments[0].key, str):
            name = segments[0].key
            return lambda item, _get, _context: (
                item.get(name, MISSING) if item.__class__ is dict else paths.member(item, name)
            )

        def run(item: Any, get: Getter, context: Context) -> Any:
            return paths.walk(lambda _get, _context: item, steps)(get, context)

        return run

    def _comparison(self, node: Comparison) -> Run:
        holds = conditions.OPERATORS[node.operator].holds
        left = self.compile(node.left)
        if node.right is None:
            return lambda get, context: holds(left(get, context), None)
        right = self.compile(node.right)

        def run(get: Getter, context: Context) -> bool:
            first, second = left(get, context), right(get, context)
            context.spend(_CALL_COST + _size(first) + _size(second))
            return holds(first, second)

        return run

    def _call(self, node: Call) -> Run:
        function = find_function(node.name)
        assert function is not None
        nodes = [self._argument(function, i, argument) for i, argument in enumerate(node.arguments)]
        coercers = [function.coercer(i) for i in range(len(nodes))]
        place = Place(self.source, node.position, function)
        if function.lazy:
            return _lazy_call(function, nodes, place)
        return _eager_call(function, list(zip(nodes, coercers, strict=True)), place)

    def _argument(self, function: Function, index: int, node: Node) -> Run:
        """An argument's closure; an unquoted number stays as written where text is wanted."""
        if isinstance(node, Literal) and node.raw is not None and index < len(function.parameters):
            parameter = function.parameters[index]
            if parameter.kind in {"str", "str | None"} and not (node.value is None and not parameter.required):
                return self.compile(Literal(node.raw if node.value is not None else None))
        run = self.compile(node)
        return _credited(run) if isinstance(node, Reference) else run


class Place:
    """Where a call stands, for error messages."""

    __slots__ = ("dates", "function", "position", "source")

    def __init__(self, source: str, position: int, function: Function) -> None:
        self.source = source
        self.position = position
        self.function = function.name
        self.dates = function.group == "date"

    def mark(self, error: FormulaError) -> FormulaError:
        """Add the place to an error that has none."""
        error.locate(self.source, self.position, self.function)
        return error

    def wrap(self, error: Exception) -> FormulaError:
        """A typed error for one that a function did not foresee."""
        if self.dates and isinstance(error, (OverflowError, ValueError)):
            wrapped: FormulaError = FormulaValueError("the date is outside the years 1 to 9999")
        elif isinstance(error, (MemoryError, RecursionError, OverflowError)):
            wrapped = FormulaLimit("the values are too large or nested too deeply for this function")
        else:
            wrapped = FormulaValueError("this function cannot work with these values")
        return self.mark(wrapped)


def _credited(run: Run) -> Run:
    def credited(get: Getter, context: Context) -> Any:
        value = run(get, context)
        if isinstance(value, (str, list, dict)):
            context.credit(value)
        return value

    return credited


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return 8 * len(value) if isinstance(value, (list, dict)) else 0


def _present(value: Any) -> bool:
    return value is not None and value is not False and value is not MISSING


def _plain(value: Any) -> Any:
    return None if value is MISSING else value


def _nothing(_item: Any, _get: Getter, _context: Context) -> None:
    return None


def _eager_call(function: Function, arguments: list[tuple[Run, Coercer | None]], place: Place) -> Run:
    run, wants_context = function.run, function.wants_context

    def call(get: Getter, context: Context) -> Any:
        values: list[Any] = [context] if wants_context else []
        cost = _CALL_COST
        raw = [node(get, context) for node, _ in arguments]
        try:
            for value, (_, coercer) in zip(raw, arguments, strict=True):
                if coercer is not None:
                    value = coercer(value, context)
                cost += _size(value)
                if cost > _CHECK_FROM:
                    context.spend(cost)
                    cost = 0
                values.append(value)
            context.spend(cost)
            result = run(*values)
            _check(result, context)
        except NullArgument:
            return None
        except FormulaError as error:
            raise place.mark(error) from None
        except _UNEXPECTED as error:
            raise place.wrap(error) from error
        return result

    return call


def _check(result: Any, context: Context) -> None:
    kind = result.__class__
    if kind is str:
        if len(result) > _CHECK_FROM:
            context.check_text(result)
        context.work -= len(result)
    elif kind is list:
        context.check_list(result)
        context.work -= 8 * len(result)


def _lazy_call(function: Function, nodes: list[Run], place: Place) -> Run:
    run, wants_context = function.run, function.wants_context

    def call(get: Getter, context: Context) -> Any:
        context.spend(_CALL_COST)
        thunks = [partial(node, get, context) for node in nodes]
        try:
            return run(context, *thunks) if wants_context else run(*thunks)
        except FormulaError as error:
            raise place.mark(error) from None

    return call
