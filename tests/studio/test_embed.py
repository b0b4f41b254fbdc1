"""A partner's product embeds Tieline: another origin, a strict policy, no cookie of ours, no token in any address."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Frame, FrameLocator, Page, Request, expect

from tests.api.embed import signing
from tests.fixtures.shared import ROOT
from tests.studio.furnishing import Desk
from tests.studio.keyboard import Keyboard
from tests.studio.running import Server, Studio
from tests.studio.test_every_page import violations
from tests.studio.vendor import Vendor, vendor

pytestmark = [pytest.mark.battery, pytest.mark.timeout(300)]

# What the browser says of a frame that it does not show belongs to the tests of refusals.
REFUSED = r"frame-ancestors|Framing|status of 40[13]"
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.|tle_|tlec_|tlp_")


@pytest.fixture(scope="module")
def fair(server: Server) -> Iterator[Vendor]:
    with vendor(server) as found:
        yield found


class Visit:
    """Ann at Fairground, with everything that her browser asked for."""

    def __init__(self, studio: Studio, fair: Vendor, path: str = "/", who: str = "Ann", **options: Any) -> None:
        self.page: Page = studio.page("", signed_in=False, **options)
        self.asked: list[str] = []
        self.tokens = 0
        self.bearer = ""
        self.page.context.on("request", self._heard)
        self.page.goto(fair.url)
        self.page.get_by_role("button", name=who).click()
        self.page.get_by_role("heading", level=1).wait_for()
        if path != "/":
            self.page.goto(fair.url + path)

    def _heard(self, request: Request) -> None:
        self.asked.append(request.url)
        self.tokens += request.url.endswith("/tieline-token")
        self.bearer = request.headers.get("authorization", self.bearer)

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    @property
    def inner(self) -> Frame:
        return self.page.frames[1]

    def events(self, name: str) -> list[str]:
        return self.page.locator(f"#events [data-event={name}]").all_text_contents()

    def event(self, name: str, text: str = "") -> None:
        """Waits until the host has heard of it."""
        found = self.page.locator(f"#events [data-event={name}]", has_text=text)
        found.first.wait_for(state="attached")

    def is_clean(self, studio: Studio) -> None:
        """Nothing was kept, and no token was in an address."""
        assert self.page.context.cookies(studio.url) == [
            one for one in self.page.context.cookies(studio.url) if one["name"] == "fairground"
        ]
        assert not [url for url in self.asked if TOKEN.search(url)]
        assert [frame.url for frame in self.page.frames[1:]] == [f"{studio.url}/embed/default"]
        assert self.inner.evaluate("[document.cookie, localStorage.length, sessionStorage.length]")[1:] == [0, 0]


def sign_in(visit: Visit, button: str) -> None:
    """Through the window of the service."""
    with visit.page.expect_popup() as opened:
        visit.frame.get_by_role("dialog").get_by_role("button", name=button).click()
    window = opened.value
    allow = window.get_by_role("link", name="Allow")
    ours = window.get_by_role("button").first
    ours.or_(allow).first.wait_for()
    if ours.count():
        ours.click()
    allow.click()


def test_a_customer_sets_a_template_up_in_a_frame(studio: Studio, fair: Vendor) -> None:
    """Without a mouse."""
    visit = Visit(studio, fair)
    frame = visit.frame
    keys = Keyboard(visit.page, frame)
    keys.to(frame.get_by_role("link", name="Contacts in step"))
    keys.press("Enter")
    expect(frame.get_by_role("heading", name="What it does")).to_be_visible()
    visit.event("ready")
    keys.button("Set up")

    expect(frame.get_by_role("heading", name="Connect your accounts")).to_be_focused()
    keys.button("Connect The CRM")
    expect(frame.get_by_role("button", name="Continue to The CRM")).to_be_visible()
    for ours in ("Client id", "/connect/callback", "The API is at another address"):
        expect(frame.get_by_text(ours)).to_have_count(0)
    with visit.page.expect_popup() as opened:
        keys.button("Continue to The CRM")
    window = Keyboard(opened.value)
    allow = opened.value.get_by_role("link", name="Allow")
    ours_first = opened.value.get_by_role("button").first
    ours_first.or_(allow).first.wait_for()
    if ours_first.count():
        window.to(ours_first)
        window.press("Enter")
    window.to(allow)
    window.press("Enter")
    expect(frame.get_by_text("connected", exact=True)).to_be_visible(timeout=20_000)
    visit.event("connected", "connectionId")
    keys.button("Continue")

    expect(frame.get_by_role("heading", name="Setup", exact=True)).to_be_focused()
    keys.button("Continue")
    expect(frame.get_by_text("This has to be answered.")).to_have_count(2)
    expect(frame.get_by_label("Region")).to_be_focused()
    keys.type("eu-1")
    keys.fill("API token", "s3cret")
    keys.to(frame.get_by_label("Size"))
    keys.type("Large")
    keys.to(frame.get_by_role("combobox", name="List"))
    keys.type("list 12")
    expect(frame.get_by_role("option", name="list 12").first).to_be_visible()
    keys.press("Enter")
    keys.to(frame.get_by_label("changed"))
    keys.press("Space")
    keys.button("Propose by name")
    expect(frame.get_by_text("2 fields mapped.")).to_be_visible()
    keys.button("Continue")
    expect(frame.get_by_text("Ready for eu-1.")).to_be_visible(timeout=30_000)
    keys.button("Continue")

    expect(frame.get_by_role("heading", name="Schedule", exact=True)).to_be_focused()
    keys.to(frame.get_by_label("How often"))
    keys.type("Every few hours")
    keys.fill("Hours between two runs", "2")
    keys.button("Continue")

    expect(frame.get_by_role("heading", name="Review")).to_be_focused()
    for said in ("eu-1", "kept, not shown", "l12", "firstName: first_name", "Every 2 hours"):
        expect(frame.get_by_text(said)).to_be_visible()
    # Where nothing lacks, it has been switched on already.
    last = frame.get_by_role("button", name="Switch on").or_(frame.get_by_role("button", name="Done"))
    keys.to(last)
    keys.press("Enter")
    expect(frame.get_by_text("Active, no run yet").or_(frame.get_by_text("Active", exact=True)).first).to_be_visible()
    visit.event("integration", "available")
    assert violations(visit.inner) == []
    visit.is_clean(studio)
    with studio.client(studio.admin) as http:
        told = Desk(http).call("GET", "/oem/v1/audits", account="acme", action="integration.installed")["data"]
    assert "Contacts in step" in [one["name"] for one in told]


def claims(fair: Vendor, **more: Any) -> dict[str, Any]:
    return signing.claims("acme", "ann", iss="default", origin=fair.url, **more)


def signed(fair: Vendor, payload: dict[str, Any], signer: str = "vendor") -> str:
    return signing.assembled({"alg": "EdDSA", "kid": fair.kid}, payload, signing.eddsa(signer))


@pytest.mark.parametrize("wrong", ["forged", "expired", "replayed"])
def test_a_token_that_is_not_good_lets_nobody_in(wrong: str, studio: Studio, fair: Vendor) -> None:
    studio.allow(REFUSED)
    now = int(time.time())
    token = {
        "forged": lambda: signed(fair, claims(fair), "somebody else"),
        "expired": lambda: signed(fair, claims(fair, iat=now - 120, exp=now - 60)),
        "replayed": lambda: signed(fair, claims(fair)),
    }[wrong]()
    if wrong == "replayed":
        with studio.server.bare() as http:
            body = {"jwt": token, "origin": fair.url}
            assert http.post("/embed/default/sessions", json=body).status_code == 201
    page = studio.page("", signed_in=False)
    page.route("**/tieline-token", lambda route: route.fulfill(json={"jwt": token}))
    page.goto(fair.url)
    page.get_by_role("button", name="Ann").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="You could not be signed in")).to_be_visible()
    event = page.locator("#events [data-event=error]")
    expect(event).to_contain_text("sign-on-refused")
    expect(frame.get_by_role("link", name="Contacts in step")).to_have_count(0)
    # What was refused is not the end: with a good token it goes on.
    page.unroute("**/tieline-token")
    frame.get_by_role("button", name="Try again").click()
    expect(frame.get_by_role("link", name="Contacts in step")).to_be_visible()


def test_a_page_of_another_origin_gets_nothing(studio: Studio, fair: Vendor) -> None:
    studio.allow(REFUSED)
    page = studio.page("", signed_in=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    page.goto(fair.elsewhere)
    page.get_by_role("button", name="Ann").click()
    page.locator("iframe").wait_for()
    page.wait_for_load_state("networkidle")
    page.clock.fast_forward(21_000)
    expect(page.locator("#events [data-event=error]")).to_contain_text("silent")
    assert not [url for url in asked if url.endswith(("/tieline-token", "/sessions"))]
    with studio.server.bare() as http:
        token = signed(fair, signing.claims("acme", "ann", iss="default"))
        answer = http.post("/embed/default/sessions", json={"jwt": token, "origin": fair.elsewhere})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "foreign-page")


def end_sessions(studio: Studio, desk: Desk, visit: Visit) -> None:
    """Ends what Ann has, and comes back when the server no longer remembers it: within a second."""
    for one in desk.call("GET", "/oem/v1/accounts/acme/sessions")["data"]:
        desk.call("DELETE", f"/oem/v1/accounts/acme/sessions/{one['guid']}")
    with studio.server.bare() as http:
        while http.get("/api/v1/users/me", headers={"authorization": visit.bearer}).status_code != 401:
            visit.page.wait_for_timeout(100)


def test_a_session_that_ends_is_begun_anew_with_a_token_of_the_host(studio: Studio, fair: Vendor) -> None:
    studio.allow(REFUSED)
    visit = Visit(studio, fair)
    expect(visit.frame.get_by_role("link", name="Contacts in step")).to_be_visible()
    assert visit.tokens == 1
    with studio.client(studio.admin) as http:
        desk = Desk(http)
        end_sessions(studio, desk, visit)
        visit.frame.get_by_role("link", name="Contacts in step").click()
        expect(visit.frame.get_by_role("button", name=re.compile("Set up"))).to_be_visible()
        assert visit.tokens == 2
        # Where the host has none, that is said, to both.
        visit.page.route("**/tieline-token", lambda route: route.fulfill(status=403, json={}))
        end_sessions(studio, desk, visit)
    visit.frame.get_by_role("button", name=re.compile("Set up")).click()
    expect(visit.frame.get_by_role("heading", name="You are signed out")).to_be_visible()
    visit.event("signed-out", "ended")


def test_attributes_say_how_it_looks_and_what_it_shows(studio: Studio, fair: Vendor) -> None:
    with studio.client(studio.admin) as http:
        before = _alive(Desk(http))
    visit = Visit(studio, fair, "/templates?theme=dark&language=nl")
    root = visit.frame.locator("html")
    expect(visit.frame.get_by_role("heading", name="Sjablonen")).to_be_visible()
    expect(root).to_have_attribute("data-theme", "dark")
    expect(root).to_have_attribute("lang", "nl")
    expect(visit.frame.get_by_role("navigation")).to_be_visible()
    set_to = "(element, [name, value]) => element.setAttribute(name, value)"
    element = visit.page.locator("tieline-templates")
    for name, value in (("theme", "light"), ("language", "en"), ("hide", "navigation search")):
        element.evaluate(set_to, [name, value])
    expect(root).to_have_attribute("data-theme", "light")
    expect(visit.frame.get_by_role("heading", name="Templates")).to_be_visible()
    expect(visit.frame.get_by_role("navigation")).to_have_count(0)
    expect(visit.frame.get_by_role("searchbox")).to_have_count(0)
    element.evaluate(set_to, ["template", fair.template])
    expect(visit.frame.get_by_role("heading", name="Contacts in step")).to_be_visible()
    visit.event("navigate", f"/templates/{fair.template}")
    visit.event("resize", "height")
    height = visit.page.locator("iframe").evaluate("frame => frame.clientHeight")
    assert height >= visit.frame.locator(".embed").evaluate("box => Math.floor(box.getBoundingClientRect().height)")
    assert visit.tokens == 1, "another look is no other visit"
    element.evaluate("element => element.remove()")
    expect(visit.page.locator("iframe")).to_have_count(0)
    with studio.client(studio.admin) as http:
        desk, deadline = Desk(http), time.monotonic() + 10
        while (alive := _alive(desk) - before) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert not alive, "a frame that is gone has signed out"


def _alive(desk: Desk) -> set[str]:
    listed = desk.call("GET", "/oem/v1/accounts/acme/sessions")["data"]
    return {one["guid"] for one in listed if one["status"] == "active"}


def test_accounts_are_connected_without_a_template(studio: Studio, fair: Vendor) -> None:
    with studio.client(studio.admin) as http:
        desk = Desk(http)
        desk.call("POST", "/oem/v1/accounts", {"name": "Polder Podia", "externalid": "polder"})
        desk.call("POST", f"/oem/v1/templates/{fair.template}/install", {"account": "polder"})
    visit = Visit(studio, fair, f"/connect?connector={fair.connector}", who="Bas")
    visit.frame.get_by_role("button", name="The CRM koppelen").click()
    sign_in(visit, "Verder naar The CRM")
    expect(visit.frame.get_by_text("1 account gekoppeld")).to_be_visible(timeout=20_000)
    visit.event("connected", "connectionId")
    visit.is_clean(studio)


def test_the_studio_itself_in_a_frame(studio: Studio, fair: Vendor) -> None:
    visit = Visit(studio, fair, "/studio")
    expect(visit.frame.get_by_role("heading", level=1)).to_have_text("Automations")
    visit.frame.get_by_role("link", name="Connections").click()
    expect(visit.frame.get_by_role("heading", level=1)).to_have_text("Connections")
    visit.is_clean(studio)


def test_a_window_in_place_of_a_frame(studio: Studio, fair: Vendor) -> None:
    visit = Visit(studio, fair, "/templates?mode=popup")
    expect(visit.page.locator("iframe")).to_have_count(0)
    with visit.page.expect_popup() as opened:
        visit.page.get_by_role("button", name="Open in a window").click()
    expect(opened.value.get_by_role("link", name="Contacts in step")).to_be_visible()
    visit.event("ready")
    assert opened.value.url == f"{studio.url}/embed/default"
    opened.value.close()
    visit.event("signed-out", "closed")
    assert not [url for url in visit.asked if TOKEN.search(url)]


def test_a_link_signs_in_at_top_level(studio: Studio, fair: Vendor) -> None:
    page = studio.page("", signed_in=False)
    token = signed(fair, signing.claims("acme", "ann", iss="default"))
    page.goto(f"{studio.url}/sso/templates/{fair.template}/install?jwt={token}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Contacts in step")
    expect(page.get_by_text("Ann (Acme")).to_be_visible()
    assert page.url == f"{studio.url}/embed/default"
    assert page.context.cookies() == []
    page.reload()
    expect(page.get_by_role("heading", name="Nothing to show here")).to_be_visible()


def test_the_loader_is_small(studio: Studio) -> None:
    with studio.server.bare() as http:
        answer = http.get("/embed.js")
    assert answer.status_code == 200
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(gzip.compress((ROOT / "src/tieline/api/studio/dist/embed.js").read_bytes())) < 2048
