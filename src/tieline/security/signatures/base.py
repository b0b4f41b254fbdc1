"""What all dialects share: the message, the verdict, the registry, and comparisons that tell nothing."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Literal

import msgspec
from msgspec import Struct

from tieline.core.errors import BadInput, Unauthorized

TOLERANCE: Final = 300.0
"""Seconds that a timestamp may lie in the past or in the future (Standard Webhooks 1.0, "Verifying webhook
authenticity")."""

_LONGEST_HEADER: Final = 8192
_LONGEST_ID: Final = 1000
_MOST_SECRETS: Final = 10

Reason = Literal["missing-header", "repeated-header", "malformed", "stale", "future", "mismatch", "no-secret"]
Encoding = Literal["hex", "base64", "base64url"]
Algorithm = Literal["sha1", "sha256", "sha384", "sha512"]


class SignatureRefused(Unauthorized):
    """The message does not prove that it comes from who we expect."""

    code = "signature-refused"
    title = "Webhook signature refused"

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail, meta={"reason": reason})
        self.reason = reason


class Message(Struct, frozen=True, kw_only=True):
    """An incoming message. ``headers`` as they came, repeated ones too; ``body`` before any decoding; ``url`` the
    public address that the sender was given, with the query that he added.
    """

    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    url: str = ""
    method: str = "POST"

    def __repr__(self) -> str:
        return f"Message({self.method}, {len(self.body)} bytes)"

    def header(self, name: str) -> str:
        """The value of a header in whatever case, "" where there is none. Raises `SignatureRefused` for two of them:
        whoever reads the other one would see another message.
        """
        wanted = name.lower()
        found = [value for key, value in self.headers if key.lower() == wanted]
        if len(found) > 1:
            raise SignatureRefused("repeated-header", f"the header {name} stands there more than once; send it once")
        if found and len(found[0]) > _LONGEST_HEADER:
            raise SignatureRefused("malformed", f"the header {name} is longer than {_LONGEST_HEADER} characters")
        return found[0].strip() if found else ""

    def require(self, name: str) -> str:
        """The value of a header that must be there and not be empty."""
        value = self.header(name)
        if not value:
            raise SignatureRefused("missing-header", f"the header {name} is missing or empty")
        return value


class Verified(Struct, frozen=True):
    """The message is genuine. ``id`` is the sender's name for it, ``timestamp`` when he signed it, where he says so."""

    id: str = ""
    timestamp: datetime | None = None


class Dialect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to sign; the fields are what a manifest may set. ``id_header`` and ``id_path`` say where the sender's
    name for a message is: a header, or a ``$``-path into the body that the caller resolves.
    """

    NAME: ClassVar[str] = ""
    SECRET: ClassVar[bool] = True  # nothing can be verified without one

    dialect: str = ""
    id_header: str = ""
    id_path: str = ""

    def check(self, keys: Sequence[str], message: Message, moment: datetime) -> Verified:
        """Raises `SignatureRefused`. ``keys`` are never empty where `SECRET` is true."""
        raise NotImplementedError

    def make_secret(self) -> str:
        """A fresh secret in the form that this dialect wants."""
        return secrets.token_hex(32)

    def named(self, message: Message) -> str:
        """The sender's name for the message from its header, "" where there is none."""
        return message.header(self.id_header)[:_LONGEST_ID] if self.id_header else ""


_kinds: dict[str, type[Dialect]] = {}
_presets: dict[str, dict[str, Any]] = {}


def register(kind: type[Dialect]) -> type[Dialect]:
    """Class decorator: the dialect is known under its ``NAME``."""
    if kind.NAME in _kinds:
        raise ValueError(f"the dialect {kind.NAME} is registered twice")
    _kinds[kind.NAME] = kind
    return kind


def preset(name: str, kind: str, **settings: Any) -> None:
    """``name`` stands for the dialect ``kind`` with these settings, which a manifest may still change."""
    if name in _kinds or name in _presets:
        raise ValueError(f"the dialect {name} is registered twice")
    _presets[name] = {**settings, "dialect": kind}


