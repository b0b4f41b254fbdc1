"""What can be refused about OAuth clients. The published document knows no 400 for their list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tieline.core.errors import BadInput, Forbidden


class QueryRefused(Forbidden):
    """A list of OAuth clients that cannot be asked for so."""

    code = "query-refused"
    title = "Query refused"


class DeleteUnconfirmed(BadInput):
    """The header ``qlik-confirm-delete`` is missing or names something else."""

    code = "delete-unconfirmed"
    title = "Deletion not confirmed"


@contextmanager
def bad_queries_are_forbidden() -> Iterator[None]:
    """Answers 403 in place of 400, with the same sentence."""
    try:
        yield
    except BadInput as error:
        raise QueryRefused(error.detail, parameter=error.parameter) from None
