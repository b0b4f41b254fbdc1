"""The partner's SaaS API, below ``/oem/v1``."""

from __future__ import annotations

from fastapi import FastAPI

from tieline.api.oem.accounts.endpoints import router as accounts
from tieline.api.oem.audits.endpoints import router as audits
from tieline.api.oem.blends.endpoints import router as blends
from tieline.api.oem.blends.runs import router as runs
from tieline.api.oem.branding.endpoints import router as branding
from tieline.api.oem.connectors.endpoints import router as connectors
from tieline.api.oem.datasources.endpoints import router as datasources
from tieline.api.oem.embed.endpoints import router as embed
from tieline.api.oem.fleet.bulk import router as bulk
from tieline.api.oem.fleet.endpoints import router as fleet
from tieline.api.oem.rollout.endpoints import router as rollout
from tieline.api.oem.templates.endpoints import router as templates
from tieline.api.oem.webhooks.endpoints import router as webhooks

PREFIX = "/oem/v1"


def mount(app: FastAPI) -> None:
    """Adds the family to ``app``."""
    for router in (
        accounts,
        templates,
        rollout,
        blends,
        runs,
        datasources,
        connectors,
        bulk,
        fleet,
        webhooks,
        embed,
        branding,
        audits,
    ):
        app.include_router(router, prefix=PREFIX, generate_unique_id_function=lambda route: f"oem.{route.name}")
