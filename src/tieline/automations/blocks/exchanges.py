"""What a run's history keeps of the HTTP calls of a block: a line for each, and for some of them the headers and the
beginnings of the bodies, with secrets taken out before anything is written.

The whole of a call is kept in test runs, where it failed, and where the block's setting `log_requests` says so; never
where the vendor's setting `automations_censor_data` hides the block's data.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import msgspec

from tieline.automations.blocks.values import flag
from tieline.automations.engine import codec
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.registry import CompileContext
from tieline.core import json
from tieline.security.egress import Response, Upload
from tieline.security.known import Known
from tieline.security.redact import looks_secret, mask, mask_headers, secret_parameter

EXCHANGES_KEPT = 20  # of one block execution
BODY_KEPT = 8 * 1024  # bytes of a body, as text in UTF-8
HEADERS_KEPT = 60
HEADER_KEPT = 1024  # characters of a header's value
WHOLE_KEPT = 128 * 1024  # bytes of headers and bodies of one block execution
FAILURES_KEPT = 100  # failed calls of one block in a run that are kept whole
LOGGED_KEPT = 1000  # calls of one block in a run that are kept whole, in a test run or on demand

NEVER, FAILED, ALL = "never", "failed", "all"

_READ = 3 * BODY_KEPT  # bytes of a body that are looked at
_LONGEST_HEADER = 16 * 1024
# Charsets in which ASCII stands for itself: in any other, a secret would not be recognised.
_CHARSETS = re.compile(
    r"(?:us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d|shift_jis|euc-(?:jp|kr)|gb2312|gbk|gb18030"
    r"|big5|koi8-[ru])",
    re.IGNORECASE,
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:+-]{1,40})", re.IGNORECASE)
_OPEN_MEMBER = re.compile(r'"([^"\\]{1,80})"\s*:\s*"((?:[^"\\]|\\.)*)\\?\Z', re.DOTALL)

_COUNTED = 4096  # blocks of runs
_taken: OrderedDict[tuple[UUID, str], int] = OrderedDict()  # calls kept whole; of runs in this process


def log_of(context: CompileContext) -> str:
    """Which calls of a block are kept whole, by its settings: `NEVER`, `FAILED` or `ALL`."""
    if flag(context.setting("automations_censor_data")):
        return NEVER
    return ALL if flag(context.setting("log_requests")) else FAILED


def wanted(context: BlockContext, failed: bool) -> bool:
    """Whether a call of the running block is kept whole; to be asked once a call, for there is a limit."""
    program = context.step.program
    log = program.get("log", FAILED) if isinstance(program, Mapping) else FAILED
    if log == NEVER:
        return False
    every = log == ALL or context.run.is_test
    if not every and not failed:
        return False
    key = (context.run.run_id, context.step.key)
    taken = _taken.pop(key, 0)
    _taken[key] = taken + 1
    if len(_taken) > _COUNTED:
        _taken.popitem(last=False)
    return taken < (LOGGED_KEPT if every else FAILURES_KEPT)


def keep(context: BlockContext, entry: dict[str, Any], *, failed: bool) -> bool:
    """Notes a call; False where there is no room. Failures and later attempts push out calls that went well."""
    kept = context.exchanges
    if len(kept) >= EXCHANGES_KEPT:
        if not failed and entry.get("attempt", 1) == 1:
            return False
        well = (at for at in range(len(kept) - 1, -1, -1) if kept[at].get("status", 0) in range(100, 400))
        del kept[next(well, EXCHANGES_KEPT // 2)]
    kept.append(entry)
    return True


def add_parts(
    context: BlockContext,
    entry: dict[str, Any],
    *,
    headers: Mapping[str, str],
    body: bytes | Upload | None,
    response: Response | None,
    known: Known,
    secret: Collection[str] = (),
) -> None:
    """Adds ``request`` and ``response`` to a noted call: {headers: [{name, value}], body, bytes, cut, note}.

    ``secret`` names more headers that hold credentials. Without room for it, the entry says ``leftOut``.
    """
    found = parts_of(headers=headers, body=body, response=response, known=known, secret=secret)
    used = sum(codec.size(one) for one in context.exchanges if "request" in one)
    if used + codec.size(found) > WHOLE_KEPT:
        entry["leftOut"] = True
    else:
        entry |= found


def parts_of(
    *,
    headers: Mapping[str, str],
    body: bytes | Upload | None,
    response: Response | None,
    known: Known,
    secret: Collection[str] = (),
) -> dict[str, Any]:
    """``request`` and ``response`` of a call as they may be shown: secrets taken out, headers and bodies cut."""
    hidden_names = {name.lower() for name in secret}
    known = known.more(_carried(headers.items(), hidden_names))
    if response is not None:
        known = known.more(_carried(response.headers.items(), hidden_names))
    found = {"request": _part(headers.items(), body, hidden_names, known)}
    if response is not None:
        found["response"] = _part(response.headers.items(), response.body, hidden_names, known)
    return found


def secrets_in(url: str) -> list[str]:
    """What credentials a URL carries in its user info and in parameters that are named like one."""
    try:
        parts = urlsplit(url)
        found = [part for part in (parts.password, parts.username) if part]
        found += [value for name, value in parse_qsl(parts.query, max_num_fields=1000) if secret_parameter(name)]
    except ValueError:
        return []
    return [value for value in found if len(value) >= 8]


def _carried(headers: Iterable[tuple[str, str]], secret: Collection[str]) -> list[str]:
    """Credentials that stand in headers: the other side may repeat them anywhere."""
    found = []
    for name, value in headers:
        if name.lower() not in secret and not looks_secret(name):
            continue
        words = value.split()
        if name.lower() in ("cookie", "set-cookie"):
            pairs = value.split(";") if name.lower() == "cookie" else [value.partition(";")[0]]
            words = [pair.partition("=")[2].strip() for pair in pairs]
        found += [word for word in (value, *words) if len(word) >= 8]
    return found


def _part(
    headers: Iterable[tuple[str, str]], body: bytes | Upload | None, secret: Collection[str], known: Known
) -> dict[str, Any]:
    pairs = list(headers)
    kind = next((value for name, value in pairs if name.lower() == "content-type"), "")
    shown: dict[str, Any] = {"headers": [_header(name, value, secret, known) for name, value in pairs[:HEADERS_KEPT]]}
    if isinstance(body, Upload):
        size = "unknown size" if body.size is None else f"{body.size} bytes"
        return shown | {"body": None, "note": f"{_kind(kind, known)}, {size}, sent block by block"}
    if not body:
        return shown | {"body": None}
    text = _text(body[:_READ], kind, whole=len(body) <= _READ)
    if text is None:
        return shown | {"body": None, "bytes": len(body), "note": f"{_kind(kind, known)}, {len(body)} bytes"}
    text = _without_secrets(text, known, cut=len(body) > _READ)
    kept = text.encode("utf-8", "replace")[:BODY_KEPT].decode("utf-8", "ignore")
    shown |= {"body": kept, "bytes": len(body)}
    if len(body) > _READ or len(kept) < len(text):
        shown["cut"] = True
    return shown


def _kind(kind: str, known: Known) -> str:
    return known.text(kind.partition(";")[0].strip())[:100] or "no content type"


def _header(name: str, value: str, secret: Collection[str], known: Known) -> dict[str, str]:
    from tieline.automations.runs.masking import hidden_text

    if looks_secret(name):
        value = mask_headers([(name, value)])[0][1]
    elif name.lower() in secret:
        value = mask(value)
    else:
        value = hidden_text(known.text(value[:_LONGEST_HEADER]))[:HEADER_KEPT]
    return {"name": known.text(_clean(name[:200])), "value": _clean(value)}


def _text(body: bytes, kind: str, *, whole: bool) -> str | None:
    """A body, or the beginning of one, as text; None for what is none."""
    if b"\0" in body:
        return None
    for spare in (0, 1, 2, 3) if not whole else (0,):  # a character that was cut through
        try:
            return body[: len(body) - spare].decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if error.start < len(body) - 4:
                break
    named = _CHARSET.search(kind)
    if named and _CHARSETS.fullmatch(named[1]):
        return body.decode(named[1], "replace")
    return None


def _without_secrets(text: str, known: Known, *, cut: bool) -> str:
    from tieline.automations.runs.masking import hidden_text

    text = known.text(text)
    if cut:
        # The end may be a piece of a secret, too short to be recognised.
        text = text[: max(len(text) - known.longest, 0)]
        text = _OPEN_MEMBER.sub(lambda found: found[0] if not looks_secret(found[1]) else f'"{found[1]}":"***', text)
    elif "\\" in text and text.lstrip()[:1] in ("{", "["):
        try:  # JSON may write any character in another way
            inside = json.loads(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            inside = None
        clean = known.data(inside)
        if clean != inside:
            text = msgspec.json.encode(clean).decode()
    return hidden_text(_clean(text))


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
