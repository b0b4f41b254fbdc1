"""What can be refused about runs. The published documents know no 409 here, so what conflicts is answered with 400."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tieline.automations.runs.errors import NotRetryable, NotRunning, NotStartable
from tieline.core.errors import BadInput, Conflict


class CannotStart(BadInput):
    """The automation is disabled or cannot run."""

    code = NotStartable.code
    title = NotStartable.title


class CannotStop(BadInput):
    """The run is over already."""

    code = NotRunning.code
    title = NotRunning.title


class CannotRetry(BadInput):
    """The run did not end badly."""

    code = NotRetryable.code
    title = NotRetryable.title


_ANSWERS: dict[type[Conflict], type[BadInput]] = {
    NotStartable: CannotStart,
    NotRunning: CannotStop,
    NotRetryable: CannotRetry,
}


@contextmanager
def conflicts_are_bad_requests() -> Iterator[None]:
    """Answers what the run service calls a conflict with 400, under the same code and title."""
    try:
        yield
    except Conflict as error:
        for conflict, answer in _ANSWERS.items():
            if isinstance(error, conflict):
                raise answer(error.detail, meta=error.meta) from None
        raise
