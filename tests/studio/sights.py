"""Every page of the studio, and how to bring it before a camera.

python -m tests.studio.sights                # writes the pictures of docs/studio anew
"""

from __future__ import annotations

import re
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
Act = Callable[[Page, Furnished], None]


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
            self.act(page, there)
            rested(page)
        return page


def rested(page: Page) -> None:
    """Waits until nothing loads and nothing turns."""
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    expect(page.locator(".loading, .spinner")).to_have_count(0)


def press(name: str, *more: str) -> Act:
    """Presses the buttons of these names, one after the other."""

    def act(page: Page, there: Furnished) -> None:
        for one in (name, *more):
            page.get_by_role("button", name=one, exact=True).first.click()

    return act


def tab(name: str) -> Act:
    """Shows a tab."""
    return lambda page, there: page.get_by_role("tab", name=name, exact=True).click()


def block(name: str, *tabs: str) -> Act:
    """Chooses a block of the tree, and shows a tab of its panel."""

    def act(page: Page, there: Furnished) -> None:
        page.get_by_role("treeitem", name=name).first.click()
        for one in tabs:
            page.get_by_role("tab", name=one, exact=True).click()

    return act


def formula(page: Page, there: Furnished) -> None:
    """Types a formula: what can be used is listed, what it gives is shown."""
    block("Dialbook - the contact", "Inputs")(page, there)
    panel = page.get_by_role("region", name="Block", exact=True)
    panel.get_by_role("textbox", name=re.compile("^name", re.IGNORECASE)).first.click()
    page.keyboard.press("End")
    page.keyboard.type(" {upp")
    expect(page.get_by_role("listbox").first).to_be_visible()


def reviewed(page: Page, there: Furnished) -> None:
    """Reads a document as far as its review."""
    press("Import a connector")(page, there)
    page.get_by_role("textbox", name="Address").fill(there.document)
    page.get_by_role("button", name="Read it").first.click()
    expect(page.get_by_role("dialog", name="what was understood")).to_be_visible(timeout=30_000)


def tried(page: Page, there: Furnished) -> None:
    """Calls a block of a connector."""
    page.get_by_label("Connection").first.select_option(there.source)
    page.get_by_role("button", name="Call it").click()
    expect(page.get_by_role("region", name="Outcome").get_by_role("cell").first).to_be_visible()


def exchange(page: Page, there: Furnished) -> None:
    """What a block has sent for the third item, and what it got."""
    block(CONTACT)(page, there)
    number = page.get_by_role("textbox", name="Number of the item")
    number.fill("3")
    number.press("Enter")
    tab("Request and response")(page, there)


EDITOR: Final = "/studio/automations/{automation}"
RUN: Final = "/studio/automations/{automation}/runs/{run}"
TRY: Final = "/studio/connectors/{gather}?tab=test&block=list_registrations"
CONTACT: Final = "Dialbook - the contact"

