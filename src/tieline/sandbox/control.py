"""The control desk under ``/_sandbox``, on both servers: faults, limits, ledger, report, and acts of the outside world.

It is no part of either product, needs no credentials, and refuses what a web page of another origin sends.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tieline.sandbox.faults import KINDS, Rule
from tieline.sandbox.limits import Limit
from tieline.sandbox.report import report
from tieline.sandbox.service import CONTROL, Service, Settings
from tieline.sandbox.touch import touch
from tieline.sandbox.web import Refusal, Reply, Request, Router, answer, check_free_form, encode
from tieline.sandbox.world import World


class Input(Struct, kw_only=True, forbid_unknown_fields=True):
    """A field that the desk does not know is an error."""


class Touch(Input):
    registrations: Annotated[int, Meta(ge=1, le=10_000)] = 7
    new: Annotated[int, Meta(ge=0, le=10_000)] | None = None


class Ring(Input):
    """``to``: one of the account's numbers; the first without it."""

    from_number: Annotated[str, Meta(pattern=r"^\+?[0-9][0-9 ()./-]{2,29}$")]
    to: str | None = None


class Expect(Input):
    """External ids that must have a contact in the end: listed, or ``prefix`` + 0 ... ``count`` - 1."""

    external_ids: list[str] = []
    prefix: str = ""
    count: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Reset(Input):
    registrations: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    seed: int | None = None


