"""Where endpoints stand in a document, and how strongly: a heading says more than a word in passing."""

from __future__ import annotations

import re

from tieline.connectors.importers.prose.catalogue import Told, sample_told
from tieline.connectors.importers.prose.endpoints import Mention, mentions, method_only, path_only
from tieline.connectors.importers.prose.items import Item, Place, plain_text
from tieline.connectors.importers.prose.samples import requests_in
from tieline.connectors.importers.prose.vocabulary import METHOD_TITLES, PATH_TITLES, fold

_NAMED_METHOD = re.compile(
    r"\W{0,3}(?P<name>[A-Za-zé ?-]{3,24}?)\W{0,3}\s?[:|]\s?\W{0,3}(?P<value>GET|POST|PUT|PATCH|DELETE)\b`?(?P<rest>.*)",
    re.DOTALL,
)
_NAMED_PATH = re.compile(
    r"\W{0,3}(?P<name>[A-Za-zé ?-]{3,24}?)\W{0,3}\s?[:|]\s?[`*]{0,3}(?P<value>(?:https?://|/)[^\s`]{1,500})`?\s*"
)
_GONE = re.compile(
    r"\b(?:removed|no longer|was dropped|not (?:yet )?supported|does not exist|instead of|don't use|do not use"
    r"|retired|will be added|webhook\W.{0,40}\byour)\b",
    re.IGNORECASE,
)
_TO_US = re.compile(
    r"\b(?:to your (?:server|endpoint|url|address|application)|we (?:send|make|post) (?:a|an|you)|your (?:server"
    r"|endpoint) (?:receives|gets))\b",
    re.IGNORECASE,
)


def find_mentions(items: list[Item]) -> list[Told]:
    """Every mention of an endpoint, in order; `Told.rank` 3 = own line, 2 = row or example, 1 = in passing."""
    finder = _Finder()
    for index, item in enumerate(items):
        finder.look(index, item)
    return finder.found


class _Finder:
    """Puts method and path together where they stand on lines of their own."""

    def __init__(self) -> None:
        self.found: list[Told] = []
        self.method: tuple[str, int] | None = None  # waits for its path on the next line
        self.path: tuple[Mention, int] | None = None  # waits for its method
        self.heading: Mention | None = None  # a path as a heading, with its methods below

    def look(self, index: int, item: Item) -> None:
        if item.kind == "table":
            self.found += _in_table(index, item)
            return
        if item.kind == "code":
            path = path_only(item.text.strip())
            if path is None or not self._take(index, path, item):
                self.found += _in_code(index, item)
            return
        here = _in_text(index, item)
        if here:
            self.found += here
            self.method = self.path = None
            self.heading = None if item.kind == "heading" else self.heading
            return
        self._piece(index, item)

    def _take(self, index: int, path: Mention, item: Item) -> bool:
        """The path of the method above."""
        if self.method is None or self.method[1] < index - 2:
            return False
        self.found.append(Told(index, _with(path, self.method[0]), item.place, 3))
        self.method = None
        return True

    def _piece(self, index: int, item: Item) -> None:
        text = item.text if len(item.text) < 400 else ""
        methods, path = method_only(text), path_only(text)
        if (named := _NAMED_METHOD.fullmatch(text)) is not None and fold(named["name"]) in METHOD_TITLES:
            methods = [named["value"]]
        if (said := _NAMED_PATH.fullmatch(text)) is not None and fold(said["name"]) in PATH_TITLES:
            path = path_only(said["value"].rstrip(".,"))
        if not methods and item.kind == "heading" and self.heading is not None:
            start = re.match(r"(GET|POST|PUT|PATCH|DELETE)\b\W", text)
            methods = [start[1]] if start is not None else []
        if methods:
            if self.path is not None and self.path[1] >= index - 2:
                self.found.append(Told(index, _with(self.path[0], methods[0]), item.place, 3))
                self.path = None
            elif self.heading is not None:
                self.found.append(Told(index, _with(self.heading, methods[0]), item.place, 3))
            else:
                self.method = (methods[0], index)
        elif path is not None:
            if not self._take(index, path, item):
                self.path = (path, index)
            if item.kind == "heading":
                self.heading = path


def _with(path: Mention, method: str) -> Mention:
    return Mention(method, path.path, path.origin, path.query)


