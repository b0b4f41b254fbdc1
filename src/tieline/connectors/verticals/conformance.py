"""What of a vertical an API can do, said in sentences, with the block that does it."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from tieline.connectors.manifest.model import Block, Manifest
from tieline.connectors.manifest.shapes import properties_of
from tieline.connectors.verticals.matching import Match, blocks_of, fields_of, match
from tieline.connectors.verticals.model import Capability, Field, Thing, Vertical, Wanted
from tieline.connectors.verticals.names import best_name, holds_word, plain, singular

_SEARCHES: Final = frozenset(("q", "query", "search", "keyword", "keywords", "term", "search_term", "text", "filter"))
_CHOOSES: Final = frozenset(("field", "property", "attribute", "key", "by", "id_property"))


class Finding(Struct, frozen=True, kw_only=True):
    """One capability: whether the API has it, by which blocks or fields, and else what is missing."""

    id: str
    sentence: str
    ok: bool
    core: bool = False
    by: list[str] = []
    lacks: str = ""


class Report(Struct, frozen=True, kw_only=True):
    """How far an API goes. ``objects`` are its names for the canonical ones."""

    vertical: str
    connector: str
    objects: dict[str, Match]
    findings: list[Finding]

    @property
    def fits(self) -> bool:
        """Whether everything is there without which an integration of the trade is of little use."""
        return all(finding.ok for finding in self.findings if finding.core)

    def plain(self) -> dict[str, Any]:
        """For machines."""
        able = [finding.id for finding in self.findings if finding.ok]
        return {
            "vertical": self.vertical,
            "connector": self.connector,
            "fits": self.fits,
            "objects": {name: found.object for name, found in self.objects.items()},
            "can": len(able),
            "of": len(self.findings),
            "capabilities": [
                {
                    "id": one.id,
                    "sentence": one.sentence,
                    "ok": one.ok,
                    "core": one.core,
                    "by": one.by,
                    **({"lacks": one.lacks} if one.lacks else {}),
                }
                for one in self.findings
            ],
        }


def check(manifest: Manifest, vertical: Vertical) -> Report:
    """Holds a connector against a vertical. Nothing is called."""
    objects = match(manifest, vertical)
    view = _View(manifest, vertical, objects)
    return Report(
        vertical=vertical.name,
        connector=manifest.name,
        objects=objects,
        findings=[_find(view, capability) for capability in vertical.capabilities],
    )


def _find(view: _View, capability: Capability) -> Finding:
    lacks = ""
    for way in capability.ways:
        met = [(wanted, view.meets(wanted)) for wanted in way]
        if all(by for _, by in met):
            by = list(dict.fromkeys(name for _, names in met for name in names))
            return Finding(id=capability.id, sentence=capability.sentence, ok=True, core=capability.core, by=by[:8])
        lacks = lacks or next(view.why(wanted) for wanted, by in met if not by)
    return Finding(id=capability.id, sentence=capability.sentence, ok=False, core=capability.core, lacks=lacks)


class _View:
    """A manifest, seen as the vertical's objects."""

    def __init__(self, manifest: Manifest, vertical: Vertical, objects: dict[str, Match]) -> None:
        self.manifest = manifest
        self.vertical = vertical
        self.objects = objects

    def meets(self, wanted: Wanted) -> list[str]:
        """The ids of blocks or events, or the names of fields, that meet a need; empty for none."""
        found = self.objects.get(wanted.thing)
        if found is None and wanted.need not in ("do", "create"):
            return []
        thing = self.vertical.thing(wanted.thing)
        blocks = blocks_of(self.manifest, found.object) if found is not None else []
        match wanted.need:
            case "field":
                return self._field(thing, wanted.what)
            case "writable":
                return _writes(self.manifest, thing, wanted.what, blocks)
            case "event":
                return self._events(thing)
            case "do":
                return self._actions(thing, blocks, wanted.what)
            case "search":
                return _search(blocks)
            case "get_by":
                return _get_by(thing, blocks, wanted.what)
            case kind:
                return [block.id for block in blocks if block.kind == kind]

    def why(self, wanted: Wanted) -> str:
        """What is missing, in a few words."""
        thing = self.vertical.thing(wanted.thing)
        found = self.objects.get(wanted.thing)
        if found is None:
            return f"the API has nothing like a {thing.label}"
        match wanted.need:
            case "field" | "writable":
                return f"no input of {found.object!r} takes {wanted.what!r}"
            case "event":
                return f"no webhook tells of {found.object!r}"
            case "do":
                return f"no action on {found.object!r} is called {' or '.join(wanted.what.split()[:3])}"
            case kind:
                return f"{found.object!r} has no block of the kind {kind!r}"

    def _field(self, thing: Thing, name: str) -> list[str]:
        known = list(fields_of(self.manifest, self.objects[thing.name].object))
        chosen, _ = best_name(thing.field(name) or Field(name=name), known, owner=thing.name)
        return [chosen] if chosen else []

    def _events(self, thing: Thing) -> list[str]:
        own = self.objects[thing.name].object
        told = [event for event in self.manifest.webhooks if event.object == own]
        told = told or [
            event
            for event in self.manifest.webhooks
            if not event.object and holds_word(event.event or event.id, f"{thing.name} {singular(own)}")
        ]
        return [event.id for event in told]

    def _actions(self, thing: Thing, blocks: list[Block], verbs: str) -> list[str]:
        """Also of an object of its own below this one: ``POST /attendees/{id}/check-in``."""
        names = {thing.name, singular(self.objects[thing.name].object) if thing.name in self.objects else thing.name}
        around = [block for block in self.manifest.blocks if names & {singular(part) for part in block.path.split("/")}]
        return [
            block.id
            for block in {block.id: block for block in (*blocks, *around)}.values()
            if block.writes
            and block.kind in ("action", "create", "update")
            and holds_word(f"{block.path.rpartition('/')[2]} {block.id}", verbs)
        ]


def _search(blocks: list[Block]) -> list[str]:
    own = [block.id for block in blocks if block.kind == "search"]
    return own or [
        block.id for block in blocks if block.kind == "list" and _SEARCHES & {plain(spec.name) for spec in block.inputs}
    ]


def _get_by(thing: Thing, blocks: list[Block], what: str) -> list[str]:
    """Blocks that find by a field; also lists that can be filtered by one."""
    wanted = [thing.field(what) or Field(name=what)] if what else [one for one in thing.fields if one.type == "string"]
    found = []
    for block in blocks:
        names = [spec.name.strip("/") for spec in block.inputs if spec.location in ("path", "query", "body")]
        told = any(best_name(field, names, owner=thing.name)[0] for field in wanted)
        chooses = bool(_CHOOSES & {plain(name) for name in names})
        if (block.kind == "get_by" and (told or chooses or not what)) or (block.kind in ("list", "search") and told):
            found.append(block)
    found.sort(key=lambda block: block.kind != "get_by")
    return [block.id for block in found]


def _writes(manifest: Manifest, thing: Thing, what: str, blocks: list[Block]) -> list[str]:
    field = thing.field(what) or Field(name=what, also=f"{what}_at is_{what} {what}_status")
    found = []
    for block in blocks:
        if block.kind not in ("create", "update"):
            continue
        names = []
        for spec in block.inputs:
            if spec.location not in ("path", "header") and not spec.read_only:
                names.append(spec.name.strip("/").rpartition("/")[2])
                names += properties_of(manifest, spec.schema)
        if best_name(field, names, owner=thing.name)[0]:
            found.append(block.id)
    return found
