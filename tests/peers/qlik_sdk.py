"""The vendor's Python client (`qlik-sdk` 0.12 or newer), unmodified, against Tieline. Not a test: run by one.

    env/bin/python qlik_sdk.py STORY < settings.json

Prints what it saw as one line of JSON; a failed assertion ends it with a traceback.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from qlik_sdk import Auth, AuthType, Config, Qlik, listable  # type: ignore[import-not-found]  # it lies in its own environment
from qlik_sdk.errors import AuthorizeException  # type: ignore[import-not-found]
from qlik_sdk.rest import AuthenticationException  # type: ignore[import-not-found]
from requests.exceptions import HTTPError

GIVEN = json.load(sys.stdin)
HOST = GIVEN["host"]


def config(key: str | None = None) -> Config:
    return Config(host=HOST, auth_type=AuthType.APIKey, api_key=key or GIVEN["key"])


def same(found: Any, wanted: Any) -> None:
    assert found == wanted, f"{found!r} is not {wanted!r}"


def refused(call: Any, status: int) -> dict[str, Any]:
    """The first error of the envelope that a call is refused with."""
    try:
        call()
    except HTTPError as error:
        answer: Any = error.response
        same(answer.status_code, status)
        body = answer.json()
        assert len(body["traceId"]) == 32
        first = body["errors"][0]
        assert first["code"]
        assert first["title"]
        assert first["detail"]
        return dict(first)
    raise AssertionError(f"not refused with {status}")


def walked(listing: Any, *, style: str = "next") -> list[Any]:
    """All elements, by the client's own paging; more than one page of it, where the client knows this style."""
    first = len(listing)
    found = list(listing.pagination)
    if style not in Path(listable.__file__).read_text(encoding="utf-8"):
        return found
    assert len(found) > first, (first, len(found))
    ids = [thing.id for thing in found]
    assert len(set(ids)) == len(ids), "an element came twice"
    return found


def opened(settings: Config) -> Qlik:
    """The client; one that is too old for them gets the newer names of its resources."""
    qlik = Qlik(settings)
    for name in ("api_keys", "web_integrations", "csp_origins"):
        if not hasattr(qlik, name):
            setattr(qlik, name, getattr(qlik, name.replace("_", "")))
    return qlik


def story_resources() -> dict[str, Any]:
    qlik = opened(config())
    seen = {}
    for name in ("automations", "connected", "users", "spaces", "items", "keys", "web", "csp", "webhooks", "audits"):
        function = globals()[f"_{name}"]
        seen[name] = function(qlik)
    if hasattr(qlik, "tenants"):
        seen["tenants"] = _tenants(qlik)
    seen["absent"] = _absent(qlik)
    return seen


def _automations(qlik: Qlik) -> dict[str, Any]:
    made = [qlik.automations.create({"name": f"Vendor {n:02}", "description": f"d{n}"}) for n in range(9)]
    assert made[0].id
    assert made[0].createdAt
    same(made[0].state, "available")
    again = qlik.automations.get(made[0].id)
    same((again.name, again.description, again.ownerId), ("Vendor 00", "d0", GIVEN["user"]))
    found = walked(qlik.automations.get_automations(limit=2, filter='name co "Vendor"', sort="-name"))
    same([thing.name for thing in found], [f"Vendor {n:02}" for n in reversed(range(9))])
    for sort in ("+name", "name"):
        names = [thing.name for thing in walked(qlik.automations.get_automations(limit=4, sort=sort))]
        same(names, sorted(names))
    again.set({"name": "Renamed", "description": "new"})
    same(qlik.automations.get(again.id).name, "Renamed")
    copied = again.copy("Copied")
    same(qlik.automations.get(copied["id"]).name, "Copied")
    again.disable()
    same(qlik.automations.get(again.id).state, "disabled")
    again.enable()
    same(qlik.automations.get(again.id).state, "available")
    other = qlik.users.create({"subject": "mover", "name": "Mover"})
    qlik.automations.get(copied["id"]).move(other.id)
    for _ in range(5):
        run = again.create_run({"context": "api"})
        assert run.id
        assert run.status in {"starting", "queued", "not started", "running", "finished"}, run.status
    runs = walked(again.get_runs(limit=1))  # by id: where they start in the meantime, their startTime changes
    same(len(runs), 5)
    if hasattr(again, "get_run"):
        one = again.get_run(runs[0].id)
        same((one.id, one.context), (runs[0].id, runs[0].context))
    settings = qlik.automations.get_settings()
    assert settings.maxConcurrentRunsPerAutomation
    usage = qlik.automations.get_usages(filter='name eq "runs"')
    again.delete()
    assert refused(lambda: qlik.automations.get(again.id), 404)["code"]
    return {"automations": len(found), "runs": len(runs), "usage": str(type(usage).__name__)}


