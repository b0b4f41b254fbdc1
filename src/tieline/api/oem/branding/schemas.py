"""Branding on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from tieline.api.edge.bodies import Body, Whole
from tieline.oem.branding import LARGEST_LOGO, LONGEST_NAME, ROUNDEST

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$"), Field(examples=["#1f5fbf"])]


class BrandColour(Body):
    """A colour in both themes."""

    light: Colour | None = None
    dark: Colour | None = None


class Branding(Body):
    """How a partner's customers see the studio; null = as it is without."""

    product_name: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)] | None = None
    brand: BrandColour | None = Field(default=None, description="Buttons and marks; 3:1 against the pages.")
    brand_text: BrandColour | None = Field(default=None, description="What stands on the brand's colour; 4.5:1.")
    font: Literal["system", "serif", "rounded", "mono"] | None = None
    radius: Annotated[Whole, Field(ge=0, le=ROUNDEST)] | None = Field(
        default=None, description="Of corners, in pixels."
    )
    logo: Annotated[str, StringConstraints(max_length=LARGEST_LOGO * 4 // 3 + 64)] | None = Field(
        default=None, description="Data URL of image/png or image/webp in base64, at most 64 kB."
    )
    hide: list[Literal["navigation", "search", "runs", "remove"]] = Field(
        default_factory=list, max_length=20, description="What is not shown in frames."
    )


def read(body: Branding) -> dict[str, Any]:
    """As branding is kept."""
    plain = body.model_dump()
    return {
        "productName": plain["product_name"],
        "brand": plain["brand"],
        "brandText": plain["brand_text"],
        **{name: plain[name] for name in ("font", "radius", "logo", "hide")},
    }


def show(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Branding as it is kept, on the wire."""
    return {
        "product_name": kept.get("productName"),
        "brand": _both(kept.get("brand")),
        "brand_text": _both(kept.get("brandText")),
        "font": kept.get("font"),
        "radius": kept.get("radius"),
        "logo": kept.get("logo"),
        "hide": kept.get("hide", []),
    }


def _both(colour: Mapping[str, str] | None) -> dict[str, str | None] | None:
    return None if not colour else {"light": colour.get("light"), "dark": colour.get("dark")}
