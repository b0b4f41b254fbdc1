"""Server-side request forgery at every place that calls an address of a user or of a document.

Pass line: of all hostile forms, at every sink, none makes a connection that the canary hears; each is refused with one
clear sentence (or left out, where the work goes on without it); and the same sink reaches an allowed server.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tests.batteries.listening import REBINDING, Net, listening, wired
from tests.batteries.sinks import OPERATORS, SINKS, Sink
from tests.conftest import ROOT
from tieline.automations.blocks.palette.model import described
from tieline.core.errors import TielineError
from tieline.server.offline import offline_document

pytestmark = [pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(120)]

MORE = (
    "http://user:pass@127.0.0.1/",
    "http://127.0.0.9@127.0.0.1/",
    "http://127.0.0.9%00.public.test/",
    "http://127.0.0.10/",
    "http://127.0.0.9.localtest.test@localhost/",
    "http://[::ffff:127.0.0.9]/",
    "http://[::127.0.0.9]/",
    "http://[64:ff9b::7f00:9]/",
    "http://[fe80::5efe:127.0.0.1]/",
    "http://public.test\r\nHost: 127.0.0.1\r\n/",
    "http://127.0.0.1｡public.test@localhost/",
    "http://127．0．0．1/",
    "https://localhost:6379/",
    "ftp://localhost/",
    "sftp://localhost/",
    "ldap://localhost:389/",
    "netdoc:///etc/passwd",
)
TRIED: Counter[str] = Counter()


@pytest.fixture(scope="module")
def matrix(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("ssrf_matrix", shared / "upstream" / "ssrf_matrix.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def counted() -> Iterator[None]:
    yield
    print(f"\nssrf: {len(SINKS)} sinks, {sum(TRIED.values())} attempts ({dict(TRIED)}), heard by the canary: 0")


async def refused(net: Net, sink: Sink, url: str, *, kind: str) -> None:
    """Tries, and holds what came of it against the pass line."""
    TRIED[kind] += 1
    refusal: TielineError | None = None
    try:
        await sink.attempt(net, url)
    except TielineError as error:
        refusal = error
    if refusal is None:
        own = sink.relative and not url.startswith("//") and "://" not in url
        assert sink.quiet or own, f"{sink.name} took {url!r}"
    else:
        told = f"{sink.name} {url!r}: {refusal.code} {refusal.detail!r}"
        assert 400 <= refusal.status < 600 and refusal.code != "internal-error", told
        assert 12 <= len(refusal.detail) <= 1000 and "Traceback" not in refusal.detail, told
        assert "pass@" not in refusal.detail, told
    assert (net.heard, net.canary) == ([], 0), f"{sink.name} went with {url!r} to {net.heard}"


@pytest.mark.parametrize("sink", SINKS, ids=lambda one: one.name)
async def test_hostile_addresses_are_refused_and_an_allowed_one_is_reached(sink: Sink, matrix: ModuleType) -> None:
    async with listening() as net:
        with wired(net, matrix.fake_getaddrinfo):
            forms = [*(url for _, url in matrix.REFUSE), *MORE]
            assert len(forms) == 103 + len(MORE)
            for url in forms:
                await refused(net, sink, url, kind="forms")
            for port in (net.canary_port, net.port, 22, 5432):
                await refused(net, sink, f"http://127.0.0.1:{port}/", kind="ports")
            if sink.hops:
                # A redirect of the allowed server is a way inside too; at the first hop and at the third.
                for url in forms:
                    place = url.encode("utf-8", "replace").replace(b"\r", b"").replace(b"\n", b"")
                    once = f"{net.good}/to/{place.hex()}"
                    thrice = f"{net.good}/to/{f'/to/{once.encode().hex()}'.encode().hex()}"
                    if place and not place.startswith((b"/relative", b"http:127", b"http:///")):  # the server itself
                        await refused(net, sink, once, kind="redirects")
                        await refused(net, sink, thrice, kind="redirects")
            # The name leads to the allowed server when it is judged, and inside from then on.
            TRIED["rebinding"] += 1
            with suppress(TielineError):
                await sink.attempt(net, f"http://{REBINDING}:{net.port}/")
            assert (net.heard, net.canary) == ([], 0), "rebinding"
            before = len(net.asked)
            try:
                await sink.attempt(net, f"{net.good}/things")
            except TielineError as error:
                if not (sink.saves or len(net.asked) > before):
                    raise AssertionError(f"{sink.name} does not reach the allowed server") from error
            assert sink.saves or len(net.asked) > before, f"{sink.name} does not ask the allowed server"
            assert (net.heard, net.canary) == ([], 0)


CALLS_OUT = re.compile(r"\b_?egress$")


def modules_that_call_out() -> set[str]:
    """Below ``src/tieline``: those that ask egress for a request, a stream or a socket, or have an address judged."""
    source, found = ROOT / "src" / "tieline", set()
    for path in source.rglob("*.py"):
        name = path.relative_to(source).as_posix()
        if name.startswith("security/egress/"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            owner, _, verb = called.rpartition(".")
            direct = verb in {"request", "stream"} and CALLS_OUT.search(owner)
            if direct or called in {"sockets.open", "check_saved", "fetch_once", "may_fetch"}:
                found.add(name)
    return found


def test_every_module_that_calls_out_is_in_the_table() -> None:
    known = {module for sink in SINKS for module in sink.modules} | set(OPERATORS)
    assert modules_that_call_out() == known


ADDRESS = re.compile(
    r"(?!datasource).*(?:url|uri|href|endpoint|origin|host|issuer|jwks|logo|icon|image|source|address|server|domain|callback|website|avatar)",
    re.IGNORECASE,
)
# Named like an address, and nothing that this server ever calls.
NEVER_CALLED = {
    "BeginSession.origin": "compared with the partner's allowed origins",
    "Branding.logo": "shown by the browser that frames the studio, under its content security policy",
    "CreateDatasource.redirect_url": "where the person's browser goes back to",
    "CreateOAuthClient.allowedOrigins": "compared with the Origin of requests",
    "CreateOAuthClient.clientUri": "shown as a link",
    "CreateOAuthClient.logoUri": "shown by the browser",
    "CreateOAuthClient.redirectUris": "where the person's browser goes back to",
    "TokenRequest.redirect_uri": "compared with the one of the authorization request",
    "CreateTemplate.icon": "shown by the browser",
    "CreateTemplate.icon2": "shown by the browser",
    "CreateTemplate.icon3": "shown by the browser",
    "PutTemplate.icon": "shown by the browser",
    "PutTemplate.icon2": "shown by the browser",
    "PutTemplate.icon3": "shown by the browser",
    "CreateWebIntegration.validOrigins": "compared with the Origin of requests",
    "CspContent.origin": "told to browsers",
    "EmbedSettings.origins": "told to browsers in frame-ancestors",
    "NewWebhook.origin": "what made it: api or management-console",
    "ShareCreate.resourceId": "an id",
    "ShareCreate.resourceType": "a kind",
    "UpdateItem.resourceId": "an id",
    "UpdateItem.resourceType": "a kind",
    "AuthMethod.authorization_url": "where the person's browser goes",
    "AuthMethod.revoke_url": "kept, and not called",
    "AuthMethod.issuer": "compared with iss of a callback",
    "WebhookEvent.url_input": "the name of an input",
    "Manifest.source": "holds Source.address",
    "CopyFileBlock.source_path": "a path in a storage",
    "MoveFileBlock.source_path": "a path in a storage",
    "MailBlock.security": "starttls, tls or none",
    "RedirectBlock.url": "where the browser that called the automation goes",
    "EndpointBlock.endpoint_guid": "an id",
    "EndpointBlock.endpoint_role": "a kind",
    "SnippetBlock.endpoint_role": "a kind",
}


def fields_of_the_document() -> set[str]:
    """Those of request bodies whose name or format says that they hold an address, as ``Schema.field``."""
    document = offline_document()
    schemas: dict[str, Any] = document["components"]["schemas"]
    found: set[str] = set()

    def walk(schema: Any, name: str, above: tuple[str, ...]) -> None:
        if not isinstance(schema, dict):
            return
        if "$ref" in schema:
            inner = schema["$ref"].rpartition("/")[2]
            if inner not in above:
                walk(schemas[inner], inner, (*above, inner))
            return
        for kind in ("anyOf", "oneOf", "allOf"):
            for one in schema.get(kind, ()):
                walk(one, name, above)
        for kind in ("items", "additionalProperties"):
            walk(schema.get(kind), name, above)
        for field, content in schema.get("properties", {}).items():
            if ADDRESS.match(field) or content.get("format") in {"uri", "url", "hostname"}:
                found.add(f"{name}.{field}")
            walk(content, name, above)

    for item in document["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            for one in content.values():
                walk(one["schema"], "", ())
    return found


def fields_of_manifests() -> set[str]:
    from tieline.core import json

    schema = json.loads((ROOT / "docs" / "reference" / "connector.schema.json").read_bytes())
    return {
        f"{name}.{field}"
        for name, one in schema["$defs"].items()
        for field in one.get("properties", {})
        if ADDRESS.match(field)
    }


def fields_of_blocks() -> set[str]:
    return {
        f"{one.type}.{field.id}"
        for one in described().values()
        for field in (*one.fields, *one.inputs, *one.settings)
        if ADDRESS.match(field.id)
    }


@pytest.mark.parametrize("fields", [fields_of_the_document, fields_of_manifests, fields_of_blocks])
def test_every_field_that_holds_an_address_is_in_the_table(fields: Any) -> None:
    known = {field for sink in SINKS for field in sink.fields} | NEVER_CALLED.keys()
    unknown = fields() - known
    assert not unknown, f"which sink of tests/batteries/sinks.py are they, or why are they never called? {unknown}"


def test_nothing_in_the_table_is_gone() -> None:
    there = fields_of_the_document() | fields_of_manifests() | fields_of_blocks()
    assert {field for sink in SINKS for field in sink.fields} | NEVER_CALLED.keys() == there
