"""Handshakes: vendors that first ask whether the address is ours. Which one an event has says its ``handshake``.

| kind | the vendor | we answer |
|---|---|---|
| ``challenge`` | POSTs JSON; ``when`` (places and values, default ``{"$.type": "url_verification"}``) tells it apart from a delivery; ``path`` (default ``$.challenge``) is the challenge | it, as text, or with ``answer: json`` in an object under ``key`` |
| ``query`` | GETs or POSTs with the challenge in the parameter ``param``; ``token_param``, where set, must be the word that we gave him | the challenge as text |
| ``hmac`` | as ``challenge`` (defaults of Zoom) | the challenge and its HMAC-SHA256 under the signing secret, hex |
| ``header`` | sends the header ``header`` (default ``X-Hook-Secret``) once | the same header; its value is the signing secret from now on |
| ``alive`` | GETs or HEADs the address | 200 |
| ``none`` | | nothing is answered |

Where an event says nothing, ``challenge`` and a POST with the parameter ``validationToken`` are answered, which nobody
can mistake for a delivery.
"""  # noqa: E501

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct, field

from tieline.connectors.manifest import paths
from tieline.connectors.webhooks.bodies import scalar
from tieline.connectors.webhooks.keys import Keys
from tieline.core import json
from tieline.security.signatures import Message

_LONGEST: Final = 4096


class Reply(Struct, frozen=True, kw_only=True):
    """What goes back. ``secret`` is one that the vendor has just told us."""

    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    secret: str = ""


Answer = Callable[[Mapping[str, Any], Message, Any, Keys], Reply | None]

KINDS: dict[str, Answer] = {}


def kind(name: str) -> Callable[[Answer], Answer]:
    """Decorator: this function answers handshakes of that kind, None for what is none."""

    def add(answer: Answer) -> Answer:
        KINDS[name] = answer
        return answer

    return add


def answer(settings: Mapping[str, Any], message: Message, body: Any, keys: Keys) -> Reply | None:
    """The answer to a handshake; None where the message is something else."""
    if not settings:
        return KINDS["challenge"]({}, message, body, keys) or (
            KINDS["query"]({"param": "validationToken"}, message, body, keys) if message.method == "POST" else None
        )
    answering = KINDS.get(str(settings.get("kind", "challenge")))
    return answering(settings, message, body, keys) if answering is not None else None


@kind("challenge")
def _challenge(settings: Mapping[str, Any], message: Message, body: Any, keys: Keys) -> Reply | None:
    challenge = _asked(settings, message, body, {"$.type": "url_verification"}, "$.challenge")
    if not challenge:
        return None
    if settings.get("answer") == "json":
        return _json({str(settings.get("key", "challenge")): challenge})
    return Reply(body=challenge.encode())


@kind("hmac")
def _hmac(settings: Mapping[str, Any], message: Message, body: Any, keys: Keys) -> Reply | None:
    challenge = _asked(settings, message, body, {"$.event": "endpoint.url_validation"}, "$.payload.plainToken")
    if not challenge or not keys.secret:
        return None
    digest = hmac.new(keys.secret.encode(), challenge.encode(), hashlib.sha256).hexdigest()
    names = str(settings.get("key", "plainToken")), str(settings.get("hmac_key", "encryptedToken"))
    return _json({names[0]: challenge, names[1]: digest})


@kind("query")
def _query(settings: Mapping[str, Any], message: Message, body: Any, keys: Keys) -> Reply | None:
    try:
        given = parse_qs(urlsplit(message.url).query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None
    challenges = given.get(str(settings.get("param", "hub.challenge")), [])
    if len(challenges) != 1 or not _fits(challenges[0]):
        return None
    token_param = str(settings.get("token_param", ""))
    if token_param:
        told = given.get(token_param, [])
        if len(told) != 1 or not keys.verify or not hmac.compare_digest(told[0].encode(), keys.verify.encode()):
            return None
    return Reply(body=challenges[0].encode())


@kind("header")
def _header(settings: Mapping[str, Any], message: Message, body: Any, keys: Keys) -> Reply | None:
    name = str(settings.get("header", "X-Hook-Secret"))
    told = message.header(name)
    # Only the first one is believed: later it would let anybody who knows the address choose the secret.
    if not told or keys.secret or not _fits(told):
        return None
    return Reply(headers={name: told}, secret=told)


@kind("alive")
def _alive(settings: Mapping[str, Any], message: Message, body: Any, keys: Keys) -> Reply | None:
    return Reply() if message.method == "GET" else None


def _asked(settings: Mapping[str, Any], message: Message, body: Any, when: Mapping[str, Any], path: str) -> str:
    """The challenge in the body, where the body is a handshake at all."""
    conditions = settings.get("when", when)
    if message.method != "POST" or not isinstance(body, dict) or not isinstance(conditions, Mapping):
        return ""
    if any(paths.get(body, place) != wanted for place, wanted in conditions.items()):
        return ""
    challenge = scalar(body, str(settings.get("path", path)))
    return challenge if _fits(challenge) else ""


def _fits(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and not any(character in text for character in "\r\n\0")


def _json(value: dict[str, str]) -> Reply:
    return Reply(body=json.dumps(value), content_type="application/json")
