"""Which endpoint each part of a document is about.

Headings make a tree. A part in which one endpoint stands is about that endpoint, before and after the line that names
it; a heading that only labels ("Parameters", "Response") belongs to what stands above it, whatever its size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tieline.connectors.importers.prose.catalogue import Catalogue
from tieline.connectors.importers.prose.drafts import Draft
from tieline.connectors.importers.prose.items import Item
from tieline.connectors.importers.prose.vocabulary import fold, is_topic, label

_TABS = frozenset(
    "curl shell bash python javascript js node node js ruby php java go c# csharp cs http json xml typescript httpie "
    "powershell swift kotlin".split()
)


@dataclass(slots=True)
class Section:
    """A heading with what stands under it. ``first``/``last`` are indices of items; the root has no heading."""

    first: int
    level: int
    title: str = ""
    label: bool = False  # it only says what kind of thing follows
    topic: bool = False  # it is about the whole API
    last: int = 0
    children: list[Section] = field(default_factory=list)
    parent: Section | None = None

    @property
    def own_last(self) -> int:
        """The index behind the items before the first child."""
        return self.children[0].first if self.children else self.last


def outline(items: list[Item], book: Catalogue) -> Section:
    """The tree of sections."""
    root = Section(0, 0, last=len(items))
    stack = [root]
    thing = 0  # level of the last heading that is no label
    for index, item in enumerate(items):
        if item.kind != "heading":
            continue
        named = index in book.at
        said = label(item.text)
        topic = is_topic(item.text) and not named
        short = not named and (bool(said.role and said.sure) or fold(item.text) in _TABS)
        if (
            topic
            and thing
            and item.level <= thing
            and not (said.role == "errors" and item.level == thing and _seen_before(stack))
        ):
            short = False
        elif short and thing:
            topic = False
        level = item.level
        if short and thing:
            level = max(level, thing + 1)
            if (above := stack[-1]).label and item.level > (
                items[above.first].level if above.first < len(items) else 0
            ):
                level = max(level, above.level + 1)
        else:
            thing = level
            short = False
        while len(stack) > 1 and stack[-1].level >= level:
            stack.pop().last = index
        section = Section(index, level, item.text, short, topic and not short, parent=stack[-1])
        stack[-1].children.append(section)
        stack.append(section)
    for section in stack:
        section.last = len(items)
    return root


def _seen_before(stack: list[Section]) -> bool:
    return len(stack) > 1 and not stack[-1].topic


def owners(root: Section, items: list[Item], book: Catalogue) -> list[Draft | None]:
    """The endpoint that each item is about, None where it is about none."""
    found: list[Draft | None] = [None] * len(items)
    pending: list[tuple[Section, Draft | None]] = [(root, None)]
    while pending:
        section, inherited = pending.pop()
        pending += _own(section, inherited, found, book)
    return found


def _strong(first: int, last: int, book: Catalogue, rank: int) -> list[Draft]:
    """The endpoints named in a range of items, each once."""
    result: dict[int, Draft] = {}
    for index in range(first, last):
        if index not in book.at:
            continue
        several = len({id(one.draft) for one in book.at[index] if one.draft is not None}) > 1
        for one in book.at[index]:
            listed = several and one.sample is None and one.rank < 3
            if one.draft is not None and one.rank >= rank and not listed:
                result[id(one.draft)] = one.draft
    return list(result.values())


def _own(
    section: Section, inherited: Draft | None, found: list[Draft | None], book: Catalogue
) -> list[tuple[Section, Draft | None]]:
    whole = section.parent is not None
    named = _strong(section.first, section.last, book, 3)
    shown = _strong(section.first, section.last, book, 2)
    if len(named) != 1 or not _homes(section, book, named[0]):
        named = named if len(named) != 1 else shown
    shown = named or shown
    if whole and not section.topic and len(named or shown) == 1:
        found[section.first : section.last] = [(named or shown)[0]] * (section.last - section.first)
        return []
    if whole and section.topic and len(shown) == 1 and shown[0] not in _elsewhere(section, found, book):
        found[section.first : section.last] = [shown[0]] * (section.last - section.first)
        return []
    if not shown:
        owner = inherited if section.label else None
        found[section.first : section.last] = [owner] * (section.last - section.first)
        return []
    current = inherited if section.label else None
    own = _strong(section.first, section.own_last, book, 3) or _strong(section.first, section.own_last, book, 2)
    if len(own) == 1 and not section.topic:
        current = own[0]
    for index in range(section.first, section.own_last):
        for one in book.at.get(index, []):
            if (
                one.draft is not None
                and one.rank >= 2
                and one.draft in own
                and len(_strong(index, index + 1, book, 2)) == 1
            ):
                current = one.draft
        found[index] = current
    result: list[tuple[Section, Draft | None]] = []
    for child in section.children:
        inside = _strong(child.first, child.last, book, 3) or _strong(child.first, child.last, book, 2)
        result.append((child, current))
        if len(inside) == 1:
            current = inside[0]
        elif not child.label and not inside:
            current = None
    return result


def _homes(section: Section, book: Catalogue, draft: Draft) -> bool:
    """True where no other endpoint is told in the words of this section, or shown in a part of it without this one."""
    for index in range(section.first, section.last):
        for one in book.at.get(index, []):
            if one.sample is None and one.rank >= 2 and one.draft is not None and one.draft is not draft:
                return False
    shown = [_strong(child.first, child.last, book, 2) for child in section.children]
    return all(not drafts or draft in drafts for drafts in shown)


def _elsewhere(section: Section, found: list[Draft | None], book: Catalogue) -> list[Draft]:
    """The endpoints that stand outside of a section too."""
    last = max(book.at, default=0) + 1
    return [
        *_strong(0, min(section.first, last), book, 2),
        *(_strong(section.last, last, book, 2) if section.last < last else []),
    ]


def object_title(section_title: str) -> str:
    """A heading without its numbering: "3.2 List contacts" is "List contacts"."""
    return re.sub(r"^\s*(?:\d{1,2}\.?)+\s+|^\s*[A-Z]\.\s+", "", section_title).strip(" :*")
