"""A body says what its schema says: whatever else it holds, no other column of any row gets its value."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest

from tests.api.conftest import Parts, World
from tests.api.matrix import registry
from tests.api.matrix.document import Operation, operations
from tests.api.matrix.scene import Scene, bearer, scene, signed
from tieline.core.ids import new_id
from tieline.storage.cluster import SUPERUSER
from tieline.storage.embedded import Embedded
from tieline.storage.tables import metadata

pytestmark = [pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(570)]

# What an operation is about that cannot be asked a second time in this order.
LEFT_OUT = {"deactivateTenantById", "reactivateTenantById", "probeAutomationConnection", "checkAutomationConnection"}
MARK = "mass-assigned-7531"
POWER = ("admin", "TenantAdmin", "PartnerAdmin")


@pytest.fixture(scope="module")
async def stage(parts: Parts, world: World) -> AsyncIterator[Scene]:
    async with scene(parts, world) as found:
        yield found


@pytest.fixture(scope="module")
def eye(database_dsn: str, postgres: Embedded) -> Iterator[psycopg.Connection[Any]]:
    name = psycopg.conninfo.conninfo_to_dict(database_dsn)["dbname"]
    with psycopg.connect(postgres.address(str(name), SUPERUSER), autocommit=True) as connection:
        yield connection


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def columns() -> dict[str, Any]:
    """Every column of every table under the names that a body could give it, with a value that can be found again."""
    found: dict[str, Any] = {}
    for table in metadata.sorted_tables:
        for column in table.columns:
            kind = str(column.type).lower()
            value: Any = MARK
            if kind == "uuid":
                value = FOREIGN
            elif "[]" in kind:
                value = [*POWER, MARK]
            elif kind == "jsonb":
                value = {"mark": MARK}
            elif kind.startswith("datetime") or "time" in kind:
                value = "2001-02-03T04:05:06Z"
            elif kind in ("integer", "bigint", "smallint", "float", "numeric"):
                value = 7531
            for name in (column.name, camel(column.name)):
                found[name] = value
    return found | {
        **dict.fromkeys(("tenantId", "tenant_id", "tenant", "partnerId", "partner_id"), FOREIGN),
        **dict.fromkeys(
            ("ownerId", "owner_id", "createdBy", "created_by", "userId", "user_id", "createdByUser"), FOREIGN
        ),
        **{name: [*POWER, MARK] for name in ("roles", "assignedRoles", "scopes", "permissions", "privileges")},
        **dict.fromkeys(("role", "scope", "status", "state", "type", "level", "executionToken"), MARK),
        **dict.fromkeys(("isAdmin", "isSystem", "is_system", "admin", "superuser", "isPartnerAdmin", "verified"), True),
        "__proto__": {"isAdmin": True},
        "constructor": {"prototype": {"isAdmin": True}},
        "$set": {"roles": [*POWER]},
    }


FOREIGN = str(new_id())
"""The id of nothing, which no column may get."""


def traces(eye: psycopg.Connection[Any]) -> set[tuple[str, str]]:
    """Where in the database something of it can be found: (table, column)."""
    found = set()
    marks = [MARK, FOREIGN, "2001-02-03T04:05:06"]
    marked = re.compile("|".join(marks))
    # The database looks first, because it has all rows at hand; what is stored as bytes it shows in hexadecimal digits.
    looked = [f"%{text}%" for text in (*marks, "2001-02-03 04:05:06", "7531", *(one.encode().hex() for one in marks))]
    for table in metadata.sorted_tables:
        names = [column.name for column in table.columns]
        query = f"SELECT to_jsonb(t) FROM {table.name} t WHERE t::text LIKE ANY (%s)"
        rows = eye.execute(query, [looked]).fetchall()
        for (row,) in rows:
            for name in names:
                value = row[name]
                text = bytes.fromhex(value[2:]).decode("latin-1") if str(value).startswith("\\x") else str(value)
                if marked.search(text) or (value == 7531 and not isinstance(value, bool)):
                    found.add((table.name, name))
    return found


def rights(eye: psycopg.Connection[Any]) -> list[Any]:
    """Who may do what, and whose everything is."""
    return eye.execute(
        "SELECT 'user', tenant_id, id, roles, status FROM users UNION ALL "
        "SELECT 'key', tenant_id, id, scopes, coalesce(revoked_at::text, '') FROM api_keys ORDER BY 1, 2, 3"
    ).fetchall()


def allowed(document: dict[str, Any], schema: str) -> set[str]:
    """The fields that a schema has, of which the operation's own rules decide."""
    return set(document["components"]["schemas"][schema].get("properties", ()))


