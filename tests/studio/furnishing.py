"""An account as somebody has it who has worked with the product for a while; made over the API only.

Names hold what people and services write: emoji, right-to-left letters, HTML, very long words.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.automations.engine.documents import block, chain
from tests.studio.running import Studio
from tieline.sandbox import Running
from tieline.server.demo.automation import workspace as demo_workspace

HOSTILE = "<img src=x onerror=alert(1)> مرحبا 🎟️ " + "Donaudampfschiffahrt" * 4
ENDED = {"finished", "finished with warnings", "failed", "stopped", "must stop", "exceeded limit"}


@dataclass(frozen=True)
class Furnished:
    """Ids of what was made."""

    gather: str
    dialbook: str
    source: str
    target: str
    automation: str
    run: str
    failing: str
    failed_run: str
    template: str
    integration: str
    account: str
    customer: str
    space: str
    hook: str
    document: str

    def path(self, pattern: str) -> str:
        """``/studio/automations/{automation}`` with the ids in it."""
        return pattern.format_map(self.__dict__)


class Desk:
    """Calls that must work."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        where = path if path.startswith("/") else f"/api/workflows/{path}"
        answer = self._http.request(method, where, json=body, params=query)
        assert answer.status_code < 300, f"{method} {where}: {answer.status_code} {answer.text[:800]}"
        return answer.json() if answer.content else None

    def connector(self, name: str, source: str) -> str:
        found: str = self.call("POST", "automation-connectors", {"source": source, "name": name})["id"]
        return found

    def connection(self, name: str, connector: str, params: Mapping[str, str]) -> str:
        wanted = [{"name": key, "value": value} for key, value in params.items()]
        made = self.call("POST", "automation-connections", {"name": name, "connectorId": connector, "params": wanted})
        self.call("POST", f"automation-connections/{made['id']}/actions/check")
        return str(made["id"])

    def automation(self, name: str, workspace: Mapping[str, Any]) -> str:
        found: str = self.call("POST", "automations", {"name": name, "workspace": workspace})["id"]
        return found

    def run(self, automation: str) -> str:
        """Runs it to its end."""
        run = self.call("POST", f"automations/{automation}/runs", {"context": "api"})["id"]
        deadline = time.monotonic() + 60
        while (said := self.call("GET", f"automations/{automation}/runs/{run}"))["status"] not in ENDED:
            assert time.monotonic() < deadline, f"the run did not end: {said}"
            time.sleep(0.1)
        return str(run)


def furnish(studio: Studio, sandbox: Running) -> Furnished:
    """Connectors, connections, automations with runs, a template with an integration, an account of a customer."""
    with studio.client(studio.admin) as http:
        desk = Desk(http)
        gather = desk.connector("gather", sandbox.events.openapi)
        dialbook = desk.connector("dialbook", sandbox.telephony.openapi)
        source = desk.connection("Gather", gather, {"api_key": sandbox.events.api_key})
        telephony = sandbox.telephony
        secret = {"client_id": telephony.client_id, "client_secret": telephony.client_secret}
        target = desk.connection(f"Dialbook {HOSTILE}", dialbook, secret)
        blocks = [desk.call("GET", f"automation-connectors/{one}/manifest")["blocks"] for one in (gather, dialbook)]
        document = demo_workspace(*blocks, source=source, target=target)
        automation = desk.automation("Registrations to phonebook", document)
        failing = desk.automation(HOSTILE, {"blocks": _failing(), "variables": []})
        run, failed_run = desk.run(automation), desk.run(failing)
        document["blocks"][-1]["displayName"] = HOSTILE
        desk.call("PUT", f"automations/{automation}", {"name": "Registrations to phonebook", "workspace": document})
        space = desk.call("POST", "/api/v1/spaces", {"name": "Team مرحبا 🎟️", "type": "shared"})["id"]
        customer = desk.call("POST", "/oem/v1/accounts", {"name": f"Acme {HOSTILE}", "externalid": "acme"})
        account = customer["externalid"]
        events = ["com.tieline.integration.run.failed"]
        told = {"name": f"Told {HOSTILE}", "url": f"{studio.url}/told", "event_types": events}
        hook = desk.call("POST", "/oem/v1/webhooks", told)["guid"]
        template = desk.call(
            "POST",
            "/oem/v1/templates",
            {
                "name": "Guests in the phonebook",
                "short_description": "Calls show who comes.",
                "description": f"## What it does\n\nCopies **registrations**. <script>alert(1)</script> {HOSTILE}",
                "groups": [{"group_id": "crm", "group_name": "CRM"}],
                "workspace": {"blocks": _template(), "variables": []},
            },
        )["guid"]
        desk.call("POST", f"/oem/v1/templates/{template}/install", {"account": account, "inputs": {"Project": "One"}})
        integration = desk.call("POST", f"/api/v1/templates/{template}/actions/install", {})["id"]
    return Furnished(
        gather=gather,
        dialbook=dialbook,
        source=source,
        target=target,
        automation=automation,
        run=run,
        failing=failing,
        failed_run=failed_run,
        template=template,
        integration=integration,
        account=account,
        customer=customer["guid"],
        space=space,
        hook=hook,
        document=sandbox.events.openapi,
    )


def _failing() -> list[dict[str, Any]]:
    return chain(
        block("StartBlock", "start", inputs={"run_mode": "manual"}),
        block("CallUrlBlock", "lookup", inputs={"url": "http://127.0.0.1:9/{$.start.id}", "method": "GET"}),
        block("ShowBlock", "shown", inputs={"input": "{$.lookup.name}"}),
    )


def _template() -> list[dict[str, Any]]:
    fields = [
        {"id": "project", "type": "input", "label": "Project", "isRequired": True, "order": 1, "helpText": HOSTILE}
    ]
    asks = block("FormBlock", "inputs", form=fields, persistData=True)
    settings = chain(block("StartBlock", "settings", inputs={"run_mode": "settings"}), asks)
    runs = chain(
        block("StartBlock", "start", inputs={"run_mode": "manual"}),
        block("ShowBlock", "says", inputs={"input": "{$.inputs.Project}"}),
    )
    return [*settings, *runs]
