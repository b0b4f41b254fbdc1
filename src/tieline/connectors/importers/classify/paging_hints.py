"""Paging that vendor extensions state outright: ``x-ms-pageable`` and ``x-speakeasy-pagination``."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.signs import Signs
from tieline.connectors.importers.values import escape, mapping, pointer, sequence, text
from tieline.connectors.manifest.model import Fact, Paging
from tieline.connectors.manifest.paths import render

_SURE = 0.99


def by_hint(case: Case, found: Paging | None, signs: Signs) -> Paging | None:
    """``found`` corrected by what the vendor says; style ``none`` = it is not paged; None = no vendor says anything."""
    speakeasy, microsoft = case.op.hints.get("x-speakeasy-pagination"), case.op.hints.get("x-ms-pageable")
    base = replace(found, facts=dict(found.facts)) if found is not None else Paging()
    if isinstance(speakeasy, dict):
        return _speakeasy(case, base, speakeasy, signs)
    if isinstance(microsoft, dict):
        return _microsoft(case, base, microsoft, signs)
    return None


def _microsoft(case: Case, paging: Paging, hint: dict[str, Any], signs: Signs) -> Paging:
    """AutoRest: ``nextLinkName`` is the field that holds the next address, null = the list comes in one piece."""
    link = text(hint.get("nextLinkName"), 100)
    fact = Fact(evidence=[pointer(case.op.pointer, "x-ms-pageable")], confidence=_SURE)
    if not link and "nextLinkName" in hint:
        return Paging(style="none", facts={"style": fact})
    paging.style, paging.stop = "next_url", ["no_next"]
    paging.next = signs.next_url or render([link or "nextLink"])
    paging.facts |= {"style": fact, "next": fact}
    return paging


def _speakeasy(case: Case, paging: Paging, hint: dict[str, Any], signs: Signs) -> Paging:
    outputs = mapping(hint.get("outputs"))
    fact = Fact(evidence=[pointer(case.op.pointer, "x-speakeasy-pagination")], confidence=_SURE)
    kind = text(hint.get("type"), 30)
    following = text(outputs.get("nextCursor") or outputs.get("nextUrl"), 200)
    if kind == "url":
        paging.style, paging.next, paging.stop = "next_url", following, ["no_next"]
    elif kind == "cursor":
        paging.style, paging.next, paging.stop = "cursor", following, ["no_next"]
        last = re.search(r"\[(?:\(?@?\.?length-1\)?|-1)\]\.?", following)
        if last is not None:
            # The cursor is a field of the last record.
            paging.style, paging.key, paging.next, paging.stop = "keyset", following[last.end() :], "", ["empty"]
    else:
        paging.style, paging.next, paging.stop = "page", "", ["empty"]
    for one in sequence(hint.get("inputs")):
        _input(paging, mapping(one))
    if pages := text(outputs.get("numPages"), 200):
        paging.total_pages, paging.stop = pages, ["total", "empty"]
    paging.facts |= {"style": fact, "param": fact}
    return paging


def _input(paging: Paging, one: dict[str, Any]) -> None:
    name, role = text(one.get("name"), 100), text(one.get("type"), 20)
    in_body = one.get("in") == "requestBody"
    wire = "/" + escape(name) if in_body else name
    if role == "limit":
        paging.size_param, paging.size_location = wire, "body" if in_body else "query"
    elif role in ("page", "offset", "cursor"):
        paging.param, paging.location = wire, "body" if in_body else "query"
        if role == "offset":
            paging.style, paging.step, paging.start = "offset", "records", 0
