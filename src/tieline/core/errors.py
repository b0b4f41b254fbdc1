"""The tree of errors.

Every error that a person or a program can meet has a class with a stable ``code``, an HTTP ``status`` and a ``title``:

    TielineError
    |-- Transient                    worth another attempt
    |   |-- Unavailable                503
    |   |-- RateLimited                429
    |   `-- ... (each package adds its own beside its code)
    `-- Terminal                     another attempt gives the same answer
        |-- BadInput                   400
        |-- Unauthorized               401
        |-- Forbidden                  403
        |-- NotFound                   404
        |-- Conflict                   409
        `-- ...

``detail`` is one sentence for a person: it names the field, the rule and the fix, and never holds a secret.
"""

from __future__ import annotations

from typing import Any, ClassVar


class TielineError(Exception):
    """Root of all errors that Tieline raises on purpose."""

    code: ClassVar[str] = "internal-error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong inside Tieline"

    def __init__(
        self,
        detail: str = "",
        *,
        pointer: str | None = None,
        parameter: str | None = None,
        meta: dict[str, Any] | None = None,
    ) -> None:
        """``pointer`` is a JSON pointer (RFC 6901) into the request body, ``parameter`` a query or path parameter."""
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.pointer = pointer
        self.parameter = parameter
        self.meta = meta or {}

    def __str__(self) -> str:
        return self.detail


class Transient(TielineError):
    """May go away by itself: the caller may try again."""

    code = "transient"
    status = 503
    title = "Temporarily not possible"


class Terminal(TielineError):
    """Stays as it is until somebody changes the request or the configuration."""

    code = "terminal"
    status = 500
    title = "Not possible"


class Unavailable(Transient):
    """Something that Tieline needs does not answer."""

    code = "unavailable"
    status = 503
    title = "Service unavailable"


class RateLimited(Transient):
    """Over a limit; ``retry_after`` says in how many seconds to come back."""

    code = "rate-limited"
    status = 429
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after: float = 1.0, meta: dict[str, Any] | None = None) -> None:
        super().__init__(detail, meta=meta)
        self.retry_after = retry_after


class BadInput(Terminal):
    """The caller sent something that breaks a rule."""

    code = "bad-input"
    status = 400
    title = "Invalid input"


class Unauthorized(Terminal):
    """Nobody we know, or no longer."""

    code = "unauthorized"
    status = 401
    title = "Unauthorized"


class Forbidden(Terminal):
    """Known, but not allowed."""

    code = "forbidden"
    status = 403
    title = "Forbidden"


class NotFound(Terminal):
    """Not there, or not yours: the two look the same."""

    code = "not-found"
    status = 404
    title = "Not found"


class Conflict(Terminal):
    """The thing changed or already exists."""

    code = "conflict"
    status = 409
    title = "Conflict"


class Misconfigured(Terminal):
    """A setting is missing or wrong; nothing was started."""

    code = "misconfigured"
    status = 500
    title = "Wrong configuration"
