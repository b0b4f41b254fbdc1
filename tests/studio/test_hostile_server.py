"""What strangers, former administrators and clever ones try against the ways into the studio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.api.conftest import assembled
from tests.studio.running import PASSWORD
from tests.studio.world import ADMINS, House, house
from tieline.core.errors import TielineError
from tieline.core.ids import new_id
from tieline.security.vault import Vault, parse_keys
from tieline.server.settings import Settings
from tieline.storage.database import Database
from tieline.storage.tables import users
from tieline.tenancy import audit
from tieline.tenancy.principal import TENANT_ADMIN
from tieline.tenancy.studio.attempts import MOST_OF_ACCOUNT, MOST_OF_ACCOUNT_IN_ALL, Attempts
from tieline.tenancy.studio.desk import Desk
from tieline.tenancy.studio.errors import SignInRefused, TooManySignIns

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


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


async def link(house: House, by: str, user: object) -> str:
    """The code of an invitation that the person at this address makes."""
    token = (await house.sign_in(by)).json()["token"]
    made = await house.post("/studio/invitations", {"userId": str(user)}, authorization=f"Bearer {token}")
    assert made.status_code == 201, made.text
    return str(made.json()["url"]).partition("#code=")[2]


async def accepted(house: House, code: str) -> int:
    return (await house.post("/studio/invitations/accept", {"code": code, "password": PASSWORD})).status_code


@pytest.mark.parametrize(
    "change", [{"status": "disabled"}, {"roles": []}, {"status": "deleted"}], ids=["disabled", "demoted", "removed"]
)
async def test_who_was_an_administrator_has_no_links_left(fresh: House, change: dict[str, object]) -> None:
    """Somebody keeps links for colleagues in a drawer, and is let go."""
    boss_id, boss = await fresh.person(roles=[TENANT_ADMIN])
    user_id, _ = await fresh.person(roles=())
    code = await link(fresh, boss, user_id)
    await fresh.run(sa.update(users).where(users.c.id == boss_id).values(**change))
    assert await accepted(fresh, code) == 403
    await fresh.run(sa.update(users).where(users.c.id == boss_id).values(status="active", roles=[TENANT_ADMIN]))
    assert await accepted(fresh, code) == 201


async def test_a_link_does_not_rise_with_its_user(fresh: House) -> None:
    """An administrator of the tenant keeps a link for somebody who administers the partner later."""
    _, boss = await fresh.person(roles=[TENANT_ADMIN])
    user_id, email = await fresh.person(roles=())
    code = await link(fresh, boss, user_id)
    await fresh.run(sa.update(users).where(users.c.id == user_id).values(roles=list(ADMINS)))
    assert await accepted(fresh, code) == 403
    assert (await fresh.sign_in(email)).status_code == 201


async def test_a_link_that_went_to_a_wrong_address_ends_with_it(fresh: House) -> None:
    _, boss = await fresh.person(roles=[TENANT_ADMIN])
    user_id, email = await fresh.person(roles=())
    code = await link(fresh, boss, user_id)
    token = (await fresh.sign_in(boss)).json()["token"]
    changed = await fresh.http.patch(
        f"/api/v1/users/{user_id}",
        json=[{"op": "replace", "path": "/email", "value": f"right-{email}"}],
        headers={"authorization": f"Bearer {token}"},
    )
    assert changed.status_code < 300, changed.text
    assert await accepted(fresh, code) == 403


async def test_strangers_keep_nobody_out(fresh: House) -> None:
    """Who only knows an address uses it up for his own network."""
    _, ada = await fresh.person(roles=ADMINS)
    desk = Desk(fresh.parts.database, fresh.parts.settings.load_secret_keys())

    async def tries(address: str, password: str) -> type[TielineError] | None:
        with audit.called_by("0" * 32, address):
            try:
                await desk.sign_in(ada, password)
            except (SignInRefused, TooManySignIns) as error:
                return type(error)
        return None

    found = [await tries("203.0.113.7", "not the password at all") for _ in range(MOST_OF_ACCOUNT + 1)]
    assert found == [SignInRefused] * MOST_OF_ACCOUNT + [TooManySignIns]
    assert await tries("203.0.113.7", PASSWORD) is TooManySignIns
    assert await tries("198.51.100.1", PASSWORD) is None
    # Nor do names that look like what else is counted.
    for name in ("setup", "user:x"):
        await asyncio.gather(*(fresh.sign_in(name) for _ in range(MOST_OF_ACCOUNT + 1)))
    await fresh.anew()
    wrong = {"code": "x", "email": "eve@example.com", "name": "Eve", "password": PASSWORD}
    for _ in range(MOST_OF_ACCOUNT + 5):
        assert (await fresh.post("/studio/setup", wrong)).status_code == 403
    right = {"code": await fresh.code(), "email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    assert (await fresh.post("/studio/setup", right)).status_code == 201


async def test_many_networks_together_are_counted(fresh: House) -> None:
    attempts = Attempts(fresh.parts.database)
    outcome = []
    for number in range(MOST_OF_ACCOUNT_IN_ALL + 1):
        with audit.called_by("0" * 32, f"203.0.113.{number}"):
            try:
                await attempts.count("email:ada@example.com")
            except TooManySignIns:
                outcome.append(number)
    assert outcome == [MOST_OF_ACCOUNT_IN_ALL]


@pytest.mark.parametrize(
    "addresses",
    [["2001:db8::1", "2001:db8::2", "2001:DB8:0:0:ffff::3"], ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"]],
    ids=["of one network", "written otherwise"],
)
async def test_one_machine_is_one_however_many_addresses_it_has(fresh: House, addresses: list[str]) -> None:
    attempts, name, refused = Attempts(fresh.parts.database), str(new_id()), 0
    for number in range(MOST_OF_ACCOUNT + 2):
        with audit.called_by("0" * 32, addresses[number % len(addresses)]):
            try:
                await attempts.count(name)
            except TooManySignIns:
                refused += 1
    assert refused == 2
    with audit.called_by("0" * 32, "2001:db8:0:1::1"):
        await attempts.count(name)
