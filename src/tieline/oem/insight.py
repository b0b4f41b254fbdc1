"""How a partner's integrations are, and what they were used for, over all accounts.

Health of an integration: ``setup`` (something required lacks), ``disabled``, ``disconnected`` (a connection of its own
has to be renewed), ``failing`` (its last run that is over ended badly), ``unused`` (it has not run), else ``ok``.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from tieline.automations.runs.service import ENDED
from tieline.automations.runs.usage import DAY, FIGURES
from tieline.storage.tables import automations, connections, integrations, runs, templates, tenants, usage_days
from tieline.tenancy import standing

BAD: Final = ("failed", "exceeded limit")
LONGEST: Final = timedelta(days=366)
FIGURE_NAMES: Final = tuple(FIGURES)


def _last() -> Any:
    """The last run that is over."""
    return (
        sa.select(runs.c.id, runs.c.status, runs.c.started_at, runs.c.stopped_at, runs.c.error)
        .where(
            runs.c.tenant_id == integrations.c.tenant_id,
            runs.c.automation_id == integrations.c.automation_id,
            runs.c.status.in_(ENDED),
            sa.not_(runs.c.is_test),
        )
        .order_by(runs.c.id.desc())
        .limit(1)
        .lateral("last_run")
    )


def health(partner_id: UUID, *, state: str | None = None, template_id: UUID | None = None) -> sa.Select[Any]:
    """SELECT of all integrations of a partner's accounts with how they are; in a unit of `Database.system`."""
    last = _last()
    broken = sa.exists().where(
        connections.c.tenant_id == integrations.c.tenant_id,
        sa.not_(connections.c.is_connected),
        sa.func.jsonb_path_query_array(integrations.c.connections, sa.literal_column("'$.*'::jsonpath")).op("?")(
            sa.cast(connections.c.id, sa.Text)
        ),
    )
    says = sa.case(
        (sa.not_(integrations.c.setup_complete), "setup"),
        (automations.c.state == "disabled", "disabled"),
        (broken, "disconnected"),
        (last.c.status.in_(BAD), "failing"),
        (last.c.status.is_(None), "unused"),
        else_="ok",
    ).label("health")
    statement = (
        sa.select(
            tenants.c.id.label("account_guid"),
            tenants.c.external_id,
            tenants.c.name.label("account_name"),
            automations.c.id,
            automations.c.name,
            automations.c.version,
            automations.c.template_id,
            integrations.c.template_id.label("made_of"),
            integrations.c.pinned_version,
            templates.c.name.label("template_name"),
            last.c.id.label("run_id"),
            last.c.status,
            last.c.started_at,
            last.c.stopped_at,
            last.c.error,
            says,
        )
        .select_from(integrations)
        .join(tenants, tenants.c.id == integrations.c.tenant_id)
        .join(
            automations,
            (automations.c.tenant_id == integrations.c.tenant_id) & (automations.c.id == integrations.c.automation_id),
        )
        .join(templates, templates.c.id == integrations.c.template_id)
        .outerjoin(last, sa.true())
        .where(tenants.c.partner_id == partner_id, tenants.c.status == standing.ACTIVE)
        .order_by(tenants.c.id, automations.c.id)
    )
    if state is not None:
        statement = statement.where(says == state)
    if template_id is not None:
        statement = statement.where(integrations.c.template_id == template_id)
    return statement


def usage(partner_id: UUID, first: date, last: date) -> sa.Select[Any]:
    """SELECT of what each account of a partner did from ``first`` to ``last`` (days in UTC, both counted), purged runs
    too; one row an account.
    """
    alive = (
        sa.select(runs.c.tenant_id, *(figure.label(name) for name, figure in FIGURES.items()))
        .join(automations, (automations.c.tenant_id == runs.c.tenant_id) & (automations.c.id == runs.c.automation_id))
        .join(tenants, tenants.c.id == runs.c.tenant_id)
        .where(tenants.c.partner_id == partner_id, first <= DAY, last >= DAY)
        .group_by(runs.c.tenant_id)
    )
    purged = (
        sa.select(usage_days.c.tenant_id, *(sa.func.sum(usage_days.c[name]).label(name) for name in FIGURES))
        .join(tenants, tenants.c.id == usage_days.c.tenant_id)
        .where(tenants.c.partner_id == partner_id, usage_days.c.day >= first, usage_days.c.day <= last)
        .group_by(usage_days.c.tenant_id)
    )
    both = sa.union_all(alive, purged).subquery()
    sums = (
        sa.select(both.c.tenant_id, *(sa.func.sum(both.c[name]).label(name) for name in FIGURES))
        .group_by(both.c.tenant_id)
        .subquery()
    )
    installed = (
        sa.select(sa.func.count())
        .where(integrations.c.tenant_id == tenants.c.id)
        .correlate(tenants)
        .scalar_subquery()
        .label("integrations")
    )
    return (
        sa.select(
            tenants.c.id,
            tenants.c.external_id,
            tenants.c.name,
            installed,
            *(sa.func.coalesce(sums.c[name], 0).label(name) for name in FIGURES),
        )
        .outerjoin(sums, sums.c.tenant_id == tenants.c.id)
        .where(tenants.c.partner_id == partner_id, tenants.c.status == standing.ACTIVE)
        .order_by(tenants.c.id)
    )


def usage_by_day(tenant_id: UUID, first: date, last: date) -> sa.Select[Any]:
    """SELECT of what one account did on each day that it did something, oldest first; days in UTC."""
    alive = (
        sa.select(DAY.label("day"), *(figure.label(name) for name, figure in FIGURES.items()))
        .select_from(runs)
        .join(automations, (automations.c.tenant_id == runs.c.tenant_id) & (automations.c.id == runs.c.automation_id))
        .where(runs.c.tenant_id == tenant_id, first <= DAY, last >= DAY)
        .group_by(DAY)
    )
    purged = (
        sa.select(usage_days.c.day, *(sa.func.sum(usage_days.c[name]).label(name) for name in FIGURES))
        .where(usage_days.c.tenant_id == tenant_id, usage_days.c.day >= first, usage_days.c.day <= last)
        .group_by(usage_days.c.day)
    )
    both = sa.union_all(alive, purged).subquery()
    return (
        sa.select(both.c.day, *(sa.func.sum(both.c[name]).label(name) for name in FIGURES))
        .group_by(both.c.day)
        .order_by(both.c.day)
    )
