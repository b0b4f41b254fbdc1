"""A partner's branding: what it may be, contrast, and what pages read before anybody is signed in."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import httpx
import pytest

from tests.api.oem.conftest import Partner
from tieline.oem.branding import BRAND, BRAND_TEXT, GROUNDS, LARGEST_LOGO, branding_of, checked
from tieline.oem.contrast import CONTROL, TEXT, nearest, ratio

pytestmark = pytest.mark.anyio

PIXEL = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 20
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "
PNG = "data:image/png;base64,"
ALL: dict[str, Any] = {
    "product_name": "Acme Flow",
    "brand": {"light": "#7A1FA2", "dark": "#e1bee7"},
    "brand_text": {"light": "#ffffff", "dark": "#111111"},
    "font": "serif",
    "radius": 12,
    "logo": PNG + b64encode(PIXEL).decode(),
    "hide": ["runs", "navigation"],
}
NONE = dict.fromkeys(("product_name", "brand", "brand_text", "font", "radius", "logo")) | {"hide": []}


async def public(api: httpx.AsyncClient, partner: Partner) -> Any:
    answer = await api.get(f"/embed/{partner.app_id}/settings")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_set_is_read_by_the_partner_and_by_everybody(partner: Partner, api: httpx.AsyncClient) -> None:
    assert (await partner.api.get("/branding")).json() == NONE
    answer = await partner.api.put("/branding", json=ALL)
    assert answer.status_code == 200, answer.text
    kept = {**ALL, "brand": {"light": "#7a1fa2", "dark": "#e1bee7"}, "hide": ["navigation", "runs"]}
    assert answer.json() == (await partner.api.get("/branding")).json() == kept

    await partner.api.put("/embed", json={"origins": ["https://app.example.com"]})
    shown = await public(api, partner)
    assert (shown["origins"], shown["productName"]) == (["https://app.example.com"], "Acme Flow")
    assert shown["branding"] == {
        "productName": "Acme Flow",
        "brand": kept["brand"],
        "brandText": ALL["brand_text"],
        "font": "serif",
        "radius": 12,
        "logo": ALL["logo"],
        "hide": ["navigation", "runs"],
    }
    log = (await partner.api.get("/audits")).json()
    told = next(one for one in log["data"] if one["action"] == "branding.updated")
    assert "base64" not in str(told)


async def test_an_empty_body_takes_all_of_it_back(partner: Partner, api: httpx.AsyncClient) -> None:
    await partner.api.put("/branding", json=ALL)
    assert (await partner.api.put("/branding", json={})).json() == NONE
    shown = await public(api, partner)
    assert (shown["branding"], shown["productName"]) == ({}, "Partner")


async def test_a_partner_sees_its_own_alone(partner: Partner, rival: Partner, api: httpx.AsyncClient) -> None:
    await partner.api.put("/branding", json=ALL)
    assert (await rival.api.get("/branding")).json() == NONE
    assert (await public(api, rival))["branding"] == {}
    assert (await api.get("/embed/nobody/settings")).status_code == 404


@pytest.mark.parametrize("body, field", [
    ({"brand": {"light": "#ffff00"}}, "/brand/light"),
    ({"brand": {"dark": "#101010"}}, "/brand/dark"),
    ({"brand": {"light": "#7a1fa2"}, "brand_text": {"light": "#8a2fb2"}}, "/brand_text/light"),
    ({"brand_text": {"dark": "#ffffff"}}, "/brand_text/dark"),
])  # fmt: skip
async def test_colours_without_contrast_are_refused_with_the_nearest_that_has_it(
    partner: Partner, body: dict[str, Any], field: str
) -> None:
    refused = await partner.api.put("/branding", json=body)
    said = refused.json()
    assert (refused.status_code, said["code"], said["field"]) == (400, "contrast-too-low", field)
    assert said["meta"]["ratio"] < said["meta"]["needed"]
    assert str(said["meta"]["ratio"]) in said["error"]
    _, name, theme = field.split("/")
    mended = {**body, name: {**body[name], theme: said["meta"]["nearest"]}}
    done = await partner.api.put("/branding", json=mended)
    assert done.status_code == 200, done.text


@pytest.mark.parametrize("body", [
    {"brand": "#7a1fa2"}, {"brand": {"light": "red"}}, {"brand": {"light": "#7a1"}}, {"brand": {"light": "#7a1fa2;x"}},
    {"brand": {"light": "#7a1fa2\n"}},
    {"font": "Comic Sans"}, {"font": "url(x)"}, {"radius": 17}, {"radius": -1}, {"radius": 2.5}, {"radius": "4px"},
    {"product_name": ""}, {"product_name": "   "}, {"product_name": "x" * 61}, {"product_name": "a\u202eb"},
    {"hide": ["everything"]}, {"hide": "runs"},
    {"logo": "https://example.com/logo.png"}, {"logo": "data:image/svg+xml;base64,PHN2Zz48L3N2Zz4="},
    {"logo": PNG + b64encode(b"<svg onload=alert(1)>").decode()}, {"logo": PNG + "%%%"},
    {"logo": "data:image/webp;base64," + b64encode(PIXEL).decode()},
    {"logo": PNG + b64encode(PIXEL + b"x" * LARGEST_LOGO).decode()},
])  # fmt: skip
async def test_anything_that_is_no_token_is_refused(partner: Partner, body: dict[str, Any]) -> None:
    refused = await partner.api.put("/branding", json=body)
    assert refused.status_code == 400, refused.text
    assert (await partner.api.get("/branding")).json() == NONE


async def test_a_webp_is_taken(partner: Partner) -> None:
    logo = "data:image/webp;base64," + b64encode(WEBP).decode()
    assert (await partner.api.put("/branding", json={"logo": logo})).json()["logo"] == logo


async def test_other_settings_of_the_partner_stay(partner: Partner) -> None:
    await partner.api.put("/embed", json={"origins": ["https://app.example.com"]})
    await partner.api.put("/branding", json=ALL)
    assert (await partner.api.get("/embed")).json() == {"origins": ["https://app.example.com"]}


def test_what_lies_in_the_settings_and_would_not_be_taken_is_not_shown() -> None:
    assert branding_of({"branding": {"font": "url(evil)"}}) == {}
    assert branding_of({"branding": "x"}) == {}
    assert branding_of({}) == {}


def test_ratios_are_those_of_the_standard() -> None:
    assert ratio("#000000", "#ffffff") == 21
    assert round(ratio("#777777", "#ffffff"), 2) == 4.48
    assert round(ratio("#0000ff", "#ffffff"), 2) == 8.59
    assert nearest("#777777", lambda one: ratio(one, "#ffffff") >= TEXT) == "#767676"


def test_the_studio_s_own_colours_would_be_taken() -> None:
    assert checked({"brand": BRAND, "brandText": BRAND_TEXT}) == {"brand": BRAND, "brandText": BRAND_TEXT}
    for theme in ("light", "dark"):
        assert all(ratio(BRAND[theme], below) >= CONTROL for below in GROUNDS[theme])
