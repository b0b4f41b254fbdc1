"""A vendor that embeds Tieline: its template, the service that it connects, and its product (Fairground)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import uvicorn

from tests.api.embed import signing
from tests.api.oem.conftest import document, says, start
from tests.automations.engine.documents import block
from tests.fixtures.shared import free_port
from tests.studio.furnishing import Desk
from tests.studio.running import Server
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, ObjectType
from tieline.connectors.manifest.model import Server as Address
from tieline.core.ids import new_id
from tieline.sandbox.host.app import fairground
from tieline.sandbox.host.signing import Signer

LISTS = [{"id": f"l{n}", "name": f"List {n}"} for n in range(1, 20)]


class Crm(BaseHTTPRequestHandler):
    """A service with a sign-in page (OAuth 2.0, authorization code), its lists, and who one is."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            back = f"{asked['redirect_uri']}?{urlencode({'code': 'c0de', 'state': asked['state']})}"
            self._say(
                f"<!doctype html><title>CRM</title><h1>Let Tieline in?</h1><a href='{back}'>Allow</a>", "text/html"
            )
        elif self.headers.get("authorization") != "Bearer acc3ss":
            self._say('{"error": "who are you?"}', status=401)
        elif address.path == "/lists":
            self._say(json.dumps(LISTS))
        else:
            self._say('{"id": 1, "key": "ann"}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self._say('{"access_token": "acc3ss", "token_type": "Bearer", "expires_in": 3600}')

    def _say(self, text: str, kind: str = "application/json", status: int = 200) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing to standard error."""


def manifest(site: str) -> Manifest:
    sign_in = AuthMethod(
        id="oauth",
        kind="oauth2",
        grants=["authorization_code"],
        authorization_url=f"{site}/authorize",
        token_url=f"{site}/token",
        fields=[Input(id="client_id", label="Client id", required=True, default="fairground")],
        client_auth="none",
    )
    contact = {"type": "object", "properties": {name: {"type": "string"} for name in ("firstName", "email", "phone")}}
    return Manifest(
        name=f"crm-{new_id().hex[-8:]}",
        title="The CRM",
        guid=str(new_id()),
        servers=[Address(url=site)],
        auth=[sign_in],
        objects=[ObjectType(name="contact", label="Contact", schema=contact)],
        blocks=[
            Block(id="who", kind="get", path="/who"),
            Block(id="lists", kind="list", path="/lists"),
            Block(id="add", kind="create", method="POST", path="/add", inputs=[Input(id="list", options_from="lists")]),
        ],
    )


def workspace(connector: str) -> dict[str, Any]:
    """Every kind of question, and a setup flow that says something."""
    asked = {"type": "connector", "connector": connector}
    sizes = [{"value": "s", "label": "Small"}, {"value": "l", "label": "Large"}]
    fields: list[dict[str, Any]] = [
        {"type": "input", "label": "Region", "isRequired": True, "helpText": "Where **you** are."},
        {"type": "input", "label": "API token"},
        {"type": "select", "label": "Size", "options": sizes},
        {"type": "select", "label": "List", "options": {**asked, "block": "add", "input": "list"}, "isRequired": True},
        {"type": "multi_select", "label": "Kinds", "options": ["new", "changed", "gone"]},
        {"type": "object", "label": "Extra"},
        {
            "type": "field_mapping",
            "label": "Fields",
            "options": {"sources": ["first_name", "email", "company"], "targets": {**asked, "object": "contact"}},
        },
    ]  # fmt: skip
    form = [{"id": f"f{n}", "order": n, **one} for n, one in enumerate(fields)]
    who = block("EndpointBlock", "who", datasourcetype_guid=connector, endpoint_guid="who", endpoint_role="get")
    setup = [
        start("setup"),
        block("FormBlock", "asked", form=form, persistData=True),
        says("Ready for **{$.asked.Region}**."),
    ]
    return document(setup, [start("scheduled"), who, says("{$.who.key} {$.asked.Region}")])


@dataclass
class Vendor:
    """What a test knows of it. ``key`` signs (EdDSA); ``url`` is the product's, ``elsewhere`` a copy at an origin that
    is not allowed.
    """

    url: str
    elsewhere: str
    crm: str
    connector: str
    template: str
    kid: str
    signer: Signer
    calls: list[str] = field(default_factory=list)


def _signer(kid: str) -> Signer:
    return Signer("default", {"alg": "EdDSA", "kid": kid}, signing.eddsa("vendor"))


@contextmanager
def vendor(server: Server, name: str = "Contacts in step") -> Iterator[Vendor]:
    """A vendor with a template, whose product runs."""
    kid = f"vendor-{new_id().hex[-6:]}"
    signer = _signer(kid)
    crm = ThreadingHTTPServer(("127.0.0.1", 0), Crm)
    threading.Thread(target=crm.serve_forever, daemon=True).start()
    site = f"http://127.0.0.1:{crm.server_address[1]}"
    with (
        serving(server.url, signer) as url,
        serving(server.url, signer) as elsewhere,
        server.client(server.admin) as http,
    ):
        desk = Desk(http)
        desk.call("POST", "/oem/v1/keys", {"kid": kid, "public_key": signing.jwk("vendor")})
        desk.call("PUT", "/oem/v1/embed", {"origins": [url]})
        made = manifest(site)
        desk.call("POST", "automation-connectors", {"document": io.dump(made, "json")})
        said = {
            "name": name,
            "short_description": "Visitors, in the CRM as they come.",
            "description": "## What it does\n\nKeeps **contacts** in step, daily.\n\n* no duplicates\n* nothing lost",
            "groups": [{"group_id": "crm", "group_name": "CRM"}],
            "workspace": workspace(made.guid),
        }  # fmt: skip
        template = desk.call("POST", "/oem/v1/templates", said)["guid"]
        yield Vendor(url, elsewhere, site, made.guid, template, kid, signer)
        # Other tests of the same server see no template of a vendor that is gone.
        desk.call("PUT", f"/oem/v1/templates/{template}", {"status": "hidden"})
        desk.call("DELETE", f"/oem/v1/keys/{kid}")
    crm.shutdown()
    crm.server_close()


@contextmanager
def serving(server: str, signer: Signer) -> Iterator[str]:
    """Fairground, in a thread."""
    port = free_port()
    config = uvicorn.Config(fairground(server, "default", signer), port=port, log_level="critical", lifespan="off")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not running.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        running.should_exit = True
        thread.join(10)