async def test_what_is_looked_for_would_be_found(stage: Scene, eye: psycopg.Connection[Any]) -> None:
    assert await stage.neighbour.thing("connector")
    with eye.transaction(force_rollback=True):
        eye.execute("UPDATE users SET name = %s", [MARK])
        eye.execute("UPDATE connectors SET manifest = %s, revision = 7531", [f'{{"a":"{FOREIGN}"}}'.encode()])
        eye.execute("UPDATE tenants SET settings = %s", [f'{{"a":"{MARK}"}}'])
        eye.execute("UPDATE spaces SET created_at = '2001-02-03T04:05:06Z'")
        places = {("users", "name"), ("connectors", "manifest"), ("connectors", "revision"), ("tenants", "settings")}
        assert places <= traces(eye) <= places | {("spaces", "created_at")}
    assert traces(eye) == set()


# Bodies whose names are the caller's own, and values that a body may carry into a column by its schema.
FREE = {"PersistedInputs"}


async def test_no_column_gets_what_a_body_may_not_say(stage: Scene, eye: psycopg.Connection[Any]) -> None:
    document = (await stage.browser.get("/openapi.json")).json()
    known = columns()
    assert traces(eye) == set()
    tried, accepted, problems = 0, 0, []
    for operation in operations(document):
        if not operation.secured or operation.body is None or operation.id in LEFT_OUT:
            continue
        place = (stage.stranger if operation.id == "createTenant" else stage.neighbour).anew()
        own = {name: await registry.path_value(operation, part, name, place) for part, name in operation.parameters}
        body = await registry.body_of(operation, place)
        before = rights(eye)
        headers = signed(place.app_id, place.partner_key) if operation.of_partner else bearer(place.key)
        wanted = registry.HEADERS.get(operation.id, {})
        headers |= {name: text.format(**own) for name, text in wanted.items()}
        extra = {} if operation.body in FREE else _extra(document, operation, known, body)
        tried += 1
        answer = await stage.ask(
            operation.method,
            operation.at(own),
            headers,
            json=extra,
            params=registry.ALWAYS.get(operation.id, {}),
        )
        accepted += answer.is_success
        if answer.status_code >= 500:
            problems.append(f"{operation.name}: {answer.status_code} {answer.text[:200]}")
        if found := traces(eye):
            problems.append(f"{operation.name}: {sorted(found)}")
            break
        after = rights(eye)
        old = {row[:3]: row for row in before}
        for row in after:
            if row[:3] in old and old[row[:3]] != row:
                problems.append(f"{operation.name}: {old[row[:3]]} became {row}")
            if row[:3] not in old and MARK in str(row):
                problems.append(f"{operation.name}: made {row}")
    print(f"{tried} bodies with {len(known)} more fields each, {accepted} accepted")
    assert accepted > tried * 0.8, "most bodies have to be good without what is too much"
    assert not problems, "\n".join(problems)


def _extra(document: dict[str, Any], operation: Operation, known: dict[str, Any], body: Any) -> Any:
    """The body with every column's name that its schema does not have."""
    if isinstance(body, list):
        return [{**known, **one} | {name: one[name] for name in ("op", "path", "value") if name in one} for one in body]
    assert operation.body is not None
    own = allowed(document, operation.body)
    return {**{name: value for name, value in known.items() if name not in own}, **(body or {})}
