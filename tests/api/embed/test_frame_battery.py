"""The frame in a real browser: it cleans its address, and takes a token from the pages of its partner only."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.api.conftest import serving
from tests.api.embed.conftest import PAGE, Door
from tests.studio.running import build

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.battery,
    pytest.mark.timeout(180),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]

# As a partner's page does it: the token goes to the exact origin of the frame, by a channel of its own.
HOST = """<!doctype html><title>Host</title><p id="said">nothing</p><script>
const {frame, token} = %s
const said = document.getElementById('said')
const inner = document.createElement('iframe')
inner.src = frame
addEventListener('message', (event) => {
  if (event.source !== inner.contentWindow || event.data?.type !== 'tieline:ready') return
  const channel = new MessageChannel()
  channel.port1.onmessage = ({data}) => {
    if (data.type === 'token-wanted') channel.port1.postMessage({type: 'token', jwt: token})
    else said.textContent += JSON.stringify(data)
  }
  inner.contentWindow.postMessage({type: 'tieline:port'}, new URL(frame).origin, [channel.port2])
})
document.body.append(inner)
</script>"""


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """What the frame shows is the studio."""
    build()


async def seen(url: str, folder: Path) -> str:
    """The page as it is after a while."""
    assert CHROMIUM is not None
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", "--dump-dom")
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *options,
        f"--user-data-dir={folder}",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    return output.decode()


def host(frame: str, token: str) -> Starlette:
    told = json.dumps({"frame": frame, "token": token})
    return Starlette(routes=[Route("/", lambda _: HTMLResponse(HOST % told))])


async def test_a_link_signs_in_and_leaves_nothing_in_the_address(door: Door, tmp_path: Path) -> None:
    page = await seen(f"{door.base}/sso?jwt={door.token()}&appid={door.partner.app_id}", tmp_path)
    assert "Ann (Acme)" in page
    assert "tlec_" not in page


async def test_a_frame_takes_its_token_from_an_allowed_page_only(door: Door, tmp_path: Path) -> None:
    token = door.token("framed")
    async with serving(host(f"{door.base}{door.path}", token)) as strange:
        assert '<p id="said">nothing</p>' in await seen(strange, tmp_path)
        await door.partner.api.put("/embed", json={"origins": [PAGE, strange]})
        page = await seen(strange, tmp_path)
        assert "signed-in" in page, page
        again = await seen(strange, tmp_path)
        assert "used already" in again
    # The pages are gone, and have signed out as they went.
    told = await door.partner.api.get("/audits", params={"account": "framed", "action": "embed-session.created"})
    assert [one["detail"]["origin"] for one in told.json()["data"]] == [strange]
