"""What a token endpoint answered (RFC 6749 sections 5.1 and 5.2), as servers really write it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from msgspec import Struct, field

from tieline.connectors.runtime.account import StoredToken
from tieline.connectors.runtime.tokens import TokenReply

_USABLE: Final = re.compile(r"[\x20-\x7e]{1,20000}\Z")  # RFC 6749 appendix A.12
_CLIENT: Final = (400, 401, 403)


class Granted(Struct):
    """Either a token, with everything else that came beside it, or the error's code and text, without secrets."""

    token: StoredToken | None = None
    error: str = ""
    text: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    lost: bool = False

    def said(self) -> str:
        """The server's own words, as one line."""
        return f"{self.error}: {self.text}" if self.text and self.text != self.error else self.error

    def __repr__(self) -> str:
        return f"Granted({'a token' if self.token is not None else self.said()!r})"


def read(reply: TokenReply, old: StoredToken | None, secrets: Iterable[str]) -> Granted:
    """``old`` gives the refresh token where the answer has none (section 6); ``secrets`` are kept out of the text.

    An empty ``error`` without a token means that the server is not well.
    """
    answer = mapping(reply.body)
    if answer is None:
        code = "" if reply.status >= 500 else "invalid_response"
        return Granted(error=code, text=f"status {reply.status}, not a token answer", lost=reply.lost)
    inner = answer.get("data")
    if "access_token" not in answer and isinstance(inner, dict) and "access_token" in inner:
        answer = inner
    value = answer.get("access_token")
    failed = reply.status >= 400 or bool(answer.get("error"))
    if failed or not isinstance(value, str) or not value:
        code, text = _error(answer, reply.status)
        return Granted(error=_plain(code, secrets), text=_plain(text, secrets), lost=reply.lost)
    renewal = answer.get("refresh_token")
    renewal = renewal if isinstance(renewal, str) and renewal else (old.refresh_token if old is not None else "")
    if not _USABLE.match(value) or len(renewal) > 20_000:
        text = "the access token holds characters that no header can carry, or is too long"
        return Granted(error="invalid_response", text=text, lost=reply.lost)
    life = seconds(answer.get("expires_in"))
    token = StoredToken(
        value=value,
        obtained_at=reply.asked_at,
        expires_at=reply.asked_at + timedelta(seconds=life) if life is not None else None,
        refresh_token=renewal,
        scope=_plain(answer.get("scope") or "", ())[:5000] if isinstance(answer.get("scope"), str) else "",
    )
    return Granted(token=token, more=answer, lost=reply.lost)


def mapping(body: Any) -> dict[str, Any] | None:
    """An answer as a mapping; some servers answer as a form (GitHub without Accept). None for anything else."""
    if isinstance(body, dict):
        return body
    if isinstance(body, str) and "=" in body and "<" not in body and len(body) <= 100_000:
        try:
            return dict(parse_qsl(body.strip(), max_num_fields=200)) or None
        except ValueError:
            return None
    return None


def refusal(body: Any, status: int, secrets: Iterable[str]) -> str:
    """The server's reason for anything but a token, as one line."""
    answer = mapping(body)
    code, text = _error(answer, status) if answer is not None else ("", "")
    said = f"{code}: {text}" if text and text != code else code
    return _plain(said, secrets) or f"status {status}"


def seconds(value: Any) -> float | None:
    """``expires_in`` in seconds, also as text; None where it says nothing that can be true (then a 401 tells)."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number) or number <= 0 or isinstance(value, bool):
        return None
    return min(number, 315_360_000.0)


def _error(answer: dict[str, Any], status: int) -> tuple[str, str]:
    error = answer.get("error")
    text = answer.get("error_description") or answer.get("message") or ""
    if isinstance(error, dict):
        text = text or error.get("message") or ""
        error = error.get("code") or error.get("type") or error.get("status")
    code = str(error) if isinstance(error, str | int) and error is not True else ""
    known = code in ("invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope", "access_denied")
    if status >= 500 and not known:
        code = ""
    elif not code:
        code = "invalid_client" if status in _CLIENT else "no access_token in the answer"
    return code, text if isinstance(text, str) else ""


def _plain(text: str, secrets: Iterable[str]) -> str:
    """One line of at most 200 characters without anybody's secrets."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    return re.sub(r"[\s\x00-\x1f\x7f\u2028\u2029]+", " ", text).strip()[:200]
