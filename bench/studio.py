"""The studio's editor in Chromium: navigation to the first block, and an edit to its frame, at 300 and 1,000 blocks.

    python -m bench studio [--blocks 300 1000] [--rounds 7] [--edits 12]

A real server and worker, warm; each navigation in a browser context of its own, which has nothing in its cache. The
first block counts when the frame with the first row of the tree is out; an edit from the moment of the key (the
browser's own time stamp) to the end of the frame that follows, so up to 16.7 ms are the wait for a frame. Medians over
the rounds. JSON lines; the machine's load stands with them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, Response, sync_playwright

from tests.studio.grown import grown
from tests.studio.running import CHROMIUM, COOKIE, QUIET, Server, serving

# What the pages note down of themselves.
_NOTES = """
window.notes = {};
window.notes.first = new Promise((done) => { window.notes.painted = done; });
window.notes.begin = () => { window.notes.frame = new Promise((done) => { window.notes.drawn = done; }); };
window.notes.begin();
const after = (note) => requestAnimationFrame(() => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => note(performance.now());
  port2.postMessage(null);
});
const watch = new MutationObserver(() => {
  if (document.querySelector("[role=tree] [role=treeitem]") === null) return;
  watch.disconnect();
  after(window.notes.painted);
});
watch.observe(document, { childList: true, subtree: true });
for (const kind of ["keydown", "click"]) addEventListener(kind, (event) => {
  if (["Alt", "Control", "Shift", "Meta"].includes(event.key)) return;
  const began = event.timeStamp;
  after((now) => window.notes.drawn(now - began));
}, true);
"""
_WATERFALL = """() => performance.getEntriesByType("resource").map((one) => ({
  name: one.name.replace(location.origin, ""), from: Math.round(one.startTime), to: Math.round(one.responseEnd),
  bytes: one.encodedBodySize,
}))"""


def main(arguments: Sequence[str]) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench studio", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--blocks", type=int, nargs="+", default=[300, 1000])
    parser.add_argument("--rounds", type=int, default=7, help="navigations for each size")
    parser.add_argument("--edits", type=int, default=12, help="edits of each kind")
    parser.add_argument("--waterfall", action="store_true", help="the requests of the last navigation")
    given = parser.parse_args(arguments)
    with serving() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            for blocks in given.blocks:
                path = _made(server, blocks)
                say(measure="first block", blocks=blocks, **first_block(server, browser, path, given))
                for kind, frames in edits(server, browser, path, blocks, given.edits):
                    say(measure="edit to frame", blocks=blocks, edit=kind, **spread(frames))
        finally:
            browser.close()


def say(**figures: Any) -> None:
    """One line."""
    print(json.dumps({**figures, "load": round(os.getloadavg()[0], 1)}), flush=True)


def spread(found: Sequence[float]) -> dict[str, Any]:
    """Median, ninth tenth, worst; milliseconds."""
    ordered = sorted(found)
    ninth = ordered[min(len(ordered) - 1, round(0.9 * (len(ordered) - 1)))]
    return {
        "median_ms": round(statistics.median(ordered), 1),
        "p90_ms": round(ninth, 1),
        "worst_ms": round(ordered[-1], 1),
        "times": len(ordered),
    }


def _made(server: Server, blocks: int) -> str:
    with server.client() as http:
        answer: httpx.Response = http.post(
            "/api/workflows/automations", json={"name": f"{blocks} blocks", "workspace": grown(blocks)}
        )
    answer.raise_for_status()
    return f"/studio/automations/{answer.json()['id']}"


def first_block(server: Server, browser: Browser, path: str, given: argparse.Namespace) -> dict[str, Any]:
    """Navigation to the frame with the first row of the tree; one navigation more than is counted."""
    found: list[float] = []
    scripts: list[tuple[str, int]] = []
    requests: list[dict[str, Any]] = []
    for _ in range(given.rounds + 1):
        with _Opened(server, browser) as page:
            scripts = []
            page.on("response", _into(scripts))
            page.goto(path)
            found.append(page.evaluate("window.notes.first"))
            requests = page.evaluate(_WATERFALL)
    if given.waterfall:
        for one in requests:
            print(f"{one['from']:6} {one['to']:6} {one['bytes']:8} {one['name'][:90]}", file=sys.stderr)
    return {**spread(found[1:]), "script_bytes": sum(size for _, size in scripts), "scripts": len(scripts)}


def _into(scripts: list[tuple[str, int]]) -> Callable[[Response], None]:
    def heard(answer: Response) -> None:
        if answer.request.resource_type == "script":
            scripts.append((answer.url, int(answer.headers.get("content-length", "0"))))

    return heard


class _Opened:
    """A page in a context of its own, of somebody who is signed in."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self._context = browser.new_context(
            base_url=server.url, viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce"
        )
        host = server.url.partition("://")[2].partition(":")[0]
        cookie: Any = {"name": COOKIE, "value": server.admin.cookie, "path": "/studio/session", "domain": host}
        whole: Any = {**cookie, "httpOnly": True, "sameSite": "Strict"}
        self._context.add_cookies([whole])
        self._context.add_init_script(_NOTES)

    def __enter__(self) -> Page:
        return self._context.new_page()

    def __exit__(self, *_: object) -> None:
        self._context.close()


