"""What a partner does for all its customers, and what a person sets for itself, in the browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.automations.engine.documents import block, chain
from tests.studio.keyboard import Keyboard
from tests.studio.running import PASSWORD, Studio
from tieline.core.ids import new_id

pytestmark = [pytest.mark.battery, pytest.mark.timeout(300)]

CUSTOMERS = 50
SLOW = 30_000  # milliseconds: many integrations move, on a busy machine
ANOTHER, REPEATED = "another set of horses", "Password once more"


def workspace(text: str) -> dict[str, Any]:
    flow = chain(
        block("StartBlock", "manual", inputs={"run_mode": "manual"}), block("ShowBlock", inputs={"input": text})
    )
    return {"blocks": flow, "variables": []}


@pytest.fixture
def partner(studio: Studio) -> Iterator[httpx.Client]:
    with studio.client(studio.admin) as http:
        yield http


def good(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json()


def customers(partner: httpx.Client, count: int, mark: str) -> list[str]:
    """Accounts with names that a page could stumble over; their external ids."""
    strange = ["Acme <img src=x onerror=alert(1)>", "שלום עולם", "🙂 Party & Sons", "A" * 200]
    found = []
    for number in range(count):
        name = strange[number] if number < len(strange) else f"{mark} {number}"
        external = f"{mark}-{number}"
        good(partner.post("/oem/v1/accounts", json={"name": name, "externalid": external}))
        found.append(external)
    return found


def versions(partner: httpx.Client, template: str) -> dict[str, int]:
    """How many integrations run each version, as each of them says itself."""
    rows = good(partner.get("/oem/v1/health", params={"template": template, "per_page": 100}))["data"]
    counts: dict[str, int] = {}
    for row in rows:
        version = str(row["blend"]["version"])
        counts[version] = counts.get(version, 0) + 1
    return counts


def confirmed(keys: Keyboard, action: str) -> None:
    keys.to(keys.page.get_by_role("dialog").get_by_role("button", name=action, exact=True))
    keys.press("Enter")


def test_a_fix_is_rolled_out_to_fifty_customers(studio: Studio, partner: httpx.Client) -> None:
    """Without a mouse."""
    mark = new_id().hex[-8:]
    accounts = customers(partner, CUSTOMERS, mark)
    first = {"name": f"Sync {mark}", "externalid": mark, "workspace": workspace("broken")}
    template = good(partner.post("/oem/v1/templates", json=first))["guid"]
    items = [{"account": account} for account in accounts]
    assert good(partner.post("/oem/v1/bulk/install", json={"template": mark, "items": items}))["ok"] == CUSTOMERS
    fix = {"workspace": workspace("mended"), "note": "The <b>fix</b>"}
    good(partner.post(f"/oem/v1/templates/{template}/versions", json=fix))

    page = studio.page("/studio/admin/templates")
    keys = Keyboard(page)
    keys.to(page.get_by_role("link", name=f"Sync {mark}"))
    keys.press("Enter")
    expect(page.get_by_role("region", name="Roll-out")).to_be_visible()
    # Chosen customers first: two of them are pinned to the fix.
    keys.button("Chosen customers…")
    dialog = page.get_by_role("dialog")
    keys.to(dialog.get_by_role("searchbox"))
    keys.type(f"{mark}-1")
    for number in (10, 11):
        keys.to(dialog.get_by_role("checkbox", name=f"{mark} {number}", exact=True))
        keys.press("Space")
    keys.button("Pin to version 2")
    expect(dialog.get_by_text("Done: 2 succeeded, 0 failed.")).to_be_visible(timeout=SLOW)
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    assert versions(partner, template) == {"1": 48, "2": 2}
    expect(page.get_by_text("2 integrations are pinned", exact=False)).to_be_visible(timeout=SLOW)

    # Then a share of the others; what the page says is what each of them says.
    keys.button("25%")
    keys.button("Roll out to 25%")
    expect(page.get_by_text("Version 2 is rolled out to 25%.")).to_be_visible(timeout=SLOW)
    counts = versions(partner, template)
    assert 2 < counts["2"] <= CUSTOMERS
    expect(page.get_by_text(f"{counts['2']} of 50 integrations run version 2", exact=False)).to_be_visible(timeout=SLOW)

    # Then all, and each of them runs the fix.
    keys.button("Promote to all")
    confirmed(keys, "Promote to all")
    expect(page.get_by_text("50 of 50 integrations run version 2", exact=False)).to_be_visible(timeout=SLOW)
    assert versions(partner, template) == {"2": CUSTOMERS}
    rows = good(partner.get("/oem/v1/health", params={"template": template, "per_page": 100}))["data"]
    for row in rows[:3]:
        where = f"/oem/v1/accounts/{row['account']['guid']}/blends/{row['blend']['guid']}/run"
        assert good(partner.post(where, json={})) == "mended"

    # And back: the pinned ones stay.
    keys.button("Roll back")
    confirmed(keys, "Roll back")
    expect(page.get_by_text("Rolled back.")).to_be_visible(timeout=SLOW)
    assert versions(partner, template) == {"1": 48, "2": 2}


def test_many_are_disabled_at_once_and_the_failed_ones_again(studio: Studio, partner: httpx.Client) -> None:
    mark = new_id().hex[-8:]
    accounts = customers(partner, 6, mark)
    body = {"name": f"Many {mark}", "externalid": mark, "workspace": workspace("x")}
    template = good(partner.post("/oem/v1/templates", json=body))["guid"]
    items = [{"account": account} for account in accounts]
    made = good(partner.post("/oem/v1/bulk/install", json={"template": mark, "items": items}))["results"]
    page = studio.page(f"/studio/admin/templates/{template}")
    page.get_by_role("tab", name="Integrations").click()
    page.get_by_role("checkbox", name="Choose all 6 that are shown").check()
    # One is gone before the button is pressed.
    partner.delete(f"/oem/v1/accounts/{accounts[5]}/blends/{made[5]['guid']}")
    page.get_by_role("button", name="Disable", exact=True).click()
    confirmed(Keyboard(page), "Disable")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Done: 5 succeeded, 1 failed.")).to_be_visible(timeout=SLOW)
    dialog.get_by_role("button", name="Try the 1 failed again").click()
    expect(dialog.get_by_text("Done: 5 succeeded, 1 failed.")).to_be_visible(timeout=SLOW)
    rows = good(partner.get("/oem/v1/health", params={"template": template}))["data"]
    assert [row["health"] for row in rows] == ["disabled"] * 5


def test_a_customer_is_made_suspended_and_let_in_again(studio: Studio, partner: httpx.Client) -> None:
    mark = new_id().hex[-8:]
    page = studio.page("/studio/admin/customers")
    page.get_by_role("button", name="New customer").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(f"<b>New</b> {mark}")
    dialog.get_by_label("External id").fill(mark)
    dialog.get_by_role("button", name="Create customer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"<b>New</b> {mark}")
    page.get_by_role("tab", name="Access").click()
    page.get_by_role("button", name="Suspend").click()
    suspend = dialog.get_by_role("button", name="Suspend", exact=True)
    expect(suspend).to_be_disabled()
    dialog.get_by_label("To confirm, write the external id").fill(mark)
    suspend.click()
    expect(page.get_by_role("button", name="Reactivate")).to_be_visible()
    assert partner.get(f"/oem/v1/accounts/{mark}").status_code == 404
    page.get_by_role("button", name="Reactivate").click()
    expect(page.get_by_role("tab", name="Access")).to_be_visible()
    assert partner.get(f"/oem/v1/accounts/{mark}").status_code == 200


def test_customers_are_found_at_the_server_and_their_people_shown(studio: Studio, partner: httpx.Client) -> None:
    mark = new_id().hex[-8:]
    first, second = (f"{mark}-{number}" for number in range(2))
    for external in (first, second):
        good(partner.post("/oem/v1/accounts", json={"name": f"Hall {external}", "externalid": external}))
    person = {"externalid": "p-1", "name": "<b>Noor</b>", "email": "noor@hall.example"}
    assert partner.put(f"/oem/v1/accounts/{first}/users", json=person).status_code == 204

    page = studio.page("/studio/admin/customers")
    rows = page.get_by_role("table", name="Customers").get_by_role("row")
    page.get_by_role("searchbox", name="Find a customer").fill(mark.upper())
    expect(rows).to_have_count(3)
    # Who was chosen stays chosen while others are looked for.
    page.get_by_role("checkbox", name=f"Choose Hall {first}").check()
    page.get_by_role("searchbox", name="Find a customer").fill(second)
    expect(rows).to_have_count(2)
    expect(page.get_by_role("button", name="Install a template (1)")).to_be_enabled()
    page.get_by_role("link", name=f"Hall {second}").click()
    page.get_by_role("tab", name="Access").click()
    page.get_by_role("button", name="Suspend").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("To confirm, write the external id").fill(second)
    dialog.get_by_role("button", name="Suspend", exact=True).click()
    expect(page.get_by_role("button", name="Reactivate")).to_be_visible()

    page.goto("/studio/admin/customers")
    page.get_by_role("searchbox", name="Find a customer").fill(mark)
    expect(rows).to_have_count(2)
    page.get_by_label("Standing").select_option(label="All customers")
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text=second)).to_contain_text("Suspended")
    page.get_by_label("Standing").select_option(label="Suspended customers")
    expect(rows).to_have_count(2)
    page.get_by_label("Standing").select_option(label="Active customers")
    page.get_by_role("link", name=f"Hall {first}").click()
    page.get_by_role("tab", name="People").click()
    found = page.get_by_role("table", name="People").get_by_role("row").filter(has_text="p-1")
    expect(found).to_contain_text("<b>Noor</b>")
    expect(found).to_contain_text("noor@hall.example")

    app_id = good(partner.get("/oem/v1/me"))["app_id"]
    page.goto("/studio/admin/embedding")
    expect(page.get_by_label("App id")).to_have_value(app_id)


def test_branding_that_nobody_could_read_is_refused(studio: Studio, partner: httpx.Client) -> None:
    page = studio.page("/studio/admin/embedding")
    light = page.get_by_role("group", name="Light")
    colour = light.get_by_role("textbox", name="Brand colour", exact=True)
    colour.fill("#ffe9a8")
    expect(light.get_by_text("Too weak").first).to_be_visible()
    page.get_by_role("button", name="Save the branding").click()
    expect(light.get_by_role("alert")).to_contain_text("#ffe9a8")
    assert good(partner.get("/oem/v1/branding"))["brand"] is None
    colour.fill("#7a1fbf")
    expect(light.get_by_text("Too weak")).to_have_count(0)
    page.get_by_label("Product name").fill("Acme <Connect>")
    page.get_by_role("button", name="Save the branding").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    kept = good(partner.get("/oem/v1/branding"))
    assert (kept["brand"]["light"], kept["product_name"]) == ("#7a1fbf", "Acme <Connect>")
    good(partner.put("/oem/v1/branding", json={}))


def test_a_key_is_shown_once(studio: Studio) -> None:
    person = studio.person("Kees Key")
    page = studio.page("/studio/settings/keys", person=person)
    page.get_by_role("button", name="New API key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Description").fill("Reports")
    dialog.get_by_label("What it may do").select_option("chosen")
    dialog.get_by_label("Automations").select_option("read")
    dialog.get_by_role("button", name="Create key").click()
    shown = page.get_by_role("status", name="Key")
    expect(shown).to_be_visible()
    key = shown.inner_text()
    with httpx.Client(base_url=studio.url, headers={"authorization": f"Bearer {key}"}) as http:
        assert http.get("/api/v1/automations").status_code == 200
        assert http.post("/api/v1/automations", json={"name": "No"}).status_code == 403
    page.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("row").filter(has_text="Reports")
    expect(row).to_contain_text("automations:read")
    assert key not in page.content()
    page.reload()
    expect(row).to_be_visible()
    assert key not in page.content()
    row.get_by_role("button", name="Revoke Reports").click()
    confirmed(Keyboard(page), "Revoke")
    expect(row).to_have_count(0)


def test_a_person_without_roles_sees_no_administration(studio: Studio) -> None:
    person = studio.person("Pim Plain", roles=())
    with studio.client(studio.admin) as http:
        roles = good(http.get(f"/api/v1/users/{person.id}")).get("assignedRoles") or []
        if roles:
            patch = [{"op": "replace", "path": "/assignedRoles", "value": []}]
            assert http.patch(f"/api/v1/users/{person.id}", json=patch).status_code == 204
    studio.allow("403")
    page = studio.page("/studio/settings", person=person)
    sections = page.get_by_role("navigation", name="Settings")
    expect(sections.get_by_role("link", name="API keys")).to_be_visible()
    for hidden in ("OAuth clients", "Audit log"):
        expect(sections.get_by_role("link", name=hidden)).to_have_count(0)
    expect(page.get_by_role("link", name="Partner", exact=True)).to_have_count(0)
    page.goto("/studio/admin/customers")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    page.goto("/studio/settings/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    expect(page.get_by_role("button", name="Invite a person")).to_have_count(0)


def test_a_person_is_invited_by_a_link_that_is_shown_once(studio: Studio) -> None:
    mark = new_id().hex[-8:]
    page = studio.page("/studio/settings/people")
    page.get_by_role("button", name="Invite a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill(f"{mark}@example.com")
    dialog.get_by_label("Name").fill(f"Guest {mark}")
    dialog.get_by_role("button", name="Invite", exact=True).click()
    link = page.get_by_role("status", name="Link").inner_text()
    page.get_by_role("button", name="I have copied it").click()
    code = link.partition("#code=")[2]
    answer = httpx.post(f"{studio.url}/studio/invitations/accept", json={"code": code, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    assert answer.json()["user"]["roles"] == []
    page.get_by_role("searchbox", name="Find by name or e-mail").fill(mark)
    expect(page.get_by_role("row").filter(has_text=f"Guest {mark}")).to_have_count(1)


def test_another_password_ends_all_other_sign_ins(studio: Studio) -> None:
    person = studio.person("Pia Password")
    elsewhere = studio.page("/studio/", signed_in=False)
    enter(elsewhere, person.email, PASSWORD)
    expect(elsewhere.get_by_role("navigation", name="Main")).to_be_visible()
    page = studio.page("/studio/settings", person=person)

    def change(current: str, password: str, repeated: str) -> None:
        for label, value in (("Present password", current), ("New password", password), (REPEATED, repeated)):
            page.get_by_label(label).fill(value)
        page.get_by_role("button", name="Change the password").click()

    change(PASSWORD, ANOTHER, PASSWORD)
    expect(page.get_by_text("The two passwords differ.")).to_be_visible()
    change(ANOTHER, ANOTHER, ANOTHER)
    expect(page.get_by_label("Present password")).to_have_attribute("aria-invalid", "true")
    change(PASSWORD, "short", "short")
    expect(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")
    change(PASSWORD, ANOTHER, ANOTHER)
    expect(page.get_by_role("dialog", name="The password is changed")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Profile")
    elsewhere.reload()
    enter(elsewhere, person.email, PASSWORD)
    expect(elsewhere.get_by_role("alert")).to_be_visible()
    enter(elsewhere, person.email, ANOTHER)
    expect(elsewhere.get_by_role("navigation", name="Main")).to_be_visible()


def enter(page: Page, email: str, password: str) -> None:
    """Signs in by the form."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
