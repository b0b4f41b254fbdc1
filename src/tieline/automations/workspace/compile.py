"""Document -> immutable plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tieline.automations.engine.errors import PlanError
from tieline.automations.engine.plan import ON_ERROR, Label, Plan, Step
from tieline.automations.engine.registry import BlockType, CompileContext, block_type, lookup
from tieline.automations.engine.results import unknown
from tieline.automations.workspace import document as reading
from tieline.core.errors import TielineError

MAX_NESTING = 100  # of loops and branches
INHERITED = ("log_requests",)
MOST_PARALLEL = 50  # items of one loop in work at once


class _Unusable(BlockType):
    """Stands for a block that cannot run: its error waits until a run really reaches it."""

    def __init__(self, error: TielineError) -> None:
        self.error = error

    async def run(self, program: Any, inputs: Any, context: Any) -> Any:
        raise self.error


def compile_plan(document: Any) -> Plan:
    """The plan of a document. Raises `PlanError` where there is nothing to start; a broken block fails when it is
    reached.
    """
    listed = reading.blocks(document)
    start = reading.start_block(document)
    if start is None:
        raise PlanError("the workspace has no enabled start block; add one", pointer="/workspace/blocks")
    variables = reading.variables(document)
    keys = {block["id"]: f"b{index}" for index, block in enumerate(listed)}
    names = {block["id"]: reading.name_of(block) for block in listed}
    whole: set[str] = set()
    steps: dict[str, Step] = {}
    for block in listed:
        block = _inheriting(block, start)
        context = CompileContext(block=block, index_of=keys, variables=variables, names=names)
        steps[block["id"]] = _step(block, context)
        whole |= context.whole
    _check_shape(steps)
    for identity, step in steps.items():
        feeds_loop = step.loop is not None or step.kind.iterable(step.program)
        if feeds_loop and step.name in whole:
            steps[identity] = replace(step, collect=True)
    return Plan(
        start=start["id"],
        steps=steps,
        variables=dict(variables.values()),
        labels=_labels(steps, start["id"]),
        revisits=_revisits(steps),
    )


def _inheriting(block: Mapping[str, Any], start: Mapping[str, Any]) -> Mapping[str, Any]:
    """A block with the settings that it has not got itself, and the start block has for all."""
    settings = block.get("settings")
    missing = {
        name: value
        for name in INHERITED
        if (value := lookup(start.get("settings"), name)) is not None and lookup(settings, name) is None
    }
    if not missing or block is start:
        return block
    if isinstance(settings, Mapping):
        return {**block, "settings": {**settings, **missing}}
    listed = settings if isinstance(settings, list) else []
    return {**block, "settings": [*listed, *({"id": name, "value": value} for name, value in missing.items())]}


def findings(document: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(errors that `compile_plan` would leave for a run to find, names that formulas read and nothing bears).

    Each is {code, detail, block, blockId}.
    """
    variables = reading.variables(document)
    listed = reading.blocks(document)
    names = {block["id"]: reading.name_of(block) for block in listed}
    known = {*names.values(), *(name for name, _ in variables.values())}
    steps: dict[str, Step] = {}
    errors, lost = [], []
    for block in listed:
        step = steps[block["id"]] = _step(
            block, CompileContext(block=block, index_of={}, variables=variables, names=names)
        )
        about = {"block": step.name, "blockId": step.id}
        if isinstance(step.kind, _Unusable) and block_type(block["type"]) is not None:
            errors.append({"code": step.kind.error.code, "detail": step.kind.error.detail, **about})
        for root in sorted(step.roots - known):
            detail = f"{{$.{root}}} reads a block or variable that does not exist; it gives null"
            lost.append({"code": "unknown-reference", "detail": detail, **about})
    try:
        _check_shape(steps)
    except PlanError as error:
        errors.append({"code": error.code, "detail": error.detail, "block": "", "blockId": ""})
    return errors, lost


