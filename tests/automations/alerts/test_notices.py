"""Failure notices: told once, counted after that, told again when it is time, and without what a run worked on."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from tests.automations.alerts.conftest import FAILED, Office
from tests.automations.engine.documents import block, document
from tests.automations.runs.conftest import working
from tieline.automations.alerts import ending, sending
from tieline.automations.alerts.rules import MOST_ADDRESSES, checked, place_of
from tieline.core import clock, json
from tieline.core.errors import BadInput
from tieline.security.egress import Egress, Policy
from tieline.security.signatures.base import Message, verify
from tieline.security.signatures.standard import sign
from tieline.storage.tables import automation_versions
from tieline.tenancy import tenants

pytestmark = pytest.mark.anyio

SOMEBODY = ["ada@example.com"]


def posts(office: Office) -> list[dict[str, Any]]:
    return [json.loads(seen["body"]) for seen in office.web.seen]


async def test_a_mail_names_automation_run_block_and_error_and_no_data(office: Office) -> None:
    await office.set(name="Sync ünd <b>more</b>")
    await office.tells(mail=SOMEBODY)
    run = await office.ends()
    await office.work()
    (letter,) = office.mail.letters
    assert letter["Subject"] == "Automation “Sync ünd <b>more</b>” failed"
    assert letter["To"] == "ada@example.com"
    assert letter["From"] == "tieline@example.com"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert str(run) in letter["Message-ID"]
    text, page = (part.get_content() for part in letter.iter_parts())
    link = f"https://tieline.example/automations/{office.automation['id']}/runs/{run}"
    for said in (link, str(run), "Send it", "Invalid block input", "block-input-invalid"):
        assert said in text
        assert said in page
    assert "hush" not in text + page
    assert "<b>more" not in page
    assert "&lt;b&gt;more" in page


async def test_a_webhook_is_signed_as_standard_webhooks_has_it(office: Office) -> None:
    await office.tells(url=f"{office.web.url}/echo?a=1")
    run = await office.ends(fence=3)
    await office.work()
    (seen,) = office.web.seen
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    body = json.loads(seen["body"])
    assert headers["webhook-id"] == f"{run}.3"
    assert body["type"] == "run.failed"
    assert body["data"]["run"]["id"] == str(run)
    assert body["data"]["run"]["error"] == {"code": "block-input-invalid", "title": "Invalid block input"}
    assert "hush" not in seen["body"]
    wanted = sign(office.secret, f"{run}.3", int(headers["webhook-timestamp"]), base64.b64decode(seen["raw"]))
    assert headers["webhook-signature"] == wanted
    assert len(base64.b64decode(office.secret.removeprefix("whsec_"))) == 24
    message = Message(headers=list(headers.items()), body=base64.b64decode(seen["raw"]), url=office.web.url)
    assert verify({"dialect": "standard"}, [office.secret], message, clock.now()).id == f"{run}.3"


async def test_what_ends_badly_after_a_notice_is_counted_and_told_in_the_next_one(office: Office) -> None:
    await office.tells(url=office.web.url)
    await office.ends()
    for _ in range(3):
        await office.ends()
    last = await office.ends()
    await office.work()
    assert len(office.web.seen) == 1
    assert (await office.row())["failures_untold"] == 4
    assert [name for _, name, _, _ in await office.waiting()] == [ending.DIGEST]
    await office.later()
    first, second = posts(office)
    assert (first["data"]["suppressed"], second["data"]["suppressed"]) == (0, 3)
    assert second["data"]["run"]["id"] == str(last)
    assert await office.waiting() == []
    await office.later()
    assert len(office.web.seen) == 2  # nothing more to tell
    await office.ends()
    await office.work()
    assert posts(office)[2]["data"]["suppressed"] == 0


async def test_however_many_end_badly_at_once_one_notice_is_sent(office: Office) -> None:
    await office.tells(url=office.web.url)
    await asyncio.gather(*(office.ends() for _ in range(60)))
    assert {name for _, name, _, _ in await office.waiting()} == {ending.SEND, ending.DIGEST}
    assert len(await office.waiting()) == 2
    await office.work()
    assert len(office.web.seen) == 1
    # Workers that do the same digest tell once.
    told = (await office.row())["failure_told_at"]
    await office.set(failure_told_at=told.replace(year=told.year - 1))
    args = {"tenant_id": str(office.bench.tenant), "automation_id": str(office.automation["id"])}
    await asyncio.gather(*(office.sender.digest(**args) for _ in range(5)))
    await office.work()
    assert [post["data"]["suppressed"] for post in posts(office)] == [0, 58]


async def test_a_good_run_is_told_of_where_somebody_wants_it(office: Office) -> None:
    await office.tells(["failed", "recovered"], url=office.web.url)
    await office.ends("finished", errors=None)
    await office.ends()
    await office.ends("finished", errors=None)
    await office.ends("finished", errors=None)
    await office.work()
    assert [post["type"] for post in posts(office)] == ["run.failed"]
    await office.later()
    assert [post["type"] for post in posts(office)] == ["run.failed", "automation.recovered"]
    await office.later()
    await office.ends("finished", errors=None)
    await office.work()
    assert len(office.web.seen) == 2


async def test_a_digest_says_that_it_is_over(office: Office) -> None:
    await office.tells(["failed", "recovered"], url=office.web.url)
    for status in ("failed", "failed", "finished"):
        await office.ends(status)
    await office.work()
    await office.later()
    assert [(post["type"], post["data"]["recovered"]) for post in posts(office)] == [
        ("run.failed", False),
        ("run.failed", True),
    ]
    assert await office.waiting() == []


@pytest.mark.parametrize(
    ("status", "on", "told"),
    [
        pytest.param("finished with warnings", ["failed"], 0, id="warnings-not-wanted"),
        pytest.param("finished with warnings", ["warnings"], 1, id="warnings"),
        pytest.param("stopped", ["failed"], 0, id="stopped-not-wanted"),
        pytest.param("stopped", ["stopped"], 1, id="stopped"),
        pytest.param("exceeded limit", ["exceeded limit"], 1, id="limit"),
        pytest.param("failed", ["recovered"], 0, id="only-recoveries"),
    ],
)
async def test_only_what_is_wanted_is_told(office: Office, status: str, on: list[str], told: int) -> None:
    await office.tells(on, url=office.web.url)
    await office.ends(status, errors=[{"code": "warning", "title": "Warning", "detail": "x"}])
    await office.ends(status, test=True)
    await office.work()
    assert len(office.web.seen) == told


async def test_the_tenants_rule_holds_for_automations_without_one(office: Office) -> None:
    place = place_of(office.bench.tenant, None)
    wanted: dict[str, Any] = {"on": ["failed"], "mail": [], "url": office.web.url, "every_seconds": 60}
    kept, secret = await checked(office.vault, office.egress.policy, place, {}, mail_served=False, **wanted)
    async with office.database.system() as unit:
        await tenants.put_settings(unit, office.bench.tenant, failureNotice=kept)
    run = await office.ends()
    await office.work()
    (seen,) = office.web.seen
    stamp = int(seen["headers"]["webhook-timestamp"])
    assert secret is not None
    assert seen["headers"]["webhook-signature"] == sign(secret, f"{run}.1", stamp, seen["body"].encode())
    await office.set(failure_notice={"on": []}, failure_told_at=None)
    await office.ends()
    await office.work()
    assert len(office.web.seen) == 1


async def test_a_notice_stays_open_until_a_run_goes_well(office: Office) -> None:
    await office.ends()
    await office.ends()
    (notice,) = await office.open_notices()
    assert (notice["kind"], notice["count"]) == ("run-failed", 2)
    assert notice["detail"].startswith("Block “Send it”: Invalid block input.")
    assert "hush" not in json.dumps([notice["title"], notice["detail"], notice["data"]]).decode()
    await office.ends("finished", errors=None)
    assert await office.open_notices() == []


async def test_what_is_not_taken_is_tried_again_with_growing_pauses_under_the_same_id(office: Office) -> None:
    await office.tells(url=f"{office.web.url}/flaky")
    await office.ends()
    await office.work()
    pauses, attempts = [], []
    for _ in range(2):
        ((_, _, args, seconds),) = await office.waiting()
        pauses.append(round(seconds, -1))
        attempts.append(args["attempt"])
        await office.work(within=seconds + 1)
    assert (pauses, attempts) == ([10, 60], [2, 3])
    assert await office.waiting() == []
    assert len({seen["headers"]["webhook-id"] for seen in office.web.seen}) == 1
    assert len(office.web.seen) == 3


async def test_what_is_never_taken_is_given_up_and_said(office: Office) -> None:
    await office.tells(url=f"{office.web.url}/status/500", mail=SOMEBODY)
    office.mail.answers["MAIL"] = ["550 not you"]
    await office.ends()
    for _ in range(len(sending.PAUSES) + 1):
        await office.work(within=10**6)
    assert len(office.web.seen) == len(sending.PAUSES) + 1
    assert await office.waiting() == []
    kinds = {notice["kind"] for notice in await office.open_notices()}
    assert kinds == {"run-failed", "failure-notice-undelivered"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a\r\nBcc: eve@example.com\r\n\r\nhello", id="line-breaks"),
        pytest.param("a\u2028Bcc: eve@example.com\x0b\x85", id="other-line-breaks"),
        pytest.param("\u202egnp.exe" + "x" * 5000, id="direction-and-length"),
        pytest.param("<script>alert(1)</script>\" onload='x'", id="markup"),
        pytest.param("{$.secret} =?utf-8?q?=0ABcc:?=", id="encoded-word"),
    ],
)
async def test_names_cannot_become_headers_or_markup(office: Office, name: str) -> None:
    await office.set(name=name.replace("\x00", ""))
    await office.tells(mail=SOMEBODY)
    await office.ends(errors=[{**FAILED[0], "block": name, "title": name}])
    await office.work()
    (letter,) = office.mail.letters
    assert sorted({header.lower() for header in letter}) == [
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
    ]
    assert office.mail.recipients == ["<ada@example.com>"]
    page = list(letter.iter_parts())[1].get_content()
    assert "<script" not in page
    assert "onload='" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        pytest.param({"mail": ["ada"]}, "/mail/0", id="no-address"),
        pytest.param({"mail": ["a@example.com\nBcc: b@example.com"]}, "/mail/0", id="line-break"),
        pytest.param({"mail": ["Ada <ada@example.com>"]}, "/mail/0", id="with-name"),
        pytest.param({"mail": ["a@b.example,c@d.example"]}, "/mail/0", id="two-in-one"),
        pytest.param({"mail": [f"a{n}@b.example" for n in range(MOST_ADDRESSES + 1)]}, "/mail", id="too-many"),
        pytest.param({"mail": SOMEBODY, "mail_served": False}, "/mail", id="no-mail-server"),
        pytest.param({"url": "ftp://example.com"}, "/webhook/url", id="scheme"),
        pytest.param({"url": "http://169.254.169.254/latest"}, "/webhook/url", id="metadata"),
        pytest.param({"url": "http://10.0.0.1/"}, "/webhook/url", id="internal"),
        pytest.param({"url": "http://[::1]/"}, "/webhook/url", id="loopback-6"),
        pytest.param({"url": "http://localhost/"}, "/webhook/url", id="localhost"),
        pytest.param({"url": "http://0x7f000001/"}, "/webhook/url", id="hexadecimal"),
        pytest.param({"url": "https://nowhere.invalid/"}, "/webhook/url", id="no-such-name"),
        pytest.param({"url": "https://a.example/" + "x" * 3000}, "/webhook/url", id="long"),
        pytest.param({"on": ["finished"]}, "/on", id="unknown-ending"),
        pytest.param({"every_seconds": 59}, "/everySeconds", id="too-often"),
        pytest.param({"every_seconds": 10**7}, "/everySeconds", id="too-seldom"),
    ],
)
async def test_rules_that_cannot_be_are_refused(office: Office, given: dict[str, Any], pointer: str) -> None:
    usual: dict[str, Any] = {"on": ["failed"], "mail": [], "url": "", "every_seconds": 900, "mail_served": True}
    with pytest.raises(BadInput) as refused:
        await checked(office.vault, Policy(), b"place", {}, **{**usual, **given})
    assert refused.value.pointer == pointer


async def test_an_address_that_is_inside_by_now_is_not_called(office: Office) -> None:
    await office.tells(url=office.web.url)
    await office.ends()
    async with Egress(Policy()) as strict:
        office.sender = sending.Sender(office.database, office.vault, strict, base_url="https://t.example")
        await office.work()
    assert office.web.seen == []
    assert await office.waiting() == []  # not tried again either


async def test_a_worker_tells_of_the_runs_that_it_ends(office: Office) -> None:
    workspace = document(block("CallUrlBlock", "Fetch", inputs={"url": "ftp://nowhere"}))
    async with office.database.tenant(office.bench.tenant) as unit:
        mine = automation_versions.c.automation_id == office.automation["id"]
        await unit.update(automation_versions, mine, workspace=json.dumps(workspace))
    await office.tells(["failed", "recovered", "stopped"], url=office.web.url)
    async with working(office.database):
        row = await office.bench.ended(await office.bench.start(office.automation))
    assert row["status"] == "failed"
    await office.work(within=60)  # the worker here does not know the task and has put it off
    (post,) = posts(office)
    assert (post["data"]["run"]["id"], post["data"]["run"]["block"]) == (str(row["id"]), "Fetch")
    assert office.web.seen[0]["headers"]["webhook-id"] == f"{row['id']}.{row['fence']}"
    run = await office.bench.start(office.automation)
    async with office.database.tenant(office.bench.tenant) as unit:
        await office.bench.runs.request_stop(unit, run)
    assert (await office.row())["failures_untold"] == 1
    await office.later()
    assert posts(office)[1]["type"] == "run.stopped"
