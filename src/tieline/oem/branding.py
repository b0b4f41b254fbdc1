"""How a partner's customers see the studio: a closed set of tokens, with contrast enough to be read.

They lie in the partner's settings as ``{"branding": {...}}``, and go to the frame as they are kept: nothing in them is
more than a colour, a length, a word of a list, plain text or a small picture.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select, update

from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound
from tieline.oem.contrast import COLOUR, CONTROL, TEXT, nearest, ratio, shown
from tieline.storage.tables import partners
from tieline.storage.unit import Unit

Theme = Literal["light", "dark"]

FONTS: Final = ("system", "serif", "rounded", "mono")
HIDEABLE: Final = ("navigation", "search", "runs", "remove")
LARGEST_LOGO: Final = 64 * 1024  # bytes
LONGEST_NAME: Final = 60
ROUNDEST: Final = 16
# What the studio looks like without a partner's branding (web/src/theme/tokens.css).
BRAND: Final = {"light": "#1f5fbf", "dark": "#8ab8ff"}
BRAND_TEXT: Final = {"light": "#ffffff", "dark": "#0b1626"}
# What the brand's colour lies on.
GROUNDS: Final = {"light": ("#ffffff", "#f6f7f9"), "dark": ("#191f27", "#11151b")}

_PICTURES: Final = {
    "data:image/png;base64,": lambda data: data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR",
    "data:image/webp;base64,": lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP",
}


class ContrastTooLow(BadInput):
    """Colours that many people could not tell apart; ``meta`` has ratio, needed, against and nearest."""

    code = "contrast-too-low"
    title = "The contrast is too low"


class InvalidLogo(BadInput):
    """A logo that is no small PNG or WebP picture."""

    code = "invalid-logo"
    title = "The logo cannot be used"


async def get(unit: Unit, partner_id: UUID) -> dict[str, Any]:
    """What the partner has set. ``unit`` is one of `Database.system`, here and below."""
    row = await unit.one(select(partners.c.settings).where(partners.c.id == partner_id))
    if row is None:
        raise NotFound("There is no such partner.")
    return branding_of(row["settings"])


async def put(unit: Unit, partner_id: UUID, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Replaces all of it. Raises `ContrastTooLow`, `InvalidLogo`, and `BadInput` for anything else that cannot be."""
    kept = checked(wanted)
    row = await unit.one(select(partners.c.settings).where(partners.c.id == partner_id).with_for_update())
    if row is None:
        raise NotFound("There is no such partner.")
    settings = {**row["settings"], "branding": kept}
    await unit.connection.execute(
        update(partners).where(partners.c.id == partner_id).values(settings=settings, updated_at=now())
    )
    return kept


def branding_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The branding in a partner's settings; what somebody else has put there, and would not be taken, is left out."""
    own = settings.get("branding")
    if not isinstance(own, Mapping):
        return {}
    try:
        return checked(own)
    except BadInput:
        return {}


