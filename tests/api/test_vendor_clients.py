"""The vendor's own clients, as published and unmodified: their paging, sign-ins and errors against Tieline.

The programs that drive them are in ``tests/peers``. Each is told an address and credentials, and asserts for itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.api.conftest import NO_LIMIT, Parts, Tenant, World, client, serving
from tests.api.oauth_world import BACK, decide, make
from tests.api.test_connectors import manifest
from tests.peers.installing import installed, node
from tieline.connectors.manifest import io
from tieline.core.clock import now
from tieline.server.app import create_app
from tieline.tenancy.limits import Tiers

pytestmark = [pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(300)]

PEERS = Path(__file__).parents[1] / "peers"
PYTHON = ("0.17.0", "0.14.0", "0.12.0")
JAVASCRIPT = ("2.19.0", "1.32.0")


def python_client(version: str) -> list[str]:
    folder = installed(f"qlik-sdk-{version}", python=(f"qlik-sdk=={version}",))
    return [str(folder / "env" / "bin" / "python"), "-I", str(PEERS / "qlik_sdk.py")]


async def told_by(command: list[str], story: str, given: dict[str, Any], **environment: str) -> dict[str, Any]:
    """What the program says it saw; its traceback where it failed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        story,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], **environment},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(json.dumps(given).encode()), 120)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, f"{out.decode()[-2000:]}\n{err.decode()[-6000:]}"
    seen: dict[str, Any] = json.loads(out.splitlines()[-1])
    return seen


@pytest.fixture
def given(address: str, tenant: Tenant) -> dict[str, Any]:
    """What a program is told."""
    return {"host": address, "key": tenant.key, "user": str(tenant.admin_id), "tenant": str(tenant.id)}


@pytest.fixture
async def client_given(api: httpx.AsyncClient, given: dict[str, Any]) -> dict[str, Any]:
    """The same with an OAuth client of that tenant."""
    made = await make(api)
    return {**given, "client": made["clientId"], "secret": made["clientSecret"], "redirect": BACK}


