"""Mail messages: addresses, headers and parts, checked before anything is sent."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Any

import idna

from tieline.automations.blocks.values import decoded, items, pairs
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.formulas import text_of

MOST_RECIPIENTS = 100
LONGEST_HEADER = 900  # characters; RFC 5322 section 2.1.1 allows lines of 998
LARGEST_BODY = 5 * 2**20  # characters
MOST_ATTACHMENTS = 20
LARGEST_ATTACHMENTS = 15 * 2**20  # bytes of all of them

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([^\s@<>,;:\"()\[\]\\]{1,253})")
_NAMED = re.compile(r"\s*(?:\"?([^<>\"]*?)\"?\s*)<([^<>]*)>\s*")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,76}")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_OURS = frozenset(
    (
        "from to cc bcc sender reply-to subject date message-id mime-version return-path received dkim-signature "
        "resent-from resent-to resent-cc resent-bcc resent-sender resent-date resent-message-id"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that is ready, and where it goes."""

    message: EmailMessage = field(repr=False)
    sender: str
    recipients: list[str]
    identity: str


def line(value: Any, what: str) -> str:
    """Text of one line; raises `BlockInputInvalid` for line breaks, with which a second header could be smuggled in."""
    found = text_of(value).strip()
    if bad := _CONTROL.search(found):
        raise BlockInputInvalid(f"{what} holds a line break or control character at {bad.start()}; remove it")
    if len(found) > LONGEST_HEADER:
        raise BlockInputInvalid(f"{what} has {len(found)} characters; at most {LONGEST_HEADER} are allowed")
    return found


def address(value: Any, what: str) -> tuple[str, str]:
    """(name, address) of "Ada <ada@example.com>" or a bare address; international domains become ASCII."""
    found = line(value, what)
    named = _NAMED.fullmatch(found)
    name, bare = (named[1].strip(), named[2].strip()) if named else ("", found)
    match = _ADDRESS.fullmatch(bare)
    if match is None:
        raise BlockInputInvalid(f"{what} must be a mail address like ada@example.com, not {found[:80]!r}")
    local, _, domain = bare.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise BlockInputInvalid(f"{what} has the domain {domain[:80]!r}, which is no domain name") from None
    return name, f"{local}@{domain}"


def addresses(value: Any, what: str) -> list[tuple[str, str]]:
    """A list of addresses, or text with commas or semicolons between them."""
    value = decoded(value)
    if isinstance(value, str):
        value = [part for part in re.split(r"[,;](?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", value[:100_000]) if part.strip()]
    return [address(entry, what) for entry in items(value)]


def write(given: dict[str, Any], *, identity: str, moment: datetime) -> Letter:
    """The message of the block's evaluated inputs. ``identity`` makes the Message-ID: the same on a repeat."""
    sender = address(given["from"], "from")
    to, copies, blind = (addresses(given[name], name) for name in ("to", "cc", "bcc"))
    everybody = list(dict.fromkeys(bare for _, bare in (*to, *copies, *blind)))
    if not everybody:
        raise BlockInputInvalid("to, cc and bcc are all empty; give at least one address")
    if len(everybody) > MOST_RECIPIENTS:
        raise BlockInputInvalid(f"the mail has {len(everybody)} recipients; at most {MOST_RECIPIENTS} are allowed")
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr(sender)
    for name, listed in (("To", to), ("Cc", copies), ("Reply-To", addresses(given["reply_to"], "reply_to"))):
        if listed:
            message[name] = ", ".join(map(formataddr, listed))
    message["Subject"] = line(given["subject"], "subject")
    message["Date"] = format_datetime(moment)
    message_id = f"<{identity}@{sender[1].rpartition('@')[2]}>"
    message["Message-ID"] = message_id
    _extra(message, given["headers"])
    _body(message, given)
    _attach(message, given["attachments"])
    return Letter(message, sender[1], everybody, message_id)


def _extra(message: EmailMessage, value: Any) -> None:
    headers = decoded(pairs(value))
    if headers in (None, "", []):
        return
    if not isinstance(headers, dict):
        raise BlockInputInvalid("headers must be an object of names and values")
    for name, entry in headers.items():
        if not _TOKEN.fullmatch(name):
            raise BlockInputInvalid(f"headers has the name {name[:60]!r}; use letters, digits and hyphens")
        if name.lower() in _OURS or name.lower().startswith("content-"):
            raise BlockInputInvalid(f"headers must not set {name[:60]}; use the block's own inputs for it")
        message[name] = line(entry, f"headers.{name[:60]}")


def _body(message: EmailMessage, given: dict[str, Any]) -> None:
    plain, html = (text_of(given[name]).encode("utf-8", "replace").decode() for name in ("text", "html"))
    for name, body in (("text", plain), ("html", html)):
        if len(body) > LARGEST_BODY:
            raise BlockInputInvalid(f"{name} has {len(body)} characters; at most {LARGEST_BODY} are allowed")
    if plain or not html:
        message.set_content(plain, cte="quoted-printable")
        if html:
            message.add_alternative(html, subtype="html", cte="quoted-printable")
    else:
        message.set_content(html, subtype="html", cte="quoted-printable")


def _attach(message: EmailMessage, value: Any) -> None:
    listed = decoded(value)
    listed = [listed] if isinstance(listed, dict) else items(listed)
    if len(listed) > MOST_ATTACHMENTS:
        raise BlockInputInvalid(f"attachments has {len(listed)} entries; at most {MOST_ATTACHMENTS} are allowed")
    total = 0
    for index, entry in enumerate(listed):
        what = f"attachments[{index}]"
        if not isinstance(entry, dict):
            raise BlockInputInvalid(f"{what} must be an object with name and content")
        name = line(entry.get("name") or f"attachment-{index + 1}", f"{what}.name").replace("/", "_").replace("\\", "_")
        kind = line(entry.get("type") or "application/octet-stream", f"{what}.type").lower()
        if not _TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
            raise BlockInputInvalid(f"{what}.type must be a media type like application/pdf, not {kind[:60]!r}")
        data = _content(entry, what)
        total += len(data)
        if total > LARGEST_ATTACHMENTS:
            raise BlockInputInvalid(f"the attachments are larger than {LARGEST_ATTACHMENTS} bytes together")
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)


def _content(entry: dict[str, Any], what: str) -> bytes:
    content = entry.get("content")
    encoding = entry.get("encoding") or "text"
    if encoding == "base64":
        try:
            return base64.b64decode("".join(text_of(content).split()), validate=True)
        except (binascii.Error, ValueError):
            raise BlockInputInvalid(f"{what}.content is not base64; set encoding to text for plain text") from None
    if encoding != "text":
        raise BlockInputInvalid(f"{what}.encoding must be text or base64, not {encoding!r:.40}")
    return text_of(content).encode("utf-8", "replace")
