"""Walks the items once and gives each fact to the endpoint that it is about, or to the API as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.prose.catalogue import Catalogue
from tieline.connectors.importers.prose.drafts import Draft
from tieline.connectors.importers.prose.endpoints import mentions
from tieline.connectors.importers.prose.fields import Field, describe, line_field, table_fields
from tieline.connectors.importers.prose.items import Item, Place, plain_text
from tieline.connectors.importers.prose.jsontext import samples_in
from tieline.connectors.importers.prose.samples import requests_in, responses_in
from tieline.connectors.importers.prose.sections import Section, object_title, outline, owners
from tieline.connectors.importers.prose.sentences import answers_in, read_sentences
from tieline.connectors.importers.prose.vocabulary import EVENT_TITLES, STATUS_TITLES, Label, fold, label, object_name

_STATUS_CELL = re.compile(r"\W{0,2}(?:HTTP )?(?P<code>[1-5]\d\d)\b(?P<rest>.*)", re.DOTALL)
_QUERY_STRING = re.compile(r"\?[\w.\[\]$-]{1,60}=[^\s`]{0,300}")
_DEPRECATED = re.compile(r"\bdeprecated\b|\bveraltet\b|\bverouderd\b|\bobsolète\b", re.IGNORECASE)
_LIST_SAID = re.compile(
    r"\b(?:an? )?(?:array|list|page|lijst|liste|collection)\s(?:of|von|van|de|der)\b", re.IGNORECASE
)
_REQUIRES = re.compile(
    r"`\s(?:is|are)\s(?:required|mandatory|optional)\b|\bquery parameter|\brequest body", re.IGNORECASE
)


@dataclass(slots=True)
class Thing:
    """What a section "The contact object" describes."""

    name: str
    place: Place
    fields: list[Field] = field(default_factory=list)
    samples: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class General:
    """What is said outside of the endpoints: (section title, item), fields of shared tables, samples, object models."""

    items: list[tuple[str, Item]] = field(default_factory=list)
    fields: list[tuple[str, Field, Label]] = field(default_factory=list)
    samples: list[tuple[str, Any, Place]] = field(default_factory=list)
    things: dict[str, Thing] = field(default_factory=dict)
    statuses: dict[str, tuple[str, Place]] = field(default_factory=dict)


def gather(items: list[Item], book: Catalogue) -> General:
    """Fill the drafts of ``book``; the rest comes back."""
    root = outline(items, book)
    walker = _Walker(items, book, owners(root, items, book), _titles(root, len(items)))
    walker.walk()
    return walker.general


def _titles(root: Section, count: int) -> list[list[Section]]:
    """The headings over each item, outermost first."""
    found: list[list[Section]] = [[] for _ in range(count)]
    pending: list[tuple[Section, list[Section]]] = [(root, [])]
    while pending:
        section, above = pending.pop()
        line = above if section.parent is None else [*above, section]
        for index in range(section.first, section.own_last):
            found[index] = line
        pending += [(child, line) for child in section.children]
    return found


class _Walker:
    def __init__(
        self, items: list[Item], book: Catalogue, owner: list[Draft | None], over: list[list[Section]]
    ) -> None:
        self.items = items
        self.book = book
        self.owner = owner
        self.over = over
        self.general = General()
        self.said = Label()  # by the last heading or label line
        self.lead = Label()  # by the sentence right before
        self.draft: Draft | None = None
        self.asked: Draft | None = None  # whose example came last
        self.thing: Thing | None = None
        self.last: tuple[int, Field] | None = None  # the field of the paragraph before
        self.tabs: list[str] = []  # statuses one after the other, whose answers follow
        self.parents: list[tuple[int, str]] = []  # of nested list entries

    def walk(self) -> None:
        for index, item in enumerate(self.items):
            if self.owner[index] is not self.draft:
                self.draft = self.owner[index]
                self.said = self.lead = Label()
                self.asked = None
            titles = self.over[index]
            if self.draft is None:
                self.general.items.append((titles[-1].title if titles else "", item))
            if item.kind != "entry":
                self.parents = []
            if item.kind == "heading":
                self._heading(index, item, titles)
            elif item.kind == "code":
                self._code(index, item)
            elif item.kind == "table":
                self._table(index, item)
            else:
                self._text(index, item)

    def _title(self, index: int) -> str:
        titles = self.over[index]
        return titles[-1].title if titles else ""

    def _heading(self, index: int, item: Item, titles: list[Section]) -> None:
        self.lead = Label()
        self.thing = None
        above = label(titles[-2].title) if len(titles) > 1 and titles[-2].label else Label()
        self.said = self._under(
            label(item.text) if titles and (titles[-1].label or index not in self.book.at) else Label(), above
        )
        if titles and not titles[-1].label and self.draft is not None and not self.said.sure:
            self.said = Label()
        if self.draft is not None:
            self._name(index, item, titles)
        elif (name := object_name(object_title(item.text))) and index not in self.book.at:
            self.thing = self.general.things.setdefault(name, Thing(name, item.place))
            self.said = Label("object")

    @staticmethod
    def _under(said: Label, above: Label) -> Label:
        """ "Fields" under "Response" are the fields of the response."""
        if above.role in ("answer", "errors") and said.role in ("fields", "request", "") and said.where in ("", "body"):
            return Label(above.role, said.where, said.status or above.status, said.sure)
        if above.role == "fields" and said.role in ("request", ""):
            return above
        return said

    def _name(self, index: int, item: Item, titles: list[Section]) -> None:
        draft = self.draft
        assert draft is not None
        if titles and titles[-1].label:
            return
        for told in self.book.at.get(index, []):
            if told.draft is draft and told.title and not draft.title:
                draft.title = object_title(told.title)
        if not draft.title and index not in self.book.at:
            draft.title = object_title(item.text)
        if index in self.book.at or draft.title == object_title(item.text):
            outer = [one for one in titles[:-1] if not one.label and not one.topic and one.level > 0]
            if outer and not draft.tag and len(outer[-1].title) < 60 and outer[-1].level > 1:
                draft.tag = object_title(outer[-1].title)
        if _DEPRECATED.search(item.text):
            draft.deprecated = True

    def _context(self, item: Item) -> Label:
        """What the next table or sample is, by the sentence before it, else by the label above."""
        if self.lead.role and (self.lead.role != "request" or not self.said.role):
            return (
                self._under(self.lead, self.said)
                if self.said.role in ("answer", "errors") and self.lead.role == "fields"
                else self.lead
            )
        return self.said

    def _text(self, index: int, item: Item) -> None:
        text = item.text
        bare = plain_text(text).strip()
        here = self.book.at.get(index, [])
        drafts = [told.draft for told in here if told.draft is not None]
        for told in here:
            if told.draft is not None and told.title and not told.draft.title and told.rank >= 2:
                told.draft.title = object_title(told.title)
        if item.kind == "paragraph" and not here and self._is_label(item, bare):
            self._label(index, item, bare)
            return
        context = self.said
        if self._one_field(index, item, context):
            return
        follows = self.last is not None and self.last[0] == index - 1 and item.kind == "paragraph" and not here
        if self.last is not None and follows and context.role == "fields" and not self.last[1].description:
            describe(self.last[1], text)
            return
        targets = list(dict.fromkeys(id(one) for one in drafts))
        if len(targets) > 1:
            self._divided(index, item)
        else:
            draft = self.draft or (drafts[0] if drafts and max(told.rank for told in here) >= 1 else None)
            if draft is not None and (self.draft is not None or _inline_home(draft, item)):
                self._said_of(draft, text, item.place, context)
        if item.kind == "paragraph":
            last = re.split(r"(?<=[.!?])\s+", bare)[-1]
            self.lead = label(last if len(last) < 140 else last[-139:]) if not self._says_nothing(bare) else Label()
            if bare.endswith(":") and self.lead.role in ("fields", "answer", "errors"):
                self.said = (
                    self._under(self.lead, self.said)
                    if self.said.role in ("answer", "errors") and self.lead.role == "fields"
                    else self.lead
                )
        for match in _QUERY_STRING.finditer(text):
            if self.draft is not None and not here:
                self._query(self.draft, match[0], item.place)

    @staticmethod
    def _says_nothing(bare: str) -> bool:
        return len(bare) > 1500

    def _is_label(self, item: Item, bare: str) -> bool:
        said = label(bare)
        if not said.role or len(bare) > 90:
            return False
        return (
            (item.strong and said.sure)
            or (bare.endswith(":") and len(bare.split()) <= 6 and said.sure)
            or (said.sure and len(bare.split()) <= 5 and not bare.endswith("."))
        )

    def _label(self, index: int, item: Item, bare: str) -> None:
        said = label(bare)
        if re.fullmatch(r"[1-5]\d\d", bare):
            # Bare numbers side by side are tabs, the answers follow in their order.
            beside = bool(self.tabs) and plain_text(self.items[index - 1].text).strip() == self.tabs[-1]
            self.tabs = [*self.tabs, bare] if beside else [bare]
        elif said.status:
            self.tabs = []
        if said.role == "request" and self.said.role == "fields" and "example" not in fold(bare):
            return
        status_only = said.status and self.said.role == "errors" and said.role == "answer"
        self.said = said if not status_only or said.status[0] in "23" else Label("errors", "", said.status, True)
        if said.role == "fields" and not said.where and re.match(r"(?:example|beispiel|voorbeeld|exemple)", fold(bare)):
            self.said = Label("request")
        self.lead = Label()
        if self.draft is not None and said.status and said.role in ("answer", "errors"):
            self.draft.answer(said.status, item.place)

    def _one_field(self, index: int, item: Item, context: Label) -> bool:
        expected = context.role in ("fields", "object") or (
            context.role in ("answer", "errors") and item.kind == "entry"
        )
        if self.draft is None and self.thing is None and context.role != "fields" and self.said.role != "fields":
            return False
        if self.book.at.get(index):
            return False
        found = line_field(item.text, item.place, expected=expected, depth=item.level)
        if found is None:
            return False
        if item.kind == "entry":
            while self.parents and self.parents[-1][0] >= item.level:
                self.parents.pop()
            if self.parents:
                found.name = f"{self.parents[-1][1]}.{found.name}"
            if found.schema.get("type") in ("object", "array"):
                self.parents.append((item.level, found.name))
        self.last = (index, found)
        self._field(found, context, self._title(index))
        return True

    def _field(self, found: Field, context: Label, title: str) -> None:
        if self.draft is None:
            if self.thing is not None:
                self.thing.fields.append(found)
            else:
                self.general.fields.append((title, found, context))
            return
        if context.role in ("answer", "object"):
            status = context.status or self.draft.good_status()
            if found.where == "header" or context.where == "header":
                self.draft.answer(status, found.place).headers[found.name] = found.description
            else:
                self.draft.answer(status, found.place).fields.append(found)
        elif context.role == "errors":
            return
        else:
            found.where = found.where or context.where
            self.draft.add_field(found)

    def _divided(self, index: int, item: Item) -> None:
        """A paragraph about several endpoints: each sentence is about the one that it names, or the one before."""
        current = self.draft
        for sentence in re.split(r"(?<=[.;!?])\s+", item.text):
            for one in mentions(sentence):
                for told in self.book.at[index]:
                    if (
                        told.draft is not None
                        and told.mention.method == one.method
                        and told.draft.rank <= 1
                        and (told.mention.path.endswith(one.path) or one.path.endswith(told.mention.path))
                    ):
                        current = told.draft
            if current is not None:
                self._said_of(current, sentence, item.place, Label())

    def _said_of(self, draft: Draft, text: str, place: Place, context: Label) -> None:
        if len(draft.said) < 40:
            draft.said.append(plain_text(text))
        if _DEPRECATED.search(text[:300]) and "parameter" not in text:
            draft.deprecated = True
        if _LIST_SAID.search(text) and re.search(
            r"\breturn|respon|answer|antwor|renvoie|retourn|geeft|liefert", text, re.IGNORECASE
        ):
            draft.many = True
        if re.search(r"\b(?:form[- ]encoded|urlencoded|form fields|form data)\b", text, re.IGNORECASE):
            draft.form = True
        answers_in(draft, text, place)
        if context.role not in ("answer", "errors") or _REQUIRES.search(text):
            read_sentences(draft, text, place, context.where)

    def _code(self, index: int, item: Item) -> None:
        context = self._context(item)
        self.lead = Label()
        here = [one for one in self.book.at.get(index, []) if one.draft is not None]
        drafts = {id(one.draft): one.draft for one in here}
        sampled = [one for one in here if one.sample is not None]
        for one in sampled:
            if one.draft is not None and one.sample is not None:
                one.draft.samples.append((one.sample, one.place))
                self.asked = one.draft
        if not sampled and len(drafts) == 1:
            self.asked = here[0].draft
        samples = requests_in(item.text, item.language) if not here else []
        if samples and self.draft is not None:
            self.draft.samples += [(one, item.place) for one in samples]
        target = self.draft
        if self.asked is not None and self.draft is not None and self.asked is not self.draft and sampled:
            target = self.asked
        answers = responses_in(item.text)
        for status, headers, body, line in answers:
            self._answer(target or self.asked, status, headers, body, Place(item.place.page, item.place.line + line))
        if answers or sampled or samples:
            if not answers and sampled and target is not None:
                self._trailing(item, target)
            return
        text = item.text.strip()
        if target is not None and _QUERY_STRING.fullmatch(text):
            self._query(target, text, item.place)
            return
        for value, line, _ in samples_in(item.text):
            place = Place(item.place.page, item.place.line + line)
            if self.thing is not None:
                self.thing.samples.append(value)
            elif target is None:
                self.general.samples.append((self._title(index), value, place))
            else:
                self._json(target, value, place, context)

    def _trailing(self, item: Item, draft: Draft) -> None:
        """JSON under a command in the same block is what the command printed."""
        after = re.split(r"\n(?=\s{0,4}[{\[])", item.text)
        if len(after) > 1 and not any(sample.json is not None for sample, _ in draft.samples[-1:]):
            values = samples_in("\n".join(after[1:]))
            if values and draft.samples and draft.samples[-1][0].source == "curl":
                draft.answer(draft.good_status(), item.place).samples.append(values[0][0])

    def _answer(self, draft: Draft | None, status: str, headers: dict[str, str], body: str, place: Place) -> None:
        if draft is None:
            return
        answer = draft.answer(status, place)
        for name, value in headers.items():
            answer.headers.setdefault(name, f"for example {value}"[:300])
        for value, _, _ in samples_in(body)[:1]:
            answer.samples.append(value)

    def _json(self, draft: Draft, value: Any, place: Place, context: Label) -> None:
        if len(self.tabs) > 1 and context.role in ("answer", "errors"):
            status = self.tabs.pop(0)
            context = Label("errors" if status[0] in "45" else "answer", "", status)
        role = context.role
        if role == "errors":
            draft.answer(context.status or "400", place).samples.append(value)
            return
        if role in ("answer", "object"):
            draft.answer(context.status or draft.good_status(), place).samples.append(value)
            return
        if role == "fields" and context.where in ("body", "form", "") and draft.writes and not draft.bodies:
            draft.bodies.append((value, place))
            return
        if not draft.writes or draft.has_body_sample() or _looks_answered(value):
            if (
                isinstance(value, dict)
                and set(value) <= {"error", "errors", "message", "code", "status", "detail"}
                and draft.answers
            ):
                draft.answer("400", place).samples.append(value)
            else:
                draft.answer(draft.good_status(), place).samples.append(value)
        else:
            draft.bodies.append((value, place))

    def _query(self, draft: Draft, text: str, place: Place) -> None:
        from tieline.connectors.importers.prose.shell import Sample, split_url

        _, query = split_url(text)
        if query:
            draft.samples.append((Sample(draft.method, "", query=query, source="text"), place))

    def _table(self, index: int, item: Item) -> None:
        context = self._context(item)
        self.lead = Label()
        here = self.book.at.get(index, [])
        for told in here:
            if told.draft is not None and told.title and not told.draft.title:
                told.draft.title = object_title(told.title)
        if here or fold(item.rows[0][0]) in EVENT_TITLES:
            return
        if self._statuses(item):
            return
        expected = context.role in ("fields", "object") or (self.draft is not None and context.role in ("answer", ""))
        found = table_fields(item, expected=expected)
        titles = label(" ".join(item.rows[0])) if found else Label()
        if found and titles.where and context.role not in ("answer", "errors") and not context.where:
            # "URL" over a column of names may mean the query as well.
            sure = titles.where != "path" or "path" in fold(item.rows[0][0])
            context = Label("fields", titles.where if sure else "")
        for one in found:
            self._field(one, context, self._title(index))

    def _statuses(self, item: Item) -> bool:
        """A table of status codes; True where it is one."""
        rows = item.rows[1:] if fold(item.rows[0][0]) in STATUS_TITLES or item.headed else item.rows
        matches = [
            (_STATUS_CELL.fullmatch(row[0]), row, item.row_place(at)) for at, row in enumerate(item.rows) if row in rows
        ]
        good = [(match, row, place) for match, row, place in matches if match is not None]
        if not good or len(good) < 0.7 * len(matches):
            return False
        for match, row, place in good:
            said = " ".join(plain_text(cell) for cell in (match["rest"].strip(" -–—:"), *row[1:]) if cell)[:1000]
            if self.draft is not None:
                answer = self.draft.answer(match["code"], place)
                answer.description = answer.description or said
            else:
                self.general.statuses.setdefault(match["code"], (said, place))
        return True


def _inline_home(draft: Draft, item: Item) -> bool:
    """A paragraph that mentions an endpoint in passing is about it where nothing else is."""
    return draft.rank <= 1 or draft.place == item.place


def _looks_answered(value: Any) -> bool:
    """True for a sample that only a server makes: with a key of its own, or dates of creation."""
    one = value[0] if isinstance(value, list) and value else value
    if isinstance(one, dict) and len(one) == 1:
        one = next(iter(one.values()))
        one = one[0] if isinstance(one, list) and one else one
    return isinstance(one, dict) and bool({"id", "uuid", "created_at", "createdAt", "_id", "guid"} & set(one))
