"""Secrets out of logs and run history.

Three nets: names that look like a credential (``looks_secret``), shapes that are one (user info in a URL, ``Bearer
...``, our own tokens), and values that somebody registered as secret (``register_secrets``). A masked value is always
``***``: the length or the last characters of a secret help the wrong people too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from functools import lru_cache
from threading import Lock
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
_SHORTEST = 6
_MOST = 4096
_DEEPEST = 8

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAME = re.compile(
    r"authori[sz]ation|cookie|passw|passphrase|secret|signature|credential|bearer|private_?key|api_?key|app_?key|access_?key"
    r"|auth_?key|(?:^|_)(?:auth|token|jwt|sig|hmac|pass|pwd|pin|otp|key|assertion|nonce|session|sessionid)(?:$|_)"
)
# What ends in -key or -token by the vocabulary of APIs and is no credential.
_HARMLESS = frozenset(
    (
        "idempotency_key",
        "x_idempotency_key",
        "primary_key",
        "natural_key",
        "foreign_key",
        "sort_key",
        "partition_key",
        "public_key",
        "key_id",
        "key_name",
        "auth_method",
        "auth_kind",
        "auth_type",
        "token_type",
        "token_url",
        "next_page_token",
        "page_token",
        "session_count",
    )
)
_QUERY_ONLY = frozenset(
    ("code", "state", "samlresponse", "x_amz_signature", "x_amz_credential", "x_amz_security_token")
)
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]{1,30})\s+\S")
_SHAPES = re.compile(
    r"(?P<userinfo>(?<=://)[^/?#@\s]*:[^/?#@\s]*(?=@))"
    r"|(?P<scheme>\b(?:Bearer|Basic|Digest|OAuth|Token)\s+)(?P<credential>[A-Za-z0-9._~+/=\-]{8,})"
    r"|(?P<token>\btl[a-z]{0,2}_(?:[a-z0-9]+_)*[0-9A-Za-z]{49}\b)"
    r"|(?P<parameter>[?&;](?P<name>[A-Za-z0-9_.\-\[\]]{1,60})=)(?P<value>[^&;#\s\"'<>]+)"
)


@lru_cache(maxsize=4096)
def looks_secret(name: str) -> bool:
    """Whether a header, parameter or field of this name holds a credential, by its name alone."""
    flat = _CAMEL.sub("_", name).lower().replace("-", "_").replace(".", "_")
    return flat not in _HARMLESS and _NAME.search(flat) is not None


@lru_cache(maxsize=4096)
def secret_parameter(name: str) -> bool:
    """`looks_secret` for a parameter of a query, where a few more names hold what lets somebody in."""
    return looks_secret(name) or name.lower().replace("-", "_") in _QUERY_ONLY


def mask(value: object) -> str:
    """What stands in place of a secret; empty stays empty, so that a missing secret can be told from a masked one."""
    return MASK if value else ""


def mask_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers with the values of credentials masked; ``Authorization`` keeps its scheme. Order and repetition are
    kept."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(name, _mask_header(name, value)) for name, value in pairs]


def mask_url(url: str) -> str:
    """A URL without its user info, the values of secret-looking parameters, registered values and its fragment."""
    return mask_text(url.split("#", 1)[0])


def mask_text(text: str) -> str:
    """Free text (a message, a body, a traceback) with everything masked that has the shape of a credential or is
    registered."""
    if (pattern := _register.pattern) is not None:
        text = pattern.sub(MASK, text)
    return _SHAPES.sub(_mask_shape, text)


def mask_data(value: Any, *, depth: int = 0) -> Any:
    """A copy of plain data (mappings, sequences, text) with secrets masked; deeper than eight levels is cut off."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping):
        if depth >= _DEEPEST:
            return "..."
        return {name: field(name, item, depth=depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        if depth >= _DEEPEST:
            return "..."
        return [mask_data(item, depth=depth + 1) for item in value]
    return value


def field(name: object, value: Any, *, depth: int = 0) -> Any:
    """One named value: masked whole when its name looks secret and it could be one (numbers and flags are not)."""
    if isinstance(name, str) and not isinstance(value, int | float | None) and looks_secret(name):
        return mask(value)
    return mask_data(value, depth=depth)


def redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor; put it last before the renderer, so that formatted exceptions pass through it too."""
    for name, value in event.items():
        if isinstance(value, int | float | None):
            continue
        event[name] = field(name, value) if isinstance(value, _PLAIN) else mask_text(str(value))
    return event


_PLAIN = (str, bytes, bytearray, Mapping, list, tuple, set, frozenset)


class _Register:
    """The registered values, as one pattern; the oldest fall out, so that a long-lived process does not grow."""

    def __init__(self) -> None:
        self._values: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None
        self._stale = False
        self._lock = Lock()

    def add(self, values: Iterable[str]) -> None:
        with self._lock:
            for value in values:
                for form in {value, quote(value, safe=""), quote_plus(value)}:
                    if len(form) >= _SHORTEST:
                        self._values.pop(form, None)
                        self._values[form] = None
                        self._stale = True
            while len(self._values) > _MOST:
                del self._values[next(iter(self._values))]

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self._stale = True

    @property
    def pattern(self) -> re.Pattern[str] | None:
        if self._stale:
            with self._lock:
                longest_first = sorted(self._values, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
                self._stale = False
        return self._pattern


_register = _Register()


def register_secrets(*values: str) -> None:
    """Values that must never be seen again, wherever they turn up. Shorter than six characters are ignored (they
    would mask ordinary words); the percent-encoded forms are registered with them."""
    _register.add(value for value in values if value)


def forget_secrets() -> None:
    """Empties the register."""
    _register.clear()


def _mask_header(name: str, value: str) -> str:
    if not looks_secret(name):
        return mask_text(value)
    scheme = _SCHEME.match(value)
    return f"{scheme[1]} {MASK}" if scheme and "authorization" in name.lower() else mask(value)


def _mask_shape(found: re.Match[str]) -> str:
    if found["userinfo"] is not None or found["token"] is not None:
        return MASK
    if found["scheme"] is not None:
        return found["scheme"] + MASK
    name = found["name"]
    if secret_parameter(name):
        return found["parameter"] + MASK
    return found.group()
