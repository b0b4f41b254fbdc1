"""Compiled formulas: what the engine keeps for each input of a block."""

from __future__ import annotations

from typing import Any, Final

from tieline.automations.formulas import functions  # noqa: F401  registers the library
from tieline.automations.formulas.compiler import Compiler
from tieline.automations.formulas.context import DEFAULT_ENV, Context, Env, Getter, Scope
from tieline.automations.formulas.errors import FormulaError, FormulaLimit
from tieline.automations.formulas.parser import parse
from tieline.automations.formulas.paths import Run
from tieline.automations.formulas.syntax import Key, Literal, Node, Reference
from tieline.automations.formulas.values import text_of

_MAX_JSON_DEPTH: Final = 100
_NO_CONTEXT: Final = Context(DEFAULT_ENV)


class Formula:
    """A value that is computed anew for each scope. Immutable and safe to share between runs.

    ``constant``: nothing is computed. ``roots``: the names it reads, as in ``$.name``. ``whole_refs``: those of them
    that are read as a whole or by anything but ``.item`` and ``.index``, so that a list block must be collected for
    them.
    """

    __slots__ = ("_run", "constant", "roots", "source", "whole_refs")

    def __init__(
        self,
        source: Any,
        run: Run,
        *,
        constant: bool,
        roots: frozenset[str] = frozenset(),
        whole_refs: frozenset[str] = frozenset(),
    ) -> None:
        self.source = source
        self.constant = constant
        self.roots = roots
        self.whole_refs = whole_refs
        self._run = run

    def evaluate(self, scope: Scope, env: Env | None = None) -> Any:
        """The value in this scope. Raises ``FormulaError`` (``FormulaValueError``, ``FormulaLimit``) and what the
        scope raises."""
        try:
            return self._run(scope.get, Context(env or DEFAULT_ENV))
        except FormulaError as error:
            error.locate(self.source if isinstance(self.source, str) else "", 0)
            raise

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {text_of(self.source)[:60]!r}>"


class _Constant(Formula):
    """A text without formulas."""

    __slots__ = ()

    def evaluate(self, scope: Scope, env: Env | None = None) -> Any:
        return self.source


class _Names(Formula):
    """A reference of plain names: no context needed."""

    __slots__ = ()

    def evaluate(self, scope: Scope, env: Env | None = None) -> Any:
        return self._run(scope.get, _NO_CONTEXT)


def compile_value(text: str) -> Formula:
    """Compile the text of one input. Raises ``FormulaSyntaxError`` with ``position`` (characters from 0) and an
    excerpt.

    A text that is one whole formula keeps the type of its result; formulas inside other text become text.
    """
    tree = parse(text)
    if isinstance(tree, Literal):
        return _Constant(tree.value, lambda _get, _context: tree.value, constant=True)
    compiler = Compiler(text)
    run = compiler.compile(tree)
    kind = _Names if _names_only(tree) else Formula
    return kind(text, run, constant=False, roots=frozenset(compiler.roots), whole_refs=frozenset(compiler.whole))


def _names_only(tree: Node) -> bool:
    return isinstance(tree, Reference) and all(
        isinstance(segment, Key) and isinstance(segment.key, (str, int)) for segment in tree.segments
    )


def compile_json(value: Any) -> Formula:
    """Compile a JSON structure whose strings, keys included, are formula texts. Each evaluation gives a fresh
    structure.

    Raises ``FormulaSyntaxError`` for the first text that cannot be read, ``FormulaLimit`` for more than 100 levels.
    """
    if isinstance(value, str):
        return compile_value(value)
    roots: set[str] = set()
    whole: set[str] = set()
    build, constant = _builder(value, roots, whole, 0)
    return Formula(value, build, constant=constant, roots=frozenset(roots), whole_refs=frozenset(whole))


def _builder(value: Any, roots: set[str], whole: set[str], depth: int) -> tuple[Run, bool]:
    if depth > _MAX_JSON_DEPTH:
        raise FormulaLimit(f"the value is nested more than {_MAX_JSON_DEPTH} deep")
    if isinstance(value, str):
        formula = compile_value(value)
        roots |= formula.roots
        whole |= formula.whole_refs
        return _located(formula._run, value), formula.constant
    if isinstance(value, dict):
        members = [
            (_builder(key, roots, whole, depth + 1), _builder(item, roots, whole, depth + 1))
            for key, item in value.items()
        ]
        constant = all(key[1] and item[1] for key, item in members)
        return _object([(key[0], item[0]) for key, item in members]), constant
    if isinstance(value, (list, tuple)):
        items = [_builder(item, roots, whole, depth + 1) for item in value]
        return _list([item[0] for item in items]), all(item[1] for item in items)
    return (lambda _get, _context: value), True


def _located(run: Run, source: str) -> Run:
    def located(get: Getter, context: Context) -> Any:
        try:
            return run(get, context)
        except FormulaError as error:
            error.locate(source, 0)
            raise

    return located


def _object(members: list[tuple[Run, Run]]) -> Run:
    return lambda get, context: {text_of(key(get, context)): item(get, context) for key, item in members}


def _list(items: list[Run]) -> Run:
    return lambda get, context: [item(get, context) for item in items]