def edits(server: Server, browser: Browser, path: str, blocks: int, times: int) -> Iterator[tuple[str, list[float]]]:
    """Edits of a block in the middle of the document, by the keys that people use."""
    made = grown(blocks)["blocks"]
    middle = next(one for one in made[blocks // 2 :] if one["type"] == "ShowBlock")
    with _Opened(server, browser) as page:
        page.goto(f"{path}?block={middle['id']}")
        tree = page.get_by_role("tree")
        page.get_by_role("tab", name="Settings").click()
        title = page.get_by_role("textbox", name="Title")
        title.click()
        yield "typing a name", _frames(page, times * 2, lambda _: page.keyboard.press("x"))
        page.get_by_role("tab").first.click()
        code = page.get_by_role("tabpanel").get_by_role("textbox").first
        code.click()
        page.wait_for_timeout(1000)
        yield "typing a formula", _frames(page, times * 2, lambda _: page.keyboard.press("x"))
        tree.focus()
        yield "disable", _frames(page, times, lambda _: page.keyboard.press("d"))
        yield "move", _frames(page, times, lambda at: page.keyboard.press(f"Alt+Arrow{'Down' if at % 2 else 'Up'}"))
        yield "duplicate", _frames(page, times, lambda _: page.keyboard.press("Control+d"))
        yield "undo", _frames(page, times, lambda _: page.keyboard.press("Control+z"))
        yield "next block", _frames(page, times, lambda _: page.keyboard.press("ArrowDown"))
        yield "insert from the picker", [_inserted(page) for _ in range(max(3, times // 2))]


def _frames(page: Page, times: int, press: Callable[[int], None]) -> list[float]:
    """The first one counts for nothing: it may fetch code."""
    found: list[float] = []
    for at in range(times + 1):
        page.evaluate("window.notes.begin()")
        press(at)
        found.append(page.evaluate("window.notes.frame"))
        page.evaluate("new Promise((done) => requestIdleCallback(done, { timeout: 500 }))")
    return found[1:]


def _inserted(page: Page) -> float:
    page.get_by_role("tree").focus()
    page.keyboard.press("a")
    picker = page.get_by_role("dialog")  # the panel behind it may have fields of the same kind
    picker.get_by_role("combobox").wait_for()
    page.keyboard.type("show")
    picker.get_by_role("option").first.wait_for()
    [frame] = _frames(page, 1, lambda at: page.keyboard.press("Enter" if at else "End"))
    return frame


if __name__ == "__main__":
    main(sys.argv[1:])
