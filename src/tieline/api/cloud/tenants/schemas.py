"""Tenants on the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body, Whole
from tieline.core.clock import iso

LONGEST_NAME = 255
PURGE_DAYS: Final = (10, 90)
ShortText = Annotated[str, StringConstraints(max_length=10_000)]

# Kept and given back; Tieline has none of what they switch.
SWITCHES: Final[dict[str, bool]] = {
    "autoAssignCreateSharedSpacesRoleToProfessionals": True,
    "autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals": True,
    "autoAssignDataServicesContributorRoleToProfessionals": True,
    "enableAnalyticCreation": False,
    "enableAppOpeningFeedback": False,
}
PATHS: Final = ("/name", "/hostnames/1", *(f"/{name}" for name in SWITCHES))
ALIAS: Final = "hostname"
SETTING: Final = "tenant"
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
HOSTNAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL.pattern}(?:\.{_LABEL.pattern})*")


class CreateTenant(Body):
    """A new tenant."""

    datacenter: ShortText = Field(default="", description="Kept and given back.")
    licenseKey: ShortText = Field(  # noqa: N815 - the wire's name
        default="", description="Not needed, and not kept."
    )
    name: Annotated[str, StringConstraints(max_length=LONGEST_NAME)] = Field(
        default="", description="The name of the tenant. Ours."
    )
    externalId: Annotated[str, StringConstraints(max_length=255)] = Field(  # noqa: N815 - the wire's name
        default="", description="Under which id the partner knows the tenant. Ours."
    )


class TenantPatch(Body):
    """One operation of a JSON Patch (RFC 6902)."""

    op: Literal["replace"]
    path: Literal[
        "/name",
        "/hostnames/1",
        "/autoAssignCreateSharedSpacesRoleToProfessionals",
        "/autoAssignPrivateAnalyticsContentCreatorRoleToProfessionals",
        "/autoAssignDataServicesContributorRoleToProfessionals",
        "/enableAnalyticCreation",
        "/enableAppOpeningFeedback",
    ]
    value: str | bool


class TenantPatches(RootModel[list[TenantPatch]]):
    """A JSON Patch: its operations all happen, or none."""


class DeactivateTenant(Body):
    """How a tenant is shut."""

    purgeAfterDays: Whole = Field(  # noqa: N815 - the wire's name
        default=30, ge=PURGE_DAYS[0], le=PURGE_DAYS[1], description="After how many days it may be removed."
    )


class ReactivateTenant(Body):
    """Nothing has to be said."""


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class TenantLink(BaseModel):
    """Where this is."""

    href: str


class TenantLinks(BaseModel):
    """Where this is."""

    self: TenantLink


class Tenant(_Wire):
    """A customer account of a partner."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    external_id: str = Field(description="Under which id the partner knows the tenant. Ours.")
    status: Literal["active", "disabled"]
    hostnames: list[str] = Field(description="Names of the tenant; the second one is an alias that can be changed.")
    datacenter: str = ""
    created: date
    last_updated: date
    status_last_updated_at: datetime | None = None
    links: TenantLinks
    enable_analytic_creation: bool = False
    enable_app_opening_feedback: bool = False
    auto_assign_create_shared_spaces_role_to_professionals: bool = True
    auto_assign_data_services_contributor_role_to_professionals: bool = True
    auto_assign_private_analytics_content_creator_role_to_professionals: bool = True


class DeactivatedTenant(_Wire):
    """A tenant that was shut."""

    id: str
    status: Literal["disabled"]
    estimated_purge_date: datetime


class ReactivatedTenant(_Wire):
    """A tenant that was opened again."""

    id: str
    status: Literal["active"]


def hostnames(row: Mapping[str, Any], host: str) -> list[str]:
    """The names of a tenant below ``host``, under which the server was asked."""
    own = row["external_id"] if _LABEL.fullmatch(row["external_id"]) else str(row["id"])
    alias = (row["settings"].get(SETTING) or {}).get(ALIAS)
    return [f"{own}.{host}", *([alias] if alias else [])]


def _day(moment: datetime) -> str:
    """The vendor's document has days here."""
    return moment.astimezone(UTC).date().isoformat()


def show_tenant(row: Mapping[str, Any], base: str, host: str) -> dict[str, Any]:
    """A tenant as the API shows it; ``base`` is the address of the server."""
    kept = row["settings"].get(SETTING) or {}
    shown = {
        "id": row["id"],
        "name": row["name"],
        "externalId": row["external_id"],
        "status": row["status"],
        "hostnames": hostnames(row, host),
        "created": _day(row["created_at"]),
        "lastUpdated": _day(row["updated_at"]),
        "links": {"self": {"href": f"{base}/api/v1/tenants/{row['id']}"}},
        **{name: kept.get(name, default) for name, default in SWITCHES.items()},
    }
    if kept.get("datacenter"):
        shown["datacenter"] = kept["datacenter"]
    if row["status_at"] is not None:
        shown["statusLastUpdatedAt"] = iso(row["status_at"])
    return shown