def _connected(qlik: Qlik) -> dict[str, Any]:
    """Resources that the client has no classes for, by its own raw calls."""
    seen = {}
    for path in ("/automation-connections", "/automation-connectors", "/oauth-clients", "/oauth-tokens"):
        listing = qlik.rest(path=path, params={"limit": 1}).json()
        assert isinstance(listing["data"], list)
        count, hops = len(listing["data"]), 0
        while (listing["links"].get("next") or {}).get("href"):
            listing = qlik.rest(path=listing["links"]["next"]["href"]).json()  # it cuts the host off, as it knows it
            count, hops = count + len(listing["data"]), hops + 1
        seen[path] = [count, hops]
    token = qlik.rest(path="/csrf-token")
    same(token.status_code, 204)
    assert token.headers["qlik-csrf-token"]
    return seen


def _users(qlik: Qlik) -> dict[str, Any]:
    me = qlik.users.get_me()
    same((me.id, me.tenantId, me.status), (GIVEN["user"], GIVEN["tenant"], "active"))
    made = [qlik.users.create({"subject": f"vendor-{n}", "name": f"Person {n}"}) for n in range(7)]
    found = walked(qlik.users.get_users(limit=2, filter='name sw "Person "', sort="-name"))
    same([thing.name for thing in found], [f"Person {n}" for n in reversed(range(7))])
    assert qlik.users.count().total >= 8
    made[0].patch([{"op": "replace", "path": "/name", "value": "Renamed"}])
    one = qlik.users.get(made[0].id)
    same((one.name, one.subject), ("Renamed", "vendor-0"))
    if hasattr(qlik.users, "filter"):
        filtered = walked(qlik.users.filter({"filter": 'subject sw "vendor-"'}, limit=2))
        same(len(filtered), 7)
    made[1].delete()
    error = refused(lambda: qlik.users.create({"subject": "vendor-2", "name": "Twice"}), 409)
    return {"users": len(found), "twice": error["code"]}


def _spaces(qlik: Qlik) -> dict[str, Any]:
    made = [qlik.spaces.create({"name": f"Space {n}", "type": "shared", "description": "d"}) for n in range(7)]
    found = walked(qlik.spaces.get_spaces(limit=2, name="Space", sort="-name"))
    same([thing.name for thing in found], [f"Space {n}" for n in reversed(range(7))])
    space = qlik.spaces.get(made[0].id)
    same((space.name, space.type, space.ownerId), ("Space 0", "shared", GIVEN["user"]))
    assert space.links.assignments.href.startswith(HOST)
    space.patch([{"op": "replace", "path": "/name", "value": "Patched"}])
    same(qlik.spaces.get(space.id).name, "Patched")
    space.set({"name": "Put", "description": "all"})
    same(qlik.spaces.get(space.id).name, "Put")
    people = [qlik.users.create({"subject": f"member-{n}", "name": f"Member {n}"}) for n in range(5)]
    assigned = [
        space.create_assignment({"type": "user", "assigneeId": person.id, "roles": ["consumer"]}) for person in people
    ]
    members = walked(space.get_assignments(limit=1))
    same({thing.assigneeId for thing in members}, {person.id for person in people})
    if hasattr(space, "set_assignment"):
        changed = space.set_assignment(assigned[0].id, {"roles": ["facilitator"]})
        same([getattr(role, "value", role) for role in space.get_assignment(changed.id).roles], ["facilitator"])
        space.delete_assignment(assigned[1].id)
        refused(lambda: space.get_assignment(assigned[1].id), 404)
    types = qlik.spaces.get_types()
    made[1].delete()
    refused(lambda: qlik.spaces.get(made[1].id), 404)
    return {
        "spaces": len(found),
        "members": len(members),
        "types": [getattr(kind, "value", kind) for kind in types.data],
    }


