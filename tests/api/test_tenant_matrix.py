"""Every operation of our own document, asked by everybody who may not: nothing changes, and nothing is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx
import psycopg.conninfo
import pytest

from tests.api.conftest import Parts, World
from tests.api.matrix import registry
from tests.api.matrix.allowances import (
    ADMINISTRATORS_READ,
    EACH_FOR_ITSELF,
    KEPT_AS_THEY_COME,
    KNOWN,
    OF_ITS_OWN,
    OF_PARTNER_ADMIN,
    OF_THE_PARTNER,
    OWN_RIGHT,
    OWNER_REFUSED,
    READING,
    SEEN_BY_ALL,
    SHARED,
)
from tests.api.matrix.document import Operation, operations
from tests.api.matrix.places import Place, unlike
from tests.api.matrix.scene import Scene, bearer, scene, signed
from tests.api.matrix.snapshot import Snapshot, changed, said_by
from tests.api.matrix.trying import NOBODYS, Attempt, Path, Paths, Tried, callers, missing, path_of, plainly
from tieline.storage.cluster import SUPERUSER
from tieline.storage.embedded import Embedded

pytestmark = [pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(570)]


@pytest.fixture(scope="module")
def snapshot(database_dsn: str, postgres: Embedded) -> Iterator[Snapshot]:
    name = psycopg.conninfo.conninfo_to_dict(database_dsn)["dbname"]
    found = Snapshot(postgres.address(str(name), SUPERUSER))
    yield found
    found.close()


@pytest.fixture(scope="module")
async def stage(parts: Parts, world: World) -> AsyncIterator[Scene]:
    async with scene(parts, world) as found:
        yield found


@pytest.fixture(scope="module")
async def documented(stage: Scene) -> list[Operation]:
    document = (await stage.browser.get("/openapi.json")).json()
    return list(operations(document))


@pytest.fixture(scope="module")
def everything(documented: list[Operation]) -> list[Operation]:
    """Those that can be tried; `test_every_operation_has_its_fixture` says whether that is all."""
    return [operation for operation in documented if not registry.lacks(operation)]


@pytest.fixture
def tried(stage: Scene, snapshot: Snapshot) -> Tried:
    return Tried(stage, snapshot)


async def test_every_operation_has_its_fixture(documented: list[Operation]) -> None:
    lacking = [one for operation in documented for one in registry.lacks(operation)]
    assert not lacking, "say in tests/api/matrix/registry.py what these are tried with:\n" + "\n".join(lacking)


async def test_owners_reach_what_is_theirs(everything: list[Operation], stage: Scene, tried: Tried) -> None:
    """Otherwise nothing here would be shown by a refusal."""
    kept = {place.id: place.anew() for place in (stage.neighbour, stage.stranger)}

    async def asked(operation: Operation, place: Place) -> httpx.Response:
        headers = signed(place.app_id, place.partner_key) if operation.of_partner else bearer(place.key)
        values, body = await path_of(operation, place), await registry.body_of(operation, place)
        return await tried.ask(operation, headers, values, body)

    for operation in everything:
        if not operation.secured:
            continue
        place = stage.stranger if operation.id in OF_PARTNER_ADMIN else stage.neighbour
        wanted = OWNER_REFUSED.get(operation.id)
        try:
            answer = await asked(operation, place if operation.reads else kept[place.id])
            if answer.status_code >= 400 and answer.status_code != wanted:
                # What it is about may have been used up by another operation: once more, with what is new.
                answer = await asked(operation, place.anew())
        except (AssertionError, httpx.HTTPError) as error:
            tried.problem(operation, "its owner", None, f"has a fixture that cannot be made: {error}")
            continue
        if operation.method == "DELETE":
            kept[place.id] = place.anew()
        if answer.status_code not in operation.statuses:
            tried.problem(operation, "its owner", answer, "is not documented")
        if answer.status_code != wanted if wanted else answer.status_code >= 400:
            tried.problem(operation, "its owner", answer, "was refused" if wanted is None else f"is not {wanted}")
    tried.done()


async def test_nobody_comes_in_without_good_credentials(
    everything: list[Operation], stage: Scene, tried: Tried
) -> None:
    async def refused(operation: Operation, who: str, headers: dict[str, str], paths: Paths, body: Any) -> None:
        answers = [(path, await tried.ask(operation, headers, path, body)) for path in paths]
        for _, answer in answers:
            if answer.status_code != 401:
                tried.problem(operation, who, answer, "is not 401")
        if len({repr(plainly(answer, path)) for path, answer in answers}) > 1:
            tried.problem(operation, who, answers[0][1], "tells what exists")

    attempts = []
    other = signed(stage.victim.app_id, stage.victim.partner_key)
    for operation in everything:
        if not operation.secured:
            continue
        values = await path_of(operation, stage.victim)
        body = await registry.body_of(operation, stage.victim)
        wrong = {"the credentials of the other API": bearer(stage.victim.key) if operation.of_partner else other}
        for who, headers in (stage.strangers | wrong).items():
            paths = [values, missing(operation, values)] if who in ("nobody", "a revoked key") else [values]
            attempts.append(Attempt(operation, who, partial(refused, operation, who, headers, paths, body)))
    await tried.harmless(attempts)
    tried.done()


async def test_what_is_anothers_does_not_exist(everything: list[Operation], stage: Scene, tried: Tried) -> None:
    attempts = []
    for operation in everything:
        if not operation.secured or not operation.parameters:
            continue
        for who, place, headers in callers(operation, stage):
            if operation.id in OF_THE_PARTNER and place.partner_id == stage.victim.partner_id:
                continue
            attempts += await _probes(tried, operation, who, place, headers)
        if operation.of_partner and ("accounts", "account") in operation.parameters:
            place = stage.neighbour
            headers = signed(place.app_id, place.partner_key)
            attempts += await _probes(tried, operation, "the partner for another account", place, headers, within=True)
    await tried.harmless(attempts)
    tried.done()


async def _probes(
    tried: Tried, operation: Operation, who: str, place: Place, headers: dict[str, str], *, within: bool = False
) -> list[Attempt]:
    """``within``: only what names another's below something of the caller's own."""
    theirs = await path_of(operation, tried.stage.victim)
    own = await path_of(operation, place)
    body = await registry.body_of(operation, place)
    variants = [] if within else [theirs]
    names = [name for name, value in theirs.items() if value != own[name]]
    shared = {"template"} if within else set()
    variants += [
        {**own, name: theirs[name]} for name in names[1:] if name not in shared and len(operation.parameters) > 1
    ]

    async def probe(values: Path, foreign: list[str]) -> None:
        random = missing(operation, values, *foreign)
        answer = await tried.ask(operation, headers, values, body)
        unknown = await tried.ask(operation, headers, random, body)
        if answer.status_code not in (404, 403):
            tried.problem(operation, who, answer, f"is neither 404 nor 403 with another's {foreign}")
        if answer.status_code not in operation.statuses:
            tried.problem(operation, who, answer, "is not documented")
        if plainly(answer, values) != plainly(unknown, random):
            tried.problem(operation, who, answer, f"differs from {unknown.status_code} {unknown.text[:200]}")

    kinds = {name: registry.PATHS[segment, name] for segment, name in operation.parameters}
    found = []
    for values in variants:
        foreign = [name for name in names if values[name] == theirs[name]]
        if not all(kinds[name].startswith(NOBODYS) for name in foreign):
            found.append(Attempt(operation, who, partial(probe, values, foreign)))
    return found


def secrets_of(place: Place, *, but: Iterable[str] = ()) -> set[str]:
    """What no answer to others holds; ``but`` things of these kinds."""
    known = {value for value in place.things.values() if isinstance(value, str) and len(value) > 8}
    known |= {str(place.id), place.external_id, str(place.admin_id), place.key, str(place.user_id)}
    return known - {str(place.things.get(kind)) for kind in but}


async def test_lists_hold_only_the_own(everything: list[Operation], stage: Scene, tried: Tried) -> None:
    for operation in everything:
        await path_of(operation, stage.victim)
    for operation in everything:
        if not operation.reads or not operation.secured:
            continue
        for who, place, headers in callers(operation, stage):
            same = place.partner_id == stage.victim.partner_id
            hidden = secrets_of(stage.victim, but=("template", "second template version") if same else ())
            answer = await tried.ask(operation, headers, await path_of(operation, place), None)
            said = said_by(answer)
            if found := [one for one in hidden if one in said]:
                tried.problem(operation, who, None, f"is told {found}")
    tried.done()


async def test_a_reading_key_reads_and_does_nothing_else(
    everything: list[Operation], stage: Scene, tried: Tried
) -> None:
    async def reads(operation: Operation, path: Path, body: Any) -> None:
        reading = await tried.ask(operation, stage.reader, path, body)
        wanted = ADMINISTRATORS_READ.get(operation.id)
        if not operation.reads:
            wanted = None if operation.id in READING else 403
        if wanted is None:
            wanted = (await tried.ask(operation, bearer(stage.victim.key), path, body)).status_code
        if reading.status_code != wanted:
            tried.problem(operation, "a reading key", reading, f"is not {wanted}")

    attempts = []
    for operation in everything:
        if operation.secured and not operation.of_partner:
            path = await path_of(operation, stage.victim)
            body = await registry.body_of(operation, stage.victim)
            attempts.append(Attempt(operation, "a reading key", partial(reads, operation, path, body)))
    await tried.harmless(attempts)
    tried.done()


async def test_a_plain_user_reaches_nothing_of_an_administrator(
    everything: list[Operation], stage: Scene, tried: Tried
) -> None:
    for operation in everything:
        await path_of(operation, stage.victim)
    hidden = secrets_of(stage.victim, but=SEEN_BY_ALL)
    hidden -= {str(stage.victim.id), stage.victim.external_id, str(stage.victim.user_id)}

    async def refused(operation: Operation, path: Path, body: Any) -> None:
        answer = await tried.ask(operation, stage.person, path, body)
        if operation.id in KNOWN and answer.status_code != 403:
            tried.problem(operation, "a plain user", answer, "is not 403")
        if answer.status_code not in (403, 404):
            tried.problem(operation, "a plain user", answer, "is neither 403 nor 404")
        random = missing(operation, path)
        unknown = await tried.ask(operation, stage.person, random, body)
        if operation.id not in KNOWN and plainly(answer, path) != plainly(unknown, random):
            tried.problem(operation, "a plain user", answer, f"differs from {unknown.text[:200]}")

    async def told(operation: Operation, path: Path) -> None:
        answer = await tried.ask(operation, stage.person, path, None)
        if found := [one for one in hidden if one in said_by(answer)]:
            tried.problem(operation, "a plain user", None, f"is told {found}")

    attempts = []
    for operation in everything:
        if not operation.secured or operation.of_partner:
            continue
        if not operation.reads and not registry.names_something(operation) and operation.id in OWN_RIGHT:
            continue
        path = await path_of(operation, stage.victim)
        body = await registry.body_of(operation, stage.victim)
        if operation.id in SHARED:
            body = OF_ITS_OWN.get(operation.id, body)
            answer = await tried.ask(operation, stage.person, path, body)
            if not answer.is_success and answer.status_code != OWNER_REFUSED.get(operation.id):
                tried.problem(operation, "a plain user", answer, "is allowed by `SHARED`, and yet refused")
        elif operation.parameters or not operation.reads:
            attempts.append(Attempt(operation, "a plain user", partial(refused, operation, path, body)))
        else:
            attempts.append(Attempt(operation, "a plain user", partial(told, operation, path)))
    await tried.harmless(attempts)
    tried.done()


async def test_a_query_that_names_anothers_finds_nothing(
    everything: list[Operation], stage: Scene, tried: Tried
) -> None:
    async def probe(operation: Operation, who: str, headers: dict[str, str], path: Path, name: str, its: str) -> None:
        told = its.split('"')[1] if name == "filter" else its
        ids = [{name: told}, {name: unlike(told)}]
        asked = [its.replace(told, one[name]) for one in ids]
        answers = [await tried.ask(operation, headers, path, None, **{name: text}) for text in asked]
        if answers[0].status_code >= 500 or answers[0].status_code not in operation.statuses:
            tried.problem(operation, who, answers[0], f"is not documented, with {name}")
        if _encoded(answers[0], ids[0]) != _encoded(answers[1], ids[1]):
            tried.problem(operation, who, answers[0], f"differs with {name}: {answers[1].text[:300]}")

    attempts = []
    for operation in everything:
        if not operation.secured:
            continue
        for name in operation.query:
            for who, place, headers in callers(operation, stage):
                theirs = await registry.query_of(operation, name, stage.victim)
                own = await registry.query_of(operation, name, place)
                if theirs is None or own is None or theirs == own:
                    continue
                run = partial(probe, operation, who, headers, await path_of(operation, place), name, theirs)
                if operation.reads:
                    attempts.append(Attempt(operation, who, run))
                else:  # it does to its own what it was asked to
                    await run()
    await tried.harmless(attempts)
    tried.done()


def _encoded(answer: httpx.Response, ids: dict[str, str]) -> Any:
    """An answer without the ids, and without cursors, which are signed with them."""
    status, headers, text = plainly(answer, ids, {name: quote(value) for name, value in ids.items()})
    headers.pop("content-length", None)
    return status, headers, re.sub(r"(cursor|next|prev|page)=[\w.%-]+", r"\1=cursor", text)


def leaves(value: Any, *where: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, *where, key)
    else:
        yield where, value


def replaced(value: Any, where: tuple[Any, ...], by: Any) -> Any:
    if not where:
        return by
    copied = value.copy()
    copied[where[0]] = replaced(value[where[0]], where[1:], by)
    return copied


async def test_a_body_that_names_anothers_reaches_nothing(
    everything: list[Operation], stage: Scene, tried: Tried
) -> None:
    """Each id in a body that works, in turn, is one of the victim's: as if it did not exist, and it stays as it was."""
    victim = stage.victim
    named: Counter[str] = Counter()
    for operation in everything:
        if not operation.secured:
            continue
        for build in [registry.usual(operation), *registry.OTHER_BODIES.get(operation.id, [])]:
            theirs = dict(leaves(await build(victim)))
            known = secrets_of(victim)
            for who, place, headers in callers(operation, stage):
                if operation.id in OF_PARTNER_ADMIN and place is not stage.stranger:
                    continue
                within = place.anew()
                for where, value in theirs.items():
                    if isinstance(value, str) and value in known:
                        named[operation.name] += 1
                        await _with_anothers(tried, operation, who, within, headers, build, where, value)
    print(f"{sum(named.values())} ids in bodies of {len(named)} operations")
    tried.done()


