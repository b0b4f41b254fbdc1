"""Dialbook's phone book over HTTP: contacts and directories."""

from __future__ import annotations

from typing import Any

import msgspec

from tieline.sandbox.clock import moment
from tieline.sandbox.dialbook import model
from tieline.sandbox.dialbook.listing import counted, linked, order
from tieline.sandbox.dialbook.store import Store, digits, given
from tieline.sandbox.ledger import Ledger
from tieline.sandbox.service import Settings
from tieline.sandbox.web import NO_CONTENT, Refusal, Reply, Request, Router, answer, check_free_form

PREFIX = "/api/v2"
FOUND_AT_ONCE = 100


class Contacts:
    """Routes below ``/api/v2/contacts``."""

    def __init__(self, store: Store, router: Router, ledger: Ledger, settings: Settings) -> None:
        self.store, self.ledger, self.settings = store, ledger, settings
        self._new = msgspec.json.Decoder(model.NewContact)
        self._put = msgspec.json.Decoder(model.PutContact)
        self._patch = msgspec.json.Decoder(model.ContactPatch)
        path, external = f"{PREFIX}/contacts", f"{PREFIX}/contacts/by-external-id/{{external_id}}"
        router.add("GET", path, self.list, object="contact")
        router.add("POST", path, self.create, object="contact")
        router.add("GET", f"{path}/search", self.search, object="contact")
        router.add("GET", external, self.read_external, object="contact")
        router.add("PUT", external, self.upsert, object="contact")
        router.add("GET", f"{path}/{{contact_id}}", self.read, object="contact")
        router.add("PATCH", f"{path}/{{contact_id}}", self.update, object="contact")
        router.add("DELETE", f"{path}/{{contact_id}}", self.delete, object="contact")

    def list(self, request: Request) -> Reply:
        """Look-ups by external id, number or e-mail are not tracked as pages: asking again is no re-fetch."""
        sort, descending = order(request, ("id", "name", "created_at", "updated_at"), "id")
        query = request.query
        where: list[tuple[str, Any]] = []
        if "external_id" in query:
            where.append(("external_id", query["external_id"]))
        if "phone_number" in query:
            where.append(("phone_number", digits(query["phone_number"])))
        if "email" in query:
            where.append(("email", query["email"].lower()))
        look_up = bool(where)
        if "directory_id" in query:
            where.append(("directory_id", integer_id(query["directory_id"], "directory_id", 400)))
        if "updated_after" in query:
            where.append(("updated_after", moment(query["updated_after"], "updated_after", 400)))
        rows = self.store.contacts.view(sort, tuple(where), _keep(dict(where)) if where else None)
        return counted(request, rows, descending, track=not look_up)

    def search(self, request: Request) -> Reply:
        """Up to 100 contacts whose name, company, e-mail address or number holds ``q``."""
        text = request.query.get("q", "").strip().lower()
        if not text:
            raise Refusal(400, "invalid_parameter", "'q' must not be empty.", field="q")
        number = digits(text) if not any(c.isalpha() for c in text) else None
        found: list[model.Contact] = []
        for row in self.store.contacts:
            heap = f"{row.name}\n{row.company or ''}\n{row.email or ''}\n{row.external_id or ''}".lower()
            if text in heap or (number is not None and number in (digits(row.phone_number) or "")):
                found.append(row)
                if len(found) == FOUND_AT_ONCE:
                    break
        return answer({"items": found, "total": len(found)})

    def create(self, request: Request) -> Reply:
        new = request.read(self._new)
        check_free_form(new.extra_data, "/extra_data")
        known = bool(new.external_id) and bool(self.store.contacts.by("external_id", new.external_id))
        if known and self.settings.unique_external_id:
            raise Refusal(409, "external_id_taken", "A contact with this external_id exists.", field="/external_id")
        contact = self.store.add_contact(**given(new))
        self.ledger.effect(self.ledger.created, "contact", contact.external_id)
        if known:
            self.ledger.effect(self.ledger.duplicated, "contact")
        return answer(contact, 201, headers=((b"location", f"{PREFIX}/contacts/{contact.id}".encode()),))

    def read(self, request: Request) -> Reply:
        return answer(self._find(request))

    def update(self, request: Request) -> Reply:
        contact = self._find(request)
        return self._change(contact, given(request.read(self._patch)))

    def delete(self, request: Request) -> Reply:
        self.store.remove_contact(self._find(request))
        self.ledger.effect(self.ledger.deleted, "contact")
        return NO_CONTENT

    def read_external(self, request: Request) -> Reply:
        found = self.store.contacts.by("external_id", request.params["external_id"])
        if not found:
            raise Refusal(404, "contact_not_found", "There is no contact with this external_id.", field="external_id")
        return answer(found[0])

    def upsert(self, request: Request) -> Reply:
        """Creates (201) or replaces (200); where several contacts share the external id, the oldest is meant."""
        external_id = external(request.params["external_id"])
        fields = given(request.read(self._put))
        found = self.store.contacts.by("external_id", external_id)
        if found:
            return self._change(found[0], fields)
        check_free_form(fields["extra_data"], "/extra_data")
        contact = self.store.add_contact(external_id=external_id, **fields)
        self.ledger.effect(self.ledger.created, "contact", external_id)
        return answer(contact, 201, headers=((b"location", f"{PREFIX}/contacts/{contact.id}".encode()),))

    def _change(self, contact: model.Contact, changes: dict[str, Any]) -> Reply:
        check_free_form(changes.get("extra_data"), "/extra_data")
        changed = self.store.change_contact(contact, changes)
        self.ledger.effect(self.ledger.updated if changed else self.ledger.unchanged, "contact", contact.external_id)
        return answer(contact)

    def _find(self, request: Request) -> model.Contact:
        contact = self.store.contacts.get(integer_id(request.params["contact_id"], "contact_id", 404))
        if contact is None:
            raise Refusal(404, "contact_not_found", "There is no contact with this id.", field="contact_id")
        return contact


