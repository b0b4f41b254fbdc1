"""Kinds of operations that send something: POST may do anything, PUT and PATCH mostly change."""

from __future__ import annotations

import re

from tieline.connectors.importers.classify import verbs
from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.naming import unknown_deed
from tieline.connectors.importers.classify.surroundings import Surroundings, Verdict
from tieline.connectors.manifest.model import BlockKind

# RFC 6749, 7009 and 7662: token, revocation and introspection endpoints.
_TOKENS = re.compile(
    r"(?:oauth2?|openid|connect)(?:/v?\d[\d.]*)?/(?:access_?)?(?:token|revoke|introspect|authorize)/?$", re.IGNORECASE
)


def posting(case: Case, around: Surroundings) -> Verdict:
    """The kind of a POST: by the verb on its path, by its name, and last by where it is sent."""
    return (
        _by_pages(case)
        or _by_surroundings(case)
        or _by_tail(case)
        or _to_one_record(case, around)
        or _by_name(case, around)
        or _by_place(case, around)
    )


def changing(case: Case) -> Verdict:
    """The kind of a PUT or PATCH."""
    said, tail = case.said, case.route.said
    says_update = said is not None and said.verb == "update" and said.strength == 2
    if tail is not None and tail.verb == "action" and not says_update:
        return Verdict("action", 0.8, f"the path ends in {tail.word!r}")
    if tail is not None and tail.word in ("add", "append", "insert") and _below_value(case):
        return Verdict("update", 0.7, f"the path ends in {tail.word!r} behind a record")
    if tail is not None and tail.verb in ("create", "delete") and tail.strength == 2:
        return Verdict(tail.verb, 0.8, f"the path ends in {tail.word!r}")
    if said is not None and said.strength == 2:
        if said.verb == "create" and case.op.method == "PUT" and "update" not in case.words:
            return Verdict("create", 0.8, f"its name says {said.word!r}")
        plainly = not case.route.tail_is_plural or not verbs.is_noun(said.word) or said.word in ("import", "export")
        if said.verb == "action" and not case.route.ends_in_value and plainly:
            return Verdict("action", 0.6, f"its name says {said.word!r}")
    return Verdict("update", 0.95, case.op.method)


def _by_surroundings(case: Case) -> Verdict | None:
    """What the parts of the path before its end settle: a search, a token."""
    if case.route.under_search and not _made(case) and not case.route.ends_in_value:
        return Verdict("search", 0.8, "the path begins with search")
    if _TOKENS.search(case.op.path):
        return Verdict("action", 0.8, "the path is that of an authorization server")
    return None


def _by_tail(case: Case) -> Verdict | None:
    said, tail = case.said, case.route.said
    if tail is None:
        return None
    listed = case.found is not None
    plainly = tail.strength == 2 or (said is not None and said.verb == tail.verb)
    why = f"the path ends in {tail.word!r}"
    crud = said is not None and case.said_by_id and said.strength == 2 and said.verb in ("create", "update", "delete")
    if crud and said is not None and said.verb != tail.verb and (said.verb == "create" or tail.verb != "action"):
        # "actions/create-remove-token": what it is called tells more than the words of its path.
        return None
    unknown = case.schema is None and tail.verb == "search" and not crud
    if tail.verb in ("search", "list") and (listed or plainly or unknown or case.reads_pages()):
        return Verdict(tail.verb, 0.9, why)
    if case.route.under_actions:
        return Verdict("action", 0.9, "the path calls it an action")
    if tail.verb == "get" and (plainly or listed):
        return Verdict("list" if listed else "get", 0.85, why)
    if tail.verb in ("create", "update", "delete") and plainly:
        return Verdict(tail.verb, 0.9, why)
    return Verdict("action", 0.85, why) if tail.verb == "action" else None


def _by_pages(case: Case) -> Verdict | None:
    """A list comes back and the call says which page of it: it reads, whatever it is called."""
    if case.found is None or not case.reads_pages() or _made(case):
        return None
    searches = any(said is not None and said.verb == "search" for said in (case.said, case.route.said))
    return Verdict("search" if searches else "list", 0.75, "its fields ask for pages of a list")


def _to_one_record(case: Case, around: Surroundings) -> Verdict | None:
    if not case.route.ends_in_value:
        return None
    said = case.said
    if unknown_deed(case):
        return Verdict("action", 0.6, "name and summary begin with the same deed")
    if said is not None and said.verb in ("create", "delete", "action") and said.strength == 2:
        return Verdict(said.verb, 0.75, f"its name says {said.word!r}")
    if said is not None and said.verb == "update":
        return Verdict("update", 0.85, f"its name says {said.word!r}")
    if around.alone(case):
        kind: BlockKind = "create" if _made(case) else "action"
        return Verdict(kind, 0.55, "POST to a value, and nothing else is known of what it names")
    return Verdict("update", 0.8, "POST to one record")


def _by_name(case: Case, around: Surroundings) -> Verdict | None:
    said = case.said
    if said is None or said.strength < 2:
        return None
    made, listed, why = _made(case), case.found is not None, f"its name says {said.word!r}"
    if said.verb == "create":
        return Verdict("create", 0.95, why)
    if said.verb in ("search", "list") and (listed or not made):
        return Verdict(said.verb, 0.85, why)
    if said.verb == "get" and not made:
        return Verdict("list" if listed else "get", 0.7, why)
    if said.verb in ("update", "delete"):
        return Verdict(said.verb, 0.8, why)
    if said.verb == "action" and not (made and case.route.nouns):
        if not case.route.tail_is_plural:
            return Verdict("action", 0.75, why)
        if case.said_by_id and not around.also(case, "GET"):
            return Verdict("action", 0.6, why)
    return None


def _by_place(case: Case, around: Surroundings) -> Verdict:
    if case.route.tail_is_plural or _made(case) or (around.also(case, "GET") and _is_something(case, around)):
        return Verdict("create", 0.85, "POST to a collection")
    if unknown_deed(case):
        return Verdict("action", 0.55, "name and summary begin with the same deed")
    below = _below_value(case)
    if not below and case.route.nouns and ((case.said is not None and case.said.word == "post") or not case.op.id):
        return Verdict("create", 0.55, "POST")
    if not below and case.route.nouns and case.said is None and not verbs.is_noun(case.words[0] if case.words else ""):
        return Verdict("create", 0.5, "POST")
    return Verdict("action", 0.55, "POST to something that is no collection")


def _is_something(case: Case, around: Surroundings) -> bool:
    """False for the root of an API that lists nothing there."""
    return bool(case.route.nouns) or case.route.collection in around.listed


def _made(case: Case) -> bool:
    return any(one.status == "201" for one in case.op.answers)


def _below_value(case: Case) -> bool:
    """True for ``/payouts/{payout}/reverse``: one word behind a record is rather a deed than a thing."""
    parts = case.route.significant
    return len(parts) > 1 and parts[-1].fixed and bool(parts[-2].params)
