"""What an import or a save says about a document: never a refusal for what is only incomplete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tieline.automations.engine.registry import block_type, lookup
from tieline.automations.workspace import document as reading
from tieline.automations.workspace.compile import findings


@dataclass(slots=True)
class Report:
    """``errors`` would end a run, ``warnings`` would not; each is {code, detail, block, blockId}."""

    run_mode: str = "manual"
    blocks: int = 0
    unbound: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)


def check(document: Any) -> Report:
    """Reads a document; raises `PlanError` only where it is not a workspace at all."""
    listed = reading.blocks(document)
    report = Report(blocks=len(listed))
    known = {block["id"] for block in listed}
    parents: dict[str, str] = {}
    for block in listed:
        about = {"block": reading.name_of(block), "blockId": block["id"]}
        if block_type(block["type"]) is None:
            report.unknown.append({"type": block["type"], **about})
        for edge, target in reading.edges(block):
            if target not in known:
                report.warnings.append(
                    {
                        "code": "dangling-reference",
                        "detail": f"{edge} names block {target}, which does not exist",
                        **about,
                    }
                )
            elif target in parents and parents[target] != block["id"]:
                report.warnings.append(
                    {
                        "code": "two-parents",
                        "detail": f"{edge} names block {target}, which already follows another block",
                        **about,
                    }
                )
            else:
                parents[target] = block["id"]
        if block.get("datasourcetype_guid") and not lookup(block.get("settings"), "datasource"):
            report.unbound.append({"connector": str(block["datasourcetype_guid"]), **about})
    start = reading.start_block(document)
    if start is None:
        if listed:
            report.errors.append(
                {"code": "no-start", "detail": "there is no start block; add one", "block": "", "blockId": ""}
            )
    else:
        mode = lookup(start.get("inputs"), "run_mode", "manual")
        report.run_mode = mode if isinstance(mode, str) and mode in reading.RUN_MODES else "manual"
    errors, lost = findings(document)
    report.errors += errors
    report.warnings += lost
    return report
