"""Every page, light and dark, wide and narrow: accessible (axe, WCAG 2.2 AA), within the window, and safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from tests.fixtures.shared import ROOT
from tests.studio.furnishing import Furnished, furnish
from tests.studio.running import Server, Studio, Theme, serving, setup_code
from tests.studio.sights import NARROW, SIGHTS, WIDE, Sight
from tieline.sandbox import Running

pytestmark = [pytest.mark.battery, pytest.mark.timeout(300)]

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS: Final[tuple[tuple[Theme, int], ...]] = (("light", WIDE), ("dark", WIDE), ("light", NARROW), ("dark", NARROW))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def there(server: Server, sandbox_process: Running) -> Furnished:
    sandbox_process.reset(registrations=120, seed=1)
    return furnish(Studio(server, _no_browser), sandbox_process)


def _no_browser() -> Any:
    raise AssertionError("the account is made over the API")


@pytest.mark.parametrize("sight", SIGHTS, ids=lambda sight: sight.name)
def test_a_page_is_accessible_and_safe(studio: Studio, there: Furnished, sight: Sight) -> None:
    page = sight.open(studio, there)
    found = {}
    # What is opened on a page has two of the four looks: both themes, both widths.
    for theme, width in LOOKS if sight.act is None else LOOKS[::3]:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        if wrong := complaints(page):
            found[f"{theme} {width}"] = wrong
    assert found == {}
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("Object.keys(sessionStorage).length") == 0


def test_the_page_of_a_fresh_server(browser: Callable[[], Browser]) -> None:
    with serving(set_up=False) as server:
        studio = Studio(server, browser)
        page = studio.page(f"/studio/setup#code={setup_code(server.log)}", signed_in=False)
        expect(page.get_by_role("button", name="Create the administrator")).to_be_visible()
        for theme, width in LOOKS:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert complaints(page) == []
        studio.close()


def complaints(page: Page) -> list[str]:
    """What is wrong with the page as it looks now."""
    found = violations(page)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("it is wider than the window")
    if page.get_by_role("heading", level=1).count() != 1:
        found.append("it has not one heading of the first level")
    if page.locator("img[src=x], script:not([src])").count():
        found.append("something of the data has become an element")
    return found


def violations(page: Page | Frame) -> list[str]:
    """What axe finds, one line each."""
    # A change of theme or width is only seen after the next frame.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "async (tags) => (await axe.run(document, { runOnly: { type: 'tag', values: tags } })).violations", RULES
    )
    return [
        f"{one['id']}: {one['help']}: "
        + "; ".join(f"{node['html'][:120]} ({node['failureSummary']})" for node in one["nodes"][:3])
        for one in found
    ]
