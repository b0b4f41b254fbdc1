"""Which block a path of the journal speaks of: keys like ``b4`` are places in the workspace of the run's version."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tieline.automations.blocks.values import flag
from tieline.automations.engine.errors import PlanError
from tieline.automations.engine.registry import block_type, lookup
from tieline.automations.workspace import document as reading
from tieline.core import json
from tieline.core.errors import BadInput, TielineError
from tieline.storage.documents import workspace_of
from tieline.storage.unit import Unit

KEPT = 64
_STEP = re.compile(r"(b\d{1,9})(?:~(\d{1,9}))?(?:\.(\d{1,12}))?")
_ONE_AT_A_TIME = (None, "", 0, 1, "0", "1", False, "no", "false")


@dataclass(frozen=True, slots=True)
class Placed:
    """A block and where it stands."""

    key: str
    id: str
    type: str
    name: str
    label: str
    on_error: str
    parallel: bool  # items of the loop run side by side
    censored: bool  # a setting says that nobody sees its data
    picks: bool  # an incremental block: not every record of a page becomes an item
    follows: tuple[str | None, ...]  # (next, loop body, branches in the order of the block's answers)


class Layout:
    """The blocks of one version."""

    def __init__(self, placed: list[Placed]) -> None:
        self.by_key = {one.key: one for one in placed}
        self.by_id = {one.id: one for one in placed}
        self.by_name: dict[str, list[Placed]] = {}
        for one in placed:
            self.by_name.setdefault(one.name, []).append(one)

    def block(self, path: str) -> Placed | None:
        """The block that a path ends at."""
        return self.by_key.get(key_of(path))

    def loops(self, path: str) -> list[tuple[Placed | None, str, int]]:
        """(loop block, its path, item) for each loop around a path, outermost first."""
        found = []
        begin = 0
        while (slash := path.find("/", begin)) >= 0:
            inside, _, index = path[:slash].rpartition(".")
            found.append((self.block(inside), inside, int(index) if index.isdigit() else 0))
            begin = slash + 1
        return found

    def iteration(self, path: str) -> list[dict[str, Any]]:
        """The loops around a path, as the API shows them."""
        return [
            {"blockId": loop.id if loop else "", "name": loop.name if loop else "", "index": index}
            for loop, _, index in self.loops(path)
        ]


def key_of(path: str) -> str:
    """The key of the block that a path (or the path of a page, ``b4#2``) ends at."""
    return path.rpartition("/")[2].partition("#")[0].partition("~")[0]


def iteration_path(text: str, parameter: str = "iteration") -> str:
    """``b4.7431`` or ``b4.3/b6~2.0``, checked. Raises `BadInput`."""
    parts = text.split("/")
    if len(text) > 2000 or not all((step := _STEP.fullmatch(part)) and step[3] for part in parts):
        raise BadInput(
            f"The parameter {parameter} must be a path of items like b4.7431 or b4.7431/b6.0.", parameter=parameter
        )
    return text


def execution_path(text: str, parameter: str = "path") -> str:
    """``b4.7431/b6~2``, checked. Raises `BadInput`."""
    parts = text.split("/")
    found = [_STEP.fullmatch(part) for part in parts]
    if len(text) > 2000 or not all(found) or any(not step[3] for step in found[:-1] if step):
        raise BadInput(
            f"The parameter {parameter} must be the path of an execution like b2 or b4.7431/b6.", parameter=parameter
        )
    return text


_layouts: OrderedDict[tuple[UUID, UUID, int], Layout] = OrderedDict()


async def layout_of(unit: Unit, run: Mapping[str, Any]) -> Layout:
    """The layout of the version that a run is pinned to."""
    assert unit.tenant_id is not None
    name = (unit.tenant_id, run["automation_id"], run["version"])
    found = _layouts.get(name)
    if found is None:
        workspace = await workspace_of(unit, run["automation_id"], run["version"])
        found = _layouts[name] = Layout(placed(json.loads(workspace) if workspace else {}))
        if len(_layouts) > KEPT:
            _layouts.popitem(last=False)
    _layouts.move_to_end(name)
    return found


def placed(document: Any) -> list[Placed]:
    """The blocks of a document in its order; none where it is no workspace."""
    try:
        listed = reading.blocks(document)
    except PlanError:
        return []
    variables = reading.variables(document)
    return [_placed(index, block, variables) for index, block in enumerate(listed)]


def _placed(index: int, block: Mapping[str, Any], variables: Mapping[str, tuple[str, str]]) -> Placed:
    declared = variables.get(str(block.get("variableGuid", "")))
    name = declared[0] if declared else reading.name_of(block)
    setting = lookup(block.get("settings"), "parallel")
    kind = block_type(block["type"])
    branches: Any = ()
    if kind is not None:
        with suppress(TielineError, TypeError, ValueError, LookupError, AttributeError):
            branches = kind.branches(block)
    if block["type"] == "TryBlock":
        branches = [block.get("tryChildId"), block.get("catchChildId")]
    follows = [block.get("childId"), block.get("loopBlockId"), *branches]
    return Placed(
        key=f"b{index}",
        id=block["id"],
        type=block["type"],
        name=name,
        label=str(block.get("displayName") or name),
        on_error=str(lookup(block.get("settings"), "blendr_on_error", "stop")),
        parallel=not any(setting is value or setting == value for value in _ONE_AT_A_TIME),
        censored=flag(lookup(block.get("settings"), "automations_censor_data")),
        picks=lookup(block.get("settings"), "blendr_pointer") in ("yes", True, "true", 1)
        or block.get("endpoint_role") in ("listnew", "listupdated"),
        follows=tuple(one if isinstance(one, str) and one else None for one in follows),
    )
