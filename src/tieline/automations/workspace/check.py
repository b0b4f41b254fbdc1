"""What an import or a save says about a document: never a refusal for what is only incomplete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tieline.automations.engine.registry import CompileContext, block_type, lookup
from tieline.automations.formulas import compile_json
from tieline.automations.formulas.errors import FormulaError
from tieline.automations.workspace import document as reading
from tieline.automations.workspace.compile import findings
from tieline.core.errors import TielineError

# Settings of every block, or of editors alone.
_COMMON = frozenset(
    {"blendr_on_error", "datasource", "automations_censor_data", "log_requests", "cache", "parallel", "keep_order"}
)
# Inputs that hold text and no formula.
_NO_FORMULA = frozenset({"code", "test_payload"})

# Inputs that hold the id of a block.
_BLOCK_INPUTS = {
    "GotoBlock": ("label",),
    **dict.fromkeys(("ListPointerBlock", "UpdatePointerBlock", "DeletePointerBlock"), ("pointer_block_id",)),
}


@dataclass(slots=True)
class Report:
    """``errors`` would end a run, ``warnings`` would not; each is {code, detail, block, blockId}, and where a formula
    is at fault also {input, position (characters from 0), text}.

    ``unbound`` blocks name a connector ({connector, operation, block, blockId, detail}), but no connection; ``bound``
    ones ({connector, connection, block, blockId}) name none either, and find the only one there is. ``unknown`` block
    types are kept, and cannot run.
    """

    run_mode: str = "manual"
    blocks: int = 0
    unbound: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    bound: list[dict[str, Any]] = field(default_factory=list)
    disabled: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data; ``runMode`` in place of ``run_mode``."""
        shown = asdict(self)
        return {"runMode": shown.pop("run_mode"), **shown}


def check(document: Any) -> Report:
    """Reads a document; raises `PlanError` only where it is not a workspace at all."""
    listed = reading.blocks(document)
    report = Report(blocks=len(listed))
    known = {block["id"] for block in listed}
    parents: dict[str, str] = {}
    for block in listed:
        about = _about(block)
        if block_type(block["type"]) is None:
            report.unknown.append({"type": block["type"], **about})
        if block.get("disabled") is True:
            report.disabled.append(about)
        _edges(block, about, known, parents, report)
        for name in _BLOCK_INPUTS.get(block["type"], ()):
            target = lookup(block.get("inputs"), name)
            if isinstance(target, str) and target and "{" not in target and target not in known:
                detail = f"the input {name} names block {target!r:.60}, which does not exist"
                report.warnings.append({"code": "dangling-reference", "detail": detail, **about, "input": name})
        if block.get("datasourcetype_guid") and not lookup(block.get("settings"), "datasource"):
            operation = block.get("endpoint_guid") or block.get("snippet_guid") or ""
            connector = str(block["datasourcetype_guid"])
            report.unbound.append({"connector": connector, "operation": str(operation), **about})
    start = reading.start_block(document)
    if start is None:
        if listed:
            report.errors.append(
                {"code": "no-start", "detail": "there is no start block; add one", "block": "", "blockId": ""}
            )
    else:
        mode = lookup(start.get("inputs"), "run_mode", "manual")
        report.run_mode = mode if isinstance(mode, str) and mode in reading.RUN_MODES else "manual"
        others = [
            block["id"] for block in listed if block["type"] == "StartBlock" and reading.flow_of(block) != reading.MAIN
        ]
        _unreachable(listed, [start["id"], *others], report)
    errors, lost = findings(document)
    by_id = {block["id"]: block for block in listed}
    for error in errors:
        block = by_id.get(error["blockId"], {})
        places = list(_formula_errors(block)) if str(error["code"]).startswith("formula-") else []
        report.errors += [{**error, **place} for place in places] or [error]
    report.warnings += lost
    _settings(listed, reading.variables(document), report)
    return report


def _about(block: Mapping[str, Any]) -> dict[str, Any]:
    return {"block": reading.name_of(block), "blockId": block["id"]}