def _items(qlik: Qlik) -> dict[str, Any]:
    space = qlik.spaces.create({"name": "Shelf", "type": "shared"})
    found = walked(qlik.items.get_items(limit=2, sort="+name"))
    assert found[0].resourceType
    one = qlik.items.get(found[0].id)
    same((one.id, one.name), (found[0].id, found[0].name))
    assert one.resourceId
    qlik.items.get_settings()
    names = [thing.name for thing in qlik.items.get_items(limit=100, spaceId=space.id)]
    same(names, [])
    return {"items": len(found)}


def _keys(qlik: Qlik) -> dict[str, Any]:
    made = [qlik.api_keys.create({"description": f"key {n}", "expiry": "PT6H"}) for n in range(4)]
    assert made[0].token
    same(made[0].status, "active")
    found = walked(qlik.api_keys.get_api_keys(limit=4, sort="+description"), style="startingAfter")
    assert {key.description for key in found} >= {f"key {n}" for n in range(3)}
    other = Qlik(config(made[0].token))
    same(other.users.get_me().id, GIVEN["user"])
    qlik.api_keys.get(made[1].id).patch([{"op": "replace", "path": "/description", "value": "renamed"}])
    same(qlik.api_keys.get(made[1].id).description, "renamed")
    settings = qlik.api_keys.get_config(GIVEN["tenant"])
    assert settings.max_keys_per_user >= 5
    qlik.api_keys.patch_config(GIVEN["tenant"], [{"op": "replace", "path": "/max_keys_per_user", "value": 50}])
    same(qlik.api_keys.get_config(GIVEN["tenant"]).max_keys_per_user, 50)
    qlik.api_keys.get(made[0].id).delete()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            other.users.get_me()
        except AuthenticationException as error:
            return {"keys": len(found), "revoked": str(error)}
    raise AssertionError("a revoked key still works")


def _web(qlik: Qlik) -> dict[str, Any]:
    origins = ["https://a.example.com"]
    made = [qlik.web_integrations.create({"name": f"web {n}", "validOrigins": origins}) for n in range(7)]
    assert made[0].id
    found = walked(qlik.web_integrations.get_web_integrations(limit=2), style="startingAfter")
    assert len(found) in {2, 7}
    one = qlik.web_integrations.get(made[0].id)
    same((one.name, one.validOrigins, one.tenantId), ("web 0", origins, GIVEN["tenant"]))
    one.patch([{"op": "replace", "path": "/name", "value": "new"}])
    one.patch([{"op": "replace", "path": "/validOrigins", "value": ["https://b.example.com", "http://localhost:1234"]}])
    again = qlik.web_integrations.get(one.id)
    same((again.name, again.validOrigins), ("new", ["https://b.example.com", "http://localhost:1234"]))
    again.delete()
    gone = refused(lambda: qlik.web_integrations.get(one.id), 404)
    return {"web": len(found), "gone": gone["code"]}


