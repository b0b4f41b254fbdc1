"""What an evaluation may see and how much it may use: limits, environment, scope, and the account of work done."""

from __future__ import annotations

import random
from collections.abc import Callable, Sized
from datetime import UTC, datetime, tzinfo
from enum import Enum
from typing import Any, Final, Protocol

from msgspec import Struct

from tieline.automations.formulas.errors import FormulaLimit
from tieline.core import clock


class _Missing(Enum):
    VALUE = "missing"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing.VALUE
"""What a scope answers for a name it does not know. In a formula it is null."""


class Scope(Protocol):
    """What a formula can see."""

    def get(self, name: str, /) -> Any:
        """The value of the block or variable called ``name`` (exact case), or ``MISSING``."""


Getter = Callable[[str], Any]


class Limits(Struct, frozen=True):
    """Caps on one evaluation."""

    max_output_bytes: int = 16 * 2**20
    """Size of one text."""
    max_depth: int = 64
    """Nesting of values that functions walk through."""
    max_list: int = 1_000_000
    """Items of one list."""
    max_steps: int = 3_000_000
    """Work in units of about 5 ns: a character handled is 1, a list item 8 or more. Data adds to it, see
    ``Context.credit``."""


class Env(Struct, frozen=True):
    """Where the outside world comes in, so that tests can pin it."""

    now: Callable[[], datetime] = clock.now
    random: random.Random = random.SystemRandom()
    limits: Limits = Limits()
    timezone: tzinfo = UTC
    run: str = ""
    """Ids, as ``{jobguid}``, ``{automationguid}`` and ``{accountguid}`` give them; '' where nothing runs."""
    automation: str = ""
    tenant: str = ""


DEFAULT_ENV: Final = Env()

_CREDIT_PER_CHARACTER = 400
_CREDIT_PER_ITEM = 2000
_MAX_CREDIT = 500_000_000
_CREDIT_FROM = 1024
_SECONDS_TO_UNITS = 200_000_000


class Context:
    """One evaluation: its environment and the work it has left."""

    __slots__ = ("_credited", "_known", "_now", "env", "limits", "work")

    def __init__(self, env: Env) -> None:
        self.env = env
        self.limits = env.limits
        self.work = env.limits.max_steps
        self._credited = 0
        self._known: set[int] | None = None
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The moment of this evaluation, the same for all its parts, in the environment's time zone."""
        if self._now is None:
            self._now = self.env.now().astimezone(self.env.timezone)
        return self._now

    def spend(self, units: int) -> None:
        """Take ``units`` of work off the account; raises ``FormulaLimit`` when it is empty."""
        self.work -= units
        if self.work < 0:
            raise FormulaLimit(
                "the formula needs more work than one evaluation may do; "
                "shorten the data or split it over several blocks"
            )

    def spend_seconds(self, seconds: float) -> None:
        """The same for work whose size only the clock knows."""
        self.spend(int(seconds * _SECONDS_TO_UNITS))

    def credit(self, data: Sized) -> None:
        """Large data from outside brings its own allowance, once, so that caps aim at formulas that blow up, not at big
        inputs: 2 microseconds a character, 10 a list item, 2.5 seconds at most."""
        size = len(data)
        if size < _CREDIT_FROM:
            return
        if self._known is None:
            self._known = set()
        if id(data) in self._known:
            return
        self._known.add(id(data))
        per = _CREDIT_PER_CHARACTER if isinstance(data, str) else _CREDIT_PER_ITEM
        extra = min(size * per, _MAX_CREDIT - self._credited)
        self._credited += extra
        self.work += extra

    def reserve(self, characters: int, *, what: str = "the text") -> None:
        """Ask before making a text of that many characters."""
        if characters > self.limits.max_output_bytes:
            raise FormulaLimit(
                f"{what} would have {characters} characters; at most {self.limits.max_output_bytes} bytes are allowed"
            )
        self.spend(characters)

    def reserve_items(self, count: int, *, what: str = "the list") -> None:
        """Ask before making a list of that many items."""
        if count > self.limits.max_list:
            raise FormulaLimit(f"{what} would have {count} items; at most {self.limits.max_list} are allowed")
        self.spend(count * 16)

    def check_text(self, text: str) -> None:
        """Raise when a finished text is over the cap."""
        cap = self.limits.max_output_bytes
        size = len(text)
        if size > cap or (size > cap // 4 and not text.isascii() and len(text.encode("utf-8", "replace")) > cap):
            raise FormulaLimit(f"the text would have more than {cap} bytes; shorten it")

    def check_list(self, items: Sized) -> None:
        """Raise when a finished list is over the cap."""
        if len(items) > self.limits.max_list:
            raise FormulaLimit(f"the list would have {len(items)} items; at most {self.limits.max_list} are allowed")
