"""Example responses as answers: samples by status, from which a schema is made when all of them are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.description import Answer
from tieline.connectors.importers.reading.jsonread import read_json
from tieline.connectors.importers.sampling import schema_of
from tieline.connectors.importers.values import mapping, sequence, text
from tieline.connectors.manifest.errors import UnreadableDocument

_MAX_EXAMPLES = 100
_MAX_SAMPLES = 20
_MAX_BODY = 2_000_000


@dataclass(slots=True)
class Answers:
    """The answers of one operation while they are collected."""

    by_status: dict[str, Answer] = field(default_factory=dict)
    samples: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, responses: Any, at: str) -> None:
        """Take the examples of one request."""
        for index, one in enumerate(sequence(responses)[:_MAX_EXAMPLES]):
            one = mapping(one)
            status = text(one.get("code"), 3)
            status = status if status.isdigit() and len(status) == 3 else "" if status else "200"
            if not status:
                continue
            place = f"{at}/response/{index}"
            answer = self.by_status.get(status)
            if answer is None:
                name = text(one.get("name"), 500)
                answer = Answer(status, name, pointer=place, schema_pointer=place + "/body")
                self.by_status[status] = answer
            media = ""
            for header in sequence(one.get("header"))[:100]:
                header = mapping(header)
                if name := text(header.get("key"), 100):
                    answer.headers.setdefault(name, "")
                    if name.lower() == "content-type":
                        media = text(header.get("value"), 100).split(";")[0].strip().lower()
            self._body(one, status, answer, media)

    def _body(self, one: dict[str, Any], status: str, answer: Answer, media: str) -> None:
        body = one.get("body")
        if not isinstance(body, str) or not body.strip() or len(body) > _MAX_BODY:
            return
        start = body.lstrip()[0]
        if start in "{[" and "xml" not in media:
            samples = self.samples.setdefault(status, [])
            if len(samples) < _MAX_SAMPLES:
                try:
                    samples.append(read_json(body, []))
                except UnreadableDocument:
                    return
            answer.media = media if "json" in media else "application/json"
        elif not answer.media:
            answer.media = media or ("application/xml" if start == "<" else "text/plain")

    def close(self) -> list[Answer]:
        """The answers with their schemas."""
        for status, samples in self.samples.items():
            if samples:
                self.by_status[status].schema = schema_of(samples)
        return list(self.by_status.values())
