"""The questions to a list block: where the records are, how they are paged, what tells them apart, what is new."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.model import Block, Manifest, ObjectType, Paging
from tieline.connectors.probe import signs
from tieline.connectors.probe.told import Witness, settled, unsure
from tieline.connectors.runtime import times
from tieline.connectors.runtime.client import Client
from tieline.core.clock import iso, now
from tieline.core.errors import TielineError

_SMALL: Final = 3
_PAGES: Final = 3
_CREATED: Final = ("createdat", "created", "datecreated", "createdon", "createtime", "creationdate", "createddate")
_UPDATED: Final = (
    *("updatedat", "updated", "modifiedat", "modified", "lastmodified", "dateupdated", "updatetime", "lastupdated"),
    *("updatedon", "changedat", "lastmodifieddate", "datemodified", "modifiedon"),
)


class ListProbe:
    """Probes one list block, and corrects it and its object in ``manifest`` (which is the probe's own copy)."""

    def __init__(self, client: Client, manifest: Manifest, witness: Witness) -> None:
        self.client = client
        self.manifest = manifest
        self.witness = witness

    async def ask(self, block: Block, inputs: Mapping[str, Any]) -> list[Any]:
        """The records of the first page; empty where there are none or the API refuses."""
        call = f"{block.method} {block.path}"
        try:
            answer = await self.client.call(replace(block, records="$", item_path="", kind="get"), inputs)
        except TielineError as error:
            self.witness.heard(error)
            self.witness.tell(block.id, "call", "unknown", error.detail)
            return []
        self.witness.heard(None)
        rows = self._records(block, answer.body, call)
        self._rates(block, answer.headers, call)
        self._paging_shown(block, answer.body, answer.headers, call)
        if not rows:
            self.witness.tell(
                block.id, "records", "unknown", "the account has none of these, so nothing shows their form"
            )
            return []
        self._identity(block, rows, call)
        await self._walk(block, inputs, rows, call)
        if not self.witness.over:
            await self._since(block, inputs, rows, call)
        return rows

    def _records(self, block: Block, body: Any, call: str) -> list[Any]:
        told = block.facts.get("records")
        found = paths.get(body, block.records or "$")
        if isinstance(found, list):
            if not settled(told):
                block.facts["records"] = self.witness.fact(call)
            self.witness.tell(block.id, "records", "confirmed", f"the list is at {block.records or '$'}")
            return _items(block, found)
        offered = signs.lists(body)
        if not offered or settled(told):
            if body not in (None, {}, []):
                said = f"there is no list at {block.records or '$'}"
                self.witness.tell(block.id, "records", "doubtful", said, before=block.records)
            return []
        before, block.records, block.item_path = block.records, offered[0].path, ""
        block.facts["records"] = self.witness.fact(call)
        said = f"the list is at {block.records}, not at {before or '$'}"
        self.witness.tell(block.id, "records", "corrected", said, before=before, after=block.records)
        return list(offered[0].value)

    def _rates(self, block: Block, headers: Mapping[str, str], call: str) -> None:
        rate = self.manifest.rate
        if rate is UNSET or rate.remaining_header or settled(rate.facts.get("remaining_header")):
            return
        remaining, reset = signs.rate_headers(headers)
        if remaining:
            rate.remaining_header, rate.reset_header = remaining, reset
            rate.facts["remaining_header"] = self.witness.fact(call)
            self.witness.tell(
                block.id, "rate", "corrected", f"{remaining} tells how many calls are left", after=remaining
            )

    def _paging_shown(self, block: Block, body: Any, headers: Mapping[str, str], call: str) -> None:
        """A next page that the answer names, where nobody knew of paging or was not sure of it."""
        paging = block.paging if block.paging is not UNSET else Paging()
        if paging.style != "none" and not unsure(paging.facts.get("style")):
            return
        if settled(paging.facts.get("style")):
            return
        shown = signs.paging(body, headers, block.inputs)
        if shown is None or (shown.style == paging.style and shown.next == paging.next):
            return
        shown.size_param, shown.size, shown.size_max = paging.size_param, paging.size, paging.size_max
        shown.facts["style"] = self.witness.fact(call, "the answer names the next page")
        said = f"the next page is asked for by {shown.style}, at {shown.next}"
        self.witness.tell(block.id, "paging", "corrected", said, before=paging.style, after=shown.style)
        block.paging = shown

    def _identity(self, block: Block, rows: list[Any], call: str) -> None:
        """Primary key and times of the object, by what the records hold."""
        thing = next((one for one in self.manifest.objects if one.name == block.object), None)
        sample = [row for row in rows if isinstance(row, dict)]
        if thing is None or not sample:
            return
        if not settled(thing.facts.get("primary_key")):
            self._key(block, thing, sample, call)
        for field, names in (("created_field", _CREATED), ("updated_field", _UPDATED)):
            name = getattr(thing, field)
            if settled(thing.facts.get(field)) or any(row.get(name) is not None for row in sample if name):
                continue
            known = [key for key in sample[0] if signs.fit(key) and signs.bare(key) in names]
            seen = next((key for key in known if times.parse(sample[0][key])), "")
            if seen and seen != name:
                setattr(thing, field, seen)
                thing.facts[field] = self.witness.fact(call)
                self.witness.tell(block.id, field, "corrected", f"the records have {seen!r}", before=name, after=seen)

    def _key(self, block: Block, thing: ObjectType, sample: list[dict[str, Any]], call: str) -> None:
        def unique(names: list[str]) -> bool:
            values = [tuple(str(row.get(name)) for name in names) for row in sample]
            return len(set(values)) == len(values) and all(
                row.get(name) is not None for row in sample for name in names
            )

        known = list(thing.primary_key)
        if known and unique(known):
            thing.facts["primary_key"] = self.witness.fact(call)
            self.witness.tell(block.id, "primary_key", "confirmed", f"{', '.join(known)} tells the records apart")
            return
        usual = ("id", "uuid", "guid", "key", f"{thing.name}id")
        offered = [name for name in sample[0] if signs.fit(name) and signs.bare(name) in usual]
        chosen = next((name for name in offered if unique([name])), "")
        if len(sample) > 1 and chosen:
            thing.primary_key = [chosen]
            thing.facts["primary_key"] = self.witness.fact(call)
            said = f"{chosen!r} tells the records apart"
            self.witness.tell(block.id, "primary_key", "corrected", said, before=known, after=[chosen])
        elif known:
            said = f"{', '.join(known)} is missing or not unique in the records"
            self.witness.tell(block.id, "primary_key", "doubtful", said, before=known)

    async def _walk(self, block: Block, inputs: Mapping[str, Any], rows: list[Any], call: str) -> None:
        """Small pages, one after the other: do they follow each other without repeating?"""
        paging = block.paging if block.paging is not UNSET else Paging()
        if settled(paging.facts.get("style")) or paging.style == "none":
            return
        small = replace(block, paging=replace(paging, size=_SMALL if paging.size_param else 0))
        pages: list[list[Any]] = []
        try:
            async for page in self.client.pages(small, inputs):
                pages.append(page.records)
                if len(pages) == _PAGES:
                    break
        except TielineError as error:
            self.witness.heard(error)
            said = f"page {len(pages) + 1} cannot be read: {error.detail}"
            self.witness.tell(block.id, "paging", "doubtful", said, before=paging.style)
            return
        read = [row for page in pages for row in page]
        if len(pages) < 2:
            if paging.size_param and len(rows) > _SMALL:
                said = "the list ends after one small page, but it has more records than that"
                self.witness.tell(block.id, "paging", "doubtful", said, before=paging.style)
            else:
                self.witness.tell(block.id, "paging", "unknown", "all records fit on one page, so nothing shows")
            return
        if rows[: len(read)] != read[: len(rows)]:
            said = "small pages do not give the same records as a large one; the list changes, or paging is not right"
            self.witness.tell(block.id, "paging", "doubtful", said, before=paging.style)
            return
        if paging.size_param and len(pages[0]) > _SMALL:
            said = f"the API takes no notice of {paging.size_param!r}"
            self.witness.tell(block.id, "size_param", "doubtful", said, before=paging.size_param)
        block.paging = replace(paging, facts={**paging.facts, "style": self.witness.fact(call)})
        self.witness.tell(block.id, "paging", "confirmed", f"{len(pages)} pages by {paging.style}, none repeats")

    async def _since(self, block: Block, inputs: Mapping[str, Any], rows: list[Any], call: str) -> None:
        """Asked for what is newer than tomorrow, an API that understands the question gives nothing."""
        changed = next((b for b in self.manifest.blocks if b.kind == "incremental" and _same_call(b, block)), None)
        if changed is None or changed.incremental is UNSET or settled(changed.incremental.facts.get("param")):
            return
        rule = changed.incremental
        if rule.by == "sort":
            return
        try:
            # Without the field nothing is filtered on our side: what comes is the API's own answer.
            asked = replace(changed, incremental=replace(rule, field="", created_field=""))
            found: list[Any] = []
            pages = 0
            async for page in self.client.pages(asked, inputs, since=iso(now() + timedelta(days=1)), limit=5):
                found += page.records
                pages += 1
                if found or pages == _PAGES:  # some lists have empty pages without end
                    break
        except TielineError as error:
            self.witness.heard(error)
            said = f"{rule.param!r} is refused: {error.detail}"
            self.witness.tell(changed.id, "incremental", "doubtful", said, before=rule.param)
            return
        if found:
            said = f"{rule.param!r} is not looked at: records older than asked for come back"
            self.witness.tell(changed.id, "incremental", "doubtful", said, before=rule.param)
            return
        facts = {**rule.facts, "param": self.witness.fact(call)}
        changed.incremental = replace(rule, facts=facts)
        self.witness.tell(changed.id, "incremental", "confirmed", f"{rule.param!r} keeps older records away")


def _items(block: Block, found: list[Any]) -> list[Any]:
    if not block.item_path or block.item_path == "$":
        return found
    picked = [paths.get(entry, block.item_path) for entry in found]
    return [entry for entry in picked if entry is not paths.MISSING]


def _same_call(one: Block, other: Block) -> bool:
    return (one.method, one.path, one.object) == (other.method, other.path, other.object)
