"""What is concluded about a webhook event: values for its fields, how sure they are, and what to ask a person."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.description import Description, Event, Operation
from tieline.connectors.manifest.model import Fact, WebhookEvent

_TAGS = re.compile(
    r"</?(?:p|br|code|a|b|i|strong|em|li|ul|ol|pre|h[1-6]|div|span|td|tr|th|table)\b[^<>]{0,300}>", re.IGNORECASE
)
_ABOUT = re.compile(
    r"web ?hook|call ?back|deliver(?:y|ies|ed)\b|notification|\bpush(?:ed)?\b"
    r"|your (?:endpoint|url)",
    re.IGNORECASE,
)
_PROOF = re.compile(
    r"sign(?:ature|ed|s|ing)\b|hmac|verif|authentic|\bsecret\b|token|challenge|basic auth|handshake", re.IGNORECASE
)
_HEADING = re.compile(r"^(?=#{1,6}\s)", re.MULTILINE)
_LONGEST = 8_000
_MOST = 40


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the document's prose and where it stands."""

    text: str
    at: str


@dataclass(slots=True)
class Conclusion:
    """Fields of an event that belong together. ``ask`` is the question to a person where it is unsure."""

    values: dict[str, Any] = field(default_factory=dict)
    confidence: float = 0.9
    evidence: str = ""
    note: str = ""
    ask: str = ""

    def settle(self, event: WebhookEvent) -> None:
        """Write the values, each with its fact."""
        for name, value in self.values.items():
            setattr(event, name, {**event.inputs, **value} if name == "inputs" else value)
            event.facts[name] = Fact(evidence=[self.evidence], confidence=self.confidence, note=self.note)


def clean(text: str) -> str:
    """Prose without markup tags; placeholders such as ``<timestamp>`` stay."""
    return html.unescape(_TAGS.sub(" ", text))[: _LONGEST * 8]


def of_document(description: Description) -> list[Said]:
    """What the document says in general about how deliveries are proven: the sections that speak of webhooks."""
    found: list[Said] = []
    for text, at in [
        (description.description, "/info/description"),
        *((said, f"/tags/{name}") for name, said in description.tags.items()),
    ]:
        text = clean(text)
        sections = _HEADING.split(text) if _HEADING.search(text) else re.split(r"\n\s*\n", text)
        # A paragraph on signatures may follow the one that says what they are for.
        telling = [one for one in sections if _PROOF.search(one) and (_ABOUT.search(one) or _ABOUT.search(at))]
        found += [Said(one[:_LONGEST], at) for one in telling]
    return found[:_MOST]


def of_operation(op: Operation) -> list[Said]:
    """What the call that subscribes, its fields and its answers say."""
    found = [Said(clean(f"{op.summary}.\n{op.description}"), op.pointer)]
    if op.body is not None and op.body.description:
        found.append(Said(clean(op.body.description), op.body.pointer or op.pointer))
    found += [Said(clean(param.description), param.pointer or op.pointer) for param in op.params if param.description]
    found += [Said(clean(one.description), one.pointer or op.pointer) for one in op.answers if one.good]
    return [one for one in found if one.text.strip(". \n")][:_MOST]


def of_event(event: Event) -> list[Said]:
    """What the event itself and the headers of its deliveries say."""
    found = [Said(clean(f"{event.summary}.\n{event.description}"), event.pointer)]
    found += [Said(clean(f"`{name}` header: {said}"), event.pointer) for name, said in event.headers.items() if said]
    return [one for one in found if one.text.strip(". \n")][:_MOST]


def of_fields(members: Mapping[str, Any], at: str) -> list[Said]:
    """What the descriptions of secrets and addresses among a schema's members say."""
    return [
        Said(clean(f"{name}: {said}"), at)
        for name, one in members.items()
        if isinstance(one, dict) and isinstance(said := one.get("description"), str) and _PROOF.search(f"{name} {said}")
    ][:_MOST]


def is_telling(said: Said) -> bool:
    """Whether it may say something about signatures, secrets or handshakes."""
    return bool(_PROOF.search(said.text))


def joined(saids: Iterable[Said]) -> str:
    """All of it as one text."""
    return "\n\n".join(one.text for one in saids)
