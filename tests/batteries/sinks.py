"""Every place of Tieline that calls an address which a user or a document names, each as one function.

`SINKS` is the table; `test_ssrf_sinks` tries each of them, and fails where a module calls out that is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from tests.batteries.listening import Net
from tests.connectors.files.buckets import ACCESS, ACCOUNT, AZURE_KEY, SECRET, service_account
from tests.connectors.runtime.support import client, manifest
from tieline.automations.alerts import rules as alert_rules
from tieline.automations.alerts.sending import Sender
from tieline.automations.alerts.wording import Told
from tieline.automations.blocks import call_url
from tieline.automations.blocks.post import Post, PostOffice
from tieline.connectors.documents import fetch, gather_url
from tieline.connectors.documents.graphql import introspect
from tieline.connectors.drift.watch import Watch
from tieline.connectors.files import Opening, storage_kind
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Paging, Server, ServerVariable, Source
from tieline.connectors.runtime.auth.interactive import begin, device_begin
from tieline.core import json
from tieline.core.errors import TielineError
from tieline.core.ids import new_id
from tieline.security.vault import Vault, parse_keys
from tieline.tenancy.events import calling
from tieline.tenancy.events import rules as event_rules
from tieline.tenancy.studio.oidc import Provider

Try = Callable[[Net, str], Awaitable[object]]
PLAIN = Block(id="read", kind="get", path="/things")
"""A block that reads one thing."""


@dataclass(frozen=True)
class Sink:
    """``modules`` call out for it (below ``src/tieline``). ``fields`` of the API's document, of manifests and of blocks
    hold its address. ``quiet``: what is refused is left out, and the work goes on. ``saves``: judged when it is saved,
    and not called then. ``hops``: follows redirects. ``relative``: an address may be one of the allowed server's own
    paths."""

    name: str
    attempt: Try
    modules: tuple[str, ...]
    fields: tuple[str, ...] = ()
    quiet: bool = False
    saves: bool = False
    hops: bool = False
    relative: bool = False


def host_of(url: str) -> str:
    found = re.match(r"[a-z+]*:?//([^/]*)", url)
    return found[1] if found else url


def port_of(url: str) -> int:
    digits = re.search(r":(\d+)", host_of(url))
    return int(digits[1]) if digits and 0 < int(digits[1]) < 65536 else 2121


async def _call_url(net: Net, url: str) -> object:
    program = {"connection": None, "redirects": True, "accepted": [(100, 599)]}
    call = call_url._Call("GET", url, {}, None, program, {"timeout": None, "retries": 0})
    call._note = lambda *_, **__: None  # type: ignore[method-assign]

    async def mine() -> None:
        return None

    metrics = SimpleNamespace(sent=0, received=0, calls=0)
    context: Any = SimpleNamespace(services=SimpleNamespace(get=lambda _: net.egress), still_mine=mine, metrics=metrics)
    return await call.send(context)


async def _base_url(net: Net, url: str) -> object:
    return await client(manifest(url, PLAIN), net.egress).call(PLAIN, {})


async def _variable(net: Net, url: str) -> object:
    made = manifest("http://{where}", PLAIN)
    made.servers = [Server(url="http://{where}", variables={"where": ServerVariable()})]
    return await client(made, net.egress, params={"where": host_of(url)}).call(PLAIN, {})


async def _own_server(net: Net, url: str) -> object:
    block = msgspec.structs.replace(PLAIN, server=url)
    return await client(manifest(net.good, block), net.egress).call(block, {})


async def _streamed(net: Net, url: str) -> object:
    async with client(manifest(url, PLAIN), net.egress).download(PLAIN, {}) as stream:
        return [block async for block in stream]


async def _next_link(net: Net, url: str) -> object:
    net.say("/things", json.dumps({"data": [{"id": 1}], "links": {"next": url}}))
    listing = Block(
        id="list",
        kind="list",
        object="record",
        path="/things",
        records="$.data",
        paging=Paging(style="next_url", next="$.links.next"),
    )
    return [one async for one in client(manifest(net.good, listing), net.egress).records(listing, {})]


async def _link_header(net: Net, url: str) -> object:
    net.say("/things", b'[{"id": 1}]', Link=f'<{_in_a_header(url)}>; rel="next"')
    listing = Block(
        id="list", kind="list", object="record", path="/things", records="$", paging=Paging(style="link_header")
    )
    return [one async for one in client(manifest(net.good, listing), net.egress).records(listing, {})]


async def _location(net: Net, url: str, status: int = 202) -> object:
    headers = {"Location": _in_a_header(url), "Retry-After": "0"}
    net.say("POST /things", b"{}", status, **headers)
    block = Block(id="make", kind="create", method="POST", path="/things")
    return await client(manifest(net.good, block), net.egress).call(block, {})


async def _created(net: Net, url: str) -> object:
    return await _location(net, url, 201)


def _oauth(**more: Any) -> AuthMethod:
    fields = [Input(id=name, secret=True) for name in ("client_id", "client_secret", "refresh_token")]
    return AuthMethod(**{"id": "oauth", "kind": "oauth2", "grants": ["client_credentials"], "fields": fields} | more)


OWN = {"client_id": "tieline", "client_secret": "s", "refresh_token": "r"}


async def _with_token(net: Net, **more: Any) -> object:
    net.say("/things", b"{}")
    return await client(manifest(net.good, PLAIN, auth=_oauth(**more)), net.egress, OWN).call(PLAIN, {})


async def _token_url(net: Net, url: str) -> object:
    return await _with_token(net, token_url=url)


async def _refresh_url(net: Net, url: str) -> object:
    return await _with_token(net, token_url=f"{net.good}/token", refresh_url=url, grants=["refresh_token"])


async def _discovery_url(net: Net, url: str) -> object:
    return await _with_token(net, discovery_url=url)


async def _discovered(net: Net, url: str) -> object:
    place = f"/metadata-{new_id().hex}"
    net.say(place, json.dumps({"issuer": net.good, "token_endpoint": url}))
    return await _with_token(net, discovery_url=f"{net.good}{place}")


async def _device_url(net: Net, url: str) -> object:
    method = _oauth(grants=["device_code"], device_url=url, token_url=f"{net.good}/token")
    held = client(manifest(net.good, PLAIN, auth=method), net.egress, OWN)
    return await device_begin(held.account, egress=net.egress)


async def _request_token_url(net: Net, url: str) -> object:
    fields = [Input(id=name, secret=True) for name in ("consumer_key", "consumer_secret")]
    method = AuthMethod(
        id="oauth",
        kind="oauth1",
        fields=fields,
        request_token_url=url,
        authorization_url=f"{net.good}/authorize",
        token_url=f"{net.good}/token",
    )
    held = client(manifest(net.good, PLAIN, auth=method), net.egress, {"consumer_key": "k", "consumer_secret": "s"})
    return await begin(held.account, egress=net.egress, redirect_uri="https://t.example/back", state="s")


async def _session_login(net: Net, url: str) -> object:
    steps: list[Any] = [{"request": {"url": url, "form": {"p": "{password}"}}, "extract": {"sid": "cookie:sid"}}]
    steps += [{"inject": [{"name": "X-Sid", "value": "{sid}"}]}]
    fields = [{"id": "password", "secret": True}]
    method = msgspec.convert({"id": "session", "kind": "session", "fields": fields, "steps": steps}, AuthMethod)
    made = manifest(net.good, PLAIN, auth=method)
    return await client(made, net.egress, {"password": "p"}).call(PLAIN, {})


async def _document(net: Net, url: str) -> object:
    answer = await fetch(net.egress, url)
    return await gather_url(net.egress, answer.body, answer.url)


async def _graphql(net: Net, url: str) -> object:
    return await introspect(net.egress, url, timeout=5, max_bytes=10_000)


async def _reference(net: Net, url: str) -> object:
    document = {"openapi": "3.0.0", "paths": {"/a": {"$ref": f"{url}"}, "/b": {"$ref": f"{url}/b.yaml#/x"}}}
    return await gather_url(net.egress, json.dumps(document), f"{net.good}/openapi.json")


async def _wsdl_import(net: Net, url: str) -> object:
    shown = url.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    document = (
        '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:x="http://www.w3.org/2001/XMLSchema">'
        f'<import namespace="a" location="{shown}"/><types><x:schema><x:import schemaLocation="{shown}/a.xsd"/>'
        f'<x:include schemaLocation="{shown}?xsd=1"/></x:schema></types></definitions>'
    )
    return await gather_url(net.egress, document.encode("utf-8", "replace"), f"{net.good}/service.wsdl")


async def _drift(net: Net, url: str) -> object:
    made = manifest(net.good, PLAIN, source=Source(format="openapi", address=url))
    return await Watch(cast(Any, None), cast(Any, None), net.egress).look(made)


def _storage(kind: str, method: str = "", **fixed: Any) -> Try:
    async def attempt(net: Net, url: str) -> object:
        answers = {name: value(net, url) if callable(value) else value for name, value in fixed.items()}
        opening = Opening(answers=answers, egress=net.egress, tenant_id=new_id(), method=method, first=True)
        async with storage_kind(kind).open(opening) as storage:
            await storage.check()
        return None

    return attempt


def _there(_: Net, url: str) -> str:
    return url


def _host(_: Net, url: str) -> str:
    return re.sub(r":\d+$", "", host_of(url))


def _port(_: Net, url: str) -> int:
    return port_of(url)


async def _mail(net: Net, url: str) -> object:
    office = PostOffice(_host(net, url), port_of(url), "none", sender="a@b.example")
    letter: Any = SimpleNamespace(
        message=SimpleNamespace(as_bytes=lambda: b"x"), sender="a@b.example", recipients=["c@d.example"]
    )
    return await Post(net.egress, None).send(office, letter)


ROBOT = json.loads(service_account(""))


def _robot(_: Net, url: str) -> str:
    return json.dumps({**ROBOT, "token_uri": url}).decode()


VAULT = Vault(parse_keys(Vault.generate_key()))


async def _notice_saved(net: Net, url: str) -> object:
    return await alert_rules.checked(
        VAULT,
        net.egress.policy,
        b"x",
        {},
        on=["failed"],
        mail=[],
        url=url or " ",
        every_seconds=3600,
        mail_served=False,
    )


async def _notice_sent(net: Net, url: str) -> object:
    tenant, automation = new_id(), new_id()
    kept, _ = await alert_rules.checked(
        VAULT,
        net.trusting,
        alert_rules.place_of(tenant, automation),
        {},
        on=["failed"],
        mail=[],
        url=f"{net.good}/told",
        every_seconds=3600,
        mail_served=False,
    )
    rule = alert_rules.rule_of({**kept, "webhook": {**kept["webhook"], "url": url or " "}}, None)
    about = Told(automation_id=str(automation), name="A", run_id="r", fence=1, status="failed", at="now")
    sender = Sender(cast(Any, None), VAULT, net.egress, base_url="https://t.example")
    await sender.deliver(tenant, about, rule, "webhook")
    return None


async def _webhook_saved(net: Net, url: str) -> object:
    return await event_rules.check_url(url, net.egress.policy)


async def _webhook_sent(net: Net, url: str) -> object:
    from tieline.core.clock import now

    called = await calling.call(net.egress, url, {}, b"{}", now())
    if called.status is None:
        raise Problem(called.problem)
    return called


class Problem(TielineError):
    """What a sink says where it does not raise."""

    code = "problem"
    status = 502


async def _issuer(net: Net, url: str) -> object:
    provider = Provider(net.egress, issuer=url, client_id="t", client_secret=None)
    return await provider.begin("https://t.example/back")


def _named_by_issuer(name: str) -> Try:
    async def attempt(net: Net, url: str) -> object:
        from tests.batteries.listening import identity

        issuer = f"{net.good}/oidc"
        named = {one: f"{issuer}/{one}" for one in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        about = {"issuer": issuer, **named, "userinfo_endpoint": f"{issuer}/userinfo", name: url}
        net.say("/oidc/.well-known/openid-configuration", json.dumps(about))
        provider = Provider(net.egress, issuer=issuer, client_id="t", client_secret=None)
        _, kept = await provider.begin("https://t.example/back")
        token, keys = identity(issuer, "t", kept.nonce)
        net.say("/oidc/token_endpoint", json.dumps({"id_token": token, "access_token": "a"}))
        net.say("/oidc/jwks_uri", json.dumps(keys))
        return await provider.finish("code", "https://t.example/back", kept)

    return attempt


def _in_a_header(url: str) -> str:
    return "".join(char for char in url if char >= " ").encode().decode("latin-1")


_RUNTIME = ("connectors/runtime/exchange.py",)
_AUTH = ("connectors/runtime/auth/calls.py",)
_REMOTE = ("connectors/documents/remote.py",)
_WEB = ("connectors/files/web_calls.py",)

SINKS = (
    Sink("call-url", _call_url, ("automations/blocks/call_url.py",), ("CallUrlBlock.url",), hops=True),
    Sink("base-url", _base_url, _RUNTIME, ("Server.url", "CreateConnectSession.server", "CreateDatasource.server")),
    Sink("server-variable", _variable, _RUNTIME, ("Manifest.servers",)),
    Sink("block-server", _own_server, _RUNTIME, ("Block.server",), relative=True),
    Sink("stream", _streamed, ("connectors/runtime/streaming.py",)),
    Sink("next-link", _next_link, _RUNTIME, quiet=True),
    Sink("link-header", _link_header, _RUNTIME, quiet=True),
    Sink("location-202", _location, _RUNTIME, quiet=True),
    Sink("location-201", _created, _RUNTIME, quiet=True),
    Sink("token-url", _token_url, _AUTH, ("AuthMethod.token_url",)),
    Sink("refresh-url", _refresh_url, _AUTH, ("AuthMethod.refresh_url",)),
    Sink("discovery-url", _discovery_url, _AUTH, ("AuthMethod.discovery_url",)),
    Sink("discovered-token-url", _discovered, _AUTH),
    Sink("device-url", _device_url, _AUTH, ("AuthMethod.device_url",)),
    Sink("request-token-url", _request_token_url, _AUTH, ("AuthMethod.request_token_url",)),
    Sink("session-login", _session_login, _AUTH, ("StepRequest.url",)),
    Sink("import", _document, _REMOTE, ("ImportConnector.source",), hops=True),
    Sink("graphql", _graphql, ("connectors/documents/graphql.py",)),
    Sink("reference", _reference, _REMOTE, quiet=True),
    Sink("wsdl-import", _wsdl_import, _REMOTE, quiet=True),
    Sink("drift", _drift, _REMOTE, ("Source.address", "Manifest.source"), hops=True),
    Sink(
        "file-http",
        _storage("http", url=_there),
        ("connectors/files/http.py",),
        ("OpenFileBlock.url", "ReadDataFromFileBlock.url", "CheckIfFileExistsBlock.url"),
        hops=True,
    ),
    Sink(
        "file-s3",
        _storage("s3", endpoint=_there, bucket="b", access_key=ACCESS, secret_key=SECRET, region="eu"),
        _WEB,
    ),
    Sink("file-gcs", _storage("gcs", "hmac", endpoint=_there, bucket="b", access_key=ACCESS, secret_key=SECRET), _WEB),
    Sink(
        "file-gcs-token",
        _storage("gcs", endpoint=lambda net, _: net.good, bucket="b", service_account=_robot),
        _WEB,
    ),
    Sink(
        "file-azure",
        _storage("azure_blob", endpoint=_there, account=ACCOUNT, container="c", account_key=AZURE_KEY),
        _WEB,
    ),
    Sink(
        "file-ftp",
        _storage("ftp", host=_host, port=_port, security="none", username="a", password="p"),
        ("connectors/files/ftp.py",),
    ),
    Sink(
        "file-sftp",
        _storage("sftp", host=_host, port=_port, username="a", password="p", host_key=""),
        ("connectors/files/sftp.py",),
    ),
    Sink("mail", _mail, ("automations/blocks/post.py",), ("MailBlock.host",)),
    Sink("notice-saved", _notice_saved, ("automations/alerts/rules.py",), ("WebhookBody.url",), saves=True),
    Sink("notice-sent", _notice_sent, ("automations/alerts/sending.py",)),
    Sink(
        "webhook-saved",
        _webhook_saved,
        ("tenancy/events/rules.py",),
        ("NewWebhook.url", "WebhookContent.url", "CreatePartnerWebhook.url", "PutPartnerWebhook.url"),
        saves=True,
    ),
    Sink("webhook-sent", _webhook_sent, ("tenancy/events/calling.py",)),
    Sink("oidc-issuer", _issuer, ("tenancy/studio/oidc.py",), hops=True),
    Sink("oidc-token", _named_by_issuer("token_endpoint"), ("tenancy/studio/oidc.py",)),
    Sink("oidc-keys", _named_by_issuer("jwks_uri"), ("tenancy/studio/oidc.py",)),
    Sink("oidc-userinfo", _named_by_issuer("userinfo_endpoint"), ("tenancy/studio/oidc.py",)),
)

# Modules whose addresses the operator alone names, on his own command line.
OPERATORS = ("server/cli/api.py", "server/cli/specs_commands.py")
