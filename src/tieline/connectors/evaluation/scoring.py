"""One label against the block that the importer made of the operation."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from msgspec import UNSET

from tieline.connectors.evaluation.labels import Label, PagingLabel
from tieline.connectors.evaluation.vocabulary import place, same_name
from tieline.connectors.manifest.model import Block, Manifest, ObjectType, Paging
from tieline.connectors.manifest.paths import render

QUESTIONS = (
    "block kind",
    "paging found",
    "paging configuration",
    "record path",
    "webhook subscribe",
    "webhook unsubscribe",
    "object name",
    "primary key",
    "incremental",
)
_PLACES = frozenset(("next", "has_more", "total", "total_pages"))


@dataclass(slots=True)
class Miss:
    """One answer that was not right."""

    document: str
    operation: str
    expected: str
    found: str


@dataclass(slots=True)
class Score:
    """Right answers, wrong ones (something said that is not so) and missed ones (something not said that is so)."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    quiet: int = 0  # there is nothing, and nothing was said
    misses: list[Miss] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """How many operations were labelled for this question."""
        return self.right + self.missed + self.quiet + self.only_wrong

    @property
    def only_wrong(self) -> int:
        """Answers where there should have been none."""
        return sum(1 for one in self.misses if one.expected == "none")

    @property
    def recall(self) -> float | None:
        """Right of all that there is; None where there is nothing."""
        return self.right / (self.right + self.missed) if self.right + self.missed else None

    @property
    def precision(self) -> float | None:
        """Right of all that was said; None where nothing was said."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


@dataclass(slots=True)
class Scores:
    """A score a question, and kinds that were taken for others."""

    of: dict[str, Score] = field(default_factory=lambda: {name: Score() for name in QUESTIONS})
    kinds: dict[str, Score] = field(default_factory=dict)
    confused: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, question: str, document: str, label: Label, expected: str, found: str, right: bool) -> None:
        """Note one answer; "none" = nothing of the sort."""
        _add(self.of[question], Miss(document, label.shown, expected, found), right)

    def add_kind(self, document: str, label: Label, expected: tuple[str, ...], found: str) -> None:
        """Note one kind, also in the score of that kind."""
        right = found in expected
        self.add("block kind", document, label, "|".join(expected), found or "none", right)
        _add(
            self.kinds.setdefault(found if right else expected[0], Score()),
            Miss(document, label.shown, "|".join(expected), "none"),
            right,
        )
        if not right:
            self.confused[expected[0], found or "none"] += 1
            if found:
                self.kinds.setdefault(found, Score()).wrong += 1


def _add(score: Score, answer: Miss, right: bool) -> None:
    if right:
        if answer.expected == "none":
            score.quiet += 1
        else:
            score.right += 1
        return
    score.wrong += answer.found != "none"
    score.missed += answer.expected != "none"
    score.misses.append(answer)


def compare(scores: Scores, document: str, label: Label, blocks: list[Block], manifest: Manifest) -> None:
    """Score one label. ``blocks`` are all blocks of the operation, the main one first; empty = it was not found."""
    block = blocks[0] if blocks else None
    if label.kinds:
        also = [one.kind for one in blocks if one.kind in label.kinds]
        scores.add_kind(document, label, label.kinds, also[0] if also else block.kind if block else "")
    if label.paging is not None:
        _paging(scores, document, label, label.paging, block)
    if label.records is not None:
        found = _records(block)
        scores.add(
            "record path",
            document,
            label,
            " or ".join(label.records),
            found[0] if found else "none",
            bool({*label.records} & {*found}),
        )
    if label.webhook is not None:
        for question, role, kind in (
            ("webhook subscribe", "subscribe", "webhook_add"),
            ("webhook unsubscribe", "unsubscribe", "webhook_remove"),
        ):
            if role == "unsubscribe" and label.webhook == "none" and label.kinds is None:
                continue  # It was only said that it does not subscribe.
            expected = role if label.webhook == role else "none"
            said = role if block is not None and block.kind == kind else "none"
            scores.add(question, document, label, expected, said, expected == said)
    _object(scores, document, label, block, manifest)
    if label.incremental is not None:
        _incremental(scores, document, label, blocks)


def _paging(
    scores: Scores, document: str, label: Label, expected: tuple[PagingLabel, ...], block: Block | None
) -> None:
    paging = block.paging if block is not None and block.paging is not UNSET else Paging()
    found = paging.style != "none"
    said = "paged" if found else "none"
    scores.add("paging found", document, label, "paged" if expected else "none", said, found == bool(expected))
    if not expected:
        return
    right = any(_is(one, paging) for one in expected)
    wanted = " or ".join(_shown(one) for one in expected)
    scores.add("paging configuration", document, label, wanted, _configured(paging) if found else "none", right)


def _is(label: PagingLabel, found: Paging) -> bool:
    """The style is the one that was labelled, nothing that it needs is missing, every labelled member is the same."""
    if found.style == "none" or (label.style and label.style not in (found.style, "total")):
        return False
    if label.style == "total" and "total" not in found.stop:
        return False
    if not complete(found):
        return False
    return all(_same(name, value, getattr(found, name, "")) for name, value in label.members)


def complete(paging: Paging) -> bool:
    """True where nothing is missing that the style needs to get from page to page."""
    needs = {
        "page": bool(paging.param),
        "offset": bool(paging.param),
        "cursor": bool(paging.param and paging.next),
        "next_url": bool(paging.next),
        "link_header": True,
        "keyset": bool(paging.param and paging.key),
        "total": bool(paging.param and (paging.total or paging.total_pages)),
    }
    return needs.get(paging.style, False)


def _same(name: str, expected: str, found: object) -> bool:
    if name in _PLACES and isinstance(found, str):
        # "!" negates a flag.
        return place(found.lstrip("!")) == place(expected.lstrip("!")) or found == expected
    return same_name(str(found), expected)


def _shown(label: PagingLabel) -> str:
    members = ", ".join(f"{name}={value}" for name, value in label.members)
    return f"{label.style or 'paged'}({members})" if members else label.style or "paged"


def _configured(paging: Paging) -> str:
    shown = [("param", paging.param), ("size_param", paging.size_param), ("next", paging.next), ("key", paging.key)]
    return f"{paging.style}({', '.join(f'{name}={value}' for name, value in shown if value)})"


def _records(block: Block | None) -> list[str]:
    """The record path in the ways that a person may write it: with and without what leads from entry to record."""
    if block is None or not block.records:
        return []
    found = place(block.records) or "$"
    inner = place(block.item_path) if block.item_path else None
    if inner in (None, "$"):
        return [found]
    return [found, place(f"{found}[*]{str(inner)[1:]}") or found, render(())]


def _object(scores: Scores, document: str, label: Label, block: Block | None, manifest: Manifest) -> None:
    if label.object is not None:
        found = block.object if block is not None else ""
        right = _word(found) == _word(label.object)
        scores.add("object name", document, label, label.object, found or "none", right)
    if label.primary_key is not None:
        kept: ObjectType | None = None
        if block is not None:
            kept = next((one for one in manifest.objects if one.name == block.object), None)
        key = tuple(kept.primary_key) if kept is not None else ()
        right = key == label.primary_key
        scores.add("primary key", document, label, "+".join(label.primary_key), "+".join(key) or "none", right)


def _word(name: str) -> str:
    """A name without case and punctuation, and without the plural's ending: ``Contacts`` is ``contact``."""
    word = "".join(one for one in name.lower() if one.isalnum())
    return word[:-3] + "y" if word.endswith("ies") else word[:-1] if word.endswith("s") and len(word) > 3 else word


def _incremental(scores: Scores, document: str, label: Label, blocks: list[Block]) -> None:
    found = [one.incremental.param or one.incremental.by for one in blocks if one.incremental is not UNSET]
    expected = label.incremental or "none"
    said = found[0] if found else "none"
    right = expected == said or (expected == "*" and bool(found)) or any(same_name(one, expected) for one in found)
    scores.add("incremental", document, label, expected, said, right)
