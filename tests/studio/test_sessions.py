"""Signing in to the studio, and everything that must not let anybody in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from argon2 import extract_parameters

from tests.api.conftest import World, assembled
from tests.studio.running import COOKIE, PASSWORD, own_page
from tests.studio.world import ADMINS, House, house
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.security.vault import Vault, parse_keys
from tieline.server.settings import Settings
from tieline.storage.database import Database
from tieline.storage.tables import (
    passwords,
    studio_invitations,
    studio_sessions,
    studio_tokens,
    users,
)
from tieline.tenancy.principal import TENANT_ADMIN
from tieline.tenancy.studio import hashing
from tieline.tenancy.studio.attempts import MOST_OF_ACCOUNT, MOST_OF_ADDRESS

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

OTHER = "another battery of horses"
PRODUCTION = hashing.COST


@pytest.fixture(scope="module")
async def running(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    settings = Settings(data_dir=Path(tmp_path_factory.mktemp("data")))
    async with (
        assembled(database, settings, Vault(parse_keys(Vault.generate_key()))) as parts,
        house(parts) as opened,
    ):
        yield opened


@pytest.fixture
async def fresh(running: House) -> House:
    await running.anew()
    return running


@pytest.fixture
async def ada(fresh: House) -> str:
    """The address of an administrator with a password."""
    return (await fresh.person(email=f"ada-{new_id().hex[-10:]}@example.com", roles=ADMINS))[1]


def refused(answer: httpx.Response, status: int, code: str) -> bool:
    """Whether it is that refusal, and lets nobody in."""
    assert "set-cookie" not in answer.headers
    found = answer.json()["errors"][0]["code"]
    assert (answer.status_code, found) == (status, code), answer.text
    return True


async def test_the_first_administrator_sets_up_and_is_signed_in(fresh: House) -> None:
    assert (await fresh.http.get("/studio/session")).json() == {"state": "setup", "password": True, "oidc": None}
    wanted = {"code": await fresh.code(), "email": " Ada@Example.com ", "name": "Ada", "password": PASSWORD}
    answer = await fresh.post("/studio/setup", wanted)
    assert answer.status_code == 201
    said = answer.json()
    assert said["user"]["email"] == "Ada@Example.com"
    assert said["partnerAdmin"] is True
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/studio/session", "SameSite=strict"} <= set(cookie.split("; "))
    assert await fresh.me(said["token"]) == 200
    assert (await fresh.http.get("/studio/session")).json()["state"] == "signed-out"
    assert (await fresh.sign_in("ada@EXAMPLE.com")).status_code == 201


async def test_a_setup_code_is_good_once(fresh: House) -> None:
    code = await fresh.code()
    wanted = {"code": code, "email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    assert (await fresh.post("/studio/setup", wanted)).status_code == 201
    assert refused(await fresh.post("/studio/setup", wanted), 409, "already-set-up")
    # Whoever has kept the address cannot become administrator when the password is gone.
    await fresh.anew()
    assert await fresh.code() != code
    assert refused(await fresh.post("/studio/setup", wanted), 403, "code-refused")


async def test_of_several_who_set_up_at_once_one_does(fresh: House) -> None:
    code = await fresh.code()
    body = {"code": code, "name": "Ada", "password": PASSWORD}
    answers = await asyncio.gather(
        *(fresh.post("/studio/setup", {**body, "email": f"ada{n}@example.com"}) for n in range(5))
    )
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409, 409]
    winner = next(one for one in answers if one.status_code == 201).json()["user"]["email"]
    assert [(await fresh.sign_in(f"ada{n}@example.com")).status_code for n in range(5)].count(201) == 1
    assert (await fresh.sign_in(winner)).status_code == 201


@pytest.mark.parametrize("code", ["x", "a" * 32, "\u00e9" * 32, " "])
async def test_other_setup_codes_are_refused(fresh: House, code: str) -> None:
    wanted = {"code": code, "email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    assert refused(await fresh.post("/studio/setup", wanted), 403, "code-refused")


@pytest.mark.parametrize(
    "password",
    ["short", "x" * 1025, "ada@example.com", "ADA@example.COM", "aaaaaaaaaaaaaaaa"],
    ids=["short", "long", "email", "email in capitals", "one letter"],
)
async def test_passwords_that_are_none(fresh: House, password: str) -> None:
    wanted = {"code": await fresh.code(), "email": "ada@example.com", "name": "Ada", "password": password}
    answer = await fresh.post("/studio/setup", wanted)
    assert refused(answer, 400, "weak-password")
    assert answer.json()["errors"][0]["source"] == {"pointer": "/password"}
    assert password not in answer.text or password == "short"


async def test_a_password_is_the_same_however_its_letters_are_composed(fresh: House) -> None:
    wanted = {
        "code": await fresh.code(),
        "email": "ada@example.com",
        "name": "Ada",
        "password": "cr\u00e8me br\u00fbl\u00e9e!!",
    }
    assert (await fresh.post("/studio/setup", wanted)).status_code == 201
    composed = "cre\u0300me bru\u0302le\u0301e!!"
    assert (await fresh.sign_in("ada@example.com", composed)).status_code == 201
    kept = await fresh.run(sa.select(passwords.c.hash))
    assert kept[0]["hash"].startswith("$argon2id$")


async def test_passwords_cost_what_the_standard_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "COST", PRODUCTION)
    kept = await hashing.Hasher().hash(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    # Where there is no password it takes as long, and the two are never the same.
    assert extract_parameters(hashing.nobody()) == extract_parameters(kept)
    assert not await hashing.Hasher().matches(None, PASSWORD)
    monkeypatch.setattr(hashing, "COST", (1, 64, 1))
    assert hashing.Hasher().outdated(kept)
    assert extract_parameters(hashing.nobody()).memory_cost == 64


async def test_wrong_and_unknown_look_the_same(fresh: House, ada: str) -> None:
    answers = [
        await fresh.sign_in(ada, OTHER),
        await fresh.sign_in("nobody@example.com"),
        await fresh.sign_in("x" * 254),
        await fresh.sign_in(ada, "x" * 5000),
        await fresh.sign_in("' or 1=1 --"),
    ]
    for one in answers:
        assert refused(one, 401, "sign-in-refused")
        body = one.json()
        assert body["errors"] == answers[0].json()["errors"]
    failed = await fresh.recorded("user.sign-in-failed")
    assert [row["subject"] for row in failed[-5:]].count("user:unknown") == 3
    assert not any(PASSWORD in str(row) or OTHER in str(row) for row in failed)


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "a@b.c"}, {"email": 5, "password": PASSWORD}, {"email": "", "password": ""}, [], "x", None],
    ids=str,
)
async def test_bodies_that_are_none(fresh: House, body: Any) -> None:
    assert (await fresh.post("/studio/session", body)).status_code == 400
    assert (await fresh.post("/studio/setup", body)).status_code == 400
    assert (await fresh.post("/studio/invitations/accept", body)).status_code == 400


async def test_an_account_is_locked_exactly(fresh: House, ada: str) -> None:
    answers = await asyncio.gather(*(fresh.sign_in(ada, OTHER) for _ in range(MOST_OF_ACCOUNT + 5)))
    assert sorted(one.status_code for one in answers) == [401] * MOST_OF_ACCOUNT + [429] * 5
    locked = await fresh.sign_in(ada.upper())
    assert refused(locked, 429, "too-many-sign-ins")
    assert int(locked.headers["retry-after"]) >= 1
    # The same for an address that nobody has: a lock tells nothing.
    unknown = await asyncio.gather(*(fresh.sign_in("nobody@example.com", OTHER) for _ in range(MOST_OF_ACCOUNT + 1)))
    assert [one.status_code for one in unknown].count(429) == 1


async def test_an_address_is_locked_too(fresh: House, ada: str) -> None:
    await fresh.parts.database.autocommit(
        "INSERT INTO rate_windows "
        "VALUES ('sign-in:from:127.0.0.1', floor(extract(epoch FROM now()) / 300)::bigint * 300, %s)",
        MOST_OF_ADDRESS,
    )
    assert refused(await fresh.sign_in(ada), 429, "too-many-sign-ins")
    body = {"code": tokens.new_token("tli_"), "password": PASSWORD}
    assert refused(await fresh.post("/studio/invitations/accept", body), 429, "too-many-sign-ins")


async def test_a_browser_stays_signed_in_and_signs_out(fresh: House, ada: str) -> None:
    entered = await fresh.sign_in(ada)
    cookie = entered.cookies[COOKIE]
    answer = await fresh.token(cookie)
    assert answer.status_code == 200
    assert answer.json().keys() == entered.json().keys()
    fresh_token = answer.json()["token"]
    assert await fresh.me(fresh_token) == await fresh.me(entered.json()["token"]) == 200
    gone = await fresh.http.delete("/studio/session", headers=own_page(fresh.url, cookie))
    assert gone.status_code == 204
    assert 'tieline-studio=""' in gone.headers["set-cookie"]
    assert "Max-Age=0" in gone.headers["set-cookie"]
    assert refused(await fresh.token(cookie), 401, "signed-out")
    async with asyncio.timeout(3):
        while await fresh.me(fresh_token) != 401:
            await asyncio.sleep(0.05)
    assert (await fresh.http.delete("/studio/session", headers=own_page(fresh.url))).status_code == 204
    assert [row["action"] for row in await fresh.recorded("user.signed-out")]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "", "origin": "https://evil.example"},
        {"sec-fetch-site": "", "origin": "null"},
        {"sec-fetch-site": "", "origin": ""},
        {"host": "evil.example"},
    ],
    ids=str,
)
async def test_pages_of_others_get_no_token(fresh: House, ada: str, headers: dict[str, str]) -> None:
    cookie = (await fresh.sign_in(ada)).cookies[COOKIE]
    assert refused(await fresh.token(cookie, **headers), 403, "other-site")
    assert (await fresh.token(cookie)).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_forms_get_no_token(fresh: House, ada: str, kind: str) -> None:
    cookie = (await fresh.sign_in(ada)).cookies[COOKIE]
    assert refused(await fresh.token(cookie, **{"content-type": kind}), 415, "unsupported-media-type")


async def test_pages_of_others_sign_nobody_in_or_out(fresh: House, ada: str) -> None:
    cookie = (await fresh.sign_in(ada)).cookies[COOKIE]
    body = {"email": ada, "password": PASSWORD}
    for site in ("cross-site", "same-site"):
        away = {"sec-fetch-site": site, "origin": "https://evil.example"}
        assert refused(await fresh.http.post("/studio/session", json=body, headers=away), 403, "other-site")
        sent = {**away, "cookie": f"{COOKIE}={cookie}"}
        assert refused(await fresh.http.delete("/studio/session", headers=sent), 403, "other-site")
    assert (await fresh.token(cookie)).status_code == 200


async def test_forged_cookies_and_tokens(fresh: House, ada: str) -> None:
    entered = await fresh.sign_in(ada)
    cookie, token = entered.cookies[COOKIE], entered.json()["token"]
    for forged in (tokens.new_token("tlsc_"), cookie[:-1] + "x", token, cookie * 50, "x", "tlsc_"):
        assert refused(await fresh.token(forged), 401, "signed-out")
    for forged in (tokens.new_token("tls_"), token[:-1] + "x", cookie, "tls_"):
        assert await fresh.me(forged) == 401


async def test_sessions_and_tokens_end(fresh: House, ada: str) -> None:
    entered = await fresh.sign_in(ada)
    cookie = entered.cookies[COOKIE]
    await fresh.run(sa.update(studio_tokens).values(expires_at=now() - timedelta(seconds=1)))
    assert await fresh.me(entered.json()["token"]) == 401
    assert (await fresh.token(cookie)).status_code == 200
    await fresh.run(sa.update(studio_sessions).values(last_used_at=now() - timedelta(hours=12)))
    assert refused(await fresh.token(cookie), 401, "signed-out")
    await fresh.run(sa.update(studio_sessions).values(last_used_at=now(), expires_at=now()))
    assert refused(await fresh.token(cookie), 401, "signed-out")


async def test_a_token_never_outlives_its_session(fresh: House, ada: str) -> None:
    cookie = (await fresh.sign_in(ada)).cookies[COOKIE]
    soon = now() + timedelta(minutes=1)
    await fresh.run(sa.update(studio_sessions).values(expires_at=soon))
    await fresh.token(cookie)
    assert max(row["expires_at"] for row in await fresh.run(sa.select(studio_tokens.c.expires_at))) > soon
    newest = await fresh.run(sa.select(studio_tokens).order_by(studio_tokens.c.id.desc()).limit(1))
    assert newest[0]["expires_at"] == soon


@pytest.mark.parametrize("status", ["disabled", "deleted"])
async def test_who_is_barred_is_out(fresh: House, ada: str, status: str) -> None:
    entered = await fresh.sign_in(ada)
    await fresh.run(sa.update(users).where(users.c.email == ada).values(status=status))
    assert refused(await fresh.token(entered.cookies[COOKIE]), 401, "signed-out")
    assert await fresh.me(entered.json()["token"]) == 401
    assert refused(await fresh.sign_in(ada), 401, "sign-in-refused")
    await fresh.run(sa.update(users).where(users.c.email == ada).values(status="active", email=None))


async def test_a_new_password_signs_out_everywhere(fresh: House, ada: str) -> None:
    first, second = await fresh.sign_in(ada), await fresh.sign_in(ada)
    bearer = {"authorization": f"Bearer {first.json()['token']}"}
    wrong = await fresh.post("/studio/password", {"current": OTHER, "password": OTHER}, **bearer)
    assert refused(wrong, 400, "bad-input")
    weak = await fresh.post("/studio/password", {"current": PASSWORD, "password": ada}, **bearer)
    assert refused(weak, 400, "weak-password")
    changed = await fresh.post("/studio/password", {"current": PASSWORD, "password": OTHER}, **bearer)
    assert changed.status_code == 200
    assert await fresh.me(changed.json()["token"]) == 200
    assert (await fresh.token(changed.cookies[COOKIE])).status_code == 200
    for old in (first, second):
        assert refused(await fresh.token(old.cookies[COOKIE]), 401, "signed-out")
    async with asyncio.timeout(3):
        while await fresh.me(second.json()["token"]) != 401:
            await asyncio.sleep(0.05)
    assert refused(await fresh.sign_in(ada), 401, "sign-in-refused")
    assert (await fresh.sign_in(ada, OTHER)).status_code == 201
    assert (await fresh.recorded("user.password-changed"))[-1]["detail"] == {"sessionsEnded": 2}


async def test_keys_change_no_password(fresh: House, ada: str) -> None:
    key = (await World(fresh.parts.database).user(fresh.first.tenant_id))[1]
    answer = await fresh.post(
        "/studio/password", {"current": PASSWORD, "password": OTHER}, authorization=f"Bearer {key}"
    )
    assert refused(answer, 403, "forbidden")


async def test_an_invited_person_chooses_a_password_once(fresh: House, ada: str) -> None:
    bearer = {"authorization": f"Bearer {(await fresh.sign_in(ada)).json()['token']}"}
    made = await fresh.post(
        "/api/v1/users", {"subject": f"ben-{now()}", "name": "Ben", "email": "ben@example.com"}, **bearer
    )
    body = {"userId": made.json()["id"]}
    earlier = (await fresh.post("/studio/invitations", body, **bearer)).json()["url"].partition("#code=")[2]
    link = await fresh.post("/studio/invitations", body, **bearer)
    assert link.status_code == 201
    url = link.json()["url"]
    assert url.startswith(f"{fresh.url}/studio/invitation#code=tli_")
    code = url.partition("#code=")[2]
    accept = {"code": code, "password": PASSWORD}
    assert refused(await fresh.post("/studio/invitations/accept", {**accept, "code": earlier}), 403, "code-refused")
    answers = await asyncio.gather(*(fresh.post("/studio/invitations/accept", accept) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [201, 403, 403, 403]
    ben = next(one for one in answers if one.status_code == 201).json()
    assert ben["partnerAdmin"] is False
    assert ben["user"]["roles"] == []
    assert (await fresh.sign_in("ben@example.com")).status_code == 201
    token = {"authorization": f"Bearer {ben['token']}"}
    assert (await fresh.post("/studio/invitations", body, **token)).status_code == 403
    assert (await fresh.http.get("/oem/v1/accounts", headers=token)).status_code == 403
    # An old link is none.
    late = (await fresh.post("/studio/invitations", body, **bearer)).json()["url"].partition("#code=")[2]
    await fresh.run(sa.update(studio_invitations).values(expires_at=now()))
    assert refused(await fresh.post("/studio/invitations/accept", {**accept, "code": late}), 403, "code-refused")


async def test_who_may_invite_whom(fresh: House, ada: str) -> None:
    admin_id, _ = await fresh.person(roles=ADMINS)
    plain_id, plain = await fresh.person(roles=())
    _, tenant_admin = await fresh.person(roles=[TENANT_ADMIN])
    stranger = await World(fresh.parts.database).tenant()
    strangers = await fresh.person(tenant_id=stranger.id, roles=[TENANT_ADMIN])

    async def invites(email: str, user: object) -> int:
        token = (await fresh.sign_in(email)).json()["token"]
        return (
            await fresh.post("/studio/invitations", {"userId": str(user)}, authorization=f"Bearer {token}")
        ).status_code

    assert await invites(plain, plain_id) == 403
    assert await invites(tenant_admin, admin_id) == 403
    assert await invites(tenant_admin, plain_id) == 201
    assert await invites(ada, admin_id) == 201
    assert await invites(ada, strangers[0]) == 404
    assert await invites(strangers[1], plain_id) == 404
    assert await invites(ada, "x") == 404
    unknown = await fresh.post("/studio/invitations", {"userId": str(plain_id)}, authorization="Bearer tls_x")
    assert unknown.status_code == 401


async def test_the_same_address_in_two_tenants(fresh: House, ada: str) -> None:
    """Somebody else's administrator gives a user Ada's address: it opens nothing of Ada's, and shuts nothing."""
    stranger = await World(fresh.parts.database).tenant()
    hers = await fresh.person(tenant_id=stranger.id, email=ada)
    await fresh.run(
        sa.update(passwords)
        .where(passwords.c.user_id == hers[0])
        .values(hash="$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43)
    )
    mine = await fresh.sign_in(ada)
    assert mine.json()["account"]["id"] == str(fresh.first.tenant_id)
    assert refused(await fresh.sign_in(ada, OTHER), 401, "sign-in-refused")


async def test_a_person_acts_for_the_partner_only_with_the_role(fresh: House, ada: str) -> None:
    token = {"authorization": f"Bearer {(await fresh.sign_in(ada)).json()['token']}"}
    listed = await fresh.http.get("/oem/v1/accounts", headers=token)
    assert listed.status_code == 200
    made = await fresh.http.post("/oem/v1/accounts", json={"name": "Acme", "externalid": str(now())}, headers=token)
    assert made.status_code in {200, 201}, made.text
    record = (await fresh.run(sa.text("SELECT * FROM audit_log WHERE action LIKE 'account.created' ORDER BY at")))[-1]
    me = await fresh.run(sa.select(users.c.id).where(users.c.email == ada))
    assert (record["actor_kind"], record["actor_id"]) == ("user", str(me[-1]["id"]))
    _, plain = await fresh.person(roles=[TENANT_ADMIN])
    other = {"authorization": f"Bearer {(await fresh.sign_in(plain)).json()['token']}"}
    assert (await fresh.http.get("/oem/v1/accounts", headers=other)).status_code == 403
    key = (await World(fresh.parts.database).user(fresh.first.tenant_id, scopes=["admin"], roles=ADMINS))[1]
    for bearer in (f"Bearer {key}", "Bearer tls_x", "Bearer"):
        assert (await fresh.http.get("/oem/v1/accounts", headers={"authorization": bearer})).status_code == 401


async def test_a_secure_address_makes_a_secure_cookie(fresh: House, ada: str) -> None:
    settings = fresh.parts.settings.model_copy(update={"base_url": "https://studio.example"})
    object.__setattr__(settings, "__pydantic_fields_set__", {"base_url"})
    fresh.parts.settings, kept = settings, fresh.parts.settings
    try:
        async with house(fresh.parts) as secure:
            answer = await secure.sign_in(ada)
    finally:
        fresh.parts.settings = kept
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Secure-tieline-studio=tlsc_")
    assert "Secure" in cookie.split("; ")
