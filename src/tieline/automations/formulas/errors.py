"""Errors of the formula language.

All are ``BadInput`` (400): the formula, or the data it was given, breaks a rule, and another attempt gives the same
answer.
"""

from __future__ import annotations

from tieline.core.errors import BadInput

_EXCERPT = 40


class FormulaError(BadInput):
    """A formula could not be read or computed.

    ``position`` counts characters from 0 in the formula's own text; ``text`` is an excerpt that begins there.
    """

    code = "formula-error"
    title = "The formula cannot be computed"

    def __init__(self, detail: str = "", *, position: int | None = None, text: str = "") -> None:
        super().__init__(detail)
        self.position = position
        self.text = text

    def locate(self, source: str, position: int, function: str = "") -> None:
        """Say where it happened; the first (innermost) place wins."""
        if self.position is not None:
            return
        self.position = position
        self.text = excerpt(source, position)
        if function:
            self.detail = f"{{{function}}} at character {position}: {self.detail}"
            self.args = (self.detail,)


class FormulaSyntaxError(FormulaError):
    """The text of the formula breaks the grammar."""

    code = "formula-syntax"
    title = "The formula cannot be read"


class FormulaValueError(FormulaError):
    """A value is of the wrong kind for the function that got it."""

    code = "formula-value"
    title = "The formula got a value it cannot use"


class FormulaLimit(FormulaError):
    """The result or the work would be larger than the limits allow."""

    code = "formula-limit"
    title = "The formula is over a limit"


def excerpt(source: str, position: int) -> str:
    """At most 40 characters of ``source`` from ``position``, on one line."""
    piece = source[position : position + _EXCERPT]
    return piece.replace("\r", " ").replace("\n", " ")