async def _with_anothers(
    tried: Tried,
    operation: Operation,
    who: str,
    within: Place,
    headers: dict[str, str],
    build: registry.Builder,
    where: tuple[Any, ...],
    value: str,
) -> None:
    victim, hidden = tried.stage.victim, secrets_of(tried.stage.victim)
    answers = []
    for text in (value, unlike(value)):
        body = replaced(await build(within), where, text)
        path = await path_of(operation, within)
        before = tried.snapshot.of(victim.id, victim.partner_id)
        answer = await tried.ask(operation, headers, path, body)
        after = tried.snapshot.of(victim.id, victim.partner_id)
        answers.append((answer, plainly(answer, {"value": text}, path)))
        if tables := changed(before, after):
            tried.problem(operation, who, answer, f"with {where} the victim's {tables} have changed")
        told = said_by(answer).replace(text, "")
        if found := [one for one in hidden if one in told]:
            tried.problem(operation, who, answer, f"with {where} tells {found}")
    (real, one), (unknown, other) = answers
    if real.status_code not in operation.statuses:
        tried.problem(operation, who, real, f"with {where} is not documented")
    many = operation.id in EACH_FOR_ITSELF
    if real.status_code != unknown.status_code or ((many or real.status_code >= 400) and one != other):
        said = f"{unknown.status_code} {unknown.text[:200]}"
        tried.problem(operation, who, real, f"with {where} differs from {said}")
    elif many and real.is_success:
        if [each["status"] for each in real.json()["results"]] != [404]:
            tried.problem(operation, who, real, f"takes another's {where}")
    elif real.is_success and (operation.id, where[0]) not in KEPT_AS_THEY_COME:
        tried.problem(operation, who, real, f"takes another's {where}")
