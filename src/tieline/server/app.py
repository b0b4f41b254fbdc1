"""The ASGI application: every family of the API behind one guard."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware

from tieline.api import cloud, oem
from tieline.api.edge import envelope
from tieline.api.edge.access import Edge
from tieline.api.edge.cursors import signed_cursors
from tieline.api.edge.guard import Guard
from tieline.api.edge.intake import Intake
from tieline.api.edge.metrics import Metrics
from tieline.api.edge.origin import Origin
from tieline.api.edge.seals import Seals
from tieline.api.edge.services import Services
from tieline.api.embed.authorize.endpoints import router as authorize
from tieline.api.embed.connect.endpoints import router as connect
from tieline.api.embed.settings.endpoints import router as embed_settings
from tieline.api.embed.sso.endpoints import router as sso
from tieline.api.health.endpoints import router as health
from tieline.api.ingress.execute.endpoints import router as execute
from tieline.api.ingress.hooks.endpoints import router as hooks
from tieline.api.mcp.endpoints import router as mcp
from tieline.api.published.endpoints import router as published
from tieline.api.published.metadata import router as metadata
from tieline.api.studio import mount as mount_studio
from tieline.tenancy.embed_sessions import EmbedSessions
from tieline.tenancy.keys import ApiKeys
from tieline.tenancy.limits import RateLimits, Tiers
from tieline.tenancy.oauth.access import AccessTokens, Authenticator
from tieline.tenancy.origins import Origins
from tieline.tenancy.studio.sessions import StudioSessions


def create_app(platform: Services, *, tiers: Tiers | None = None, intake: Intake | None = None) -> FastAPI:
    """The application over a running platform, which stays the caller's to open and close.

    ``tiers`` and ``intake`` replace the rate limits of the settings and the default sizes.
    """
    settings = platform.settings
    if tiers is None:
        tiers = Tiers(settings.tier1_per_minute, settings.tier2_per_minute, settings.oem_per_minute)
    origin = Origin(settings.base_url if "base_url" in settings.model_fields_set else None)
    metrics = Metrics()
    keys = ApiKeys(platform.database)
    app = FastAPI(
        title="Tieline",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Spans are our own (`edge.trace`): the framework's would hold query strings and the texts of exceptions.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
        middleware=[Middleware(Guard, intake=intake or Intake(), metrics=metrics, https=origin.https)],
    )
    app.state.edge = Edge(
        services=platform,
        keys=keys,
        who=Authenticator(
            keys,
            AccessTokens(platform.database),
            EmbedSessions(platform.database),
            StudioSessions(platform.database),
        ),
        seals=Seals(settings.load_secret_keys()),
        limits=RateLimits(platform.database, tiers),
        cursors=signed_cursors(settings.load_secret_keys()),
        origin=origin,
        metrics=metrics,
        origins=Origins(platform.database),
    )
    envelope.install(app)
    # Routes are looked through in this order, and those of a family are only made ready when somebody asks for one of
    # them: what comes most often, and what is asked for first, stands in front.
    app.include_router(hooks, generate_unique_id_function=lambda route: route.name)
    app.include_router(health, generate_unique_id_function=lambda route: route.name)
    cloud.mount(app)
    oem.mount(app)
    for prefix, label in cloud.PREFIXES.items():
        app.include_router(execute, prefix=prefix, generate_unique_id_function=cloud.operation_ids(label))
    app.include_router(authorize, generate_unique_id_function=cloud.operation_ids("oauth"))
    app.include_router(connect, generate_unique_id_function=lambda route: route.name)
    app.include_router(sso, generate_unique_id_function=lambda route: route.name)
    app.include_router(embed_settings, generate_unique_id_function=lambda route: route.name)
    app.include_router(mcp)
    app.include_router(published)
    app.include_router(metadata)
    mount_studio(app)
    return app
