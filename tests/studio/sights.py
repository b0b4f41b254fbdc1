"""Every page of the studio, and how to bring it before a camera.

python -m tests.studio.sights                # writes the pictures of docs/studio anew
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect

from tests.studio.furnishing import Furnished, furnish
from tests.studio.running import Studio, Theme

PICTURES: Final = Path("docs/studio")
WIDE, NARROW = 1280, 390
Act = Callable[[Page], None]


@dataclass(frozen=True)
class Sight:
    """A page by its address, or what is seen on it after ``act``."""

    name: str
    path: str
    act: Act | None = None
    signed_in: bool = True

    def open(self, studio: Studio, there: Furnished, *, theme: Theme = "light", width: int = WIDE) -> Page:
        """The page, at rest."""
        where = there.path(self.path)
        page = studio.page(where, theme=theme, width=width, height=800, signed_in=self.signed_in)
        rested(page)
        if self.act is not None:
            self.act(page)
            rested(page)
        return page


def rested(page: Page) -> None:
    """Waits until nothing loads and nothing turns."""
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    expect(page.locator(".loading, .spinner")).to_have_count(0)


def press(name: str) -> Act:
    """Presses the button of that name."""
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


SIGHTS: Final = (
    Sight("sign-in", "/studio/", signed_in=False),
    Sight("automations", "/studio/automations"),
    Sight("editor", "/studio/automations/{automation}"),
    Sight("runs-of-automation", "/studio/automations/{automation}/runs"),
    Sight("run", "/studio/automations/{automation}/runs/{run}"),
    Sight("run-failed", "/studio/automations/{failing}/runs/{failed_run}"),
    Sight("versions", "/studio/automations/{automation}/versions"),
    Sight("runs", "/studio/runs"),
    Sight("connections", "/studio/connections"),
    Sight("connection", "/studio/connections/{target}"),
    Sight("connectors", "/studio/connectors"),
    Sight("connector", "/studio/connectors/{gather}"),
    Sight("templates", "/studio/templates"),
    Sight("template", "/studio/templates/{template}"),
    Sight("integrations", "/studio/integrations"),
    Sight("integration", "/studio/integrations/{integration}"),
    Sight("setup", "/studio/integrations/{integration}/setup"),
    Sight("settings", "/studio/settings"),
    Sight("keys", "/studio/settings/keys"),
    Sight("people", "/studio/settings/people"),
    Sight("spaces", "/studio/settings/spaces"),
    Sight("space", "/studio/settings/spaces/{space}"),
    Sight("webhooks", "/studio/settings/webhooks"),
    Sight("notice", "/studio/settings/notice"),
    Sight("origins", "/studio/settings/origins"),
    Sight("tokens", "/studio/settings/tokens"),
    Sight("clients", "/studio/settings/clients"),
    Sight("audit", "/studio/settings/audit"),
    Sight("about", "/studio/settings/about"),
    Sight("nowhere", "/studio/nowhere"),
)


def picture(studio: Studio, there: Furnished, folder: Path) -> None:
    """Pictures of every page: light and wide, dark and narrow."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds: tuple[tuple[Theme, int, str], ...] = (("light", WIDE, ""), ("dark", NARROW, ".dark"))
    for sight in SIGHTS:
        for theme, width, mark in kinds:
            page = sight.open(studio, there, theme=theme, width=width)
            page.screenshot(path=folder / f"{sight.name}{mark}.jpg", type="jpeg", quality=72)
            page.context.close()
    lines = ["# Pages of the studio", "", "Made by `make screenshots`; light and wide, dark and narrow.", ""]
    for sight in SIGHTS:
        lines += [
            f"## {sight.name}",
            "",
            f"![{sight.name}]({sight.name}.jpg) ![{sight.name}, dark]({sight.name}.dark.jpg)",
            "",
        ]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")


def main() -> int:
    from playwright.sync_api import sync_playwright

    from tests.studio.running import CHROMIUM, QUIET, build, serving
    from tieline.sandbox import running

    build()
    with serving() as server, running(registrations=120) as sandbox, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        studio = Studio(server, lambda: browser)
        there = furnish(studio, sandbox)
        picture(studio, there, PICTURES)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
