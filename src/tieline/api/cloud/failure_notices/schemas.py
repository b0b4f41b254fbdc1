"""Failure notices on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body, Whole
from tieline.automations.alerts.rules import (
    EVERY_SECONDS,
    LEAST_SECONDS,
    MOST_ADDRESSES,
    MOST_SECONDS,
    Rule,
)
from tieline.core.clock import iso

Ending = Literal["failed", "warnings", "stopped", "exceeded limit", "recovered"]
Address = Annotated[str, StringConstraints(min_length=3, max_length=320)]


class WebhookBody(Body):
    """Where a notice is posted, signed as Standard Webhooks has it."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] = Field(description="http or https.")
    new_secret: bool = Field(
        alias="newSecret", default=False, description="Makes another secret although the address is the same."
    )


class FailureNoticeBody(Body):
    """Who is told of what. What is left out gets its default."""

    on: list[Ending] = Field(
        default=["failed", "exceeded limit"], max_length=20, description="How a run has to end; empty = nobody is told."
    )
    mail: list[Address] = Field(default_factory=list, max_length=MOST_ADDRESSES, description="Bare mail addresses.")
    webhook: WebhookBody | None = Field(default=None, description="Where a notice is posted.")
    every_seconds: Whole = Field(
        alias="everySeconds",
        default=EVERY_SECONDS,
        ge=LEAST_SECONDS,
        le=MOST_SECONDS,
        description="At most one notice in so many seconds; what ends badly meanwhile is told in the next one.",
    )


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ShownWebhook(_Wire):
    """Where a notice is posted."""

    url: str
    secret: str = Field(default="", description="Only in the answer to the request that made it.")


class FailureNotice(_Wire):
    """Who is told of what."""

    on: list[Ending]
    mail: list[str]
    every_seconds: int
    webhook: ShownWebhook | None = None
    inherited: bool = Field(default=False, description="The automation has none of its own: the tenant's holds.")
    told_at: datetime | None = Field(default=None, description="When somebody was told last.")
    untold: int = Field(default=0, description="Bad ends since then of which nobody was told yet.")


class Trial(_Wire):
    """What became of a test."""

    channel: Literal["mail", "webhook"]
    ok: bool
    detail: str = Field(default="", description="Why it could not be delivered.")


class TrialList(BaseModel):
    """One for each way in which notices go out."""

    data: list[Trial]


def show_notice_rule(rule: Rule, row: Mapping[str, Any] | None = None, secret: str | None = None) -> dict[str, Any]:
    """Settings without secrets, but for one that was just made; ``row``: the automation's."""
    shown: dict[str, Any] = {"on": rule.on, "mail": rule.mail, "everySeconds": rule.every_seconds}
    if rule.url:
        shown["webhook"] = {"url": rule.url} if secret is None else {"url": rule.url, "secret": secret}
    if row is not None:
        shown["inherited"] = rule.of_tenant
        shown["untold"] = row["failures_untold"]
        if row["failure_told_at"] is not None:
            shown["toldAt"] = iso(row["failure_told_at"])
    return shown