@pytest.fixture
async def browser(address: str, tenant: Tenant) -> AsyncIterator[str]:
    """Where a program has a person's browser sent to: it answers with the address that the browser ended at."""

    async def signing_in(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        asked = json.loads(message["body"])
        async with client(address) as person:
            done = await decide(person, await person.get(asked["url"]), tenant.key, asked["decision"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": done.headers["location"].encode()})

    async with serving(signing_in) as where:
        yield where


@asynccontextmanager
async def ending_tls(parts: Parts, certificate: Path) -> AsyncIterator[str]:
    """A proxy that ends TLS before a server which was told its public address; gives that address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    inside: list[str] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        within = urlsplit(inside[0])
        onward = await asyncio.open_connection(within.hostname, within.port)
        await asyncio.gather(carry(reader, onward[1]), carry(onward[0], writer))

    async with await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context) as proxy:
        public = f"https://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        settings = parts.settings.model_copy(update={"base_url": public})
        async with serving(create_app(replace(parts, settings=settings), tiers=NO_LIMIT)) as address:
            inside.append(address)
            yield public


def self_signed(folder: Path) -> Path:
    """Key and certificate for 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "tls.pem"
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


async def test_by_https_through_a_proxy(parts: Parts, given: dict[str, Any], tmp_path: Path) -> None:
    """Links lead to the public address; the program would not get anywhere by another."""
    certificate = self_signed(tmp_path)
    async with ending_tls(parts, certificate) as public:
        told = {**given, "host": public}
        seen = await told_by(older_javascript(), "resources", told, NODE_EXTRA_CA_CERTS=str(certificate))
    assert seen["absent"]


@pytest.mark.parametrize("version", PYTHON)
async def test_python_resources(given: dict[str, Any], version: str) -> None:
    seen = await told_by(python_client(version), "resources", given)
    assert seen["web"]["web"] == (2 if version == "0.12.0" else 7)  # that one knows `next` alone
    assert seen["keys"]["revoked"]


@pytest.mark.parametrize("version", PYTHON)
async def test_python_signs_in(client_given: dict[str, Any], browser: str, version: str) -> None:
    told = {**client_given, "browser": browser}
    command = python_client(version)
    assert await told_by(command, "machine", told) == {"after": "Unauthorized"}
    person = await told_by(command, "person", told)
    assert person == {"after": "Unauthorized", "denied": "access_denied", "scope": "offline_access user_default"}
    assert await told_by(command, "wrong_secret", told) == {"title": "Invalid OAuth client"}


async def test_python_errors(given: dict[str, Any], world: World, tenant: Tenant) -> None:
    _, reader = await world.user(tenant.id)
    seen = await told_by(python_client(PYTHON[0]), "errors", {**given, "reader": reader})
    assert seen["401"] == "Unauthorized"


async def test_limits_are_told(parts: Parts, given: dict[str, Any]) -> None:
    async with serving(create_app(parts, tiers=Tiers(tier1=20, tier2=20))) as address:
        seen = await told_by(python_client(PYTHON[0]), "limited", {**given, "host": address})
    assert seen["calls"] == 20
    assert 0 < int(seen["after"]) <= 60


def older_javascript() -> list[str]:
    folder = installed("qlik-js", npm=("@qlik/api@2.19.0", "@qlik/sdk@0.28.0"))
    return [node(folder), str(PEERS / "qlik_sdk.mjs"), str(folder)]


async def test_older_javascript_resources(given: dict[str, Any]) -> None:
    seen = await told_by(older_javascript(), "resources", given)
    assert seen["items"] > 2
    assert seen["audits"] > 20


async def test_older_javascript_errors(given: dict[str, Any], world: World, tenant: Tenant) -> None:
    _, reader = await world.user(tenant.id)
    seen = await told_by(older_javascript(), "errors", {**given, "reader": reader})
    assert seen["401"] == "Unauthorized"


@pytest.mark.parametrize("kind", ["web", "native", "spa"])
async def test_older_javascript_signs_in(
    api: httpx.AsyncClient, given: dict[str, Any], browser: str, kind: str
) -> None:
    made = await make(api, appType=kind)
    told = {**given, "client": made["clientId"], "secret": made["clientSecret"], "redirect": BACK, "browser": browser}
    if kind == "web":
        assert await told_by(older_javascript(), "machine", told) == {"after": "Unauthorized"}
    assert await told_by(older_javascript(), "person", told) == {"after": "Unauthorized", "denied": "access_denied"}


def javascript(version: str) -> list[str]:
    folder = installed(f"qlik-api-{version}", npm=(f"@qlik/api@{version}",))
    return [node(folder), str(PEERS / "qlik_api.mjs"), str(folder)]


@pytest.mark.parametrize("version", JAVASCRIPT)
async def test_javascript_resources(api: httpx.AsyncClient, given: dict[str, Any], version: str) -> None:
    for name in ("one", "two"):
        document = io.dump(manifest(name=name), "json")
        made = await api.post("/api/workflows/automation-connectors", json={"document": document})
        assert made.status_code == 201, made.text
    seen = await told_by(javascript(version), "resources", given)
    assert seen["stopped"] == 204


@pytest.mark.parametrize("version", JAVASCRIPT)
async def test_javascript_errors(given: dict[str, Any], world: World, tenant: Tenant, version: str) -> None:
    _, reader = await world.user(tenant.id)
    seen = await told_by(javascript(version), "errors", {**given, "reader": reader})
    assert seen["401"] == "Unauthorized"


async def test_javascript_signs_in(
    api: httpx.AsyncClient, client_given: dict[str, Any], browser: str, world: World, tenant: Tenant
) -> None:
    person = (await api.post("/api/v1/users", json={"subject": "vendor|someone", "name": "Someone"})).json()
    told = {**client_given, "browser": browser, "subject": "vendor|someone", "other": person["id"]}
    await told_by(javascript(JAVASCRIPT[0]), "machine", told)
    wrong = await told_by(javascript(JAVASCRIPT[0]), "wrongSecret", told)
    assert "(Status: 401, Code: invalid-client)" in wrong["told"]


@pytest.mark.parametrize("kind", ["native", "spa"])
async def test_javascript_signs_a_person_in(
    api: httpx.AsyncClient, given: dict[str, Any], browser: str, kind: str
) -> None:
    made = await make(api, appType=kind)
    told = {**given, "client": made["clientId"], "secret": made["clientSecret"], "redirect": BACK, "browser": browser}
    assert (await told_by(javascript(JAVASCRIPT[0]), "person", told))["tokens"] >= 1
