"""One endpoint while its facts are gathered from all over the document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.prose.fields import Field
from tieline.connectors.importers.prose.items import Place
from tieline.connectors.importers.prose.shell import Sample


@dataclass(slots=True)
class AnswerDraft:
    """What is known about one answer."""

    status: str
    place: Place
    description: str = ""
    samples: list[Any] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """An endpoint. ``rank``: 3 = told by a heading or line of its own, 2 = by a row or an example, 1 = in passing."""

    method: str
    path: str
    place: Place
    rank: int = 1
    title: str = ""
    said: list[str] = field(default_factory=list)
    tag: str = ""
    server: str = ""
    fields: list[Field] = field(default_factory=list)
    samples: list[tuple[Sample, Place]] = field(default_factory=list)
    bodies: list[tuple[Any, Place]] = field(default_factory=list)
    answers: dict[str, AnswerDraft] = field(default_factory=dict)
    templated: bool = True  # the path was written with its placeholders, not taken from an example
    confidence: float = 0.95
    doubt: str = ""
    deprecated: bool = False
    open: bool = False  # said to need no authentication
    form: bool = False  # said to take form fields
    many: bool = False  # said to answer a list

    @property
    def writes(self) -> bool:
        """True for methods that carry a body."""
        return self.method in ("POST", "PUT", "PATCH", "QUERY")

    def answer(self, status: str, place: Place) -> AnswerDraft:
        """The answer with a status, made where it is not there."""
        if status not in self.answers:
            self.answers[status] = AnswerDraft(status, place)
        return self.answers[status]

    def good_status(self) -> str:
        """The status of the answer that an unlabelled sample belongs to."""
        told = [status for status in self.answers if status[0] == "2"]
        return told[0] if told else "200"

    def has_body_sample(self) -> bool:
        """True where a request with a body was shown."""
        return bool(self.bodies) or any(
            sample.json is not None or sample.form or sample.files for sample, _ in self.samples
        )

    def add_field(self, one: Field) -> None:
        """Take a field; what is told again fills gaps and never contradicts."""
        for known in self.fields:
            if known.name == one.name and (known.where == one.where or not known.where or not one.where):
                known.where = known.where or one.where
                known.schema = {**one.schema, **known.schema}
                known.required = one.required if known.required is None else known.required
                known.description = known.description or one.description
                known.sure = max(known.sure, one.sure)
                return
        if len(self.fields) < 500:
            self.fields.append(one)
