"""Gather's HTTP API under ``/v1``: routes and handlers, one method each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgspec

from tieline.sandbox.gather import model
from tieline.sandbox.gather.metadata import describe
from tieline.sandbox.gather.resource import Resource
from tieline.sandbox.gather.rules import Rules
from tieline.sandbox.gather.store import Store
from tieline.sandbox.ledger import Ledger
from tieline.sandbox.web import NO_CONTENT, Refusal, Reply, Request, Router, answer


class Api:
    """Registers all routes of Gather on ``router``."""

    def __init__(self, store: Store, router: Router, ledger: Ledger, document: Callable[[], dict[str, Any]]) -> None:
        self.store, self.router, self.ledger, self._document = store, router, ledger, document
        self._webhook = msgspec.json.Decoder(model.NewWebhook)
        self._resources()
        router.add("GET", "/v1/account", self.account)
        router.add("GET", "/v1/object-types", self.object_types, object="object_type")
        router.add("GET", "/v1/object-types/{object_type}/fields", self.fields, object="field")
        router.add("GET", "/v1/webhooks", self.webhooks, object="webhook")
        router.add("POST", "/v1/webhooks", self.add_webhook, object="webhook")
        router.add("GET", "/v1/webhooks/{webhook_id}", self.webhook, object="webhook")
        router.add("DELETE", "/v1/webhooks/{webhook_id}", self.remove_webhook, object="webhook")

    def _resources(self) -> None:
        store, rules, router, ledger = self.store, Rules(self.store), self.router, self.ledger
        Resource(
            router,
            ledger,
            "/v1/events",
            "event",
            store.events,
            new=model.NewEvent,
            make=rules.make_event,
            patch=model.EventPatch,
            change=rules.change_event,
            remove=rules.drop_event,
            sorts=("updated_at", "created_at", "starts_at", "name"),
            filters={"status": lambda row: row.status},
            choices={"status": get_args(model.EventStatus)},
        )
        Resource(
            router,
            ledger,
            "/v1/sessions",
            "session",
            store.sessions,
            new=model.NewSession,
            make=rules.make_session,
            patch=model.SessionPatch,
            change=rules.change_timed(store.sessions),
            sorts=("updated_at", "created_at", "starts_at", "title"),
            filters={"event_id": lambda row: row.event_id},
        )
        Resource(
            router,
            ledger,
            "/v1/attendee-categories",
            "attendee_category",
            store.categories,
            new=model.NewCategory,
            make=rules.make_category,
            patch=model.CategoryPatch,
            change=rules.change_category,
            remove=rules.drop_category,
            sorts=("updated_at", "created_at", "name"),
            filters={"event_id": lambda row: row.event_id},
        )
        Resource(
            router,
            ledger,
            "/v1/attendees",
            "attendee",
            store.attendees,
            new=model.NewAttendee,
            make=store.add_attendee,
            patch=model.AttendeePatch,
            change=store.change_attendee,
            remove=rules.drop_attendee,
            sorts=("updated_at", "created_at", "last_name"),
            filters={"email": lambda row: row.email.lower(), "company": lambda row: row.company},
            fold=("email",),
        )
        Resource(
            router,
            ledger,
            "/v1/registrations",
            "registration",
            store.registrations,
            new=model.NewRegistration,
            make=rules.make_registration,
            patch=model.RegistrationPatch,
            change=rules.change_registration,
            remove=store.remove_registration,
            sorts=("updated_at", "created_at", "reference"),
            filters={
                "event_id": lambda row: row.event_id,
                "category_id": lambda row: row.category_id,
                "attendee_id": lambda row: row.attendee.id,
                "status": lambda row: row.status,
            },
            choices={"status": get_args(model.RegistrationStatus)},
        )
        Resource(
            router,
            ledger,
            "/v1/check-ins",
            "check_in",
            store.check_ins,
            new=model.NewCheckIn,
            make=rules.make_check_in,
            sorts=("updated_at", "created_at", "checked_in_at"),
            filters={"event_id": lambda row: row.event_id, "registration_id": lambda row: row.registration_id},
        )

    def account(self, request: Request) -> Reply:
        """Whose key this is: the cheapest call to test one with."""
        account = {
            "id": "acc_sandbox",
            "name": "Fjord & Friends Events",
            "plan": "sandbox",
            "timezone": "Europe/Brussels",
        }
        return answer(account)

    def object_types(self, request: Request) -> Reply:
        types = self._document()["x-object-types"]
        rows = [{"name": name, "label": entry["label"], "path": entry["path"]} for name, entry in types.items()]
        return answer({"data": rows}, page=True, records=len(rows))

    def fields(self, request: Request) -> Reply:
        """The fields of one object type, read out of the document's own schema."""
        document = self._document()
        entry = document["x-object-types"].get(request.params["object_type"])
        if entry is None:
            raise Refusal(404, "object_type_not_found", "See /v1/object-types for the names.", field="object_type")
        rows = describe(document, document["components"]["schemas"][entry["schema"]])
        return answer({"data": rows}, page=True, records=len(rows))

    def webhooks(self, request: Request) -> Reply:
        rows = [_webhook(row) for row in self.store.hooks.subscriptions.values()]
        return answer({"data": rows}, page=True, records=len(rows))

    def add_webhook(self, request: Request) -> Reply:
        """The secret is shown here and never again."""
        new = request.read(self._webhook)
        at = self.store.stamps.next()
        made = self.store.hooks.subscribe(self.store.new_id("whk"), new.url, new.events, new.description, at)
        self.ledger.effect(self.ledger.created, "webhook")
        where = f"/v1/webhooks/{made.id}".encode()
        return answer({**_webhook(made), "secret": made.secret}, 201, headers=((b"location", where),))

    def webhook(self, request: Request) -> Reply:
        found = self.store.hooks.subscriptions.get(request.params["webhook_id"])
        if found is None:
            raise Refusal(404, "webhook_not_found", "There is no webhook with this id.", field="webhook_id")
        return answer(_webhook(found))

    def remove_webhook(self, request: Request) -> Reply:
        if self.store.hooks.subscriptions.pop(request.params["webhook_id"], None) is None:
            raise Refusal(404, "webhook_not_found", "There is no webhook with this id.", field="webhook_id")
        self.ledger.effect(self.ledger.deleted, "webhook")
        return NO_CONTENT


def _webhook(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "events": row.events,
        "description": row.description,
        "created_at": row.created_at,
    }
