"""What an import has understood: shown before anything is kept, and corrected afterwards."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends
from msgspec import UNSET
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from tieline.api.cloud.connectors.endpoints import (
    IMPORT_ERRORS,
    Changeable,
    ConnectorId,
    Import,
    Reader,
    Writer,
    existing,
)
from tieline.api.cloud.connectors.importing import Imported, read_manifest
from tieline.api.cloud.connectors.schemas import ImportConnector
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Body, Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.connectors.importers import snippet
from tieline.connectors.importers.reading.document import Document
from tieline.connectors.manifest.facts import Told, correct, facts_of
from tieline.connectors.manifest.model import ASK_BELOW, Manifest
from tieline.connectors.runtime.harmless import changes_something
from tieline.core import json
from tieline.storage.tables import connectors

router = APIRouter(tags=["automation-connectors"])

MOST_FACTS = 1_000
MOST_BLOCKS = 2_000
MOST_WARNINGS = 200
LARGEST_VALUE = 4_000  # bytes of JSON
MOST_CHANGES = 200


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class FactEvidence(_Wire):
    """A place in the document."""

    pointer: str = Field(description="JSON pointer (RFC 6901) into the document, or a line of it.")
    snippet: str | None = Field(description="What stands there; only before a connector is kept.")


class ConnectorFact(_Wire):
    """A value of a manifest, and why it is what it is."""

    path: str = Field(description="Where it is in the manifest, things by their ids: `/blocks/list_pets/kind`.")
    value: Any
    cut: bool = Field(description="The value is too large to be shown here; it is null.")
    confidence: float = Field(description="0 to 1.")
    unsure: bool = Field(description="Its confidence is below `threshold`, and no person has said it.")
    set_by: str = Field(description="importer, probe or human.")
    note: str
    evidence: list[FactEvidence]
    choices: list[Any] = Field(description="What it could be instead, where only some values are allowed.")


class ConnectorFacts(_Wire):
    """Facts of a connector, those that are least sure first."""

    data: list[ConnectorFact] = Field(description="At most 1,000.")
    total: int
    unsure: int
    threshold: float


class UnderstoodServer(_Wire):
    """A base URL."""

    url: str
    description: str


class UnderstoodMethod(_Wire):
    """A way to authenticate."""

    id: str
    kind: str
    label: str
    fields: list[str]


class UnderstoodObject(_Wire):
    """A thing that the API keeps."""

    name: str
    label: str
    primary_key: list[str]
    created_field: str
    updated_field: str
    fields: int


class UnderstoodBlock(_Wire):
    """An operation."""

    id: str
    name: str
    kind: str
    object: str
    method: str
    path: str
    iterable: bool
    writes: bool
    paging: str | None
    deprecated: bool
    confidence: float = Field(description="Of its kind.")


class UnderstoodWarning(_Wire):
    """Something that was mended, skipped or is unsure."""

    code: str
    message: str
    pointer: str


class UnderstoodConnector(_Wire):
    """What an import would make."""

    name: str
    title: str
    description: str
    version: str
    format: str
    existing: str | None = Field(description="Id of the connector that an import would replace.")
    servers: list[UnderstoodServer]
    auth: list[UnderstoodMethod]
    objects: list[UnderstoodObject]
    blocks: list[UnderstoodBlock]
    block_count: int
    webhooks: list[str]
    facts: ConnectorFacts
    warnings: list[UnderstoodWarning]
    report: dict[str, Any]


class FactCorrection(BaseModel):
    """A value as a person says that it is."""

    model_config = ConfigDict(strict=True, extra="ignore")

    path: str = Field(min_length=1, max_length=2_000)
    value: Any = Field(default=None, description="null = as where nothing is said.")


class CorrectFacts(Body):
    """Values that a person says."""

    facts: list[FactCorrection] = Field(min_length=1, max_length=MOST_CHANGES)


@router.post(
    "/automation-connectors/actions/preview",
    **documented(
        "Look at an import",
        name="previewAutomationConnector",
        answer=UnderstoodConnector,
        body=ImportConnector,
        errors=[status for status in IMPORT_ERRORS if status != 409],
    ),
)
async def preview_connector(call: Reader, body: Import) -> Response:
    """Reads a document as an import does and says what was understood, with the evidence; nothing is kept. Ours."""
    imported = await read_manifest(call, body)
    async with call.unit() as unit:
        known = await unit.scalar(
            unit.select(connectors, connectors.c.id).where(connectors.c.name == imported.manifest.name)
        )
    return Json({"existing": None if known is None else str(known), **await asyncio.to_thread(_understood, imported)})


@router.get(
    "/automation-connectors/{connectorId:uuid}/facts",
    **documented("List the facts of a connector", name="getConnectorFacts", answer=ConnectorFacts, errors=[404]),
)
async def get_facts(call: Reader, connector_id: ConnectorId) -> Response:
    """The inferred values of a connector with evidence, confidence and who said so, the least sure first. Ours."""
    row = await existing(call, connector_id)
    async with call.unit() as unit:
        manifest = await call.services.connectors.manifest(unit, row["id"])
    return Json(await asyncio.to_thread(_facts, manifest, None))


@router.patch(
    "/automation-connectors/{connectorId:uuid}/facts",
    **documented(
        "Correct facts of a connector",
        name="correctConnectorFacts",
        answer=ConnectorFacts,
        body=CorrectFacts,
        errors=[404, 409, 422],
    ),
)
async def correct_facts(
    call: Writer, row: Changeable, body: Annotated[Incoming[CorrectFacts], Depends(json_body(CorrectFacts))]
) -> Response:
    """Sets values of the manifest, which keep what a person says through later imports. All of them, or none. For who
    made the connector, and for administrators. Ours.
    """
    changes = [(one.path, one.value) for one in body.model.facts]
    library = call.services.connectors
    async with call.unit() as unit:
        # Locked: of two that correct the same revision the second would undo what the first has said.
        await unit.scalar(
            unit.select(connectors, connectors.c.id).where(connectors.c.id == row["id"]).with_for_update()
        )
        manifest = await library.manifest(unit, row["id"])
        made = await asyncio.to_thread(correct, manifest, changes)
        saved = await library.save(unit, made)
        told = {"revision": saved["revision"], "paths": [path for path, _ in changes][:50]}
        await call.record(unit, "connector.corrected", row["id"], row["name"], told)
    return Json(await asyncio.to_thread(_facts, made, None))


def _facts(manifest: Manifest, document: Document | None) -> dict[str, Any]:
    listed = sorted(facts_of(manifest), key=lambda one: (one.fact.by == "human", one.fact.confidence))
    return {
        "data": [_show_fact(one, document) for one in listed[:MOST_FACTS]],
        "total": len(listed),
        "unsure": sum(_unsure(one) for one in listed),
        "threshold": ASK_BELOW,
    }


def _unsure(one: Told) -> bool:
    return one.fact.by != "human" and one.fact.confidence < ASK_BELOW


def _show_fact(one: Told, document: Document | None) -> dict[str, Any]:
    cut = len(json.dumps(one.value)) > LARGEST_VALUE
    fact = one.fact
    return {
        "path": one.path,
        "value": None if cut else one.value,
        "cut": cut,
        "confidence": fact.confidence,
        "unsure": _unsure(one),
        "setBy": fact.by,
        "note": fact.note,
        "evidence": [
            {"pointer": place, "snippet": None if document is None else snippet(document, place)}
            for place in fact.evidence[:3]
        ],
        "choices": one.choices,
    }


def _understood(imported: Imported) -> dict[str, Any]:
    manifest = imported.manifest
    return {
        "name": manifest.name,
        "title": manifest.title or manifest.name,
        "description": manifest.description,
        "version": manifest.version,
        "format": imported.report["format"],
        "servers": [{"url": one.url, "description": one.description} for one in manifest.servers],
        "auth": [
            {"id": one.id, "kind": one.kind, "label": one.label or one.id, "fields": [each.id for each in one.fields]}
            for one in manifest.auth
        ],
        "objects": [
            {
                "name": one.name,
                "label": one.label or one.name,
                "primaryKey": one.primary_key,
                "createdField": one.created_field,
                "updatedField": one.updated_field,
                "fields": len(one.schema.get("properties") or {}),
            }
            for one in manifest.objects
        ],
        "blocks": [
            {
                "id": one.id,
                "name": one.name or one.id,
                "kind": one.kind,
                "object": one.object,
                "method": one.method,
                "path": one.path,
                "iterable": one.iterable,
                "writes": changes_something(one),
                "paging": None if one.paging is UNSET else one.paging.style,
                "deprecated": one.deprecated,
                "confidence": one.facts["kind"].confidence if "kind" in one.facts else 1.0,
            }
            for one in manifest.blocks[:MOST_BLOCKS]
        ],
        "blockCount": len(manifest.blocks),
        "webhooks": [one.id for one in manifest.webhooks],
        "facts": _facts(manifest, imported.document),
        "warnings": [msgspec.to_builtins(one) | {"pointer": one.pointer} for one in manifest.warnings[:MOST_WARNINGS]],
        "report": imported.report,
    }
