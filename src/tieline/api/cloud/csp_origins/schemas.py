"""CSP origins on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso
from tieline.tenancy.csp_origins import LONGEST_DESCRIPTION, LONGEST_NAME, LONGEST_ORIGIN, NAMES


class CspContent(Body):
    """An entry; a directive that is left out does not hold."""

    origin: Annotated[str, StringConstraints(max_length=LONGEST_ORIGIN)] = Field(
        description="`host`, `*.host`, `https://host` or `https://host:port`."
    )
    name: Annotated[str, StringConstraints(max_length=LONGEST_NAME)] = Field(default="", description="Its name.")
    description: Annotated[str, StringConstraints(max_length=LONGEST_DESCRIPTION)] = Field(
        default="", description="Why the origin is there."
    )
    child_src: bool = Field(alias="childSrc", default=False)
    connect_src: bool = Field(alias="connectSrc", default=False)
    connect_src_wss: bool = Field(
        alias="connectSrcWSS", default=False, description="WebSockets to the origin: it gets `wss://` in front."
    )
    font_src: bool = Field(alias="fontSrc", default=False)
    form_action: bool = Field(alias="formAction", default=False)
    frame_ancestors: bool = Field(alias="frameAncestors", default=False)
    frame_src: bool = Field(alias="frameSrc", default=False)
    img_src: bool = Field(alias="imgSrc", default=False)
    media_src: bool = Field(alias="mediaSrc", default=False)
    object_src: bool = Field(alias="objectSrc", default=False)
    script_src: bool = Field(alias="scriptSrc", default=False)
    style_src: bool = Field(alias="styleSrc", default=False)
    worker_src: bool = Field(alias="workerSrc", default=False)

    def directives(self) -> list[str]:
        """Those that hold, by their names on the wire."""
        sent = self.model_dump(by_alias=True)
        return [name for name in NAMES if sent[name]]


class CspEntry(CspContent):
    """An entry as it is kept."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    created_date: datetime = Field(alias="createdDate")
    modified_date: datetime = Field(alias="modifiedDate")


class _Href(BaseModel):
    href: str


class CspLinks(BaseModel):
    """This page and its neighbours, where there are any."""

    self: _Href
    next: _Href | None = None
    prev: _Href | None = None


class CspEntryList(BaseModel):
    """A page of entries."""

    data: list[CspEntry]
    links: CspLinks


class CspHeader(BaseModel):
    """The policy that all entries make together."""

    model_config = ConfigDict(populate_by_name=True)

    content_security_policy: str = Field(alias="Content-Security-Policy")


def show_entry(row: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as the API shows it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "origin": row["origin"],
        **{name: name in row["directives"] for name in NAMES},
        "createdDate": iso(row["created_at"]),
        "modifiedDate": iso(row["updated_at"]),
    }
