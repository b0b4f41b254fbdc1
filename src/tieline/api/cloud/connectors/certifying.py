"""The certificate of a connector: every block against a mock that is made of its manifest."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from tieline.api.cloud.connectors.endpoints import ConnectorId, Reader, existing
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Body, Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.connectors.conformance.certifying import Certified, certify, kept
from tieline.connectors.manifest.model import Manifest
from tieline.core.clock import iso

router = APIRouter(tags=["automation-connectors"])

MOST_FAILURES = 500


class MakeCertificate(Body):
    """What to try."""

    block: str | None = Field(default=None, max_length=500, description="Only this block; its key or guid.")
    again: bool = Field(default=False, description="Also where there is a certificate of this manifest already.")


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class CertificateFailure(_Wire):
    """A scenario that failed."""

    block: str = Field(description="A block's key; `auth/ID`, `webhook/ID` or `connector` for what is no block.")
    scenario: str
    reason: str


class CertificateBlock(_Wire):
    """What came of the scenarios of one block."""

    block: str
    passed: int
    failed: int
    not_applicable: int


class ConnectorCertificate(_Wire):
    """Whether a connector does what its manifest says."""

    connector: str
    version: str
    sha256: str = Field(description="Of the manifest's canonical JSON.")
    ok: bool
    passed: int
    failed: int
    not_applicable: int
    made_at: datetime
    seconds: float
    blocks: list[CertificateBlock]
    failures: list[CertificateFailure] = Field(description="At most 500.")


@router.post(
    "/automation-connectors/{connectorId:uuid}/actions/certify",
    **documented(
        "Certify a connector",
        name="certifyConnector",
        answer=ConnectorCertificate,
        body=MakeCertificate,
        errors=[404, 504],
    ),
)
async def certify_connector(
    call: Reader,
    connector_id: ConnectorId,
    body: Annotated[Incoming[MakeCertificate], Depends(json_body(MakeCertificate))],
) -> Response:
    """Runs every block against a mock on this machine, or serves the certificate of this very manifest. Nothing is
    called outside. One at a time for an account: 429 while another is made. Ours.
    """
    row = await existing(call, connector_id)
    async with call.unit() as unit:
        manifest: Manifest = await call.services.connectors.manifest(unit, row["id"])
    wanted = body.model
    found = None if wanted.again else kept(manifest, wanted.block)
    return Json(_show(found or await certify(manifest, wanted.block, who=call.principal.tenant_id)))


def _show(one: Certified) -> dict[str, Any]:
    made = one.certificate
    counted: dict[str, dict[str, int]] = {}
    for result in made.results:
        mine = counted.setdefault(result.block, {"pass": 0, "fail": 0, "not_applicable": 0})
        mine[result.outcome] += 1
    failures = [result for result in made.results if result.outcome == "fail"]
    return {
        "connector": made.connector,
        "version": made.version,
        "sha256": made.sha256,
        "ok": made.ok,
        "passed": made.passed,
        "failed": made.failed,
        "notApplicable": made.not_applicable,
        "madeAt": iso(one.made_at),
        "seconds": one.seconds,
        "blocks": [
            {"block": name, "passed": mine["pass"], "failed": mine["fail"], "notApplicable": mine["not_applicable"]}
            for name, mine in counted.items()
        ],
        "failures": [
            {"block": result.block, "scenario": result.scenario, "reason": result.reason}
            for result in failures[:MOST_FAILURES]
        ],
    }