class Directories:
    """Routes below ``/api/v2/directories``."""

    def __init__(self, store: Store, router: Router, ledger: Ledger) -> None:
        self.store, self.ledger = store, ledger
        self._new = msgspec.json.Decoder(model.NewDirectory)
        self._put = msgspec.json.Decoder(model.PutDirectory)
        self._patch = msgspec.json.Decoder(model.DirectoryPatch)
        path, by_external = f"{PREFIX}/directories", f"{PREFIX}/directories/by-external-id/{{external_id}}"
        router.add("GET", path, self.list, object="directory")
        router.add("POST", path, self.create, object="directory")
        router.add("GET", by_external, self.read_external, object="directory")
        router.add("PUT", by_external, self.upsert, object="directory")
        router.add("GET", f"{path}/{{directory_id}}", self.read, object="directory")
        router.add("PATCH", f"{path}/{{directory_id}}", self.update, object="directory")
        router.add("DELETE", f"{path}/{{directory_id}}", self.delete, object="directory")

    def list(self, request: Request) -> Reply:
        sort, descending = order(request, ("id", "name", "updated_at"), "id")
        query = request.query
        where: list[tuple[str, Any]] = []
        if "external_id" in query:
            where.append(("external_id", query["external_id"]))
        if "name" in query:
            where.append(("name", query["name"]))
        wanted = dict(where)
        rows = self.store.directories.view(
            sort, tuple(where), lambda row: all(getattr(row, field) == value for field, value in wanted.items())
        )
        for row in rows:
            self.store.shown(row)
        return linked(request, rows, descending)

    def create(self, request: Request) -> Reply:
        directory = self.store.add_directory(**given(request.read(self._new)))
        self.ledger.effect(self.ledger.created, "directory")
        return self._answer(directory, 201)

    def read(self, request: Request) -> Reply:
        return self._answer(self._find(request))

    def update(self, request: Request) -> Reply:
        directory = self._find(request)
        return self._change(directory, given(request.read(self._patch)))

    def delete(self, request: Request) -> Reply:
        self.store.remove_directory(self._find(request))
        self.ledger.effect(self.ledger.deleted, "directory")
        return NO_CONTENT

    def read_external(self, request: Request) -> Reply:
        found = self.store.directories.by("external_id", request.params["external_id"])
        if not found:
            raise Refusal(
                404, "directory_not_found", "There is no directory with this external_id.", field="external_id"
            )
        return self._answer(found[0])

    def upsert(self, request: Request) -> Reply:
        external_id = external(request.params["external_id"])
        fields = given(request.read(self._put))
        found = self.store.directories.by("external_id", external_id)
        if found:
            return self._change(found[0], fields)
        directory = self.store.add_directory(external_id=external_id, **fields)
        self.ledger.effect(self.ledger.created, "directory")
        return self._answer(directory, 201)

    def _change(self, directory: model.Directory, changes: dict[str, Any]) -> Reply:
        changed = self.store.change_directory(directory, changes)
        self.ledger.effect(self.ledger.updated if changed else self.ledger.unchanged, "directory")
        return self._answer(directory)

    def _answer(self, directory: model.Directory, status: int = 200) -> Reply:
        where = f"{PREFIX}/directories/{directory.id}".encode()
        return answer(self.store.shown(directory), status, headers=((b"location", where),) if status == 201 else ())

    def _find(self, request: Request) -> model.Directory:
        directory = self.store.directories.get(integer_id(request.params["directory_id"], "directory_id", 404))
        if directory is None:
            raise Refusal(404, "directory_not_found", "There is no directory with this id.", field="directory_id")
        return directory


def integer_id(text: str, field: str, status: int) -> int:
    """A record id out of a path (404 where it is none) or a query (400)."""
    if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < 2**63:
        return int(text)
    code = "not_found" if status == 404 else "invalid_parameter"
    raise Refusal(status, code, f"'{field}' is a whole number.", field=field)


def external(text: str) -> str:
    if not 0 < len(text) <= 128:
        raise Refusal(422, "invalid_body", "'external_id' has 1 to 128 characters.", field="external_id")
    return text


def _keep(wanted: dict[str, Any]) -> Any:
    since, directory = wanted.get("updated_after"), wanted.get("directory_id")
    phone, mail, key = wanted.get("phone_number"), wanted.get("email"), wanted.get("external_id")

    def keep(row: model.Contact) -> bool:
        return (
            (since is None or row.updated_at > since)
            and ("directory_id" not in wanted or row.directory_id == directory)
            and ("phone_number" not in wanted or (phone is not None and digits(row.phone_number) == phone))
            and ("email" not in wanted or (row.email or "").lower() == mail)
            and ("external_id" not in wanted or row.external_id == key)
        )

    return keep
