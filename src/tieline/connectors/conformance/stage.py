"""What the mock plays in one scenario: an API with one block, its faults, and a memory of what it was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import UNSET, Struct

from tieline.connectors.conformance.clockwork import VirtualBudget
from tieline.connectors.conformance.desks import Desk
from tieline.connectors.conformance.messages import Received, Reply, answer
from tieline.connectors.conformance.paging import Refused, Shelf
from tieline.connectors.conformance.requests import problems
from tieline.connectors.conformance.samples import type_of
from tieline.connectors.conformance.shapes import clean, record_schema, records_of, single
from tieline.connectors.conformance.soap import enveloped
from tieline.connectors.manifest.model import Block, Idempotency, Manifest
from tieline.connectors.manifest.paths import MISSING, get

MOST_CALLS: Final = 60
PAGE: Final = b"<!DOCTYPE html><html><body><h1>It works</h1></body></html>"


class Good(Struct):
    """The good answer of a block without pages, and what a caller must get of it."""

    reply: Reply
    data: Any = None


class Stage:
    """One block of one manifest for one client."""

    def __init__(
        self,
        block: Block,
        manifest: Manifest,
        base: str,
        given: Mapping[str, Any],
        desk: Desk,
        budget: VirtualBudget,
        shelf: Shelf | None,
    ) -> None:
        self.block = block
        self.manifest = manifest
        self.base = base
        self.given = given
        self.desk = desk
        self.budget = budget
        self.shelf = shelf
        self.good = good_answer(block, manifest)
        self.faults: list[Fault] = []
        self.always: Fault | None = None
        self.calls: list[Received] = []
        self.times: list[float] = []
        self.effects: list[str] = []
        self.problems: list[str] = []
        self.turned_away = 0
        self.filter: Callable[[Received, Shelf], Shelf] | None = None

    def handle(self, received: Received) -> Reply:
        """The answer to one request."""
        served = self.desk.serve(received)
        if served is not None:
            return served
        if why := self.desk.problem(received):
            self.turned_away += 1
            if self.turned_away > 1 or self.desk.kind != "digest":
                self.problems.append(why)
            return self.desk.challenge()
        self.calls.append(received)
        self.times.append(self.budget.now)
        if len(self.calls) > MOST_CALLS:
            self.problems.append(f"more than {MOST_CALLS} calls were made")
            return answer({"message": "enough"}, 400)
        self.problems += problems(received, self.block, self.manifest, self.base, self.given, self.desk.carried())
        fault = self.faults.pop(0) if self.faults else self.always
        if fault is not None:
            found = fault(self, received)
            if found is not None:
                return found
        return self.content(received)

    def content(self, received: Received) -> Reply:
        """What the API says when nothing is wrong; a write takes effect."""
        return enveloped(self._content(received), self.block, self.manifest)

    def _content(self, received: Received) -> Reply:
        if self.shelf is not None:
            try:
                shelf = self.filter(received, self.shelf) if self.filter is not None else self.shelf
                return shelf.page(received)
            except Refused as error:
                self.problems.append(str(error))
                return answer({"message": "no such page"}, 400)
        return self._write(received) if self.block.writes else self.good.reply

    def _write(self, received: Received) -> Reply:
        rule = self.idempotency
        key = received.headers.get(rule.header.lower(), "") if rule.kind == "header" else ""
        if rule.kind == "header" and not key:
            self.problems.append(f"the write carries no {rule.header}")
        if rule.kind == "header" and key in self.effects:
            return self.good.reply
        if rule.kind == "natural_key" and self.effects and self.block.kind == "create":
            return answer({"message": "it is there already"}, rule.conflict[0] if rule.conflict else 409)
        if self.block.kind in ("delete", "webhook_remove") and self.effects:
            return answer({"message": "not found"}, 404)
        if rule.kind in ("upsert", "natural_key") and self.effects:
            return self.good.reply
        self.effects.append(key)
        return self.good.reply

    @property
    def idempotency(self) -> Idempotency:
        found = self.manifest.idempotency if self.block.idempotency is UNSET else self.block.idempotency
        return found if found is not UNSET and self.block.writes else Idempotency()

    def deciding_rule(self, status: int, body: Any) -> str:
        """What the manifest's own error rules say about an answer; "" = nothing."""
        for rule in (*self.block.errors, *self.manifest.errors):
            if rule.status and status not in rule.status:
                continue
            if not rule.path:
                if rule.status:
                    return rule.then
                continue
            found = get(body, rule.path)
            if found is not MISSING and (found == rule.equals if rule.equals is not UNSET else bool(found)):
                return rule.then
        return ""


Fault = Callable[[Stage, Received], Reply | None]


def status(code: int, body: Any = None, headers: dict[str, str] | None = None) -> Fault:
    """An answer of that status before anything happened."""
    return lambda stage, received: answer({"message": "not now"} if body is None else body, code, headers)


def reset(stage: Stage, received: Received) -> Reply | None:
    """The connection breaks before anything happened."""
    return Reply(reset=True)


def lost(stage: Stage, received: Received) -> Reply | None:
    """Everything happened, and the answer is lost."""
    stage.content(received)
    return Reply(reset=True)


def cut(stage: Stage, received: Received) -> Reply | None:
    """Everything happened, and half of the JSON arrives, under a length that says that it is whole."""
    found = stage.content(received)
    return Reply(status=found.status, headers=found.headers, body=found.body[: max(1, len(found.body) // 2)])


def web_page(stage: Stage, received: Received) -> Reply | None:
    """A web page with status 200 stands where data should be."""
    stage.content(received)
    return Reply(status=200, headers={"content-type": "text/html; charset=utf-8"}, body=PAGE)


def expired(stage: Stage, received: Received) -> Reply | None:
    """The credentials that were good until now are not any more."""
    stage.desk.revoke()
    return stage.desk.challenge()


def good_answer(block: Block, manifest: Manifest) -> Good:
    """The answer of a block that gives one record, a file, or nothing."""
    schema = record_schema(block, manifest)
    if block.output.get("format") in ("binary", "byte") or block.output.get("contentEncoding"):
        return Good(Reply(headers={"content-type": "application/octet-stream"}, body=b"text"), "dGV4dA==")
    if block.method.upper() == "HEAD" or (block.kind in ("delete", "webhook_remove") and not block.output):
        return Good(Reply(status=204), None)
    if not schema and not block.records and block.kind in ("action", "update", "webhook_add"):
        return Good(Reply(status=204), None)
    code = 201 if block.kind in ("create", "webhook_add") else 200
    record = records_of(block, manifest, 1)[0]
    if type_of(schema) == "string" and not block.records:
        return Good(Reply(status=code, headers={"content-type": "text/plain"}, body=str(record).encode()), str(record))
    if block.transport == "graphql" and not block.records:
        record = {"data": {str(block.graphql.get("field") or "answer"): record}}
    body = clean(single(block, record), (*block.errors, *manifest.errors))
    found = get(body, block.records) if block.records else body
    return Good(answer(body, code), None if found is MISSING else found)


def whole_json(good: Good) -> bool:
    """Whether an answer is JSON that can be cut in two."""
    return good.reply.headers.get("content-type") == "application/json" and len(good.reply.body) > 3
