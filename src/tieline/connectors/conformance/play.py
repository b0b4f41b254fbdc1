"""One scenario at work: a client of the real runtime in front of a stage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET

from tieline.connectors.conformance import tokendesks  # noqa: F401  registers its desks
from tieline.connectors.conformance.clockwork import NoPauses, Tokens, VirtualBudget
from tieline.connectors.conformance.desks import Desk, open_desk
from tieline.connectors.conformance.messages import answer, parts_of
from tieline.connectors.conformance.paging import SERVER_SIZE, Shelf, paging_of
from tieline.connectors.conformance.relocate import filled
from tieline.connectors.conformance.samples import for_input
from tieline.connectors.conformance.shapes import listing, records_of, without
from tieline.connectors.conformance.soap import enveloped
from tieline.connectors.conformance.stage import Fault, Stage
from tieline.connectors.manifest.model import AuthMethod, Block, Manifest, Server
from tieline.connectors.runtime import Account, Answer, Client
from tieline.core.errors import TielineError
from tieline.security.egress import Egress

PAGE_BUDGET: Final = 50
_ADDRESS: Final = re.compile(r"(?:https?://)?127\.0\.0\.1(?::\d+)?")


class Failed(Exception):
    """The scenario went wrong; the text says how."""


class NotApplicable(Exception):
    """The scenario says nothing about this block; the text says why."""


class Play:
    """The block of one scenario with all that is needed to call it. ``show`` puts a stage before the mock's door."""

    def __init__(
        self,
        block: Block,
        manifest: Manifest,
        params: Mapping[str, Any],
        method: AuthMethod | None,
        egress: Egress,
        show: Any,
    ) -> None:
        self.block = block
        self.manifest = manifest
        self.params = dict(params)
        self.method = method
        self.egress = egress
        self._show = show
        self.stage: Stage
        self.client: Client

    @property
    def rules(self) -> tuple[Any, ...]:
        return (*self.block.errors, *self.manifest.errors)

    def inputs(self, *, everything: bool = False) -> dict[str, Any]:
        """Values for the inputs that a caller must give, or for all that he can give at once."""
        paging = paging_of(self.block, self.manifest)
        moved = {paging.param, paging.size_param} if paging.style != "none" else set()
        if self.block.incremental is not UNSET:
            moved |= {self.block.incremental.param, self.block.incremental.sort_param}
        found: dict[str, Any] = {}
        taken: set[tuple[str, str]] = set()
        for spec in self.block.inputs:
            name = spec.name or spec.id
            if spec.read_only or name in moved:
                continue
            if not (spec.required or everything or spec.location == "path"):
                continue
            if spec.location == "cookie" and spec.type in ("array", "object"):
                continue
            if (str(spec.location), name) in taken:
                continue
            taken.add((str(spec.location), name))
            value = for_input(spec, self.manifest.schemas)
            for pointer in moved if spec.location == "body" else ():
                value = unmoved(value, name, spec.name in ("", "/"), pointer)
            found[spec.id] = value
        return found

    def stand(
        self,
        faults: Iterable[Fault] = (),
        *,
        always: Fault | None = None,
        records: list[Any] | None = None,
        stuck: bool = False,
        given: Mapping[str, Any] | None = None,
    ) -> Stage:
        """A new stage with a new client before it."""
        desk: Desk = open_desk(None if self.block.auth == [] else self.method)
        budget = VirtualBudget()
        given = self.inputs() if given is None else dict(given)
        shelf = None
        if self.block.iterable:
            shelf = Shelf(
                block=self.block,
                paging=paging_of(self.block, self.manifest),
                records=self.records(1) if records is None else records,
                base=self.base,
                stuck=stuck,
            )
        stage = Stage(self.block, self.manifest, self.base, given, desk, budget, shelf)
        stage.faults, stage.always = list(faults), always
        self.stage = stage
        self._show(stage)
        if self.block.transport == "soap":
            first = answer(listing(self.block, shelf.records, with_members=False)) if shelf else stage.good.reply
            enveloped(first, self.block, self.manifest)  # raises NoEnvelope here, not in the mock
        answers = desk.answers if self.block.auth != [] else open_desk(self.method).answers
        account = Account(
            manifest=self.manifest,
            connection_id="conformance",
            auth_method=self.method.id if self.method is not None else "",
            params={**self.params, **{name: value for name, value in answers.items() if name in self._open_fields()}},
            secrets={name: value for name, value in answers.items() if name not in self._open_fields()},
            tenant_id="conformance",
        )
        self.client = Client(
            account,
            egress=self.egress,
            tokens=Tokens(desk.first_token()),
            budget=budget,
            policy=NoPauses(),
            page_budget=PAGE_BUDGET,
        )
        return stage

    def _open_fields(self) -> set[str]:
        """Fields that are no secrets."""
        fields = self.method.fields if self.method is not None else []
        return {field.id for field in fields if not field.secret and field.type != "password"}

    def records(self, pages: int) -> list[Any]:
        """Records that fill all but the last of so many pages."""
        paging = paging_of(self.block, self.manifest)
        size = paging.size or SERVER_SIZE
        count = 0 if pages == 0 else size * (pages - 1) + 1 + (size > 1)
        return records_of(self.block, self.manifest, count, paging.key if paging.style == "keyset" else "")

    async def call(self) -> Answer:
        """Call the block once."""
        return await self.client.call(self.block, self.stage.given, idempotency_key="conformance-1")

    async def read(self, since: Any = None) -> list[Any]:
        """All records of the block's list."""
        return [one async for one in self.client.records(self.block, self.stage.given, since=since)]

    async def run(self) -> Any:
        """The records of a list, the data of anything else."""
        return await self.read() if self.block.iterable else await self.call()

    async def run_well(self, faults: Iterable[Fault] = ()) -> None:
        """Run through faults that must not be noticed; raises `Failed`."""
        stage = self.stand(faults)
        try:
            found = await self.run()
        except TielineError as error:
            raise Failed(self.why(error)) from None
        self.fine()
        self.same(found, stage)

    def why(self, error: TielineError) -> str:
        """The reason of an error: what was wrong with the request where that is known, else its own words."""
        return self.stage.problems[0] if self.stage.problems else said(error)

    def same(self, found: Any, stage: Stage) -> None:
        """Whether what came is what was sent; raises `Failed`."""
        if self.block.transport == "soap":
            # Types of XML Schema and JSON do not map one to one: how values are read is the runtime's own test.
            wanted = len(stage.shelf.records) if stage.shelf is not None else 1
            came = len(found) if stage.shelf is not None else 1
            if came != wanted:
                raise Failed(f"{came} records came instead of {wanted}")
            return
        if stage.shelf is not None:
            if found != stage.shelf.records:
                raise Failed(difference(found, stage.shelf.records))
            return
        data = found.data
        if isinstance(data, dict) and "base64" in data and isinstance(stage.good.data, str):
            data = data["base64"]
        if data != stage.good.data:
            raise Failed(f"the block gave {brief(found.data)} instead of {brief(stage.good.data)}")

    def fine(self) -> None:
        """Whether all requests were as the manifest says; raises `Failed`."""
        if self.stage.problems:
            raise Failed(self.stage.problems[0])

    async def error_of(self, faults: Iterable[Fault] = (), *, always: Fault | None = None) -> TielineError | None:
        """The error that a run ends with, None where it ends well."""
        self.stand(faults, always=always)
        try:
            await self.run()
        except TielineError as error:
            return error
        return None

    @property
    def base(self) -> str:
        """The path before the block's own."""
        address = self.block.server or (self.manifest.servers[0].url if self.manifest.servers else "")
        url = filled(Server(url=address), self.params)
        root = parts_of(self.manifest.servers[0].url).path if self.manifest.servers else ""
        if self.block.server and "://" not in url:
            return url if url.startswith("/") else f"{root.rstrip('/')}/{url}"
        return parts_of(url).path


def unmoved(value: Any, name: str, whole: bool, pointer: str) -> Any:
    """An input's value without the member that paging fills in."""
    steps = pointer.strip("/").split("/")
    own = [] if whole else name.strip("/").split("/")
    return without(value, tuple(steps[len(own) :])) if steps[: len(own)] == own and pointer else value


def said(error: TielineError) -> str:
    """An error as a reason: what it is and what it says, without the mock's address."""
    text = error.detail or error.title
    return f"{error.code}: {_ADDRESS.sub('the mock', text)}"


def difference(found: list[Any], wanted: list[Any]) -> str:
    """How two lists of records differ, in numbers."""
    if len(found) != len(wanted):
        return f"{len(found)} records came instead of {len(wanted)}"
    at = next((at for at, pair in enumerate(zip(found, wanted, strict=True)) if pair[0] != pair[1]), 0)
    return f"record {at + 1} of {len(wanted)} differs: {brief(found[at])} instead of {brief(wanted[at])}"


def brief(value: Any) -> str:
    """A value in a few words."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else text[:79] + "…"
