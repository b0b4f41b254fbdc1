"""n8n on SQLite: on its defaults, and tuned as its documentation advises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

from bench.versus import installs
from bench.versus.contenders.base import BLOCKS, BODY, RECORDS, Contender, free_port, run
from bench.versus.load import Target

DOCUMENTED = "https://docs.n8n.io/deploy/host-n8n/configure-n8n/scaling/manage-execution-data"


class N8n(Contender):
    """``n8n start`` with active workflows in its folder."""

    name: ClassVar[str] = "n8n"
    keeps: ClassVar[str] = "defaults, SQLite; an execution's data are kept once it is over"
    tuning: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._broker = free_port()

    def install(self) -> None:
        installs.npm(self.scratch, "n8n")

    def version(self) -> str:
        return installs.npm_version(self.scratch, "n8n")

    def command(self) -> list[str]:
        return [*self._program(), "start"]

    def _program(self) -> list[str]:
        return [*installs.node(self.scratch), str(installs.npm(self.scratch, "n8n") / "bin" / "n8n")]

    def environment(self) -> dict[str, str]:
        """Nothing of what it says to its makers, a port and a folder; all else as it comes, or as tuned."""
        node = str(Path(installs.node(self.scratch)[0]).parent)
        return {
            "PATH": f"{node}:/usr/local/bin:/usr/bin:/bin",
            "N8N_USER_FOLDER": str(self.folder),
            "N8N_PORT": str(self.port),
            "N8N_LISTEN_ADDRESS": "127.0.0.1",
            "N8N_RUNNERS_BROKER_PORT": str(self._broker),
            "N8N_DIAGNOSTICS_ENABLED": "false",
            "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
            "N8N_TEMPLATES_ENABLED": "false",
            "N8N_PERSONALIZATION_ENABLED": "false",
            **self.tuning,
        }

    def prepare(self) -> None:
        self.folder.mkdir(parents=True)
        file = self.folder / "workflows.json"
        file.write_text(json.dumps(self._workflows()), encoding="utf-8")
        self._tell("import:workflow", f"--input={file}")
        for workflow in self._workflows():
            self._tell("publish:workflow", f"--id={workflow['id']}")

    def _tell(self, *words: str) -> None:
        run([*self._program(), *words], environment=self.environment(), folder=self.folder, seconds=180)

    def target(self, work: str) -> Target:
        expects = {"blocks": b"Ada", "sync": b""}.get(work, b'"id":7')
        return Target(self.port, f"/webhook/{work}", body=BODY, expects=expects)

    def _workflows(self) -> list[dict[str, Any]]:
        item = f"{self.stub.url}/item"
        setting = "n8n-nodes-base.set"
        value = {"id": "text", "name": "text", "value": "={{ $('webhook').item.json.body.name }}", "type": "string"}
        copied = {"assignments": {"assignments": [value]}, "options": {}}
        paged = {
            "url": f"{self.stub.url}/pages/{RECORDS}",
            "options": {
                "pagination": {
                    "pagination": {
                        "paginationMode": "responseContainsNextURL",
                        "nextURL": "={{ $response.body.next }}",
                        "paginationCompleteWhen": "other",
                        "completeExpression": "={{ !$response.body.next }}",
                    }
                }
            },
        }
        record = "={{ JSON.stringify({id: $json.id, email: $json.email, name: $json.name}) }}"
        posted = {
            "method": "POST",
            "url": f"{self.stub.url}/sink",
            "sendBody": True,
            "specifyBody": "json",
            "jsonBody": record,
            "options": {},
        }
        split = {"fieldToSplitOut": "items", "options": {}}
        body = {"sendBody": True, "specifyBody": "json", "jsonBody": "={{ JSON.stringify($json.body) }}"}
        return [
            _workflow("webhook", "lastNode", [_http("call", {"url": item, "options": {}})]),
            _workflow(
                "webhook-post", "lastNode", [_http("call", {"method": "POST", "url": item, "options": {}, **body})]
            ),
            _workflow("blocks", "lastNode", [_node(f"set{n}", setting, 3.4, copied) for n in range(BLOCKS)]),
            _workflow(
                "sync",
                "onReceived",
                [_http("pages", paged), _node("split", "n8n-nodes-base.splitOut", 1, split), _http("sent", posted)],
            ),
        ]


class Tuned(N8n):
    """With less kept, as its page on execution data says."""

    name: ClassVar[str] = "n8n-tuned"
    keeps: ClassVar[str] = (
        "SQLite; EXECUTIONS_DATA_SAVE_ON_SUCCESS=none, EXECUTIONS_DATA_SAVE_ON_PROGRESS=false, "
        f"EXECUTIONS_DATA_SAVE_MANUAL_EXECUTIONS=false ({DOCUMENTED}): nothing is kept of what went well"
    )
    tuning: ClassVar[Mapping[str, str]] = {
        "EXECUTIONS_DATA_SAVE_ON_SUCCESS": "none",
        "EXECUTIONS_DATA_SAVE_ON_PROGRESS": "false",
        "EXECUTIONS_DATA_SAVE_MANUAL_EXECUTIONS": "false",
    }


def _node(name: str, kind: str, version: float, parameters: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
    placed = {"id": name, "name": name, "type": kind, "typeVersion": version, "position": [0, 0]}
    return {**placed, "parameters": dict(parameters), **rest}


def _http(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return _node(name, "n8n-nodes-base.httpRequest", 4.2, parameters)


def _workflow(work: str, mode: str, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """A webhook, and the nodes one after the other."""
    given = {"httpMethod": "POST", "path": work, "responseMode": mode, "options": {}}
    chain = [_node("webhook", "n8n-nodes-base.webhook", 2, given, webhookId=work), *nodes]
    wires = {
        one["name"]: {"main": [[{"node": following["name"], "type": "main", "index": 0}]]}
        for one, following in pairwise(chain)
    }
    return {
        "id": f"bench{work.replace('-', '')}",
        "name": work,
        "active": False,
        "nodes": chain,
        "connections": wires,
        "settings": {"executionOrder": "v1"},
    }