class Desk:
    """The routes of one server's desk. ``rebuild`` replaces the world that both servers show."""

    def __init__(self, world: World, service: Service, rebuild: Callable[[int, int], None]) -> None:
        self.world, self.service, self.rebuild = world, service, rebuild
        self.router = Router()
        add = self.router.add
        add("GET", CONTROL, self.index)
        add("GET", f"{CONTROL}/ledger", self.ledger)
        add("POST", f"{CONTROL}/ledger/reset", self.reset_ledger)
        add("GET", f"{CONTROL}/requests", self.requests)
        add("GET", f"{CONTROL}/report", self.report)
        add("GET", f"{CONTROL}/faults", self.faults)
        add("POST", f"{CONTROL}/faults", self.add_fault)
        add("DELETE", f"{CONTROL}/faults", self.clear_faults)
        add("DELETE", f"{CONTROL}/faults/{{rule_id}}", self.clear_faults)
        add("GET", f"{CONTROL}/limits", self.limits)
        add("POST", f"{CONTROL}/limits", self.set_limits)
        add("DELETE", f"{CONTROL}/limits", self.clear_limits)
        add("GET", f"{CONTROL}/settings", self.settings)
        add("POST", f"{CONTROL}/settings", self.set_settings)
        add("GET", f"{CONTROL}/deliveries", self.deliveries)
        add("POST", f"{CONTROL}/reset", self.reset)
        if service is world.events:
            add("POST", f"{CONTROL}/touch", self.touch)
        else:
            add("POST", f"{CONTROL}/ring", self.ring)
            add("POST", f"{CONTROL}/expect", self.expect)
            add("POST", f"{CONTROL}/tokens/expire", self.expire_tokens)

    def __call__(self, request: Request) -> Reply:
        try:
            if request.header(b"origin") not in ("", request.base):
                raise Refusal(403, "foreign_origin", "Web pages of another origin may not use the control desk.")
            route, request.params = self.router.find(request.method, request.raw_path)
            return route.handler(request)
        except Refusal as error:
            body = {"error": {"code": error.code, "message": error.message, "field": error.field}}
            return Reply(error.status, encode(body), ((b"content-type", b"application/json"), *error.headers))

    def index(self, request: Request) -> Reply:
        routes = [route.name for route in self.router.routes]
        return answer({"service": self.service.name, "pid": os.getpid(), "routes": routes, "faults": sorted(KINDS)})

    def ledger(self, request: Request) -> Reply:
        """``?full=1`` lists every page that was served, not only those that were served again."""
        present = {row.external_id for row in self.world.telephony_store.contacts if row.external_id is not None}
        return answer(
            self.service.ledger.summary(present=present, full=request.query.get("full") == "1") | self._limited()
        )

    def _limited(self) -> dict[str, Any]:
        return {"rate_limited": {"refused": self.service.limits.refused, "early": self.service.limits.early}}

    def reset_ledger(self, request: Request) -> Reply:
        self.service.ledger.reset()
        self.service.limits.refused = self.service.limits.early = 0
        return answer({"since": self.service.ledger.since})

    def requests(self, request: Request) -> Reply:
        """The last 2,000 calls; ``path`` (part of it) and ``method`` choose."""
        path, method = request.query.get("path", ""), request.query.get("method", "").upper()
        kept = self.service.ledger.requests
        return answer({"data": [r for r in kept if path in r["path"] and method in ("", r["method"])]})

    def report(self, request: Request) -> Reply:
        return answer(report(self.world, request.query))

    def faults(self, request: Request) -> Reply:
        return answer({"data": self.service.faults.rules})

    def add_fault(self, request: Request) -> Reply:
        return answer(self.service.faults.add(request.read(_RULE)), 201)

    def clear_faults(self, request: Request) -> Reply:
        text = request.params.get("rule_id")
        if text is not None and not text.isdigit():
            raise Refusal(404, "fault_not_found", "There is no rule with this id.", field="rule_id")
        removed = self.service.faults.remove(None if text is None else int(text))
        if text is not None and not removed:
            raise Refusal(404, "fault_not_found", "There is no rule with this id.", field="rule_id")
        return answer({"removed": removed})

    def limits(self, request: Request) -> Reply:
        return answer({"limit": self.service.limits.limit} | self._limited())

    def set_limits(self, request: Request) -> Reply:
        limit = request.read(_LIMIT)
        if not (0 <= limit.calls <= 10**9 and 0.01 <= limit.seconds <= 86_400):
            raise Refusal(422, "bad_limit", "'calls' is at least 0, 'seconds' from 0.01 to 86400.", field="/calls")
        self.service.limits.set(limit)
        return answer({"limit": limit})

    def clear_limits(self, request: Request) -> Reply:
        self.service.limits.set(Limit())
        return answer({"limit": self.service.limits.limit})

    def settings(self, request: Request) -> Reply:
        return answer(self.world.settings)

    def set_settings(self, request: Request) -> Reply:
        """Fields that are left out stay as they are; both servers share the settings."""
        request.read(_SETTINGS)
        current = self.world.settings
        for field, value in msgspec.json.decode(request.body).items():
            if isinstance(value, int | float) and not 0 <= value <= 86_400:
                raise Refusal(422, "bad_setting", f"'{field}' is from 0 to 86400.", field=f"/{field}")
            setattr(current, field, value)
        for service in (self.world.events, self.world.telephony):
            service.hooks.backoff = current.webhook_backoff
        return answer(current)

    def deliveries(self, request: Request) -> Reply:
        return answer({"data": list(self.service.hooks.deliveries)})

    def reset(self, request: Request) -> Reply:
        """Puts both products back to their seed; tokens, webhooks, faults, limits and ledgers go as well."""
        given = request.read(_RESET) if request.body else Reset()
        registrations = self.world.registrations if given.registrations is None else given.registrations
        seed = self.world.seed if given.seed is None else given.seed
        self.rebuild(registrations, seed)
        return answer({"registrations": registrations, "seed": seed})

    def touch(self, request: Request) -> Reply:
        given = request.read(_TOUCH) if request.body else Touch()
        if given.new is not None and given.new > given.registrations:
            raise Refusal(422, "bad_touch", "'new' is at most 'registrations'.", field="/new")
        return answer(touch(self.world.events_store, given.registrations, given.new))

    def ring(self, request: Request) -> Reply:
        """Somebody calls one of the account's numbers."""
        given = request.read(_RING)
        store = self.world.telephony_store
        found = [number for number in store.numbers if given.to in (None, number.phone_number)]
        if not found:
            raise Refusal(422, "unknown_number", "'to' is none of the account's numbers.", field="/to")
        return answer(store.begin_call("inbound", found[0], given.from_number), 201)

    def expect(self, request: Request) -> Reply:
        given = request.read(_EXPECT)
        check_free_form(given.external_ids, "/external_ids")
        expected = self.service.ledger.expected
        expected.update(given.external_ids)
        expected.update(f"{given.prefix}{number}" for number in range(given.count))
        return answer({"expected": len(expected)})

    def expire_tokens(self, request: Request) -> Reply:
        return answer({"expired": self.world.tokens.expire()})


_RULE = msgspec.json.Decoder(Rule)
_LIMIT = msgspec.json.Decoder(Limit)
_SETTINGS = msgspec.json.Decoder(Settings)
_TOUCH = msgspec.json.Decoder(Touch)
_RING = msgspec.json.Decoder(Ring)
_EXPECT = msgspec.json.Decoder(Expect)
_RESET = msgspec.json.Decoder(Reset)
