"""HTML pages as items. Parsed by libxml2 without network, entities or scripts; walked without recursion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tieline.connectors.importers.prose.items import MAX_CELLS, MAX_ITEMS, Clock, Item, Place, clean, clean_code
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument

MAX_NESTED = 250
_SKIPPED = frozenset(
    "style head noscript template svg math iframe object embed applet canvas audio video map select textarea "
    "nav input option datalist".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body center details dialog dd div dl dt fieldset figcaption figure footer form "
    "header hgroup hr html li main menu ol p section summary table tbody thead tfoot tr td th ul caption button "
    "h1 h2 h3 h4 h5 h6 pre legend".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_MONO_STYLE = re.compile(r"font-family\s*:[^;]{0,80}(?:courier|consolas|mono|menlo|monaco)", re.IGNORECASE)
_BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_WORD_HEADING = re.compile(r"\bMso(?:Heading|Title)(\d?)", re.IGNORECASE)
_LANGUAGE = re.compile(r"(?:^|[\s_-])(?:lang(?:uage)?|highlight|brush|source|sourceCode)[-_:\s]+([A-Za-z]\w{1,15})\b")
_CODE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:code-?block|code-?sample|hljs|prettyprint|redoc-json|codehilite)\b", re.IGNORECASE
)
_SCRIPT_CODE = re.compile(r"syntaxhighlighter", re.IGNORECASE)
_TOC = re.compile(
    r"(?:^|[\s_-])(?:toc|table-of-contents|sidebar|side-?nav|breadcrumbs?|menu-content)(?:$|[\s_-])", re.IGNORECASE
)


def html_title(text: str) -> str:
    """What stands in ``<title>``."""
    found = re.search(r"<title[^>]{0,200}>([^<]{1,300})", text[:200_000], re.IGNORECASE)
    return clean(_unescape(found[1])) if found else ""


def html_items(text: str, clock: Clock) -> list[Item]:
    """The items of a page. Raises `UnreadableDocument` and `DocumentTooLarge`."""
    from lxml import etree

    parser = etree.HTMLParser(
        no_network=True, recover=True, remove_comments=True, remove_pis=True, huge_tree=False, encoding="utf-8"
    )
    try:
        # A document type could declare entities; no page needs its own.
        body = (
            re.sub(r"<!DOCTYPE[^\[>]{0,400}(?:\[[^\]]{0,100000}\]\s{0,20})?>", "", text[:4000], flags=re.IGNORECASE)
            + text[4000:]
        )
        root = etree.fromstring(body.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument(f"not readable as HTML: {str(error)[:200]}.") from None
    if root is None:
        raise UnreadableDocument("The HTML page is empty.")
    return _Walker(clock).items(root)


def _unescape(text: str) -> str:
    import html

    return html.unescape(text)


class _Walker:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.found: list[Item] = []
        self.parts: list[str] = []
        self.bold = [0, 0]  # characters in bold, characters altogether
        self.mono = 0
        self.line = 0
        self.cells = 0

    def items(self, root: Any) -> list[Item]:
        self._block(root)
        self._flush()
        return self.found

    def _block(self, root: Any) -> None:
        """Everything below a node, in order, with a stack of our own."""
        stack: list[tuple[Any, bool, int, int, int]] = [(root, False, 0, 0, 0)]
        seen = 0
        while stack:
            node, leaving, depth, lists, style = stack.pop()
            seen += 1
            if seen % 2000 == 0:
                self.clock.check()
                if len(self.found) > MAX_ITEMS:
                    raise DocumentTooLarge(f"More than {MAX_ITEMS:,} paragraphs; split the document.")
            if leaving:
                self._leave(node, style)
                self._text(node.tail, style & ~3 if style & 4 else style)
                continue
            tag = node.tag.lower() if isinstance(node.tag, str) else ""
            outer = style
            if not tag or tag in _SKIPPED or self._is_contents(node, tag):
                self._text(node.tail, style)
                continue
            if tag == "script":
                if _SCRIPT_CODE.search(node.get("type") or ""):
                    self._code(re.sub(r"^\s*<!\[CDATA\[|\]\]>\s*$", "", node.text or ""), node, "")
                self._text(node.tail, style)
                continue
            self.line = node.sourceline or self.line
            if tag == "pre" or self._is_code(node, tag):
                self._flush()
                self._code("".join(_inner(node)), node, _language(node))
                self._text(node.tail, style)
                continue
            if tag == "table" and self._is_data(node):
                self._flush()
                self._table(node)
                self._text(node.tail, style)
                continue
            if tag == "dl":
                self._flush()
                self._terms(node)
                self._text(node.tail, style)
                continue
            if tag in ("ul", "ol"):
                lists += 1
            inner = self._enter(node, tag, style)
            if depth > MAX_NESTED:
                self._text(" ".join(clean(one) for one in node.itertext()), inner)
                self._text(node.tail, style)
                continue
            # On leaving, the style outside counts for the tail; bits: 1 bold, 2 mono.
            stack.append((node, True, depth, lists, outer | (lists << 8)))
            self._text(node.text, inner)
            children = list(node)
            for child in reversed(children):
                stack.append((child, False, depth + 1, lists, inner))

    def _enter(self, node: Any, tag: str, style: int) -> int:
        if tag in _BLOCKS:
            self._flush()
        elif tag == "br":
            self.parts.append("\n")
        elif tag in ("span", "a"):
            self._gap(node)
        look = node.get("style") or ""
        if tag in ("b", "strong", "th") or (look and _BOLD_STYLE.search(look)):
            style |= 1
        if tag in ("code", "tt", "kbd", "samp") or (look and _MONO_STYLE.search(look)):
            if not style & 2 and tag not in _BLOCKS:
                self.parts.append("`")
            style |= 2
        return style

    def _leave(self, node: Any, outer: int) -> None:
        tag = node.tag.lower()
        look = node.get("style") or ""
        mono = tag in ("code", "tt", "kbd", "samp") or (bool(look) and bool(_MONO_STYLE.search(look)))
        if mono and not outer & 2 and tag not in _BLOCKS:
            self.parts.append("`")
        if tag in _BLOCKS:
            self._flush(tag, node, outer >> 8)

    def _gap(self, node: Any) -> None:
        """Two spans side by side are two words for the eye, whatever the style sheet puts between them."""
        before = self.parts[-1] if self.parts else ""
        beside = node.getprevious()
        styled = bool(node.get("class")) or (beside is not None and not beside.tail and bool(beside.get("class")))
        if before and (before[-1:].isalnum() or before[-1:] in "*`)") and styled:
            self.parts.append(" ")

    def _text(self, text: str | None, style: int) -> None:
        if not text:
            return
        size = len(text.strip())
        self.bold[1] += size
        if style & 1:
            self.bold[0] += size
        if style & 2:
            self.mono += size
        self.parts.append(text.replace("\n", " "))

    def _flush(self, tag: str = "", node: Any = None, lists: int = 0) -> None:
        raw, self.parts = "".join(self.parts), []
        bold, self.bold = self.bold, [0, 0]
        mono, self.mono = self.mono, 0
        lines = [clean(one) for one in raw.split("\n")]
        text = re.sub(r"`\s*`", "", " ".join(one for one in lines if one)).strip()
        if not text.replace("`", "").strip():
            return
        place = Place(0, self.line if node is None else (node.sourceline or self.line))
        heading = _HEADINGS.get(tag, 0)
        if node is not None and tag == "p" and (word := _WORD_HEADING.search(node.get("class") or "")):
            heading = int(word[1] or 1)
        if node is not None and not heading and (level := node.get("aria-level")) and node.get("role") == "heading":
            heading = int(level) if level.isdigit() and len(level) == 1 else 3
        strong = bold[1] > 0 and bold[0] >= 0.9 * bold[1]
        if heading:
            self.found.append(Item("heading", place, text.replace("`", ""), heading))
        elif bold[1] and mono >= 0.98 * bold[1] and tag != "li":
            self.found.append(Item("code", place, clean_code(_dedent_code(raw))))
        elif tag == "li":
            self.found.append(Item("entry", place, text, max(lists - 1, 0), strong=strong))
        elif len(lines) > 1 and all(len(one) < 300 for one in lines):
            for one in lines:
                if one:
                    self.found.append(Item("paragraph", place, one, strong=strong))
        else:
            self.found.append(Item("paragraph", place, text, strong=strong))

    def _code(self, text: str, node: Any, language: str) -> None:
        text = clean_code(text)
        if text.strip():
            self.found.append(Item("code", Place(0, node.sourceline or self.line), text, language=language.lower()))

    @staticmethod
    def _is_code(node: Any, tag: str) -> bool:
        if tag == "code":
            return "\n" in (node.text or "") or len(node) > 3
        if tag != "div":
            return False
        return bool(_CODE_CLASS.search(node.get("class") or "")) and node.find(".//pre") is None

    @staticmethod
    def _is_contents(node: Any, tag: str) -> bool:
        """A table of contents: marked as one, or a list of nothing but links into this page."""
        if tag in ("div", "aside", "ul", "ol") and _TOC.search(f"{node.get('class') or ''} {node.get('id') or ''}"):
            links = sum(len(clean("".join(one.itertext()))) for one in node.iter("a"))
            return links * 2 > len(clean("".join(node.itertext())))
        if tag in ("ul", "ol") and len(node) >= 3:
            return all(_only_link(child) for child in node if isinstance(child.tag, str))
        return False

    @staticmethod
    def _is_data(table: Any) -> bool:
        """A table of data, not one that only lays out the page."""
        if table.find(".//table") is not None and len(list(table.iter("tr"))) < 4:
            return False
        if any(table.find(f".//{tag}") is not None for tag in ("h1", "h2", "h3", "h4")):
            return False
        rows = list(table.iter("tr"))
        widest = max((sum(1 for cell in row if cell.tag in ("td", "th")) for row in rows[:50]), default=0)
        return widest > 1 and table.find(".//pre") is None

    def _table(self, table: Any) -> None:
        rows: list[list[str]] = []
        places: list[Place] = []
        headed = False
        caption = table.find("caption")
        if caption is not None and (said := clean("".join(caption.itertext()))):
            self.found.append(Item("paragraph", Place(0, caption.sourceline or self.line), said, strong=True))
        for row in table.iter("tr"):
            cells: list[str] = []
            heads = 0
            for cell in row:
                if cell.tag not in ("td", "th"):
                    continue
                heads += cell.tag == "th"
                wide = cell.get("colspan") or "1"
                cells.append(cell_text(cell))
                cells += [""] * min(int(wide) - 1 if wide.isdigit() and len(wide) < 3 else 0, 20)
            self.cells += len(cells)
            if self.cells > MAX_CELLS:
                raise DocumentTooLarge(f"More than {MAX_CELLS:,} cells in tables; split the document.")
            if len(places) % 500 == 0:
                self.clock.check()
            if any(cells):
                if not rows and heads == len(cells) and heads:
                    headed = True
                rows.append(cells[:40])
                places.append(Place(0, row.sourceline or self.line))
        if rows:
            self.found.append(Item("table", places[0], rows=rows, places=places, headed=headed))

    def _terms(self, node: Any) -> None:
        rows: list[list[str]] = []
        places: list[Place] = []
        for child in node.iter("dt", "dd"):
            if len(rows) % 500 == 0:
                self.clock.check()
            text = cell_text(child)
            if child.tag == "dt":
                rows.append([text, ""])
                places.append(Place(0, child.sourceline or self.line))
            elif rows:
                rows[-1][1] = f"{rows[-1][1]} {text}".strip()
            if len(rows) > MAX_CELLS:
                raise DocumentTooLarge(f"More than {MAX_CELLS:,} cells in tables; split the document.")
        if rows:
            self.found.append(Item("table", places[0], rows=rows, places=places))


def cell_text(cell: Any) -> str:
    """The text of a cell on one line, code between backticks, blocks apart."""
    parts: list[str] = []
    budget = 20_000
    for event, node in _events(cell):
        tag = node.tag.lower() if isinstance(node.tag, str) else ""
        if event == "start":
            if tag in ("code", "tt", "kbd", "samp"):
                parts.append(" `")
            elif node is not cell:
                parts.append(" " if tag in _BLOCKS or tag in ("br", "span") else "")
            if node.text and tag not in _SKIPPED and tag != "script":
                parts.append(node.text)
                budget -= len(node.text)
        else:
            if tag in ("code", "tt", "kbd", "samp"):
                parts.append("` ")
            elif tag in _BLOCKS and node is not cell:
                parts.append(" ")
            if node is not cell and node.tail:
                parts.append(node.tail)
                budget -= len(node.tail)
        if budget < 0:
            break
    return re.sub(r" ([.,;:)])", r"\1", clean(re.sub(r"`\s*([^`]*?)\s*`", r"`\1`", "".join(parts))))


def _events(root: Any) -> Iterator[tuple[str, Any]]:
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        yield ("end" if leaving else "start"), node
        if not leaving:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(list(node)))


def _inner(node: Any) -> Iterator[str]:
    """The text of a code block, line breaks by ``<br>`` and by lines in blocks of their own included."""
    line_blocks = frozenset(("div", "p", "li", "tr"))
    for event, one in _events(node):
        tag = one.tag.lower() if isinstance(one.tag, str) else ""
        if tag in ("button", "script", "style"):
            if event == "end" and one.tail:
                yield one.tail
            continue
        if event == "start":
            if tag == "br":
                yield "\n"
            if one.text:
                yield one.text
        else:
            if tag in line_blocks and one is not node:
                yield "\n"
            if one is not node and one.tail:
                yield one.tail


def _dedent_code(raw: str) -> str:
    return raw.replace("`", "")


def _only_link(node: Any) -> bool:
    links = [one for one in node.iter("a") if (one.get("href") or "").startswith("#")]
    if not links:
        return False
    linked = sum(len(clean("".join(one.itertext()))) for one in links)
    return linked >= 0.95 * len(clean("".join(node.itertext())))


def _language(node: Any) -> str:
    inner = node.find(".//code") if node.tag == "pre" else None
    for one in (node, inner, node.getparent()):
        if one is None:
            continue
        for name in ("lang", "data-lang", "data-language"):
            if said := one.get(name):
                return str(said)[:20]
        said = " ".join((one.get("class") or "", one.get("data-syntaxhighlighter-params") or ""))
        if found := _LANGUAGE.search(said):
            return found[1]
    return ""
