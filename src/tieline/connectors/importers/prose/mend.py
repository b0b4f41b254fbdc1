"""What pages and word processors tear apart is put together again: code over page breaks, code in plain paragraphs."""

from __future__ import annotations

from tieline.connectors.importers.prose import codeish
from tieline.connectors.importers.prose.items import Item, clean_code, plain_text

_MAX_ROWS = 20_000
_MAX_CODE = 1_000_000


def mended(items: list[Item]) -> list[Item]:
    """The items with code and tables whole."""
    return _joined(_paragraph_code(items))


def _paragraph_code(items: list[Item]) -> list[Item]:
    """Paragraphs that are lines of JSON, of a curl command or of an HTTP message become code."""
    found: list[Item] = []
    index = 0
    while index < len(items):
        item = items[index]
        if item.kind != "paragraph" or not codeish.kind_of(item.text):
            found.append(item)
            index += 1
            continue
        end = index
        while end < len(items) and items[end].kind in ("paragraph", "code", "entry") and end - index < 1000:
            end += 1
        lines = [plain_text(one.text) for one in items[index:end]]
        stop = codeish.gather(lines, 0)
        if stop == 0:
            found.append(item)
            index += 1
            continue
        text = clean_code("\n".join(lines[:stop]))
        found.append(Item("code", item.place, text))
        index += stop
    return found


def _joined(items: list[Item]) -> list[Item]:
    """A sample that stops in the middle goes on in the next one; so does a table over a page break."""
    found: list[Item] = []
    parts: list[str] = []  # of the sample that is being put together
    open_ = size = 0
    for item in items:
        before = found[-1] if found else None
        if (
            before is not None
            and item.kind == before.kind == "code"
            and size < _MAX_CODE
            and _goes_on(before, parts[-1], open_, item)
        ):
            parts.append(item.text)
            open_ += codeish.depth(item.text)
            size += len(item.text)
            continue
        if len(parts) > 1 and before is not None:
            before.text = "\n".join(parts)
        parts = []
        if before is not None and item.kind == before.kind == "table" and _same_table(before, item):
            first = 1 if item.rows[0] == before.rows[0] else 0
            if len(before.rows) < _MAX_ROWS:
                before.rows += item.rows[first:]
                before.places += item.places[first:]
            continue
        if item.kind == "code":
            item.text = item.text[:_MAX_CODE]
            parts, open_, size = [item.text], codeish.depth(item.text), len(item.text)
        found.append(item)
    if len(parts) > 1:
        found[-1].text = "\n".join(parts)
    return found


def _goes_on(before: Item, last: str, open_: int, item: Item) -> bool:
    if last.rstrip().endswith("\\"):
        return True
    torn = before.place.page != item.place.page
    return open_ > 0 and (torn or "\n" not in item.text or not codeish.kind_of(item.text))


def _same_table(before: Item, item: Item) -> bool:
    if not item.rows or not before.rows or item.place.page in (0, before.place.page):
        return False
    if len(before.rows[0]) != len(item.rows[0]):
        return False
    return item.rows[0] == before.rows[0] or not item.headed
