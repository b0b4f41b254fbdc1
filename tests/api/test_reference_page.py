"""The reference in a real browser: operations to read in either colour, and nothing fetched from elsewhere."""

from __future__ import annotations

import shutil
from functools import partial
from typing import Literal

import pytest
from playwright.async_api import ConsoleMessage, Error, Request, async_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.battery,
    pytest.mark.timeout(180),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]
# Redoc's own picture, which the page neither needs nor lets through.
KNOWN = "https://cdn.redoc.ly/"
# Of everything that is written on the page: the contrast with what is behind it (WCAG 2.2, section 1.4.3).
FAINT = """() => {
  const numbers = (text) => (text.match(/[\\d.]+/g) || []).map(Number)
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0)
  const over = (front, back) => {
    const share = front.length > 3 ? front[3] : 1
    return [0, 1, 2].map((index) => front[index] * share + back[index] * (1 - share))
  }
  const ground = (element) => {
    if (!element) return [255, 255, 255]
    const own = numbers(getComputedStyle(element).backgroundColor)
    return own.length === 3 || own[3] === 1 ? own : over(own, ground(element.parentElement))
  }
  const found = []
  for (const element of document.querySelectorAll('main h1, main h2, main h5, main p, main td, main label, main li')) {
    if (!element.textContent.trim() || !element.getClientRects().length) continue
    const back = ground(element)
    const [one, two] = [light(back), light(over(numbers(getComputedStyle(element).color), back))].sort((a, b) => b - a)
    if ((one + 0.05) / (two + 0.05) < 3) found.push(element.tagName + ' ' + element.textContent.trim().slice(0, 40))
  }
  return found
}"""


def _noted(complaints: list[str], problem: Error) -> None:
    complaints.append(str(problem))


def _complained(complaints: list[str], line: ConsoleMessage) -> None:
    if line.type in {"error", "warning"} and KNOWN not in line.text:
        complaints.append(line.text)


def _asked(asked: list[str], request: Request) -> None:
    asked.append(request.url)


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_operations_can_be_read(address: str, colours: Literal["light", "dark"]) -> None:
    assert CHROMIUM is not None
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for path, heading, width in (("/docs/items", "List items", 390), ("/docs", "List items", 1280)):
            page = await browser.new_page(viewport={"width": width, "height": 900}, color_scheme=colours)
            complaints: list[str] = []
            asked: list[str] = []
            page.on("pageerror", partial(_noted, complaints))
            page.on("console", partial(_complained, complaints))
            page.on("request", partial(_asked, asked))
            await page.goto(f"{address}{path}")
            await page.locator("main h2", has_text=heading).first.wait_for(timeout=60_000)
            assert complaints == []
            assert await page.evaluate(FAINT) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert [url for url in asked if not url.startswith((address, "data:", "blob:", KNOWN))] == []
            await page.close()
        await browser.close()
