"""Create, read, update, delete and list for one kind of record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct

from tieline.sandbox.gather.listing import page
from tieline.sandbox.ledger import Ledger
from tieline.sandbox.table import Row, Table
from tieline.sandbox.web import NO_CONTENT, Refusal, Reply, Request, Router, answer

R = TypeVar("R", bound=Row)


class Resource(Generic[R]):
    """The five usual routes of one kind of record. ``make`` and ``change`` hold the record's own rules."""

    def __init__(
        self,
        router: Router,
        ledger: Ledger,
        path: str,
        name: str,
        table: Table[R],
        *,
        new: type[Struct],
        make: Callable[[Any], R],
        patch: type[Struct] | None = None,
        change: Callable[[R, dict[str, Any]], bool] | None = None,
        remove: Callable[[R], None] | None = None,
        sorts: tuple[str, ...] = ("updated_at", "created_at"),
        filters: Mapping[str, Callable[[R], Any]] | None = None,
        fold: tuple[str, ...] = (),
        choices: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.ledger, self.name, self.path, self.table = ledger, name, path, table
        self.make, self.change, self.drop = make, change, remove
        self.sorts, self.filters, self.fold, self.choices = sorts, filters or {}, fold, choices or {}
        self._new = msgspec.json.Decoder(new)
        self._patch = msgspec.json.Decoder(patch) if patch else None
        self.key = f"{name}_id"
        one = f"{path}/{{{self.key}}}"
        add = router.add
        add("GET", path, self.list, object=name)
        add("POST", path, self.create, object=name)
        add("GET", one, self.read, object=name)
        if patch:
            add("PATCH", one, self.update, object=name)
        add("DELETE", one, self.delete, object=name)

    def list(self, request: Request) -> Reply:
        return page(request, self.table, sorts=self.sorts, filters=self.filters, fold=self.fold, choices=self.choices)

    def find(self, request: Request) -> R:
        row = self.table.get(request.params[self.key])
        if row is None:
            label = self.name.replace("_", "-")
            raise Refusal(404, f"{self.name}_not_found", f"There is no {label} with this id.", field=self.key)
        return row

    def create(self, request: Request) -> Reply:
        row = self.make(request.read(self._new))
        self.ledger.effect(self.ledger.created, self.name)
        return answer(row, 201, headers=((b"location", f"{self.path}/{row.id}".encode()),))

    def read(self, request: Request) -> Reply:
        return answer(self.find(request))

    def update(self, request: Request) -> Reply:
        assert self._patch is not None
        assert self.change is not None
        row = self.find(request)
        given = request.read(self._patch)
        changes = {f: v for f in given.__struct_fields__ if (v := getattr(given, f)) is not UNSET}
        changed = self.change(row, changes)
        self.ledger.effect(self.ledger.updated if changed else self.ledger.unchanged, self.name)
        return answer(row)

    def delete(self, request: Request) -> Reply:
        row = self.find(request)
        (self.drop or self.table.remove)(row)
        self.ledger.effect(self.ledger.deleted, self.name)
        return NO_CONTENT
