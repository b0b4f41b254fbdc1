"""Dialbook's HTTP API: calls, numbers, webhooks, account, and the routes that other files hold."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from tieline.sandbox.dialbook import model
from tieline.sandbox.dialbook.contacts import PREFIX, Contacts, Directories, integer_id
from tieline.sandbox.dialbook.listing import linked, order
from tieline.sandbox.dialbook.oauth import CLIENT_ID, Tokens
from tieline.sandbox.dialbook.store import Store, given
from tieline.sandbox.ledger import Ledger
from tieline.sandbox.service import Settings
from tieline.sandbox.web import NO_CONTENT, Refusal, Reply, Request, Router, answer, check_free_form

_CHOICES = {"status": (*get_args(model.CallStatus), "live"), "direction": get_args(model.Direction)}


class Api:
    """Registers all routes of Dialbook on ``router``."""

    def __init__(self, store: Store, router: Router, ledger: Ledger, settings: Settings, tokens: Tokens) -> None:
        self.store, self.ledger = store, ledger
        self._new_call = msgspec.json.Decoder(model.NewCall)
        self._call_patch = msgspec.json.Decoder(model.CallPatch)
        self._number_patch = msgspec.json.Decoder(model.NumberPatch)
        self._webhook = msgspec.json.Decoder(model.NewWebhook)
        add = router.add
        add("POST", "/oauth/token", tokens.issue, object="token", open=True)
        add("GET", f"{PREFIX}/account", self.account)
        Contacts(store, router, ledger, settings)
        Directories(store, router, ledger)
        add("GET", f"{PREFIX}/calls", self.calls, object="call")
        add("POST", f"{PREFIX}/calls", self.dial, object="call")
        add("GET", f"{PREFIX}/calls/{{call_id}}", self.call, object="call")
        add("PATCH", f"{PREFIX}/calls/{{call_id}}", self.update_call, object="call")
        add("GET", f"{PREFIX}/numbers", self.numbers, object="number")
        add("GET", f"{PREFIX}/numbers/{{number_id}}", self.number, object="number")
        add("PATCH", f"{PREFIX}/numbers/{{number_id}}", self.update_number, object="number")
        add("GET", f"{PREFIX}/webhooks", self.webhooks, object="webhook")
        add("POST", f"{PREFIX}/webhooks", self.add_webhook, object="webhook")
        add("DELETE", f"{PREFIX}/webhooks/{{webhook_id}}", self.remove_webhook, object="webhook")

    def account(self, request: Request) -> Reply:
        return answer({"id": 42, "name": "Fjord & Friends", "client_id": CLIENT_ID, "plan": "sandbox"})

    def calls(self, request: Request) -> Reply:
        """``status=live`` stands for every call that is not over."""
        sort, descending = order(request, ("id", "started_at", "updated_at"), "id")
        for name, values in _CHOICES.items():
            if request.query.get(name, values[0]) not in values:
                raise Refusal(400, "invalid_parameter", f"'{name}' is one of {', '.join(values)}.", field=name)
        where: list[tuple[str, Any]] = [(name, request.query[name]) for name in _CHOICES if name in request.query]
        if "contact_id" in request.query:
            where.append(("contact_id", integer_id(request.query["contact_id"], "contact_id", 400)))
        wanted = dict(where)

        def keep(call: model.Call) -> bool:
            return (
                ("status" not in wanted or call.status == wanted["status"] or _live(call, wanted["status"]))
                and ("direction" not in wanted or call.direction == wanted["direction"])
                and ("contact_id" not in wanted or call.contact_id == wanted["contact_id"])
            )

        return linked(request, self.store.calls.view(sort, tuple(where), keep), descending)

    def dial(self, request: Request) -> Reply:
        new = request.read(self._new_call)
        number = self.store.numbers.get(new.number_id)
        if number is None:
            raise Refusal(422, "unknown_reference", "There is no number with this id.", field="/number_id")
        call = self.store.begin_call("outbound", number, new.to_number, new.display_name)
        self.ledger.effect(self.ledger.created, "call")
        return answer(call, 201, headers=((b"location", f"{PREFIX}/calls/{call.id}".encode()),))

    def call(self, request: Request) -> Reply:
        return answer(self._call(request))

    def update_call(self, request: Request) -> Reply:
        call = self._call(request)
        changes = given(request.read(self._call_patch))
        check_free_form(changes.get("extra_data"), "/extra_data")
        changed = self.store.change_call(call, changes)
        self.ledger.effect(self.ledger.updated if changed else self.ledger.unchanged, "call")
        return answer(call)

    def numbers(self, request: Request) -> Reply:
        rows = list(self.store.numbers)
        return answer({"numbers": rows}, page=True, records=len(rows))

    def number(self, request: Request) -> Reply:
        return answer(self._number(request))

    def update_number(self, request: Request) -> Reply:
        number = self._number(request)
        changed = self.store.change_number(number, given(request.read(self._number_patch)))
        self.ledger.effect(self.ledger.updated if changed else self.ledger.unchanged, "number")
        return answer(number)

    def webhooks(self, request: Request) -> Reply:
        rows = [_webhook(row) for row in self.store.hooks.subscriptions.values()]
        return answer({"webhooks": rows}, page=True, records=len(rows))

    def add_webhook(self, request: Request) -> Reply:
        """The signing secret is shown here and never again."""
        new = request.read(self._webhook)
        key = f"wh{self.store.dice.getrandbits(40):010x}"
        made = self.store.hooks.subscribe(key, new.url, new.events, new.description, self.store.stamps.next())
        self.ledger.effect(self.ledger.created, "webhook")
        return answer({**_webhook(made), "signing_secret": made.secret}, 201)

    def remove_webhook(self, request: Request) -> Reply:
        if self.store.hooks.subscriptions.pop(request.params["webhook_id"], None) is None:
            raise Refusal(404, "webhook_not_found", "There is no webhook with this id.", field="webhook_id")
        self.ledger.effect(self.ledger.deleted, "webhook")
        return NO_CONTENT

    def _call(self, request: Request) -> model.Call:
        call = self.store.calls.get(integer_id(request.params["call_id"], "call_id", 404))
        if call is None:
            raise Refusal(404, "call_not_found", "There is no call with this id.", field="call_id")
        return call

    def _number(self, request: Request) -> model.Number:
        number = self.store.numbers.get(integer_id(request.params["number_id"], "number_id", 404))
        if number is None:
            raise Refusal(404, "number_not_found", "There is no number with this id.", field="number_id")
        return number


def _live(call: model.Call, status: str) -> bool:
    return status == "live" and call.status in model.LIVE


def _webhook(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "events": row.events,
        "description": row.description,
        "created_at": row.created_at,
    }