def dialects() -> list[str]:
    """The names of all dialects."""
    return sorted({*_kinds, *_presets})


def opened(config: Mapping[str, Any]) -> Dialect:
    """The dialect that a manifest describes. Raises `BadInput` for an unknown one and for wrong settings."""
    given = dict(config)
    name = given.pop("dialect", "unsigned")
    settings = {**_presets.get(name, {"dialect": name}), **given} if isinstance(name, str) else {"dialect": ""}
    kind = _kinds.get(settings["dialect"])
    if kind is None:
        raise BadInput(f"the webhook dialect {str(name)[:60]!r} does not exist; there are {', '.join(dialects())}")
    try:
        return msgspec.convert(settings, kind)
    except msgspec.ValidationError as error:
        raise BadInput(f"the settings of the webhook dialect {name!r} are wrong: {error}") from None
    except UnicodeError:
        raise BadInput(f"the settings of the webhook dialect {name!r} hold half of a surrogate pair") from None


def verify(config: Mapping[str, Any], keys: Iterable[str], message: Message, moment: datetime) -> Verified:
    """Whether one of the secrets ``keys`` has signed the message as ``config`` says.

    ``config`` is a dialect's name with settings: ``{"dialect": "github"}``. Of several secrets any one will do, so that
    they can be changed without a pause. Raises `SignatureRefused`, whose text holds no secret, and `BadInput` for a
    ``config`` that is wrong.
    """
    dialect = opened(config)
    usable = [key for key in keys if key][:_MOST_SECRETS]
    if dialect.SECRET and not usable:
        raise SignatureRefused("no-secret", "the signature cannot be checked: no signing secret is known")
    found = dialect.check(usable, message, moment)
    return found if found.id else Verified(dialect.named(message), found.timestamp)


def new_secret(config: Mapping[str, Any]) -> str:
    """A fresh signing secret for a dialect."""
    return opened(config).make_secret()


def same(one: bytes, other: bytes) -> bool:
    """Equal in length and content, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def same_text(one: str, other: str) -> bool:
    """`same` for text; both sides are hashed, so that not even the length of the secret shows."""
    return same(
        hashlib.sha256(one.encode("utf-8", "surrogatepass")).digest(),
        hashlib.sha256(other.encode("utf-8", "surrogatepass")).digest(),
    )


def wire(text: str) -> bytes:
    """The bytes of a header's value as they came: servers read headers as Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def decoded(text: str, encoding: Encoding) -> bytes | None:
    """The bytes of a signature; None for what is not that encoding."""
    try:
        raw = text.strip().encode("ascii")
        if encoding == "hex":
            return binascii.unhexlify(raw)
        if encoding == "base64url":
            raw = raw.replace(b"-", b"+").replace(b"_", b"/")
        return base64.b64decode(raw.rstrip(b"=") + b"=" * (-len(raw.rstrip(b"=")) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None


def moment_of(text: str, unit: str, header: str) -> datetime:
    """A timestamp in seconds (``s``), milliseconds (``ms``) or RFC 3339 (``iso``)."""
    try:
        if unit == "iso":
            found = datetime.fromisoformat(text)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        if not text.isascii() or not text.isdigit() or len(text) > 16:
            raise ValueError
        return datetime.fromtimestamp(int(text) / (1000 if unit == "ms" else 1), UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureRefused("malformed", f"the timestamp in {header} cannot be read") from None


def in_time(signed: datetime, moment: datetime, tolerance: float) -> None:
    """Raises `SignatureRefused` for a message that is too old, or from the future."""
    age = (moment - signed).total_seconds()
    if age > tolerance:
        raise SignatureRefused("stale", f"the message was signed more than {tolerance:g} s ago")
    if age < -tolerance:
        raise SignatureRefused("future", f"the message was signed more than {tolerance:g} s in the future")
