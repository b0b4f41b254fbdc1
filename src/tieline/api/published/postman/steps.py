"""The form in which the stories of the collection are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

_KEEP: Any = object()


class Step(Struct, frozen=True):
    """One request.

    ``operation`` is the id within the family, or with its prefix where it is another family's. ``expect`` empty = the
    operation's first good status. ``path`` and ``query`` name the values of parameters, ``form`` the fields of an HTML
    form, ``body`` replaces the sample; see `scripts.after` for ``saves`` and ``again``.
    """

    operation: str
    expect: Sequence[int] = ()
    saves: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    body: Any = _KEEP
    again: str = ""
    follow: bool = False
    note: str = ""

    @property
    def own_body(self) -> bool:
        """Whether ``body`` was given."""
        return self.body is not _KEEP


class Story(Struct, frozen=True):
    """A folder: its requests in the order in which they work, and what its path parameters are."""

    steps: Sequence[Step]
    path: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
