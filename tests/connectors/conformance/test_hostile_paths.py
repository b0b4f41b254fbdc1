"""Manifests whose paths are made to cost time: a server makes certificates of what anybody imports."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.conformance.test_conformance import RECORD, manifest
from tieline.connectors.conformance import conform
from tieline.connectors.conformance.messages import Received
from tieline.connectors.conformance.paging import values_in_path
from tieline.connectors.conformance.tokendesks import is_step
from tieline.connectors.manifest.model import Block

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(30)]


async def test_a_login_of_many_places_costs_no_time() -> None:
    names = [f"p{number}" for number in range(30)]
    steps: list[dict[str, Any]] = [
        {
            "let": dict.fromkeys(names, "v"),
            "request": {"url": "/" + "".join(f"{{{name}}}" for name in names) + "!"},
            "extract": {"first": "$.first"},
        },
        {"request": {"url": "/" + "long" * 20}, "extract": {"session": "$.session"}},
        {"inject": [{"name": "X-Session", "value": "{session}"}]},
    ]
    auth = [{"id": "login", "kind": "custom", "steps": steps}]
    block = {"id": "list", "kind": "list", "object": "thing", "path": "/things", "output": RECORD}
    made = await conform(manifest(block, auth=auth), block="list")
    assert made.results


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("/things/{id}", "/v1/things/7", ["7"]),
        ("/things/{id}", "/v1/things/7/more", None),
        ("/things/{id}", "/v1/things/", [""]),
        ("/things/{a}-{b}", "/v1/things/x-y-z", ["x-y", "z"]),
        ("/things/{a}{b}", "/v1/things/xyz", ["xyz", ""]),
        ("/things/{a}.json", "/v1/things/a.json.json", ["a.json"]),
        ("/things/{a}ab", "/v1/things/ab", [""]),
        ("/things/a{a}a", "/v1/things/a", None),
        ("/th\u00efngs/{id}", "/v1/th%C3%AFngs/7", ["7"]),
        ("things/{id}", "/v1/things/a%2Fb", ["a%2Fb"]),
        ("", "/v1/", []),
        ("", "/v1", []),
        ("/", "/v1/", []),
        ("/" + "{x}" * 40 + "!", "/v1/" + "v" * 4000, None),
        ("/{x}" * 40, "/v1" + "/v" * 41, None),
    ],
)
def test_what_stands_in_a_path(template: str, path: str, values: list[str] | None) -> None:
    assert values_in_path(Block(id="b", kind="get", path=template), "/v1", path) == values


@pytest.mark.parametrize(
    ("url", "path", "fits"),
    [
        ("/login", "/v1/login", True),
        ("/login", "/v1/login/", True),
        ("https://login.example.com/a/{user}/token", "/a/ada/token", True),
        ("/a/{user}/token", "/a/ada/b/token", False),
        ("/a/{user}", "/token", False),
        ("", "/v1/", True),
        ("/" + "{x}" * 40 + "!", "/" + "v" * 4000, False),
    ],
)
def test_which_request_is_that_of_a_step(url: str, path: str, fits: bool) -> None:
    assert is_step(Received(method="POST", path=path), url, "POST") is fits
    assert not is_step(Received(method="GET", path=path), url, "POST")