SIGHTS: Final = (
    Sight("sign-in", "/studio/", signed_in=False),
    Sight("automations", "/studio/automations"),
    Sight("automation-new", "/studio/automations", press("New automation")),
    Sight("editor", "/studio/automations/{automation}"),
    Sight("editor-block", EDITOR, block(CONTACT, "Inputs")),
    Sight("editor-output", EDITOR, block(CONTACT, "Last output")),
    Sight("editor-settings", EDITOR, block(CONTACT, "Settings")),
    Sight("editor-connection", EDITOR, block(CONTACT, "Connection")),
    Sight("editor-json", EDITOR, block(CONTACT, "JSON")),
    Sight("editor-condition", EDITOR, block("Known")),
    Sight("editor-variable", EDITOR, block("Groups groups")),
    Sight("editor-formula", EDITOR, formula),
    Sight("editor-picker", EDITOR, press("Add a block")),
    Sight("editor-variables", EDITOR, press("Variables")),
    Sight("editor-schedule", EDITOR, press("No schedule", "Add a schedule")),
    Sight("editor-shortcuts", EDITOR, press("Keyboard shortcuts")),
    Sight("editor-overview", EDITOR, press("Overview")),
    Sight("editor-details", EDITOR, press("Name and description")),
    Sight("runs-of-automation", "/studio/automations/{automation}/runs"),
    Sight("run", "/studio/automations/{automation}/runs/{run}"),
    Sight("run-loop", RUN, block("Gather - new")),
    Sight("run-exchange", RUN, exchange),
    Sight("run-items", RUN, lambda page, there: (block(CONTACT)(page, there), press("List")(page, there))[0]),
    Sight("run-failed", "/studio/automations/{failing}/runs/{failed_run}"),
    Sight("versions", "/studio/automations/{automation}/versions"),
    Sight("runs", "/studio/runs"),
    Sight("connections", "/studio/connections"),
    Sight("connection-new", "/studio/connections", press("New connection")),
    Sight("connection", "/studio/connections/{target}"),
    Sight("connectors", "/studio/connectors"),
    Sight("connector-import", "/studio/connectors", press("Import a connector")),
    Sight("connector-review", "/studio/connectors", reviewed),
    Sight("connector", "/studio/connectors/{gather}"),
    Sight("connector-connect", "/studio/connectors/{gather}", press("Connect an account")),
    Sight("connector-try", TRY, tried),
    Sight("connector-facts", "/studio/connectors/{gather}?tab=facts"),
    Sight("connector-document", "/studio/connectors/{gather}?tab=changes"),
    Sight("connector-certificate", "/studio/connectors/{gather}?tab=certificate"),
    Sight("connector-events", "/studio/connectors/{gather}?tab=events"),
    Sight("templates", "/studio/templates"),
    Sight("template", "/studio/templates/{template}"),
    Sight("integrations", "/studio/integrations"),
    Sight("integration", "/studio/integrations/{integration}"),
    Sight("setup", "/studio/integrations/{integration}/setup"),
    Sight("setup-review", "/studio/integrations/{integration}/setup/review"),
    Sight("settings", "/studio/settings"),
    Sight("keys", "/studio/settings/keys"),
    Sight("key-new", "/studio/settings/keys", press("New API key")),
    Sight("people", "/studio/settings/people"),
    Sight("person-new", "/studio/settings/people", press("Invite a person")),
    Sight("spaces", "/studio/settings/spaces"),
    Sight("space", "/studio/settings/spaces/{space}"),
    Sight("webhooks", "/studio/settings/webhooks"),
    Sight("notice", "/studio/settings/notice"),
    Sight("origins", "/studio/settings/origins"),
    Sight("tokens", "/studio/settings/tokens"),
    Sight("clients", "/studio/settings/clients"),
    Sight("audit", "/studio/settings/audit"),
    Sight("about", "/studio/settings/about"),
    Sight("admin", "/studio/admin"),
    Sight("admin-customers", "/studio/admin/customers"),
    Sight("admin-customer-new", "/studio/admin/customers", press("New customer")),
    Sight("admin-customer", "/studio/admin/customers/{customer}"),
    Sight("admin-customer-usage", "/studio/admin/customers/{customer}", tab("Usage")),
    Sight("admin-customer-access", "/studio/admin/customers/{customer}", tab("Access")),
    Sight("admin-templates", "/studio/admin/templates"),
    Sight("admin-template", "/studio/admin/templates/{template}"),
    Sight("admin-template-integrations", "/studio/admin/templates/{template}", tab("Integrations")),
    Sight("admin-embedding", "/studio/admin/embedding"),
    Sight("admin-webhooks", "/studio/admin/webhooks"),
    Sight("admin-webhook", "/studio/admin/webhooks/{hook}"),
    Sight("admin-usage", "/studio/admin/usage"),
    Sight("admin-audit", "/studio/admin/audit"),
    Sight("nowhere", "/studio/nowhere"),
)


def picture(studio: Studio, there: Furnished, folder: Path) -> None:
    """Pictures of every page: light and wide, dark and narrow."""
    folder.mkdir(parents=True, exist_ok=True)
    for sight in SIGHTS:
        page = sight.open(studio, there)
        take(page, folder / f"{sight.name}.jpg")
        page.set_viewport_size({"width": NARROW, "height": 800})
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        take(page, folder / f"{sight.name}.dark.jpg")
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


def take(page: Page, path: Path) -> None:
    """A picture of what the window shows."""
    page.screenshot(path=path, type="jpeg", quality=28)


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