def _step(block: Mapping[str, Any], context: CompileContext) -> Step:
    name = reading.name_of(block)
    kind = block_type(block["type"])
    program: Any = None
    branches: tuple[str | None, ...] = ()
    if kind is None:
        kind = _Unusable(unknown(block["type"], name))
    else:
        try:
            program = kind.compile(context)
            branches = kind.branches(block)
        except TielineError as error:
            kind = _Unusable(error)
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
            kind = _Unusable(PlanError(f"block “{name}” cannot be read ({type(error).__name__}: {error})"[:500]))
    on_error = lookup(block.get("settings"), "blendr_on_error", "stop")
    usable = not isinstance(kind, _Unusable)
    return Step(
        key=context.index_of.get(block["id"], ""),
        id=block["id"],
        type=block["type"],
        name=_visible_name(block, name, context),
        label=str(block.get("displayName") or name),
        kind=kind,
        program=program,
        next=_target(block, "childId"),
        loop=_target(block, "loopBlockId") if usable and kind.iterable(program) else None,
        branches=branches,
        disabled=block.get("disabled") is True,
        on_error=on_error if on_error in ON_ERROR else "stop",
        effect=usable and kind.effect(program),
        parallel=_parallel(context.setting("parallel")),
        ordered=str(context.setting("keep_order", "yes")).lower() not in ("no", "false", "0"),
        roots=frozenset(context.roots),
    )


def _parallel(value: Any) -> int:
    """Items of a loop in work at once, 1 to `MOST_PARALLEL`; what is no number means 1."""
    try:
        return min(max(int(value), 1), MOST_PARALLEL)
    except (TypeError, ValueError, OverflowError):
        return 1


def _visible_name(block: Mapping[str, Any], name: str, context: CompileContext) -> str:
    """Variable blocks are read under their variable's name, which their own name repeats."""
    declared = context.variables.get(str(block.get("variableGuid", "")))
    return declared[0] if declared else name


def _target(block: Mapping[str, Any], edge: str) -> str | None:
    target = block.get(edge)
    return target if isinstance(target, str) and target else None


def _labels(steps: dict[str, Step], start: str) -> dict[str, Label]:
    """Where each target of a jump lies."""
    targets = {step.program for step in steps.values() if step.type == "GotoBlock" and isinstance(step.program, str)}
    if not targets:
        return {}
    parents: dict[str, tuple[str, str]] = {}
    for identity, step in steps.items():
        for edge, child in (("next", step.next), ("loop", step.loop), *(("branch", child) for child in step.branches)):
            if child:
                parents.setdefault(child, (edge, identity))
    known: dict[str, Label] = {}
    for target in targets:
        trail, place = [target], target
        while place in parents and place not in known and parents[place][0] != "loop":
            place = parents[place][1]
            trail.append(place)
        if place not in known:
            loop = parents[place][1] if place in parents else None
            known[place] = Label(loop, orphan=loop is None and place != start, after=())
        for child in reversed(trail[:-1]):
            edge, parent = parents[child]
            above = known[parent]
            own = (steps[parent].next,) if edge == "branch" else ()
            known[child] = replace(above, after=(*own, *above.after)) if own else above
    return {target: known[target] for target in targets}


def _revisits(steps: dict[str, Step]) -> bool:
    """Whether a jump or a second way leads to some block."""
    if any(step.type == "GotoBlock" for step in steps.values()):
        return True
    targets = [target for step in steps.values() for target in (step.next, step.loop, *step.branches) if target]
    return len(set(targets)) < len(targets)


def _check_shape(steps: dict[str, Step]) -> None:
    """Edges other than goto lead nowhere in a circle, and not too deep; else a run would never end, or exhaust the
    stack.
    """
    done: dict[str, int] = {}  # levels below and including the block
    for root in steps:
        if root in done:
            continue
        trail: set[str] = set()
        stack: list[tuple[str, bool]] = [(root, False)]
        while stack:
            identity, leaving = stack.pop()
            if leaving:
                trail.discard(identity)
                step = steps[identity]
                below = [done.get(target, 0) for target in (step.loop, *step.branches) if target]
                done[identity] = max(1 + max(below, default=0), done.get(step.next or "", 0))
                if done[identity] > MAX_NESTING:
                    raise PlanError(
                        f"loops and branches are nested more than {MAX_NESTING} deep; move the inner ones to an "
                        "automation of their own",
                        pointer="/workspace/blocks",
                    )
                continue
            if identity in trail:
                name = steps[identity].name
                raise PlanError(
                    f"block “{name}” follows itself; use a goto block to go round", pointer="/workspace/blocks"
                )
            if identity in done or identity not in steps:
                continue
            trail.add(identity)
            stack.append((identity, True))
            step = steps[identity]
            stack += [(target, False) for target in (step.next, step.loop, *step.branches) if target]
