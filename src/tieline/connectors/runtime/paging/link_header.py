"""``Link: <...>; rel="next"`` (RFC 8288)."""

from __future__ import annotations

from collections.abc import Iterator

from multidict import CIMultiDictProxy

from tieline.connectors.runtime.paging.base import View, register
from tieline.connectors.runtime.paging.next_url import NextUrl


@register("link_header")
class LinkHeader(NextUrl):
    """``Paging.next`` may name another relation than ``next``."""

    def link(self, view: View) -> str | None:
        relation = self.paging.next.lower()
        if relation in ("", "link"):
            relation = "next"
        headers = view.headers
        values = headers.getall("Link", []) if isinstance(headers, CIMultiDictProxy) else [headers.get("link", "")]
        for value in values:
            for target, relations in links(value):
                if relation in relations:
                    return target
        return None


def links(value: str) -> Iterator[tuple[str, list[str]]]:
    """Target and relations of each link of a header. Commas and semicolons may stand in targets and quoted texts."""
    at = 0
    while (opening := value.find("<", at)) >= 0:
        closing = value.find(">", opening)
        if closing < 0:
            return
        target, at = value[opening + 1 : closing].strip(), closing + 1
        relations: list[str] = []
        while at < len(value) and value[at] != ",":
            end, quoted = at + 1 if value[at] == ";" else at, False
            start = end
            while end < len(value) and (quoted or value[end] not in ";,"):
                if value[end] == "\\" and quoted:
                    end += 1
                elif value[end] == '"':
                    quoted = not quoted
                end += 1
            name, _, given = value[start:end].partition("=")
            if name.strip().lower() == "rel" and not relations:
                relations = given.strip().strip('"').lower().split()
            at = max(end, at + 1)
        yield target, relations