def checked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The tokens that are set, as they are kept: ``productName``, ``brand`` and ``brandText`` ({light, dark}),
    ``font``, ``radius``, ``logo``, ``hide``.
    """
    found: dict[str, Any] = {}
    brand, text = _pair(wanted, "brand"), _pair(wanted, "brandText")
    for name, pair in (("brand", brand), ("brandText", text)):
        if pair:
            found[name] = pair
    for theme in ("light", "dark"):
        _contrast(theme, brand.get(theme), text.get(theme))
    if wanted.get("productName") is not None:
        found["productName"] = _name(wanted["productName"])
    font = wanted.get("font")
    if font is not None:
        if font not in FONTS:
            raise BadInput(f"The font is one of {', '.join(FONTS)}.", pointer="/font")
        found["font"] = font
    radius = wanted.get("radius")
    if radius is not None:
        if isinstance(radius, bool) or not isinstance(radius, int) or not 0 <= radius <= ROUNDEST:
            raise BadInput(f"The radius is a whole number from 0 to {ROUNDEST}.", pointer="/radius")
        found["radius"] = radius
    if wanted.get("logo") is not None:
        found["logo"] = _logo(wanted["logo"])
    hide = wanted.get("hide") or []
    if not isinstance(hide, list) or not all(one in HIDEABLE for one in hide):
        raise BadInput(f"What can be hidden is {', '.join(HIDEABLE)}.", pointer="/hide")
    if hide:
        found["hide"] = [one for one in HIDEABLE if one in hide]
    return found


def _pair(wanted: Mapping[str, Any], name: str) -> dict[str, str]:
    value = wanted.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadInput("A colour is an object with light and dark.", pointer=f"/{name}")
    found = {}
    for theme in ("light", "dark"):
        colour = value.get(theme)
        if colour is None:
            continue
        if not isinstance(colour, str) or not COLOUR.match(colour):
            raise BadInput("A colour is written #rrggbb.", pointer=f"/{name}/{theme}")
        found[theme] = colour.lower()
    return found


def _contrast(theme: str, brand: str | None, text: str | None) -> None:
    """Raises `ContrastTooLow` where a colour that was given cannot be told from what it lies on, or what lies on it."""
    if brand is None and text is None:
        return
    ground, words = brand or BRAND[theme], text or BRAND_TEXT[theme]

    def lies_well(one: str) -> bool:
        return all(ratio(one, below) >= CONTROL for below in GROUNDS[theme])

    if brand is not None:
        for below in GROUNDS[theme]:
            if ratio(brand, below) < CONTROL:
                # One that the words can be read on too, where there is any.
                better = nearest(brand, lambda one: lies_well(one) and ratio(words, one) >= TEXT)
                raise _too_low("brand", theme, brand, below, CONTROL, better or nearest(brand, lies_well))
    if ratio(words, ground) < TEXT:
        if text is None:
            better = nearest(ground, lambda one: lies_well(one) and ratio(words, one) >= TEXT)
            raise _too_low("brand", theme, ground, words, TEXT, better)
        better = nearest(words, lambda one: ratio(one, ground) >= TEXT)
        raise _too_low("brandText", theme, words, ground, TEXT, better)


def _too_low(name: str, theme: str, colour: str, against: str, needed: float, better: str | None) -> ContrastTooLow:
    found = shown(ratio(colour, against))
    advice = f"; the nearest colour that passes is {better}" if better else ""
    return ContrastTooLow(
        f"{name}.{theme} {colour} against {against} has a contrast of {found}:1, and {needed:g}:1 is needed{advice}.",
        pointer=f"/{name}/{theme}",
        meta={"ratio": found, "needed": needed, "against": against, "nearest": better},
    )


def _name(value: Any) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"A product's name has 1 to {LONGEST_NAME} characters that can be seen.", pointer="/productName")
    return name


def _logo(value: Any) -> str:
    """A data URL (RFC 2397) of a picture that begins as its type says; written anew, so that nothing hangs on it."""
    kind = next((one for one in _PICTURES if isinstance(value, str) and value.startswith(one)), None)
    if kind is None:
        raise InvalidLogo("A logo is a data URL of image/png or image/webp, in base64.", pointer="/logo")
    if len(value) > len(kind) + LARGEST_LOGO * 4 // 3 + 4:
        raise InvalidLogo(f"A logo has at most {LARGEST_LOGO // 1024} kB.", pointer="/logo")
    try:
        data = b64decode(value[len(kind) :], validate=True)
    except (binascii.Error, ValueError):
        raise InvalidLogo("The logo is not base64 (RFC 4648 section 4).", pointer="/logo") from None
    if len(data) > LARGEST_LOGO:
        raise InvalidLogo(f"A logo has at most {LARGEST_LOGO // 1024} kB.", pointer="/logo")
    if not _PICTURES[kind](data):
        raise InvalidLogo("The logo's bytes are not those of the picture that its type says.", pointer="/logo")
    return kind + b64encode(data).decode()
