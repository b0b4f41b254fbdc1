"""Which run computes the formula: exports of the original product name files and titles by it."""

from __future__ import annotations

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.registry import example, function


@function("run", example("{jobguid:}", None), aliases=("jobid", "runid"))
def jobguid(context: Context) -> str | None:
    """The id of the run; null outside of one. Also written `{jobguid}`."""
    return context.env.run or None


@function("run", example("{automationguid:}", None), aliases=("automationid", "blendguid"))
def automationguid(context: Context) -> str | None:
    """The id of the automation that runs; null outside of a run. Also written `{automationguid}` or `{blendguid}`."""
    return context.env.automation or None


@function("run", example("{accountguid:}", None), aliases=("tenantid",))
def accountguid(context: Context) -> str | None:
    """The id of the tenant whose automation runs; null outside of a run. Also written `{accountguid}`."""
    return context.env.tenant or None
