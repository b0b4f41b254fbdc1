"""Markdown (CommonMark with GitHub's tables) and the parts of AsciiDoc that API pages use, as items."""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.importers.prose.items import MAX_ITEMS, Clock, Item, Place, clean, clean_code
from tieline.connectors.manifest.errors import DocumentTooLarge

MAX_MARKDOWN = 8_000_000
_ADOC_HEADING = re.compile(r"(={1,6})\s+(\S.*)")
_ADOC_SOURCE = re.compile(r"\[source\s*,\s*(?:%?\w+,)?(\w+)")
_TAG = re.compile(r"<[^<>]{1,300}>")
_FRONT_TITLE = re.compile(r"^(?:title|name)\s*:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)


def front_title(text: str) -> str:
    """The title that a front matter gives, "" where there is none."""
    head, _ = _front_matter(text)
    found = _FRONT_TITLE.search(head)
    return clean(found[1])[:200] if found else ""


def markdown_items(text: str, clock: Clock) -> list[Item]:
    """The items of a Markdown text. Raises `DocumentTooLarge`."""
    from markdown_it import MarkdownIt

    if len(text) > MAX_MARKDOWN:
        raise DocumentTooLarge(f"{len(text) / 1e6:.0f} MB of Markdown; the limit is {MAX_MARKDOWN // 10**6} MB.")
    head, body = _front_matter(text)
    offset = head.count("\n")
    lines = _from_asciidoc(body.replace("\r\n", "\n").split("\n"))
    parser = MarkdownIt("commonmark", {"maxNesting": 40}).enable(["table", "strikethrough"])
    found: list[Item] = []
    # One section at a time, so that a hostile text cannot spend all the time in one call.
    for start, part in _chunks(lines):
        clock.check()
        found += _Reader(parser.parse("\n".join(part)), start + offset).items()
        if len(found) > MAX_ITEMS:
            raise DocumentTooLarge(f"More than {MAX_ITEMS:,} paragraphs; split the document.")
    return found


def _front_matter(text: str) -> tuple[str, str]:
    if text.startswith(("---\n", "---\r\n")):
        end = re.search(r"\n(?:---|\.\.\.)[ \t]*\r?\n", text[:20_000])
        if end:
            return text[: end.end()], text[end.end() :]
    return "", text


def _chunks(lines: list[str]) -> list[tuple[int, list[str]]]:
    found: list[tuple[int, list[str]]] = []
    start, fence = 0, ""
    for index, line in enumerate(lines):
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and line.strip() == mark[1]:
            fence = ""
        if not fence and index > start and line.startswith("#") and index - start > 20:
            found.append((start, lines[start:index]))
            start = index
    found.append((start, lines[start:]))
    return found


def _from_asciidoc(lines: list[str]) -> list[str]:
    """AsciiDoc headings, listings and tables as Markdown, line for line, where a text uses them."""
    if not any(_ADOC_HEADING.match(line) or line.startswith("|===") for line in lines[:2000]):
        return lines
    result: list[str] = []
    language, listing = "", ""
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        if listing:
            result.append("```" if line.strip() == listing else line)
            listing = "" if line.strip() == listing else listing
        elif (heading := _ADOC_HEADING.match(line)) is not None:
            result.append("#" * len(heading[1]) + " " + heading[2])
        elif (source := _ADOC_SOURCE.match(line)) is not None:
            language = source[1]
            result.append("")
        elif line.strip() in ("----", "....") or re.fullmatch(r"-{4,}", line.strip()):
            listing = line.strip()
            result.append("```" + language)
            language = ""
        elif line.startswith("|==="):
            rows: list[str] = []
            while index < len(lines) and not lines[index].startswith("|==="):
                rows.append(lines[index])
                index += 1
            index += 1
            result += ["", *_adoc_table(rows)]
        elif re.fullmatch(r"\[[^\]]{0,200}\]", line.strip()) or re.fullmatch(r":[\w-]+:.*", line):
            result.append("")
        elif re.match(r"\.[A-Za-z]", line):
            result.append(f"**{line[1:].strip()}**")
        else:
            result.append(line)
    return result


def _adoc_table(rows: list[str]) -> list[str]:
    kept = [row for row in rows if row.strip()]
    if not kept:
        return [""]
    width = max(row.count("|") for row in kept)
    if all(row.count("|") <= 1 for row in kept[1:]) and kept[0].count("|") > 1:
        # One cell a line below a header row.
        width = kept[0].count("|")
        cells = [row.lstrip("| ") for row in kept[1:]]
        kept = [kept[0], *("|" + "|".join(cells[at : at + width]) for at in range(0, len(cells), width))]
    kept = [re.sub(r"(?:^|(?<=\s))[\da-z.^<>+*]{0,4}\|", "|", row, count=0) for row in kept]
    return [kept[0] + "|", "|" + "---|" * width, *(row + "|" for row in kept[1:])]


class _Reader:
    """Walks the flat tokens of markdown-it."""

    def __init__(self, tokens: list[Any], offset: int) -> None:
        self.tokens = tokens
        self.offset = offset
        self.found: list[Item] = []
        self.depth = -1  # of lists
        self.first_of_item = False
        self.heading = 0
        self.rows: list[list[str]] = []
        self.places: list[Place] = []

    def items(self) -> list[Item]:
        for token in self.tokens:
            kind = token.type
            if kind in ("bullet_list_open", "ordered_list_open"):
                self.depth += 1
            elif kind in ("bullet_list_close", "ordered_list_close"):
                self.depth -= 1
            elif kind == "list_item_open":
                self.first_of_item = True
            elif kind == "heading_open":
                self.heading = int(token.tag[1])
            elif kind == "tr_open":
                self.rows.append([])
                self.places.append(self._place(token))
            elif kind == "table_close":
                self.found.append(Item("table", self.places[0], rows=self.rows, places=self.places, headed=True))
                self.rows, self.places = [], []
            elif kind == "inline":
                self._words(token)
            elif kind in ("fence", "code_block"):
                self._code(token)
            elif kind == "html_block":
                self._html(token)
        return self.found

    def _words(self, token: Any) -> None:
        text, strong = _inline(token)
        flat = " ".join(text.split("\n"))
        if self.rows:
            self.rows[-1].append(flat)
        elif self.heading:
            self.found.append(Item("heading", self._place(token), text.replace("`", ""), self.heading))
            self.heading = 0
        elif self.depth >= 0 and self.first_of_item:
            self.found.append(Item("entry", self._place(token), flat, self.depth, strong=strong))
            self.first_of_item = False
        else:
            self._paragraph(token, text, strong)

    def _code(self, token: Any) -> None:
        language = (token.info or "").strip().split(" ")[0].split("{")[0].lower()
        shift = 1 if token.type == "fence" else 0
        code = clean_code(token.content)
        if code.strip():
            place = Place(0, self._place(token).line + shift)
            self.found.append(Item("code", place, code, language=language[:20]))

    def _paragraph(self, token: Any, text: str, strong: bool) -> None:
        start = self._place(token).line
        lines = text.split("\n")
        breaks = sum(1 for one in token.children or [] if one.type == "hardbreak")
        if breaks or any(re.match(r"(?:GET|POST|PUT|PATCH|DELETE)\s", line) for line in lines):
            for number, line in enumerate(lines):
                if clean(line):
                    self.found.append(Item("paragraph", Place(0, start + number), clean(line), strong=strong))
        elif clean(text):
            self.found.append(Item("paragraph", Place(0, start), clean(text), strong=strong))

    def _html(self, token: Any) -> None:
        from tieline.connectors.importers.prose.html import html_items

        if "<" not in token.content or not clean(_TAG.sub("", token.content)):
            return
        start = self._place(token).line
        for item in html_items(token.content, Clock(5)):
            item.place = Place(0, start + item.place.line - 1)
            item.places = [Place(0, start + one.line - 1) for one in item.places]
            self.found.append(item)

    def _place(self, token: Any) -> Place:
        return Place(0, (token.map[0] if token.map else 0) + 1 + self.offset)


def _inline(token: Any) -> tuple[str, bool]:
    """The text of an inline token, and whether all of it is bold."""
    parts: list[str] = []
    bold = total = depth = 0
    for one in token.children or []:
        if one.type == "strong_open":
            depth += 1
        elif one.type == "strong_close":
            depth -= 1
        elif one.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif one.type == "code_inline":
            parts.append(f"`{clean(one.content)}`")
            total += len(one.content)
            bold += len(one.content) if depth else 0
        elif one.type == "html_inline":
            parts.append("\n" if re.match(r"<br\b", one.content, re.IGNORECASE) else " " if "<" in one.content else "")
            if re.match(r"</?code\b", one.content, re.IGNORECASE):
                parts.append("`")
        elif one.type in ("text", "image"):
            parts.append(one.content)
            total += len(one.content.strip())
            bold += len(one.content.strip()) if depth else 0
    text = "\n".join(clean(line) for line in "".join(parts).split("\n"))
    return text, total > 0 and bold >= 0.9 * total
