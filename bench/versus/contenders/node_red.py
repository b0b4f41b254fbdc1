"""Node-RED on its defaults. It keeps nothing of what passes through it."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from bench.versus import installs
from bench.versus.contenders.base import BLOCKS, BODY, RECORDS, Contender
from bench.versus.load import Target


class NodeRed(Contender):
    """`node red.js` with flows in its folder; calls keep their connections (the node's own option)."""

    name: ClassVar[str] = "node-red"
    keeps: ClassVar[str] = (
        "defaults; keeps nothing; its calls keep their connections, and the sync's POSTs of a page run at once"
    )

    def install(self) -> None:
        installs.npm(self.scratch, "node-red")

    def version(self) -> str:
        return installs.npm_version(self.scratch, "node-red")

    def prepare(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "flows.json").write_text(json.dumps(self._flows()), encoding="utf-8")

    def command(self) -> list[str]:
        script = installs.npm(self.scratch, "node-red") / "red.js"
        own = ["--userDir", str(self.folder), "--port", str(self.port)]
        return [*installs.node(self.scratch), str(script), *own, str(self.folder / "flows.json")]

    def target(self, work: str) -> Target:
        expects = {"blocks": b"Ada", "sync": b"begun"}.get(work, b'"id":7')
        return Target(self.port, f"/{work}", body=BODY, expects=expects)

    def _flows(self) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = [{"id": "tab", "type": "tab", "label": "bench"}]
        for work, method in (("webhook", "GET"), ("webhook-post", "POST")):
            nodes += [
                _entry(work, f"{work}-call"),
                _call(f"{work}-call", f"{self.stub.url}/item", method, f"{work}-out", returned="obj"),
                _node(f"{work}-out", "http response", [], statusCode="", headers={}),
            ]
        nodes.append(_entry("blocks", "set0"))
        for number in range(BLOCKS):
            following = f"set{number + 1}" if number + 1 < BLOCKS else "blocks-out"
            rule = {"t": "set", "p": "payload.text", "pt": "msg", "to": "payload.name", "tot": "msg"}
            nodes.append(_node(f"set{number}", "change", [[following]], rules=[rule]))
        nodes.append(_node("blocks-out", "http response", [], statusCode="", headers={}))
        return nodes + self._sync()

    def _sync(self) -> list[dict[str, Any]]:
        """Answer at once; then page by page: ask, split, a POST each, and on with the next page."""
        first = f'msg.payload = "begun"; return [msg, {{url: "{self.stub.url}/pages/{RECORDS}"}}];'
        parts = (
            "if (msg.payload.next) node.send([null, {url: msg.payload.next}]);"
            "for (const r of msg.payload.items)"
            " node.send([{payload: {id: r.id, email: r.email, name: r.name}}, null]);"
        )
        return [
            _entry("sync", "sync-begin"),
            _node("sync-begin", "function", [["sync-out"], ["sync-page"]], func=first, outputs=2),
            _node("sync-out", "http response", [], statusCode="", headers={}),
            _call("sync-page", "", "GET", "sync-parts", returned="obj"),
            _node("sync-parts", "function", [["sync-post"], ["sync-page"]], func=parts, outputs=2),
            _call("sync-post", f"{self.stub.url}/sink", "POST", None, returned="obj"),
        ]


def _node(identity: str, kind: str, wires: list[list[str]], **rest: Any) -> dict[str, Any]:
    return {"id": identity, "z": "tab", "type": kind, "name": "", "x": 100, "y": 100, "wires": wires, **rest}


def _entry(work: str, following: str) -> dict[str, Any]:
    return _node(f"{work}-in", "http in", [[following]], url=f"/{work}", method="post", upload=False, swaggerDoc="")


def _call(identity: str, url: str, method: str, following: str | None, *, returned: str) -> dict[str, Any]:
    options = {"method": method, "ret": returned, "url": url, "persist": True, "paytoqs": "ignore", "headers": []}
    return _node(identity, "http request", [[following] if following else []], **options)
