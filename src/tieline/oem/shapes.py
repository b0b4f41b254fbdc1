"""What a template's document says of itself: its flows, what they ask for, which connectors it needs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from msgspec import Struct, field

from tieline.automations.blocks.form import Field, fields_of
from tieline.automations.engine.errors import PlanError
from tieline.automations.engine.registry import lookup
from tieline.automations.library.workspaces import mentioned
from tieline.automations.workspace import document as reading
from tieline.automations.workspace.flows import DELETE, SETTINGS, SETUP, persists, starts, top_inputs
from tieline.core import json

KEPT: Final = 500


class TopInput(Struct, frozen=True):
    """One field of an input block directly under a start block; ``flow`` is start, setup or settings."""

    id: str
    block_id: str
    flow: str
    prompt: str
    field: Field
    persisted: bool
    order: int

    @property
    def name(self) -> str:
        """What formulas and clients call it."""
        return self.field.label


class Shape(Struct, frozen=True):
    """``run_mode`` is that of the main start block; ``connectors`` are the names and GUIDs that blocks mention."""

    has_setup: bool = False
    has_settings: bool = False
    has_delete: bool = False
    run_mode: str = "manual"
    inputs: list[TopInput] = field(default_factory=list)
    connectors: list[str] = field(default_factory=list)

    def settings(self) -> dict[str, Field]:
        """The persisted top inputs by name; of several with one name the one that is asked first."""
        found: dict[str, Field] = {}
        for one in self.inputs:
            if one.persisted and one.field.kind != "button":
                found.setdefault(one.name, one.field)
        return found

    def resolve(self, name: str) -> str | None:
        """The name of the persisted input that is called ``name``, or has that id."""
        settings = self.settings()
        if name in settings:
            return name
        known = (one.name for one in self.inputs if one.persisted and name in (one.id, one.field.id))
        return next(known, None)

    def required(self) -> set[str]:
        """Names of persisted inputs that have to be answered."""
        return {one.name for one in self.inputs if one.persisted and one.field.required}


_shapes: OrderedDict[tuple[UUID, int], Shape] = OrderedDict()


def shape_of(template_id: UUID, version: int, workspace: bytes) -> Shape:
    """The shape of a version, which never changes."""
    key = template_id, version
    if key not in _shapes:
        _shapes[key] = read(workspace)
        if len(_shapes) > KEPT:
            _shapes.popitem(last=False)
    _shapes.move_to_end(key)
    return _shapes[key]


def known_shape(template_id: UUID, version: int) -> Shape | None:
    """The shape, where it was read lately."""
    return _shapes.get((template_id, version))


def read(workspace: bytes) -> Shape:
    """The shape of a document; an empty one where it is no workspace."""
    content = json.loads(workspace)
    try:
        known = starts(content)
        asked = top_inputs(content)
    except PlanError:
        return Shape()
    inputs: list[TopInput] = []
    for flow, block in asked:
        try:
            fields = fields_of(block.get("form"))
        except PlanError:
            continue
        inputs += [_input(flow, block, one, entry, len(inputs) + n) for n, (one, entry) in enumerate(fields)]
    main = known.get(reading.MAIN)
    mode = lookup(main.get("inputs"), "run_mode", "manual") if main is not None else "manual"
    return Shape(
        has_setup=SETUP in known,
        has_settings=SETTINGS in known,
        has_delete=DELETE in known,
        run_mode=mode if isinstance(mode, str) and mode in reading.RUN_MODES else "manual",
        inputs=inputs,
        connectors=mentioned(workspace).connectors,
    )


def _input(flow: str, block: Mapping[str, Any], one: Field, entry: Mapping[str, Any], place: int) -> TopInput:
    help_text, order = entry.get("helpText"), entry.get("order")
    given = entry.get("id")
    return TopInput(
        id=str(given) if given not in (None, "") else str(uuid5(NAMESPACE_OID, f"{block['id']}/{one.label}")),
        block_id=block["id"],
        flow=flow,
        prompt=help_text if isinstance(help_text, str) and help_text else one.label,
        field=one,
        persisted=persists(block),
        order=order if isinstance(order, int) and not isinstance(order, bool) else place,
    )


def portable(workspace: bytes, connectors: Mapping[str, str]) -> bytes:
    """The document without the connections of the tenant that it comes from; ``connectors`` has the GUID of the
    connector of each. A block that named a connection names that connector, so that each tenant's own is found.
    """
    content = json.loads(workspace)
    listed = content.get("blocks") if isinstance(content, dict) else None
    for block in listed if isinstance(listed, list) else []:
        if not isinstance(block, dict):
            continue
        for place in ("settings", "inputs"):
            for connection in _taken_out(block.get(place)):
                if not block.get("datasourcetype_guid") and connection in connectors:
                    block["datasourcetype_guid"] = connectors[connection]
    return json.dumps(content)


def _taken_out(entries: Any) -> list[str]:
    found: list[str] = []
    if isinstance(entries, dict) and isinstance(entries.get("datasource"), str):
        found.append(entries["datasource"])
        entries["datasource"] = ""
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("id") == "datasource" and isinstance(entry.get("value"), str):
            found.append(entry["value"])
            entry["value"] = ""
    return [one.lower() for one in found if one]
