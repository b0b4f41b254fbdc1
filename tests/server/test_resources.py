"""Every command that is made from the API document, against a real server: each verb of each group at least once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.command_line import Cli, Told, served, tieline
from tieline.server.cli.resources.commands import operations

pytestmark = [pytest.mark.battery, pytest.mark.timeout(240)]

ORIGIN = "https://portal.example.com"
HOOK = "https://203.0.113.9/in"
TRIED: set[tuple[str, str]] = set()
WORKSPACE = {
    "blocks": [
        {
            "id": "A",
            "type": "StartBlock",
            "name": "start",
            "childId": "B",
            "inputs": [{"id": "run_mode", "value": "triggered"}],
        },
        {"id": "B", "type": "ShowBlock", "name": "output", "inputs": [{"id": "input", "value": "{add: 40, 2}"}]},
    ],
    "variables": [],
}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    limits = {f"TIELINE_{name}_PER_MINUTE": "100000" for name in ("TIER1", "TIER2", "OEM")}
    with served(tmp_path_factory.mktemp("resources"), TIELINE_EGRESS_ALLOW="203.0.113.0/24", **limits) as made:
        yield made


@pytest.fixture(autouse=True)
def here(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in cli.environment.items():
        if name.startswith("TIELINE_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(cli.folder)


@pytest.fixture(scope="module")
def partner(cli: Cli) -> dict[str, str]:
    made: dict[str, str] = cli.json("partners", "create", "acme", "--name", "Acme")
    return made


@pytest.fixture
def as_partner(partner: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_APP_ID", partner["appId"])
    monkeypatch.setenv("TIELINE_PARTNER_KEY", partner["apiKey"])


@pytest.fixture(scope="module")
def automation(cli: Cli) -> str:
    file = cli.folder / "automation.json"
    file.write_text(json.dumps(WORKSPACE))
    return str(cli.json("automations", "create", "Sums", "--workspace", str(file))["id"])


def run(command: str, *more: str, code: int = 0, stdin: str = "") -> Told:
    """Runs it, notes that it was tried, and holds it to its exit code and to one line of error."""
    words = command.split(" ")
    verb = " ".join(words[1:])
    if words[0] in operations() and verb in operations()[words[0]]:
        TRIED.add((words[0], verb))
    told = tieline(*words, *more, stdin=stdin)
    assert told.code == code, (command, more, told)
    if code:
        assert told.err.startswith("tieline: ") and told.err.count("\n") == 1, told.err
    return told


def made(command: str, *more: str, stdin: str = "") -> Any:
    return run(command, *more, "--json", stdin=stdin).json()


def test_web_integrations_from_create_to_rm() -> None:
    one = made("web-integrations create", "--name", "Portal", "--origin", ORIGIN, "--origin", "https://two.example.com")
    assert one["validOrigins"] == [ORIGIN, "https://two.example.com"]
    for number in range(12):
        run("web-integrations create", "--set", f"name=More {number}")
    assert len(made("web-integrations ls")) == 13
    assert len(made("web-integrations ls", "--limit", "11", "--sort", "-name")) == 11
    listed = run("web-integrations ls", "--all").out
    assert listed.splitlines()[0].split() == ["ID", "NAME", "VALIDORIGINS", "CREATED"]
    assert ORIGIN in listed
    run("web-integrations patch", one["id"], "--set", "name=Shop", "--set", "validOrigins=https://shop.example.com")
    found = made("web-integrations get", one["id"])
    assert (found["name"], found["validOrigins"]) == ("Shop", ["https://shop.example.com"])
    run("web-integrations patch", one["id"], "--data", "-", stdin='[{"op":"replace","path":"/name","value":"Third"}]')
    run("web-integrations patch", one["id"], "--origin", ORIGIN, "--origin", "https://b.example.com")
    assert made("web-integrations get", one["id"])["validOrigins"] == [ORIGIN, "https://b.example.com"]
    assert "Third" in run("web-integrations get", one["id"]).out
    assert run("web-integrations rm", one["id"]).out == ""
    assert "404" in run("web-integrations get", one["id"], code=1).err


def test_csp_origins() -> None:
    one = made("csp-origins create", "--origin", "cdn.example.com", "--script-src", "--name", "CDN")
    assert one["scriptSrc"] is True
    run("csp-origins update", one["id"], "--origin", "cdn.example.com", "--no-script-src", "--img-src")
    assert made("csp-origins get", one["id"])["imgSrc"] is True
    assert [each["id"] for each in made("csp-origins ls", "--img-src")] == [one["id"]]
    assert "cdn.example.com" in run("csp-origins header").out
    run("csp-origins rm", one["id"], "--yes")


def test_oauth_clients_and_tokens() -> None:
    one = made("oauth-clients create", "--app-type", "web", "--client-name", "Robot", "--redirect-uri", ORIGIN + "/cb")
    id_ = one["clientId"]
    assert one["clientSecret"]
    run("oauth-clients patch", id_, "--set", "clientName=Robot 2", "--add", "allowedScopes=user_default")
    assert made("oauth-clients get", id_)["clientName"] == "Robot 2"
    assert id_ in [each["clientId"] for each in made("oauth-clients ls")]
    assert made("oauth-clients secrets create", id_)["clientSecret"]
    hints = [each["hint"] for each in made("oauth-clients get", id_)["clientSecrets"]]
    run("oauth-clients secrets rm", id_, hints[0])
    run("oauth-clients publish", id_)
    run("oauth-clients connection patch", id_, "--consent-method", "trusted")
    assert made("oauth-clients connection get", id_)
    run("oauth-clients connection rm", id_)
    assert made("oauth-tokens ls") == []
    run("oauth-tokens rm", "no-such-token", code=1)
    run("oauth-clients rm", id_)


def test_users_and_tenants() -> None:
    me = made("users me")
    tenant = made("tenants me")
    assert made("tenants get", tenant["id"])["name"] == tenant["name"]
    run("tenants patch", tenant["id"], "--name", "Headquarters")
    assert made("tenants me")["name"] == "Headquarters"
    one = made("users create", "--subject", "idp|1", "--name", "Ada", "--email", "ada@example.com")
    assert made("users get", one["id"])["name"] == "Ada"
    run("users patch", one["id"], "--set", "name=Ada L.")
    assert {each["id"] for each in made("users ls", "--sort", "name")} >= {me["id"], one["id"]}
    assert [each["name"] for each in made("users ls", "--filter", 'name eq "Ada L."')] == ["Ada L."]
    assert [each["id"] for each in made("users find", "--filter", f'id eq "{one["id"]}"')] == [one["id"]]
    assert made("users count")["total"] >= 2
    run("users invite", "--invitees", '[{"email": "bob@example.com"}]')
    run("users rm", one["id"])
    other = made("tenants create", "--name", "Second", "--external-id", "second")
    # One that the caller's own partner has, and that is not the caller's own.
    for verb in ("deactivate", "reactivate"):
        told = tieline("tenants", verb, other["id"], "--qlik-confirm-hostname", other["hostnames"][0], "--json")
        TRIED.add(("tenants", verb))
        assert told.code == 0, told
    assert "--qlik-confirm-hostname is needed" in run("tenants deactivate", other["id"], code=2).err


def test_spaces_assignments_and_shares(automation: str) -> None:
    one = made("spaces create", "--name", "Team", "--type", "shared")
    id_ = one["id"]
    assert "shared" in json.dumps(made("spaces types"))
    run("spaces patch", id_, "--name", "Team 2")
    run("spaces update", id_, "--description", "For all")
    assert made("spaces get", id_)["description"] == "For all"
    assert id_ in [each["id"] for each in made("spaces ls", "--type", "shared")]
    user = made("users create", "--subject", "idp|2", "--name", "Bo")["id"]
    given = made("spaces assignments create", id_, "--type", "user", "--assignee-id", user, "--role", "consumer")
    assert made("spaces assignments get", id_, given["id"])["roles"] == ["consumer"]
    run("spaces assignments update", id_, given["id"], "--role", "facilitator", "--role", "producer")
    assert [sorted(each["roles"]) for each in made("spaces assignments ls", id_)] == [["facilitator", "producer"]]
    run("spaces assignments rm", id_, given["id"])
    run("automations change-space", automation, "--space-id", id_)
    what = ("--type", "user", "--assignee-id", user, "--resource-type", "automation", "--resource-id", automation)
    shared = tieline("spaces", "shares", "create", id_, *what, "--role", "consumer", "--json")
    for verb in ("create", "get", "ls", "patch", "rm"):
        TRIED.add(("spaces", f"shares {verb}"))
    assert made("spaces shares ls", id_) == ([shared.json()] if shared.code == 0 else [])
    if shared.code == 0:
        share = shared.json()["id"]
        assert made("spaces shares get", id_, share)["id"] == share
        run("spaces shares patch", id_, share, "--set", "roles=consumer")
        run("spaces shares rm", id_, share)
    run("spaces rm", made("spaces create", "--name", "Gone", "--type", "shared")["id"])


def test_items(automation: str) -> None:
    found = made("items ls", "--resource-type", "automation")
    item = next(each for each in found if each["resourceId"] == automation)
    assert made("items get", item["id"])["name"] == "Sums"
    run("items update", item["id"], "--resource-type", "automation", "--name", "Sums")
    assert made("items collections", item["id"]) == []
    run("items published", item["id"])
    settings = made("items settings get")
    run("items settings patch", "--set", f"usageMetricsEnabled={json.dumps(settings['usageMetricsEnabled'])}")
    run("items rm", "no-such-item", code=1)


def test_webhooks_of_events() -> None:
    one = made(
        "webhooks create",
        *("--name", "Tell", "--webhook-url", HOOK, "--no-enabled"),
        *("--event-type", "com.qlik.v1.automation.created", "--set", "headers.X-A=yes"),
    )
    id_ = one["id"]
    assert "com.qlik" in json.dumps(made("webhooks event-types"))
    run("webhooks patch", id_, "--set", "name=Tell me", "--set", "headers={}")
    body = {key: one[key] for key in ("url", "eventTypes", "enabled", "level") if key in one}
    run("webhooks update", id_, "--data", "-", "--name", "Told", stdin=json.dumps(body))
    assert made("webhooks get", id_)["name"] == "Told"
    assert [each["id"] for each in made("webhooks ls", "--webhook-url", one["url"])] == [id_]
    assert made("webhooks deliveries ls", id_) == []
    run("webhooks deliveries get", id_, "01a20524-15c6-70f2-bb1e-091044fa0b4c", code=1)
    run("webhooks deliveries resend", id_, "01a20524-15c6-70f2-bb1e-091044fa0b4c", code=1)
    told = tieline("webhooks", "replay", id_, "--from", "2026-01-01T00:00:00Z")
    TRIED.add(("webhooks", "replay"))
    assert told.code in {0, 1}
    assert "This is no time" in run("webhooks replay", id_, "--from", "yesterday", code=1).err
    run("webhooks rm", id_)


def test_audits_and_keys() -> None:
    run("web-integrations create", "--name", "Audited")
    newest = made("audits ls", "--limit", "3")
    assert len(newest) == 3
    assert made("audits get", newest[0]["id"])["id"] == newest[0]["id"]
    key = made("api-keys create", "for the test")["id"]
    run("api-keys patch", key, "--description", "changed")
    assert made("api-keys get", key)["description"] == "changed"
    tenant = made("tenants me")["id"]
    run("api-keys config patch", tenant, "--set", "max_keys_per_user=50")
    assert made("api-keys config get", tenant)["max_keys_per_user"] == 50


def test_automations_and_runs(automation: str) -> None:
    me = made("users me")["id"]
    assert made("automations get", automation)["name"] == "Sums"
    run("automations update", automation, "--description", "Adds")
    copy = made("automations copy", automation, "--name", "Copy")
    run("automations change-owner", copy["id"], "--user-id", me)
    run("automations move", copy["id"], "--user-id", me)
    assert isinstance(made("automations form", automation), dict)
    run("automations usage", "--filter", 'name eq "runs"')
    assert "--filter is needed" in run("automations usage", code=2).err
    settings = made("automations settings get")
    run("automations settings set", "--data", json.dumps(settings))
    run("automations note", automation, "1", "--note", "first")
    # Only blocks that bring data have something to pin, and none of these does.
    assert "cannot be pinned" in run("automations pins set", automation, "B", "--output", "42", code=1).err
    assert made("automations pins ls", automation) == []
    assert tieline("automations", "pins", "rm", automation, "B").code in {0, 1}
    TRIED.add(("automations", "pins rm"))
    assert made("automations pointers ls", automation) == []
    run("automations pointers rm", automation)
    token = made("automations get", automation).get("executionToken")
    run("automations execute", automation, "--x-execution-token", token or "none", code=0 if token else 1)
    ended = made("automations run", automation)
    where = (automation, ended["id"])
    assert made("runs output", *where)["output"] == [42]
    assert [each["name"] for each in made("runs blocks", *where)]
    assert '"kind":"result"' in run("runs log", *where).out
    run("runs export", *where)
    execution = made("runs executions", *where, "B")[0]
    assert made("runs data", *where, execution["id"], "output")["value"] == 42
    run("runs iterations", *where, "B")


def test_notices_formulas_and_tools(automation: str) -> None:
    run("failure-notices set", automation, "--on", "failed", "--on", "stopped", "--set", f"webhook.url={HOOK}")
    assert HOOK in json.dumps(made("failure-notices get", automation))
    told = tieline("failure-notices", "test", automation, "--json")
    TRIED.add(("failure-notices", "test"))
    assert told.code in {0, 1}  # nobody answers there
    run("failure-notices rm", automation)
    run("failure-notices tenant set", "--set", f"webhook.url={HOOK}")
    assert HOOK in run("failure-notices tenant get").out
    run("failure-notices tenant rm")
    assert made("notices ls") == []
    run("notices dismiss", "01a20524-15c6-70f2-bb1e-091044fa0b4c", code=1)
    assert "42" in run("formulas preview", "--formula", "{add: 40, 2}").out
    assert "add" in run("formulas functions").out
    run("tools automation set", automation, "--enabled", "--name", "sums")
    assert made("tools automation get", automation)["enabled"] is True


def test_connections_and_connectors(cli: Cli) -> None:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Petty", "version": "1"},
        "servers": [{"url": "https://petty.example.com"}],
        "paths": {"/notes": {"get": {"operationId": "listNotes", "responses": {"200": {"description": "ok"}}}}},
    }
    (cli.folder / "petty.json").write_text(json.dumps(document))
    run("connectors import", "petty.json", "--name", "petty")
    connector = next(each for each in made("connectors ls") if each["slug"] == "petty")["id"]
    for verb in ("get", "manifest"):
        assert run(f"connectors {verb}", connector).out
    assert "not made of a document at an address" in run("connectors drift", connector, code=1).err
    told = tieline("connectors", "webhooks", connector)
    TRIED.add(("connectors", "webhooks"))
    assert told.code in {0, 1}
    connection = made("connections create", "petty", "--name", "Mine")["id"]
    assert made("connections get", connection)["name"] == "Mine"
    run("connections update", connection, "--name", "Ours")
    me = made("users me")["id"]
    space = made("spaces create", "--name", "For connections", "--type", "shared")["id"]
    run("connections change-space", connection, "--space-id", space)
    run("connections change-owner", connection, "--user-id", me)
    run("tools connection set", connection, "--enabled")
    assert made("tools connection get", connection)["enabled"] is True
    for command, more in (
        ("probe", ("--no-writes",)),
        ("objects", ()),
        ("fields", ("note",)),
        ("options", ("listNotes", "x")),
    ):
        told = tieline("connections", command, connection, *more)
        TRIED.add(("connections", command))
        assert told.code in {0, 1} and "Traceback" not in told.err, told
    session = made("connect-sessions create", "--connector-id", connector, "--name", "By link")
    assert made("connect-sessions get", session["id"])["id"] == session["id"]
    run("connect-sessions rm", session["id"])
    subscription = made("webhook-subscriptions create", "--dialect", "github")
    assert made("webhook-subscriptions get", subscription["id"])["id"] == subscription["id"]


@pytest.mark.usefixtures("as_partner")
def test_a_partner_with_templates_accounts_and_integrations(cli: Cli) -> None:
    account = made("accounts create", "--name", "Customer", "--externalid", "c-1")["guid"]
    assert made("accounts get", "c-1")["guid"] == account
    run("accounts update", account, "--name", "Customer 2")
    run("accounts user", account, "--external-id", "u-1", "--name", "Ann")
    assert [each["name"] for each in made("accounts ls")] == ["Customer 2"]
    template = made("templates create", "--name", "Sync", "--data", json.dumps({"workspace": WORKSPACE}))["guid"]
    assert made("templates get", template)["name"] == "Sync"
    assert [each["guid"] for each in made("templates ls")] == [template]
    run("templates update", template, "--status", "live", "--description", "Adds")
    run("templates versions create", template, "--workspace", json.dumps(WORKSPACE), "--note", "second")
    versions = made("templates versions ls", template)
    assert made("templates versions get", template, str(versions[0]["version"]))
    run("roll-outs set", template, "--version", str(versions[0]["version"]), "--share", "0.5")
    assert made("roll-outs get", template)
    run("roll-outs promote", template)
    run("roll-outs roll-back", template, "--version", "1")
    run("templates install", template, "--account", account)
    blend = made("integrations ls", account)[0]["guid"]
    where = (account, blend)
    run("integrations get", *where)
    run("integrations inputs", *where, "--data", "{}")
    run("integrations pin", *where, "--version", "1")
    run("integrations push", account, template, blend)
    run("integrations run", *where)
    assert tieline("integrations", "run-flow", *where, "main").code in {0, 1}
    TRIED.add(("integrations", "run-flow"))
    listed = made("integrations runs ls", *where)
    assert made("integrations runs get", *where, listed[0]["guid"])["guid"] == listed[0]["guid"]
    assert made("integrations runs last", *where)
    assert made("fleet health")[0]["health"]
    run("fleet install", "--template", template, "--items", json.dumps([{"account": account}]))
    run("fleet update", "--items", json.dumps([{"account": account, "blend": blend}]), "--inputs", "{}")
    run("accounts usage", account)
    run("fleet usage")
    assert made("partner-connectors ls") == made("partner-connectors ls", "--all")
    run("partner-connectors get", "no-such", code=1)
    assert made("datasources ls", account) == []
    run("datasources create", account, "--name", "D", "--connector-guid", "no-such", code=1)
    for verb in ("get", "update", "rm"):
        run(f"datasources {verb}", account, "no-such", code=1)
    run("integrations detach", *where)
    run("integrations rm", *where)
    run("templates rm", template)
    run("accounts rm", account)


def test_wrong_use_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    for words, says in (
        (("web-integrations", "create"), "--name is needed"),
        (("web-integrations", "patch", "x"), "nothing to change"),
        (("web-integrations", "create", "--name", "x", "--set", "y"), "must be name=value"),
        (("web-integrations", "create", "--data", "@" + str(tmp_path / "none")), "cannot be read"),
        (("web-integrations", "create", "--data", "{"), "is not JSON"),
        (("web-integrations", "ls", "--limit", "0"), "--limit"),
        (("spaces", "create", "--name", "x", "--type", "odd"), "odd"),
        (("spaces", "assignments", "update", "x", "y", "--role", "king"), "is not one of consumer"),
        (("accounts", "ls"), "--app-id and --partner-key are needed"),
        (("web-integration", "ls"), "Did you mean 'web-integrations'"),
    ):
        told = tieline(*words)
        assert told.code in {1, 2} and says in told.err and told.err.count("\n") == 1, told
        assert told.code == (1 if says == "cannot be read" else 2), told


@pytest.mark.usefixtures("as_partner")
def test_what_has_no_story_here_asks_the_server_and_ends_in_good_order() -> None:
    """The partner's and the embedded side: their stories are in the tests of the API."""
    assert made("partner-webhooks ls") == []
    assert made("partner-keys ls") == []
    assert isinstance(made("partner-embed get"), dict)
    assert made("partner-audits ls", "--action", "partner.")[0]["action"] == "partner.created"
    assert made("embed-sessions ls") == []
    assert made("tenant-integrations ls") == []
    without = [name for name in operations() if name.startswith(("partner-", "tenant-", "embed-"))]
    assert len(made("blocks ls")) > 50
    assert made("account-runs ls") != []
    assert {one["name"] for one in made("connectors offered ls")} >= {"hubspot"}
    whole = (
        *without,
        "account-runs",
        "accounts",
        "blocks",
        "connections",
        "connectors",
        "fleet",
        "integrations",
        "partner",
        "runs",
    )
    left = [(group, verb) for group in whole for verb in operations()[group]]
    for group, verb in left:
        if (group, verb) in TRIED:
            continue
        told = operations()[group][verb]
        whole = ("--data", "{}") if "body" in told else ()
        sure = ("--yes",) if told["method"] == "DELETE" else ()
        ended = tieline(group, *verb.split(" "), *("no-such" for _ in told["path_params"]), *whole, *sure)
        TRIED.add((group, verb))
        assert ended.code in {0, 1, 2}, (group, verb, ended)
        assert ended.code == 0 or (ended.err.startswith("tieline: ") and ended.err.count("\n") == 1), (
            group,
            verb,
            ended,
        )


def test_every_command_was_tried() -> None:
    everything = {(group, verb) for group, verbs in operations().items() for verb in verbs}
    assert everything - TRIED == set()
