"""What must not get from a collection into a manifest: people export collections with real credentials in them."""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.importers.values import text
from tieline.security.redact import MASK, looks_secret

_SHORTEST = 6
_MOST = 2_000
_SHAPES = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"  # RFC 7519
    r"|\b(?:sk|pk|rk|whsec)_(?:(?:live|test)_)?[A-Za-z0-9]{8,}|\bsk-[\w-]{16,}"
    r"|\bgh[pousr]_\w{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{12,}|\bxox[a-z]-[\w-]{8,}"
    r"|\bA[KS]IA[0-9A-Z]{12,}|\bAIza[\w-]{20,}|\bya29\.[\w-]{8,}|\bSG\.[\w-]{10,}\.[\w-]{10,}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:.{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----)?",
    re.DOTALL,
)
_CARRIED = re.compile(
    r"(?P<before>(?<=://)(?=[^/?#@\s]*:[^/?#@\s]*@))[^/?#@\s]+"  # user info of a URL
    r"|(?P<scheme>\b(?:Bearer|Basic|Token|OAuth)\s+)(?=[^\s]{0,200}[\d=])[A-Za-z0-9._~+/=-]{8,}"
    r"|(?P<parameter>[?&](?P<name>[\w.-]{1,60})=)[^&#\s\"'<>{}]{6,}",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(<(?:[\w.-]{1,60}:)?[\w.-]{0,40}(?:passw|secret|token|api[-_]?key|credential)[\w.-]{0,40}(?:\s[^<>]{0,300})?>)[^<>]+(?=</)"
    r"|(\"[\w.-]{0,40}(?:passw|secret|token|api[-_]?key|credential)[\w.-]{0,40}\\?\"\s{0,5}:\s{0,5}\\?\")[^\"\\]+",
    re.IGNORECASE,
)
_RANDOM = re.compile(r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[A-Za-z0-9_+/=~.-]{24,}")
_HARMLESS = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{4}-\d\d-\d\d[T ][\d:.Z+-]*"
    r"|(?:[a-z]{2,}[-_.]){2,}[a-z0-9]+"
)
# "YOUR_API_KEY" and the like: words of the documentation, which must not be masked all over its text.
_PLACEHOLDER = re.compile(
    r"your|here|token|key|secret|passw|example|change|enter|insert|replace|xxx|<|\[|https?://", re.IGNORECASE
)


class Secrets:
    """Knows the secret values that a collection names as such, and recognises others by name and shape."""

    def __init__(self) -> None:
        self._values: set[str] = set()  # hidden where they stand alone
        self._telling: set[str] = set()  # hidden inside other text too
        self._pattern: re.Pattern[str] | None = None

    def learn(self, value: Any) -> None:
        """A value that is secret wherever it turns up; short ones and references to variables are not kept."""
        found = text(value, 10_000)
        if len(found) >= _SHORTEST and "{{" not in found and len(self._values) < _MOST:
            self._values.add(found)
            if (re.search(r"\d", found) or len(found) >= 12) and not _PLACEHOLDER.search(found):
                self._telling.add(found)
                self._pattern = None

    def shows(self, name: str, value: Any) -> bool:
        """Whether a value may stand in a manifest as an example or default."""
        if value is None or isinstance(value, bool):
            return value is not None
        if looks_secret(name):
            return False
        if not isinstance(value, str):
            return str(value) not in self._values
        return (
            value.strip() not in self._values
            and self.clean(value) == value
            and not (_RANDOM.fullmatch(value) and not _HARMLESS.fullmatch(value))
        )

    def clean(self, value: str) -> str:
        """Free text without anything in it that is, or looks like, a credential."""
        if not value:
            return value
        if self._telling:
            if self._pattern is None:
                longest = sorted(self._telling, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest)))
            value = self._pattern.sub(MASK, value)
        value = _NAMED.sub(lambda match: (match[1] or match[2]) + MASK, value)
        return _CARRIED.sub(_masked, _SHAPES.sub(MASK, value))


def _masked(match: re.Match[str]) -> str:
    if match["parameter"] is not None:
        return match["parameter"] + MASK if looks_secret(match["name"]) else match[0]
    return (match["scheme"] or "") + MASK