def _in_text(index: int, item: Item) -> list[Told]:
    found: list[Told] = []
    text = item.text
    if (
        item.kind == "paragraph"
        and "curl " in text
        and (samples := requests_in(plain_text(text[text.index("curl ") :])))
    ):
        told = [one for one in (sample_told(index, sample, item.place) for sample in samples) if one is not None]
        if told:
            return told
    here = mentions(text)
    for one in here:
        sentence = text[max(0, text.rfind(". ", 0, one.start) + 1) : one.end + 120]
        if _GONE.search(sentence) or _TO_US.search(sentence):
            continue
        rest = len(plain_text(text)) - (one.end - one.start)
        before = plain_text(text[: one.start]).strip(" *:-–—>")
        alone = len(here) == 1 and (
            item.kind == "heading"
            or (
                rest <= 90
                and (
                    not before
                    or (
                        len(before) <= 40
                        and not re.search(r"\b(?:see|use|via|like|call|with|to)\b$", before, re.IGNORECASE)
                    )
                )
            )
        )
        title = ""
        if alone:
            title = (before or plain_text(text[one.end :]).strip(" *:-–—()`.")).strip()
            title = (
                "" if fold(title) in METHOD_TITLES | PATH_TITLES | {"http request", "request", "endpoint"} else title
            )
        rank = 3 if alone and item.kind != "entry" else 2 if alone else 1
        found.append(Told(index, one, item.place, rank, title=title))
    return found


def _in_code(index: int, item: Item) -> list[Told]:
    samples = requests_in(item.text, item.language)
    lines = [line for line in item.text.split("\n") if line.strip()]
    found: list[Told] = []
    only_lines = samples and all(sample.source == "line" for sample in samples)
    if only_lines:
        for sample in samples:
            told = sample_told(index, sample, Place(item.place.page, item.place.line + sample.line))
            if told is not None:
                alone = len(samples) == 1
                # The line itself is the definition; its body, if it shows one, is an example.
                bare = not (sample.json is not None or sample.form)
                told.rank = 3 if alone else 2
                told.sample = None if bare and not sample.query else sample
                if told.sample is not None:
                    found.append(
                        Told(
                            index,
                            Mention(told.mention.method, told.mention.path, told.mention.origin),
                            told.place,
                            told.rank,
                        )
                    )
                found.append(told)
        return found
    for sample in samples:
        told = sample_told(index, sample, Place(item.place.page, item.place.line + sample.line))
        if told is not None:
            # A whole HTTP message introduces its call as much as a line with method and path does.
            told.rank = 3 if sample.source == "http" and len(samples) == 1 else told.rank
            found.append(told)
    if not samples and len(lines) <= 60:
        for number, line in enumerate(lines):
            for one in mentions(line):
                alone = one.start <= 2 and len(lines) == 1
                found.append(Told(index, one, Place(item.place.page, item.place.line + number), 3 if alone else 2))
    return found


def _in_table(index: int, item: Item) -> list[Told]:
    rows = item.rows
    upright = _upright(index, item)
    if upright is not None:
        return [upright]
    found: list[Told] = []
    titles = [fold(cell) for cell in rows[0]]
    method_at = next(
        (at for at, title in enumerate(titles) if title in METHOD_TITLES and title not in PATH_TITLES), None
    )
    path_at = next((at for at, title in enumerate(titles) if title in PATH_TITLES and at != method_at), None)
    for number, row in enumerate(rows):
        told: list[Mention] = []
        used: set[int] = set()
        if method_at is not None and path_at is not None and max(method_at, path_at) < len(row):
            path, methods = path_only(row[path_at].strip("`")), method_only(row[method_at])
            if path is not None and methods:
                told = [_with(path, method) for method in methods]
                used = {method_at, path_at}
        if not told:
            for at, cell in enumerate(row):
                methods = method_only(cell)
                other = next(
                    (one for place, text in enumerate(row) if place != at and (one := path_only(text)) is not None),
                    None,
                )
                if methods and other is not None:
                    told = [_with(other, method) for method in methods]
                    used = {at, *(place for place, text in enumerate(row) if path_only(text) is not None)}
                    break
                if whole := [one for one in mentions(cell) if one.end - one.start >= 0.6 * len(plain_text(cell))]:
                    told, used = whole, {at}
                    break
        title = (
            max((plain_text(cell) for at, cell in enumerate(row) if at not in used), key=len, default="")
            if told
            else ""
        )
        found += [Told(index, one, item.row_place(number), 2, title=title[:200]) for one in told]
    return found


def _upright(index: int, item: Item) -> Told | None:
    """A small table that names method and address one below the other."""
    method = path = None
    for row in item.rows[:20]:
        if len(row) < 2:
            continue
        name = fold(row[0])
        if name in METHOD_TITLES and len(methods := method_only(row[1])) == 1:
            method = methods[0]
        elif name in PATH_TITLES and path is None:
            path = path_only(row[1].split(" ")[0])
    if method is None or path is None:
        return None
    return Told(index, _with(path, method), item.place, 3)
