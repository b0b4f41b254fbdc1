"""Somebody who has no mouse."""

from __future__ import annotations

from typing import Final, Literal

from playwright.sync_api import FrameLocator, Locator, Page, expect

# More would mean that somebody gives up before: the longest way is once around a page.
MOST_TABS: Final = 60


class Keyboard:
    """Ten fingers over a page, or over the part of it that is in a frame."""

    def __init__(self, page: Page, part: FrameLocator | None = None) -> None:
        self.page = page
        self.part = part or page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def to(self, target: Locator, *, back: bool = False) -> None:
        """Presses Tab until ``target`` has the focus."""
        expect(target).to_be_visible()
        for _ in range(MOST_TABS):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.press("Shift+Tab" if back else "Tab")
        where = self.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        raise AssertionError(f"{MOST_TABS} times Tab do not lead to {target}; the focus is on {where}")

    def button(self, name: str, *, back: bool = False) -> None:
        self.to(self.part.get_by_role("button", name=name, exact=True).first, back=back)
        self.press("Enter")

    def fill(self, label: str, text: str, *, back: bool = False) -> None:
        self.to(self.part.get_by_label(label).and_(self.part.locator("input, textarea")).first, back=back)
        self.press("Control+a")
        self.type(text)

    def choose(self, role: Literal["tab", "radio"], name: str, *, back: bool = False) -> None:
        """One of a group, by the arrow keys; the group is one stop of Tab."""
        group = self.part.get_by_role(role).and_(self.part.locator("[aria-selected=true], :checked")).first
        wanted = self.part.get_by_role(role, name=name)
        self.to(group, back=back)
        for _ in range(wanted.or_(self.part.get_by_role(role)).count()):
            if wanted.evaluate("element => element.checked ?? element.ariaSelected === 'true'"):
                return
            self.press("ArrowRight")
        raise AssertionError(f"the arrow keys do not lead to {name!r}")

    def go(self, place: str) -> None:
        """To a section of the studio; its page has the focus then."""
        link = self.page.get_by_role("navigation").get_by_role("link", name=place, exact=True)
        self.to(link, back=True)
        self.press("Enter")
        self.arrived(place)

    def arrived(self, heading: str) -> None:
        """A new page tells its name, and the focus is at its beginning rather than nowhere."""
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        expect(self.page.get_by_role("main")).to_be_focused()
