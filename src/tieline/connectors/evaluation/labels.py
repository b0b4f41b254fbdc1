"""What somebody who has read a document says about its operations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Role = Literal["subscribe", "unsubscribe", "list", "none"]


@dataclass(frozen=True, slots=True)
class PagingLabel:
    """One way of paging that is right.

    ``style`` is one of the manifest's styles, "" = paged in a way that is not said. ``members`` holds what else is
    said: ``param``, ``size_param``, ``next``, ``key`` ... of `Paging`, as text.
    """

    style: str = ""
    members: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about one operation; a field that is None was not labelled and is not asked about.

    Tuples of kinds, paging and record paths are alternatives: any of them is right. ``paging=()`` says that the
    answer comes in one piece. An operation is named by ``method`` and ``path``, or by ``name`` (its operation id).
    """

    method: str = ""
    path: str = ""
    name: str = ""
    kinds: tuple[str, ...] | None = None
    paging: tuple[PagingLabel, ...] | None = None
    records: tuple[str, ...] | None = None
    webhook: Role | None = None
    object: str | None = None
    primary_key: tuple[str, ...] | None = None
    incremental: str | None = None  # the parameter; "" = there is none, "*" = some parameter
    origin: str = ""  # where the label comes from: a file, or the extension of a vendor

    @property
    def shown(self) -> str:
        """The operation in words."""
        return f"{self.method} {self.path}".strip() or self.name


@dataclass(slots=True)
class LabelSet:
    """Labels by document, the folders to look for the documents in, and what was odd about the labels."""

    documents: dict[str, list[Label]] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)
    oddities: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many operations are labelled."""
        return sum(len(labels) for labels in self.documents.values())

    @property
    def notes(self) -> list[str]:
        """What a person should know about the labels themselves, most frequent first."""
        return [text if count == 1 else f"{text} ({count} times)" for text, count in self.oddities.most_common()]