def _edges(
    block: Mapping[str, Any], about: dict[str, Any], known: set[str], parents: dict[str, str], report: Report
) -> None:
    for edge, target in reading.edges(block):
        if target not in known:
            detail = f"{edge} names block {target}, which does not exist"
            report.warnings.append({"code": "dangling-reference", "detail": detail, **about})
        elif target in parents and parents[target] != block["id"]:
            detail = f"{edge} names block {target}, which already follows another block"
            report.warnings.append({"code": "two-parents", "detail": detail, **about})
        else:
            parents[target] = block["id"]


def _unreachable(listed: list[Mapping[str, Any]], starts: list[str], report: Report) -> None:
    """Blocks to which no way leads from the start; of a chain that hangs loose, the first."""
    ways = {block["id"]: [target for _, target in reading.edges(block)] for block in listed}
    for block in listed:
        label = lookup(block.get("inputs"), "label") if block["type"] == "GotoBlock" else None
        if isinstance(label, str):
            ways[block["id"]].append(label)
    reached: set[str] = set()
    pending = [*starts]
    while pending:
        at = pending.pop()
        if at not in reached and at in ways:
            reached.add(at)
            pending += ways[at]
    led_to = {target for identity, targets in ways.items() if identity not in reached for target in targets}
    for block in listed:
        if block["id"] not in reached and block["id"] not in led_to:
            detail = "no way leads from the start to this block; neither it nor what follows it ever runs"
            report.warnings.append({"code": "unreachable", "detail": detail, **_about(block)})


def _formula_errors(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each text of a block that is no formula: where it is, and why."""
    for name, value in _texts(block):
        try:
            compile_json(value)
        except FormulaError as error:
            yield {
                "code": error.code,
                "detail": f"{name}: {error.detail}",
                "input": name,
                "position": error.position,
                "text": error.text,
            }


def _texts(block: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for field_name in ("inputs", "settings"):
        entries = block.get(field_name)
        if isinstance(entries, Mapping):
            entries = [{"id": name, "value": value} for name, value in entries.items()]
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, Mapping) and entry.get("id") not in _NO_FORMULA:
                yield str(entry.get("id")), entry.get("value")
    for field_name in ("operations", "statements"):
        listed = block.get(field_name)
        for number, entry in enumerate(listed if isinstance(listed, list) else [], 1):
            yield f"{field_name[:-1]} {number}", entry.get("value") if isinstance(entry, Mapping) else entry


@dataclass(slots=True)
class _Asked(CompileContext):
    """Notes which settings a block type asks for."""

    asked: set[str] = field(default_factory=set)

    def setting(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return CompileContext.setting(self, name, default)


def _settings(listed: list[Mapping[str, Any]], variables: Mapping[str, tuple[str, str]], report: Report) -> None:
    """Settings that are kept but do nothing."""
    names = {block["id"]: reading.name_of(block) for block in listed}
    for block in listed:
        kind = block_type(block["type"])
        given = {name for name, value in _settings_of(block) if value not in (None, "", "no", False, [], {})}
        if kind is None or not given - _COMMON:
            continue
        context = _Asked(block=block, index_of={}, variables=variables, names=names)
        try:
            kind.compile(context)
        except (TielineError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError):
            continue  # it is among the errors
        for name in sorted(given - _COMMON - context.asked):
            detail = f"the setting {name!r:.60} is kept, but a {block['type']} does not use it"
            report.warnings.append({"code": "unsupported-setting", "detail": detail, **_about(block)})


def _settings_of(block: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    settings = block.get("settings")
    if isinstance(settings, Mapping):
        yield from ((str(name), value) for name, value in settings.items() if not isinstance(value, (list, dict)))
    for entry in settings if isinstance(settings, list) else []:
        if isinstance(entry, Mapping) and not isinstance(entry.get("value"), (list, dict)):
            yield str(entry.get("id")), entry.get("value")