def _csp(qlik: Qlik) -> dict[str, Any]:
    made = [
        qlik.csp_origins.create({"name": f"csp {n}", "origin": f"o{n}.example.com", "imgSrc": True, "scriptSrc": True})
        for n in range(7)
    ]
    found = walked(qlik.csp_origins.get_csp_origins(limit=2, sort="-name"))
    same([thing.name for thing in found], [f"csp {n}" for n in reversed(range(7))])
    entry = qlik.csp_origins.get(made[0].id)
    same((entry.origin, entry.imgSrc, entry.frameSrc), ("o0.example.com", True, False))
    entry.set({"name": "put", "origin": "put.example.com", "frameSrc": True})
    again = qlik.csp_origins.get(entry.id)
    same((again.name, again.origin, again.imgSrc, again.frameSrc), ("put", "put.example.com", False, True))
    header = qlik.csp_origins.generate_header()
    policy = vars(header).get("Content_Security_Policy") or vars(header).get("Content-Security-Policy")
    assert "put.example.com" in policy, vars(header)
    entry.delete()
    refused(lambda: qlik.csp_origins.get(entry.id), 404)
    return {"csp": len(found)}


def _webhooks(qlik: Qlik) -> dict[str, Any]:
    types = [kind.name for kind in qlik.webhooks.get_event_types().data]
    made = [
        qlik.webhooks.create({"name": f"hook {n}", "url": "https://example.com/h", "eventTypes": types[:1]})
        for n in range(7)
    ]
    found = walked(qlik.webhooks.get_webhooks(limit=2, sort="-name"))
    same([thing.name for thing in found], [f"hook {n}" for n in reversed(range(7))])
    hook = qlik.webhooks.get(made[0].id)
    same((hook.name, hook.url, hook.eventTypes, hook.enabled), ("hook 0", "https://example.com/h", types[:1], False))
    from qlik_sdk import WebhookPatch

    hook.patch([WebhookPatch(op="replace", path="/name", value="patched")])
    same(qlik.webhooks.get(hook.id).name, "patched")
    hook.set({"name": "put", "url": "https://example.com/p", "eventTypes": types[:1]})
    same(qlik.webhooks.get(hook.id).url, "https://example.com/p")
    same(list(hook.get_deliveries(limit=5)), [])
    hook.delete()
    refused(lambda: qlik.webhooks.get(hook.id), 404)
    return {"webhooks": len(found), "types": len(types)}


def _tenants(qlik: Qlik) -> dict[str, Any]:
    tenant = qlik.tenants.get_me()
    same((tenant.id, tenant.status), (GIVEN["tenant"], "active"))
    same(qlik.tenants.get(tenant.id).name, tenant.name)
    tenant.patch([{"op": "replace", "path": "/name", "value": "Called by the vendor's client"}])
    same(qlik.tenants.get_me().name, "Called by the vendor's client")
    return {"hostnames": tenant.hostnames}


def _audits(qlik: Qlik) -> dict[str, Any]:
    """The client asks for `-eventTime` unless told otherwise."""
    found = walked(qlik.audits.get_audits(limit=50))
    times = [record.eventTime for record in found]
    same(times, sorted(times, reverse=True))
    one = (qlik.audits.get if hasattr(qlik.audits, "get") else qlik.audits.gets)(found[0].id)
    same((one.eventType, one.userId, one.tenantId), (found[0].eventType, GIVEN["user"], GIVEN["tenant"]))
    return {"audits": len(found)}


def _absent(qlik: Qlik) -> dict[str, Any]:
    """What the client knows and Tieline does not have."""
    seen = {}
    for call in (
        lambda: qlik.rest(path="/apps"),
        lambda: qlik.apps.get("00000000-0000-0000-0000-000000000000"),
        lambda: qlik.reloads.get_reloads(appId="x"),
        lambda: (qlik.data_files if hasattr(qlik, "data_files") else qlik.datafiles).get_data_files(),
    ):
        error = refused(call, 404)
        seen[error["code"]] = error["title"]
    return seen


