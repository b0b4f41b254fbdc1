"""What an answer means for the call: the manifest's error rules first, then the status class (RFC 9110 section 15)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from msgspec import UNSET, Struct

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.model import Block, ErrorRule, Idempotency
from tieline.connectors.manifest.paths import MISSING

Kind = Literal["ok", "ignore", "done", "partial", "retry", "limited", "refresh", "reconnect", "fail"]

_QUOTA: Final = re.compile(
    r"rate.?limit|too.?many.?requests|quota.{0,20}(?:exceeded|exhausted)|usage.?limit.?exceeded|throttl", re.IGNORECASE
)
_IN_USE: Final = re.compile(r"idempoten|in.?progress|in.?use|still.?running|concurrent", re.IGNORECASE)
_TRANSIENT: Final = frozenset(
    {408, 423, 425, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524, 525, 527, 529, 530, 598, 599}
)
_MESSAGES: Final = (
    "errors[0].detail",
    "errors[0].message",
    "errors[0].title",
    "errors[0]",
    "error.message",
    "error.description",
    "error_description",
    "message",
    "detail",
    "title",
    "Message",
    "Error.Message",
    "errors.error.message",
    "errors.error",
    "error.code",
    "error",
    "errors",
    "reason",
    "msg",
)
EXCERPT: Final = 300


class Verdict(Struct, frozen=True):
    kind: Kind
    message: str = ""


OK: Final = Verdict("ok")


def judge(
    status: int,
    headers: Mapping[str, str],
    body: Any,
    block: Block,
    rules: Iterable[ErrorRule],
    idempotency: Idempotency,
    *,
    attempt: int,
) -> Verdict:
    """``body`` is the decoded answer, or its text where it is not JSON."""
    for rule in rules:
        if _fits(rule, status, body):
            kind: Kind = "limited" if rule.then == "rate_limited" else rule.then
            return Verdict(kind, _at(body, rule.message) or message(body))
    if status == 207 and (said := _refused_entries(body)):
        return Verdict("partial", said)
    if 200 <= status < 300:
        return OK
    if status == 304:
        return Verdict("ignore")  # unchanged since the moment or version that an input named
    if status == 401:
        return Verdict("refresh", message(body))
    if status == 429:
        return Verdict("limited", message(body))
    if status == 403 and (_QUOTA.search(_flat(body)) or "retry-after" in headers or _used_up(headers)):
        return Verdict("limited", message(body))
    if status in (404, 410) and block.kind in ("delete", "webhook_remove") and attempt > 1:
        return Verdict("done", "gone already: an earlier attempt reached the API")
    if idempotency.kind == "natural_key" and status in idempotency.conflict and block.writes:
        return Verdict("done", message(body))
    if idempotency.kind == "header" and status == 409 and ("retry-after" in headers or _IN_USE.search(_flat(body))):
        return Verdict("retry", message(body))
    if status in _TRANSIENT:
        return Verdict("retry", message(body))
    return Verdict("fail", message(body))


def _refused_entries(body: Any) -> str:
    """Which entries of a bulk call were refused, where each entry of the answer (207, RFC 4918 section 13) has its own
    status; empty where none was.
    """
    entries = body
    if isinstance(body, dict):
        entries = next((found for found in body.values() if isinstance(found, list)), [])
    if not isinstance(entries, list):
        return ""
    refused = []
    for number, entry in enumerate(entries):
        status = entry.get("status") if isinstance(entry, dict) else None
        if isinstance(status, int) and not isinstance(status, bool) and status >= 400:
            refused.append(f"entry {number} with status {status}")
    if not refused:
        return ""
    more = f" and {len(refused) - 10} more" if len(refused) > 10 else ""
    return f"{len(refused)} of {len(entries)} entries were refused: {', '.join(refused[:10])}{more}"


def _fits(rule: ErrorRule, status: int, body: Any) -> bool:
    if rule.status and status not in rule.status:
        return False
    if not rule.path:
        return bool(rule.status)
    found = paths.get(body, rule.path)
    if rule.equals is not UNSET:
        return found is not MISSING and _same(found, rule.equals)
    return found is not MISSING and found is not None and found is not False and found not in ("", [], {})


def _same(found: Any, wanted: Any) -> bool:
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def _used_up(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining", "").strip() == "0"


def message(body: Any) -> str:
    """The API's own words for what went wrong, as one line of plain text; empty when it has none."""
    if isinstance(body, str):
        return _line(body)
    if isinstance(body, list) and body:
        return message(body[0])
    if isinstance(body, dict):
        for place in _MESSAGES:
            found = _at(body, place)
            if found:
                return found
    return ""


def _at(body: Any, path: str) -> str:
    if not path:
        return ""
    found = paths.get(body, path)
    if isinstance(found, str):
        return _line(found)
    if isinstance(found, list) and found and all(isinstance(entry, str) for entry in found):
        return _line("; ".join(found[:5]))
    if isinstance(found, dict) and found and all(isinstance(entry, str | list) for entry in found.values()):
        return _line("; ".join(f"{name}: {entry}" for name, entry in list(found.items())[:5]))
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def _line(text: str) -> str:
    text = text[:20_000]
    if "<" in text:
        text = re.sub(r"(?is)<(script|style)\b.*?(</\1\s*>|\Z)", " ", text)
        text = html.unescape(re.sub(r"(?s)<[^>]*>", " ", text))
    text = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def _flat(body: Any, depth: int = 0) -> str:
    """All short texts of a body: where a reason can stand."""
    if isinstance(body, str):
        return body[:500]
    if depth > 4:
        return ""
    if isinstance(body, dict):
        return " ".join(_flat(entry, depth + 1) for entry in list(body.values())[:20])
    if isinstance(body, list):
        return " ".join(_flat(entry, depth + 1) for entry in body[:5])
    return ""
