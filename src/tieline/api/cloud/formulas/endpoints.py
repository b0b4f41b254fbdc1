"""Formulas: ``/formulas``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach
from tieline.api.cloud.formulas.errors import TooManyPreviews
from tieline.api.cloud.formulas.schemas import FormulaLibrary, FormulaPreview, PreviewFormula, show_function
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import parse_id
from tieline.automations.formulas import FUNCTIONS, OPERATORS, Env, FormulaError, Limits, compile_value
from tieline.automations.formulas.preview import explain
from tieline.automations.formulas.registry import GROUPS
from tieline.automations.runs.layout import execution_path
from tieline.automations.runs.sampling import sample
from tieline.automations.runs.storable import storable
from tieline.core import json
from tieline.core.errors import BadInput

router = APIRouter(tags=["automations"])

Reader = Annotated[Call, Depends(access("automations", "read"))]

LARGEST_VALUE = 256 * 1024  # bytes of JSON
AT_ONCE = 2
WAITING = 64
# Less than a run may use: a preview computes in the process that serves everybody.
ENV = Env(limits=Limits(max_output_bytes=2 * 2**20, max_list=200_000))


class _Computing:
    """Formulas are computed beside the loop that answers requests, a few at a time."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._waiting = 0

    async def run(self, formula: str, data: Mapping[str, Any]) -> dict[str, Any]:
        if self._waiting >= WAITING:
            raise TooManyPreviews("Many formulas wait to be computed; ask again in a moment.", retry_after=1)
        self._waiting += 1
        try:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="formula")
            return await asyncio.get_running_loop().run_in_executor(self._pool, _computed, formula, data)
        finally:
            self._waiting -= 1


_computing = _Computing()


@router.post(
    "/formulas/actions/preview",
    **documented("Try a formula", name="previewFormula", answer=FormulaPreview, errors=[404], body=PreviewFormula),
)
async def preview_formula(
    call: Reader, body: Annotated[Incoming[PreviewFormula], Depends(json_body(PreviewFormula))]
) -> Response:
    """Computes a formula on sample data, or on the data of a run, without running anything. A formula that cannot be
    read or computed is no error of the request: `error` says what and where.
    """
    asked = body.model
    data: dict[str, Any] = {}
    if asked.runId is not None:
        data = await _of_run(call, asked)
    elif asked.path is not None:
        raise BadInput("A path needs the run that it lies in: send runId.", pointer="/path")
    found = await _computing.run(asked.formula, {**data, **asked.sample, **asked.variables})
    return Json(found)


@router.get(
    "/formulas/functions",
    **documented("List the functions of formulas", name="getFormulaFunctions", answer=FormulaLibrary),
)
async def list_functions(call: Reader) -> Response:
    """Every function with its signature, what it does, and examples; and the operators of conditions."""
    return Response(_library(), media_type="application/json")


async def _of_run(call: Call, asked: PreviewFormula) -> dict[str, Any]:
    """What the formula reads, from a run. Raises `NotFound`."""
    run_id = parse_id(asked.runId or "", "run", pointer="/runId")
    path = None
    if asked.path is not None:
        try:
            path = execution_path(asked.path)
        except BadInput as error:
            raise BadInput(error.detail, pointer="/path") from None
    try:
        names = compile_value(asked.formula).roots - asked.sample.keys() - asked.variables.keys()
    except FormulaError:
        names = frozenset()
    async with call.unit() as unit:
        run = await call.services.runs.get(unit, run_id)
        await reach(call, unit, run["automation_id"], to="see")
        return await sample(unit, run, names, path) if names else {}


def _computed(formula: str, data: Mapping[str, Any]) -> dict[str, Any]:
    found = {**explain(formula, data, ENV), "cut": False}
    try:
        found = storable(found, nul=True)
        if len(json.dumps(found["value"])) > LARGEST_VALUE:
            found |= {"value": None, "cut": True}
    except (RecursionError, TypeError, ValueError, OverflowError):
        found |= {"value": None, "text": None, "cut": True}
        found["error"] = found["error"] and storable(found["error"], nul=True)
        found["references"] = storable(found["references"], nul=True)
    return found


@cache
def _library() -> bytes:
    order = list(GROUPS)
    functions = sorted(FUNCTIONS.values(), key=lambda one: (order.index(one.group), one.name))
    operators = [
        {"name": one.name, "aliases": list(one.aliases), "unary": one.unary, "doc": one.doc}
        for one in OPERATORS.values()
    ]
    return json.dumps({"functions": [show_function(one) for one in functions], "operators": operators})