def story_errors() -> dict[str, Any]:
    seen: dict[str, Any] = {}
    wrong = Auth(config("wrong"))
    try:
        wrong.rest(path="/users/me")
    except AuthenticationException as error:
        seen["401"] = str(error)
    qlik = Qlik(config())
    seen["400"] = refused(lambda: qlik.automations.get_automations(limit=100000), 400)["title"]
    seen["filter"] = refused(lambda: qlik.automations.get_automations(filter="name xx 1"), 400)["title"]
    seen["post"] = refused(lambda: qlik.web_integrations.create({"name": "x", "validOrigins": ["*"]}), 400)["code"]
    seen["404"] = refused(lambda: qlik.web_integrations.get("nothing"), 404)["code"]
    seen["403"] = refused(lambda: Qlik(config(GIVEN["reader"])).csp_origins.create({"name": "a", "origin": "b.c"}), 403)
    return seen


def story_limited() -> dict[str, Any]:
    """Calls until the server says 429."""
    qlik = Qlik(config())
    for count in range(200):
        try:
            qlik.users.get_users()
        except HTTPError as error:
            answer: Any = error.response
            same(answer.status_code, 429)
            return {
                "calls": count,
                "after": answer.headers["retry-after"],
                "code": answer.json()["errors"][0]["code"],
            }
    raise AssertionError("no limit")


def oauth(scope: list[str], **more: Any) -> Auth:
    return Auth(Config(host=HOST, auth_type=AuthType.OAuth2, client_id=GIVEN["client"], scope=scope, **more))


def story_machine() -> dict[str, Any]:
    qlik = Qlik(oauth(["user_default"], client_secret=GIVEN["secret"]).config)
    auth = qlik.auth
    given = auth.authorize()
    same(given["token_type"], "bearer")
    assert "refresh_token" not in given
    same(auth.rest(path="/users/me").json()["id"], GIVEN["user"])
    same(qlik.users.get_me().id, GIVEN["user"])
    auth.deauthorize()
    same(auth.config.api_key, "")
    auth.config.api_key = given["access_token"]
    return {"after": _refused_soon(auth)}


def story_person() -> dict[str, Any]:
    """Authorization code with PKCE; the browser is ours."""
    auth = oauth(["user_default", "offline_access"], client_secret=GIVEN["secret"], redirect_url=GIVEN["redirect"])
    back = _signed_in(auth.generate_authorization_url())
    first = auth.authorize(back)
    same(auth.rest(path="/users/me").json()["id"], GIVEN["user"])
    auth.refresh_token()
    assert auth.config.api_key != first["access_token"]
    assert auth.config.refresh_token != first["refresh_token"]
    same(auth.rest(path="/users/me").json()["id"], GIVEN["user"])
    kept = auth.config.api_key
    auth.deauthorize()
    auth.config.api_key = kept
    denied = oauth(["user_default"], client_secret=GIVEN["secret"], redirect_url=GIVEN["redirect"])
    told = ""
    try:
        denied.authorize(_signed_in(denied.generate_authorization_url(), "deny"))
    except AuthorizeException as error:
        told = error.error
    return {"after": _refused_soon(auth), "denied": told, "scope": first["scope"]}


def story_wrong_secret() -> dict[str, Any]:
    auth = oauth(["user_default"], client_secret=GIVEN["secret"][:-1] + "_")
    try:
        auth.authorize()
    except AuthenticationException as error:
        return {"title": str(error)}
    raise AssertionError("a wrong secret was taken")


def _signed_in(url: str, decision: str = "allow") -> str:
    """Has the test's browser open the address; gives where it was sent back to."""
    body = json.dumps({"url": url, "decision": decision}).encode()
    with urlopen(Request(GIVEN["browser"], body), timeout=30) as answer:
        return str(answer.read().decode())


def _refused_soon(auth: Auth) -> str:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            auth.rest(path="/users/me")
        except AuthenticationException as error:
            return str(error)
    raise AssertionError("the token still works")


print(json.dumps(globals()[f"story_{sys.argv[1]}"]()))
