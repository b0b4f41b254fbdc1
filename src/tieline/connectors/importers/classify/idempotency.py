"""What makes a write safe to send twice, as far as the source tells."""

from __future__ import annotations

import re

from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.words import plain, split
from tieline.connectors.manifest.model import Fact, Idempotency

_NAMED = re.compile(r"idempoten", re.IGNORECASE)
_HEADER_IN_TEXT = re.compile(
    r"(?:header\W{1,12}(?P<a>[A-Za-z][\w-]*idempoten[\w-]*|idempoten[\w-]*key)\b"
    r"|\b(?P<b>(?:[A-Za-z][\w]*-)*Idempoten\w*-Key)\b)",
    re.IGNORECASE,
)
_TAKEN = re.compile(
    r"already (?:exists?|taken|used|registered|present)|duplicate|not unique|must be unique|conflict with an existing",
    re.IGNORECASE,
)
_UPSERT = (
    "upsert",
    "createorupdate",
    "addorupdate",
    "insertorupdate",
    "createorreplace",
    "updateorcreate",
    "putorcreate",
)


def detect(case: Case) -> Idempotency | None:
    """For writes: a header with a key, upsert by name, or a documented refusal of a second create; else None."""
    if case.op.method in ("GET", "HEAD", "QUERY"):
        return None
    for param in case.params("header"):
        if _NAMED.search(param.name) or (
            _NAMED.search(param.description) and plain(param.name).endswith(("id", "key", "token"))
        ):
            case.used.add(param.pointer)
            case.facts["idempotency"] = Fact(
                evidence=[param.pointer], confidence=0.97 if _NAMED.search(param.name) else 0.85
            )
            return Idempotency(kind="header", header=param.name)
    if match := _HEADER_IN_TEXT.search(case.op.description[:4000]):
        case.facts["idempotency"] = Fact(
            evidence=[case.op.pointer + "/description"], confidence=0.7, note="named in the description"
        )
        return Idempotency(kind="header", header=match["a"] or match["b"])
    if case.kind not in ("create", "update", "webhook_add", "action"):
        return None
    if any(word in plain(case.name) for word in _UPSERT) or "upsert" in split(case.op.path):
        case.facts["idempotency"] = Fact(evidence=[case.op.pointer], confidence=0.8, note="its name says so")
        return Idempotency(kind="upsert")
    if case.op.method == "PUT" and case.route.ends_in_value:
        case.facts["idempotency"] = Fact(
            evidence=[case.op.pointer],
            confidence=0.8,
            note="PUT to an address that the caller chooses (RFC 9110 9.2.2)",
        )
        return Idempotency(kind="upsert")
    if case.kind == "create":
        refusal = next((one for one in case.op.answers if one.status == "409" and _TAKEN.search(one.description)), None)
        if refusal is not None:
            case.facts["idempotency"] = Fact(
                evidence=[refusal.pointer], confidence=0.6, note="a second create is refused"
            )
            return Idempotency(kind="natural_key", conflict=[409])
    return None


def for_all(description: str) -> tuple[Idempotency, Fact] | None:
    """The header that the introduction of a document promises for every write."""
    if match := _HEADER_IN_TEXT.search(description):
        fact = Fact(evidence=["/info/description"], confidence=0.65, note="named in the introduction")
        return Idempotency(kind="header", header=match["a"] or match["b"]), fact
    return None
