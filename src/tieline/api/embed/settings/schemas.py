"""Embedding settings on the wire, as the frame's page reads them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class EmbedColour(_Wire):
    """A colour in both themes, as `#rrggbb`."""

    light: str | None = None
    dark: str | None = None


class EmbedBranding(_Wire):
    """What is set of a partner's branding."""

    brand: EmbedColour | None = None
    brand_text: EmbedColour | None = None
    font: Literal["system", "serif", "rounded", "mono"] | None = None
    radius: int | None = None
    logo: str | None = Field(default=None, description="Data URL of image/png or image/webp.")
    hide: list[Literal["navigation", "search", "runs", "remove"]] | None = None
    product_name: str | None = None


class PublicEmbedSettings(_Wire):
    """What anybody may know of how a partner embeds Tieline."""

    origins: list[str] = Field(description="Whose pages may frame it.")
    branding: EmbedBranding
    product_name: str = Field(description="That of the branding, else the partner's name.")
