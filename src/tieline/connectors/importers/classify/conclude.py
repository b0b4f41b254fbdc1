"""All conclusions about all operations, in the order in which they build on each other."""

from __future__ import annotations

import re
from collections import Counter

from tieline.connectors.importers.classify import hooks, incremental, kinds, names, objects, paging, records, verbs
from tieline.connectors.importers.classify.borrow import borrow_bodies
from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.inputs import moved_by
from tieline.connectors.importers.classify.routes import Route
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.surroundings import Surroundings
from tieline.connectors.importers.classify.words import is_plural, plain, split
from tieline.connectors.importers.description import Operation
from tieline.connectors.manifest.model import Fact, Paging

PAGED = ("list", "search", "incremental", "list_types", "list_fields", "webhook_list")
_ONE = ("get", "get_by", "create", "update")
# Weak in the name of a GET, where they may only repeat the method; telling in the name of a POST.
_TELLING_IN_WRITES = ("get", "find", "read", "set", "select")
_ODATA_PARAMS = frozenset(("$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count", "$search"))
_READING = ("GET", "HEAD", "QUERY")


def conclude(operations: list[Operation], shapes: Shapes) -> list[Case]:
    """One case an operation, with kind, object, records, paging and incremental settings."""
    cases = [Case(one, Route(one.path), name=one.id) for one in operations]
    _strip_prefixes(cases)
    for case in cases:
        _read_names(case, shapes)
    for case in cases:
        _find_list(case, shapes)
    around = Surroundings.of(cases, shapes)
    for case in cases:
        verdict = kinds.decide(case, shapes, around)
        case.kind = verdict.kind
        case.facts["kind"] = Fact(evidence=[case.op.pointer], confidence=verdict.confidence, note=verdict.why)
        if case.kind not in PAGED:
            case.found = _one_record(case, shapes)
    objects.name_cases(cases, shapes)
    hooks.mark(cases, shapes)
    for case in cases:
        if case.kind in PAGED:
            _paged(case, shapes)
        elif case.found is None:
            case.found = _one_record(case, shapes)
    _learn_cursors(cases)
    _learn_odata(cases, shapes)
    borrow_bodies(cases, shapes)
    return cases


def _strip_prefixes(cases: list[Case]) -> None:
    """Leave out the words that most operation ids begin with: ``publicApiGetItems`` is ``getItems``."""
    named = [case for case in cases if case.name]
    for _ in range(3):
        if len(named) < 3:
            return
        first, count = Counter(split(case.name)[:1] for case in named).most_common(1)[0]
        if count < 0.7 * len(named) or not first or verbs.of_word(first[0]) is not None:
            return
        for case in named:
            if split(case.name)[:1] == first and len(split(case.name)) > 1:
                case.name = re.sub(r"^[^A-Za-z0-9]*", "", case.name)[len(first[0]) :].lstrip("._-/:| ")


def _read_names(case: Case, shapes: Shapes) -> None:
    if case.op.body is not None and case.op.method in ("POST", "QUERY"):
        case.body_keys = frozenset(names.key(name) for name in shapes.members(case.op.body.schema))
    by_id, by_summary = verbs.of_id(case.name), _sentence(case)
    if case.op.method not in _READING:
        by_id, by_summary = _telling(by_id), _telling(by_summary)
    if by_id is not None and by_id.verb == "get" and by_summary is not None and by_summary.verb == "search":
        # "getAssets", "Searches assets": the name knows better.
        by_summary = None
    case.said, case.said_by_id = by_id, by_id is not None
    if by_summary is not None and (by_id is None or by_id.strength < by_summary.strength):
        case.said, case.said_by_id = by_summary, False
    answer = case.op.answer()
    if answer is not None:
        case.schema, case.schema_pointer = answer.schema, answer.schema_pointer or answer.pointer


def _sentence(case: Case) -> verbs.Said | None:
    """The verb of the summary; where it has none, a deed that the description begins with."""
    if not case.op.summary:
        return verbs.of_sentence(case.op.description)
    if (found := verbs.of_sentence(case.op.summary)) is not None:
        return found
    described = verbs.of_sentence(case.op.description)
    return described if described is not None and described.verb == "action" else None


def _telling(said: verbs.Said | None) -> verbs.Said | None:
    return said._replace(strength=2) if said is not None and said.word in _TELLING_IN_WRITES else said


def _find_list(case: Case, shapes: Shapes) -> None:
    listing = 4.0 if case.reads_pages() else 0.0
    if case.said is not None and case.said.verb in ("list", "search") and case.said.strength == 2:
        listing += 3.0
    if case.route.tail_is_plural:
        listing += 1.0
    reads = case.op.method in _READING or listing >= 3.0 or _reads_by_post(case)
    if case.schema is not None and reads:
        case.found = records.find_list(shapes, case.schema, case.subject, listing)


def _reads_by_post(case: Case) -> bool:
    both = (case.route.said, case.said)
    return case.route.under_search or any(said is not None and said.verb in ("list", "search", "get") for said in both)


def _one_record(case: Case, shapes: Shapes) -> records.Found | None:
    if case.schema is None:
        return None
    if case.kind in _ONE:
        listed = records.find_list(shapes, case.schema, case.subject)
        if listed is not None and listed.score >= 15.0 and not listed.item_steps:
            last = split(str(listed.steps[-1])) if listed.steps else ("records",)
            if last and (is_plural(last[-1]) or plain(last[-1]) in ("data", "items", "results", "value")):
                # Many APIs wrap even a single record into a list.
                listed.steps.append(0)
                return listed
    return records.find_record(shapes, case.schema, case.subject)


def _paged(case: Case, shapes: Shapes) -> None:
    if case.found is None and case.schema is not None:
        case.found = records.find_list(shapes, case.schema, case.subject, 6.0)
    case.paging = paging.detect(case, shapes)
    case.incremental = incremental.detect(case, shapes)
    case.used |= moved_by(case)


def _learn_odata(cases: list[Case], shapes: Shapes) -> None:
    """OData 4.01 (11.2.6.7): a list that is longer than one answer ends with ``@odata.nextLink``, documented or not."""
    spoken = any(
        name.startswith(("@odata.", "odata."))
        for case in cases
        if case.schema is not None
        for name in shapes.members(case.schema)
    ) or any(param.name in _ODATA_PARAMS for case in cases for param in case.op.params)
    for case in cases:
        lists = case.kind in PAGED and case.found is not None and case.found.steps == ["value"]
        if spoken and lists and case.paging is None and "x-ms-pageable" not in case.op.hints:
            note = "the API speaks OData, where a longer list names its next part"
            fact = Fact(evidence=[case.schema_pointer], confidence=0.55, note=note)
            case.paging = Paging(style="next_url", next="$['@odata.nextLink']", stop=["no_next"], facts={"style": fact})


def _learn_cursors(cases: list[Case]) -> None:
    """Where an answer is not documented, the next cursor lies where the API's other lists have it."""
    known = Counter(
        (case.paging.param, case.paging.next)
        for case in cases
        if case.paging is not None and case.paging.style == "cursor" and case.paging.next
    )
    for case in cases:
        page = case.paging
        if page is None or page.style != "cursor" or page.next:
            continue
        others = [(count, place) for (param, place), count in known.items() if param == page.param]
        if others:
            page.next = max(others)[1]
            page.facts["next"] = Fact(
                evidence=[case.op.pointer], confidence=0.5, note="other lists of this API have it there"
            )
