"""All endpoints of a document: what is mentioned many times, with names or with ids in the path, becomes one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tieline.connectors.importers.classify.words import is_plural
from tieline.connectors.importers.prose.drafts import Draft
from tieline.connectors.importers.prose.endpoints import (
    Mention,
    fits,
    generalised,
    is_version,
    of_url,
    one_letter_apart,
    shape,
)
from tieline.connectors.importers.prose.items import Place
from tieline.connectors.importers.prose.shell import Sample

MAX_ENDPOINTS = 3_000


@dataclass(slots=True)
class Told:
    """One mention with where and how it stands."""

    index: int  # of the item
    mention: Mention
    place: Place
    rank: int
    sample: Sample | None = None
    title: str = ""
    draft: Draft | None = None


@dataclass(slots=True)
class Catalogue:
    """The drafts, and which of them each mention means."""

    drafts: list[Draft] = field(default_factory=list)
    at: dict[int, list[Told]] = field(default_factory=dict)
    origins: Counter[str] = field(default_factory=Counter)
    prefix: str = ""  # of sample addresses before the paths that the text gives


def catalogue(told: list[Told], bases: list[tuple[str, str]]) -> Catalogue:
    """Make one draft an endpoint. ``bases``: (origin, path) of the declared base URLs."""
    result = Catalogue()
    prefixes = sorted({path for _, path in bases if path}, key=len, reverse=True)
    for one in told:
        mention = one.mention
        if mention.origin:
            result.origins[mention.origin] += 1
        for prefix in prefixes:
            if mention.path.startswith(prefix + "/"):
                mention.path = mention.path[len(prefix) :]
                break
    result.prefix = _learned_prefix(told)
    for one in told:
        if result.prefix and one.mention.path.startswith(result.prefix + "/"):
            one.mention.path = one.mention.path[len(result.prefix) :]
    _assign(told, result, {"/", result.prefix, *prefixes})
    for one in told:
        if one.draft is not None:
            one.draft.rank = max(one.draft.rank, one.rank)
            result.at.setdefault(one.index, []).append(one)
    _promote(result)
    first: dict[int, int] = {}
    for one in told:
        first[id(one.draft)] = min(first.get(id(one.draft), one.index), one.index)
    place = {id(one.draft): number for number, one in reversed(list(enumerate(told)))}
    result.drafts.sort(key=lambda draft: (first.get(id(draft), 0), place.get(id(draft), 0)))
    return result


def _assign(told: list[Told], result: Catalogue, roots: set[str]) -> None:
    """Give each mention its draft: what the text writes first, then what examples call."""
    known: dict[tuple[str, str], Draft] = {}
    shelves: dict[_Shelf, list[Draft]] = {}
    for one in sorted((one for one in told if one.sample is None), key=lambda one: -one.rank):
        path = one.mention.path
        found = _fitting(one.mention, shelves, ids=True) if "{" not in path else None
        one.draft = found or _take(one, path, known, shelves, result)
    for one in told:
        if one.sample is None or one.mention.path in roots:
            continue  # an address without a path only shows how to authenticate
        one.draft = _fitting(one.mention, shelves, ids=False)
        if one.draft is None:
            path = generalised(one.mention.path)
            one.draft = _take(one, path, known, shelves, result)
            if one.draft is not None and path != one.mention.path and one.draft.rank == one.rank:
                one.draft.templated = False


def _promote(book: Catalogue) -> None:
    """What stands nowhere on its own is told where the fewest others stand beside it, the first time."""
    best: dict[int, tuple[int, int, Told]] = {}
    for index, here in book.at.items():
        for one in here:
            if one.draft is not None and one.draft.rank <= 1:
                key = (len(here), index)
                if id(one.draft) not in best or key < best[id(one.draft)][:2]:
                    best[id(one.draft)] = (*key, one)
    for _, _, one in best.values():
        one.rank = 2
        if one.draft is not None:
            one.draft.place = one.place


def _take(
    one: Told,
    path: str,
    known: dict[tuple[str, str], Draft],
    shelves: dict[_Shelf, list[Draft]],
    result: Catalogue,
) -> Draft | None:
    key = (one.mention.method, shape(path))
    if key not in known:
        if len(known) >= MAX_ENDPOINTS:
            return None
        known[key] = Draft(one.mention.method, path, one.place, one.rank)
        shelves.setdefault(_shelf(one.mention.method, path), []).append(known[key])
        result.drafts.append(known[key])
    draft = known[key]
    if one.rank > draft.rank:
        draft.place = one.place
    return draft


_Shelf = tuple[str, int, str, str]


def _shelf(method: str, path: str) -> _Shelf:
    """Where drafts are kept, so that only a few have to be compared: by the first words of their path."""
    parts = [*path.split("/")[1:], "", ""]
    first, second = ("{}" if "{" in part else part for part in parts[:2])
    return method, path.count("/"), first, second


def _places(mention: Mention) -> list[_Shelf]:
    method, length, first, second = _shelf(mention.method, mention.path)
    return list(dict.fromkeys((method, length, one, other) for one in (first, "{}") for other in (second, "{}")))


def _fitting(mention: Mention, shelves: dict[_Shelf, list[Draft]], *, ids: bool) -> Draft | None:
    """The draft whose path an address of an example fits best."""
    general = generalised(mention.path)
    if ids and general == mention.path:
        return None
    best: tuple[int, Draft] | None = None
    for place in _places(mention):
        for draft in shelves.get(place, []):
            score = fits(mention.path, draft.path) if not ids or "{" in draft.path else -1
            if score >= 0 and (best is None or score > best[0]):
                best = (score, draft)
    if best is None:
        return None
    # A plain word in the place of an id is rather a path of its own ("/contacts/search").
    ours, theirs = mention.path.split("/"), best[1].path.split("/")
    for mine, other in zip(ours, theirs, strict=True):
        if mine != other and "{" not in mine and mine.isalpha() and mine.islower() and len(mine) > 3 and _is_word(mine):
            return None
    return best[1]


def _is_word(part: str) -> bool:
    return part in _WORDS or is_plural(part)


_WORDS = frozenset(
    "search find count export import batch bulk upload download status cancel merge archive restore lookup query me "
    "self current".split()
)


def _learned_prefix(told: list[Told]) -> str:
    """``/v1`` where examples call ``https://host/v1/contacts`` and the text writes ``/contacts``."""
    paths = {shape(one.mention.path) for one in told if not one.mention.origin}
    votes: Counter[str] = Counter()
    for one in told:
        if not one.mention.origin:
            continue
        parts = one.mention.path.split("/")
        for size in (1, 2, 3):
            head, rest = parts[1 : size + 1], "/" + "/".join(parts[size + 1 :])
            if (
                len(parts) > size + 1
                and any(is_version(part) for part in head)
                and (shape(generalised(rest)) in paths or shape(rest) in paths)
            ):
                votes["/" + "/".join(head)] += 1
    if not votes:
        return ""
    prefix, count = votes.most_common(1)[0]
    also = sum(1 for path in paths if path.startswith(prefix + "/"))
    return prefix if count > also else ""


def sample_told(index: int, sample: Sample, place: Place) -> Told | None:
    """A request of an example as a mention."""
    mention = of_url(sample.method, sample.url)
    return Told(index, mention, place, 2, sample) if mention is not None else None


def misspelt(drafts: list[Draft]) -> list[tuple[Draft, str, str]]:
    """Drafts with a word in their path that is one letter off from what its family writes: (draft, word, other)."""
    counts: Counter[str] = Counter()
    for draft in drafts:
        counts.update({part for part in draft.path.split("/") if part.isalpha() or "_" in part or "-" in part})
    counts = Counter({word: count for word, count in counts.items() if "{" not in word})
    rare = [word for word, count in counts.items() if count == 1]
    often = [word for word, count in counts.items() if count >= 2]
    wrong: dict[str, str] = {}
    for word in rare[:500]:
        for other in often[:500]:
            if one_letter_apart(word, other) and word + "s" != other and other + "s" != word:
                wrong[word] = other
    return [(draft, part, wrong[part]) for draft in drafts for part in draft.path.split("/") if part in wrong]
