"""A whole probe: lists first, then single records by what the lists gave, then, if told so, a record of our own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from tieline.connectors.manifest.model import Block, Manifest
from tieline.connectors.probe.lists import ListProbe
from tieline.connectors.probe.told import Finding, Witness, settled
from tieline.connectors.runtime.client import Client
from tieline.connectors.runtime.harmless import harmless
from tieline.core.errors import TielineError

MOST_BLOCKS: Final = 200


class Outcome(Struct, frozen=True):
    """The manifest with what was learned in it, and the findings."""

    manifest: Manifest
    findings: list[Finding]

    def counts(self) -> dict[str, int]:
        """Findings by verdict."""
        told = [one.verdict for one in self.findings]
        return {verdict: told.count(verdict) for verdict in ("confirmed", "corrected", "doubtful", "unknown")}


async def probe(client: Client, *, writes: bool = False) -> Outcome:
    """Ask the account behind ``client``. Only reads, unless ``writes``: then objects that can be made and deleted
    again by values that the documentation gives as examples are made, read and deleted.

    What a person has set stays. Raises nothing for what the API says; a block that cannot be called is ``unknown``.
    """
    manifest = _copy(client.account.manifest)
    witness = Witness()
    samples: dict[str, dict[str, Any]] = {}
    listing = ListProbe(client, manifest, witness)
    for number, block in enumerate(_in_order(manifest)):
        if number == MOST_BLOCKS:
            witness.over = witness.over or f"not asked, because a probe asks {MOST_BLOCKS} blocks"
        if witness.over or not harmless(block):
            said = witness.over or "not asked, because its name or method says that it may change something"
            witness.tell(block.id, "call", "unknown", said)
            continue
        inputs = _inputs(block, samples)
        if inputs is None:
            witness.tell(block.id, "call", "unknown", "nothing is known for its required inputs")
            continue
        if block.kind in ("list", "search"):
            rows = await listing.ask(block, inputs)
            first = next((row for row in rows if isinstance(row, dict)), None)
            if first is not None and block.object:
                samples.setdefault(block.object, first)
        else:
            await _single(client, block, inputs, witness)
    if writes:
        for create in [block for block in manifest.blocks if block.kind == "create" and not block.deprecated]:
            if not witness.over:
                await _make(client, manifest, create, witness)
    return Outcome(manifest, witness.findings)


def _copy(manifest: Manifest) -> Manifest:
    """Of its own: manifests that are handed out are shared."""
    return msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest)


def _in_order(manifest: Manifest) -> list[Block]:
    """Lists that need nothing, lists that need a parent, single records."""
    lists = [block for block in manifest.blocks if block.kind in ("list", "search") and not block.writes]
    single = [block for block in manifest.blocks if block.kind in ("get", "get_by") and not block.writes]
    lists.sort(key=lambda block: sum(spec.required for spec in block.inputs))
    return [block for block in (*lists, *single) if not block.deprecated]


def _inputs(block: Block, samples: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Values for what a block requires: of records seen before, defaults and examples; None where one is missing."""
    given: dict[str, Any] = {}
    for spec in block.inputs:
        if not spec.required:
            continue
        value = _known(spec.name or spec.id, block, samples)
        if value is None and spec.default is not UNSET:
            continue
        if value is None and spec.choices:
            value = spec.choices[0]
        if value is None and spec.example is not UNSET and block.kind == "search":
            value = spec.example
        if value is None:
            return None
        given[spec.id] = value
    return given


def _known(name: str, block: Block, samples: Mapping[str, dict[str, Any]]) -> Any:
    """The value of an input such as ``event_id``, ``eventId``, ``id`` or ``email`` in a record that was listed."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    own = samples.get(block.object, {})
    for thing, sample in samples.items():
        if plain in (f"{thing.replace('_', '')}id", f"{thing.replace('_', '')}uuid", thing.replace("_", "")):
            return sample.get("id", sample.get("uuid"))
    if plain in ("id", "uuid", "guid", "q", "query"):
        return own.get("id", own.get("uuid")) if plain not in ("q", "query") else None
    found = next((value for key, value in own.items() if re.sub(r"[^a-z0-9]", "", key.lower()) == plain), None)
    return found if isinstance(found, str | int) else None


async def _single(client: Client, block: Block, inputs: dict[str, Any], witness: Witness) -> None:
    try:
        answer = await client.call(block, inputs)
    except TielineError as error:
        witness.heard(error)
        witness.tell(block.id, "call", "doubtful" if inputs else "unknown", error.detail)
        return
    witness.heard(None)
    if isinstance(answer.data, dict) and answer.data:
        if not settled(block.facts.get("records")):
            block.facts["records"] = witness.fact(f"{block.method} {block.path}")
        witness.tell(block.id, "records", "confirmed", f"the record is at {block.records or '$'}")
    else:
        witness.tell(
            block.id, "records", "doubtful", f"there is no record at {block.records or '$'}", before=block.records
        )


async def _make(client: Client, manifest: Manifest, create: Block, witness: Witness) -> None:
    """Make a record of the documentation's examples, read it, delete it."""
    needed = [spec for spec in create.inputs if spec.required]
    if any(spec.example is UNSET and spec.default is UNSET for spec in needed):
        return
    given = {spec.id: spec.example if spec.example is not UNSET else spec.default for spec in needed}
    remove = _of_one(manifest, "delete", create, given)
    if remove is None:
        witness.tell(create.id, "call", "unknown", "not made, because no block deletes it by its id alone")
        return
    key = next((one.primary_key for one in manifest.objects if one.name == create.object), [])
    try:
        made = (await client.call(create, given)).data
    except TielineError as error:
        witness.heard(error)
        witness.tell(create.id, "call", "doubtful", error.detail)
        return
    identity = made.get(key[0] if len(key) == 1 else "id") if isinstance(made, dict) else None
    if not isinstance(identity, str | int) or identity in ("", True, False):
        said = "a record was made, but its answer shows no id: remove it by hand"
        witness.tell(create.id, "records", "doubtful", said)
        return
    create.facts["records"] = witness.fact(f"{create.method} {create.path}")
    witness.tell(create.id, "records", "confirmed", "a record was made, and the answer shows its id")
    reading = _of_one(manifest, "get", create, given)
    if reading is not None and harmless(reading[0]):
        await _single(client, reading[0], {**reading[2], reading[1]: identity}, witness)
    block, own, places = remove
    try:
        await client.call(block, {**places, own: identity})
        witness.tell(block.id, "call", "confirmed", "the record was deleted again")
    except TielineError as error:
        witness.heard(error)
        said = (
            f"the record {str(identity)[:100]!r} was made and could not be deleted, remove it by hand: {error.detail}"
        )
        witness.tell(block.id, "call", "doubtful", said)


def _of_one(
    manifest: Manifest, kind: str, create: Block, given: Mapping[str, Any]
) -> tuple[Block, str, dict[str, Any]] | None:
    """The block of that kind that is about one record and nothing else, its input for the id, and the others.

    Its path ends with the id; what stands before it must be what the record was made below. ``DELETE /contacts`` would
    delete them all.
    """
    for block in manifest.blocks:
        if (block.kind, block.object) != (kind, create.object) or block.deprecated:
            continue
        paths = [spec for spec in block.inputs if spec.location == "path"]
        own = [spec for spec in paths if spec.id not in given]
        others = any(spec.required and spec.location != "path" for spec in block.inputs)
        if len(own) == 1 and not others and block.path.rstrip("/").endswith(f"{{{own[0].name or own[0].id}}}"):
            return block, own[0].id, {spec.id: given[spec.id] for spec in paths if spec.id in given}
    return None
