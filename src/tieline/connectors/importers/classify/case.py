"""One operation with everything that was concluded about it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.classify import names, verbs
from tieline.connectors.importers.classify.records import Found
from tieline.connectors.importers.classify.routes import Route
from tieline.connectors.importers.classify.words import plain, singular, split
from tieline.connectors.importers.description import Body, Operation, Param
from tieline.connectors.manifest.model import BlockKind, Fact, Incremental, Paging


@dataclass(slots=True)
class Case:
    """Filled in step by step, in the order of the fields."""

    op: Operation
    route: Route
    name: str = ""  # the operation's id without what all ids of the document begin with
    body_keys: frozenset[str] = frozenset()  # the fields of a POST's body, as `names.key` has them
    said: verbs.Said | None = None  # by the operation id, else the summary
    said_by_id: bool = False
    schema: Any = None  # of the good answer
    schema_pointer: str = ""
    object: str = ""
    parent: str = ""
    found: Found | None = None
    kind: BlockKind = "action"
    paging: Paging | None = None
    incremental: Incremental | None = None
    donor: Body | None = None  # a body that describes what this one's own does not
    facts: dict[str, Fact] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)  # parameters that are not asked for: the runtime fills them in

    @property
    def subject(self) -> frozenset[str]:
        """Words for what the operation is about, singular and plural, from path, id and tag."""
        words: set[str] = set()
        for name, _ in self.route.nouns[-2:]:
            words.add(plain(name))
            words.update(split(name)[-1:])
        for name in (self.name, *self.op.tags[:3]):
            parts = [part for part in split(name) if verbs.of_word(part) is None or verbs.is_noun(part)]
            if parts:
                words.add("".join(parts))
                words.add("".join((*parts[:-1], singular(parts[-1]))))
                words.add(singular(parts[-1]))
        tail = self.route.tail
        if tail is not None and tail.fixed:
            words.add(plain(tail.text))
        return frozenset(word for word in words if len(word) > 1)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the operation's own name."""
        return split(self.name)

    def params(self, location: str | None = None) -> list[Param]:
        """The parameters in one place, or all."""
        return [one for one in self.op.params if location is None or one.location == location]

    @property
    def paged_by_path(self) -> bool:
        """True for ``/lists/{page}/{page_size}``."""
        return any(names.key(one.name) in ("page", "pagenumber") for one in self.op.params if one.location == "path")

    def reads_pages(self) -> bool:
        """True where the parameters alone say that the answer comes in pages."""
        if self.paged_by_path:
            return True
        keys = {names.key(one.name) for one in self.op.params if one.location == "query"} | self.body_keys
        sized = bool(keys & names.SIZE)
        moved = bool(keys & (names.PAGE | names.CURSOR | names.KEYSET | names.SURE_OFFSET))
        return (moved and sized) or bool(keys & {"pagetoken", "pagenumber", "perpage", "pagesize", "nexttoken"})
