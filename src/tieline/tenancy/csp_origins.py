"""CSP origins: where the tenant's pages may load from, and who may frame them (W3C Content Security Policy Level 3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import idna
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound
from tieline.core.ids import new_id
from tieline.storage.tables import csp_origins
from tieline.storage.unit import Unit
from tieline.tenancy import audit
from tieline.tenancy.listing import Listing, by_letters
from tieline.tenancy.principal import Principal

LONGEST_NAME = 512
LONGEST_DESCRIPTION = 1024
LONGEST_ORIGIN = 256
MOST = 1_000
LONGEST_HEADER = 8_000

# What the API calls them, and what the header does (section 6). connectSrcWSS goes to connect-src too.
DIRECTIVES: Final[Mapping[str, str]] = {
    "childSrc": "child-src",
    "connectSrc": "connect-src",
    "fontSrc": "font-src",
    "formAction": "form-action",
    "frameAncestors": "frame-ancestors",
    "frameSrc": "frame-src",
    "imgSrc": "img-src",
    "mediaSrc": "media-src",
    "objectSrc": "object-src",
    "scriptSrc": "script-src",
    "styleSrc": "style-src",
    "workerSrc": "worker-src",
}
WEBSOCKETS = "connectSrcWSS"
NAMES: Final = (*DIRECTIVES, WEBSOCKETS)

LISTING = Listing(
    csp_origins.c.id,
    filters={},
    sorts={
        "id": csp_origins.c.id,
        "name": by_letters(csp_origins.c.name),
        "origin": by_letters(csp_origins.c.origin),
        "createdDate": csp_origins.c.created_at,
        "modifiedDate": csp_origins.c.updated_at,
    },
)

_KIND = "csp-origin"
_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 17))")
_FORM = re.compile(
    r"(?:(?P<scheme>https?|wss?)://)?(?P<any>\*\.)?(?P<host>[^:/?#@\[\]*;,'\"\\\s]+)(?P<port>:(?:[0-9]{1,5}|\*))?",
    re.IGNORECASE,
)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")


class InvalidCspOrigin(BadInput):
    """A text that is no host source of a content security policy."""

    code = "invalid-csp-origin"
    title = "Invalid CSP origin"


class CspOriginExists(BadInput):
    """The tenant has this origin already; the published document answers this with 400."""

    code = "csp-origin-exists"
    title = "The CSP origin exists already"


class CspTooLong(BadInput):
    """More than a header can hold."""

    code = "csp-too-long"
    title = "The content security policy is too long"


def checked(text: str, *, pointer: str = "/origin") -> str:
    """A host source (CSP section 2.3.1): ``[scheme://][*.]host[:port]``, lower case, host in ASCII; it can end no
    directive and begin no other. Raises `InvalidCspOrigin`."""
    if not text or len(text) > LONGEST_ORIGIN:
        raise InvalidCspOrigin(f"The origin has 1 to {LONGEST_ORIGIN} characters.", pointer=pointer)
    match = _FORM.fullmatch(text)
    host = _ascii(match["host"]) if match is not None else None
    if match is None or host is None:
        raise InvalidCspOrigin(
            f"The origin {text[:80]!a} is not of the form host, *.host, https://host or https://host:port.",
            pointer=pointer,
        )
    scheme = f"{match['scheme'].lower()}://" if match["scheme"] else ""
    found = f"{scheme}{match['any'] or ''}{host}{match['port'] or ''}"
    if len(found) > LONGEST_ORIGIN:
        raise InvalidCspOrigin(f"The origin is longer than {LONGEST_ORIGIN} characters in ASCII.", pointer=pointer)
    return found


def _ascii(host: str) -> str | None:
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, std3_rules=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    host = host.lower()
    return host if len(host) <= 253 and _HOST.fullmatch(host) else None


async def create(
    unit: Unit, by: Principal, *, origin: str, name: str, description: str, directives: Collection[str]
) -> dict[str, Any]:
    """A new entry. Raises `InvalidCspOrigin`, `CspOriginExists`, `CspTooLong`."""
    values = _values(origin, name, description, directives)
    await _alone(unit, by)
    if await unit.scalar(unit.select(csp_origins, sa.func.count())) >= MOST:
        raise CspTooLong(f"A tenant can have {MOST} CSP origins; delete one that is not used.")
    await _check_new(unit, values["origin"], None)
    made = new_id()
    await unit.insert(csp_origins, id=made, **values)
    await _check_length(unit)
    await audit.record(
        unit, by, action=f"{_KIND}.created", subject=f"{_KIND}:{made}", name=values["origin"], detail=values
    )
    return await get(unit, made)


async def get(unit: Unit, entry_id: UUID) -> dict[str, Any]:
    """One of the unit's tenant. Raises `NotFound`."""
    row = await unit.one(unit.select(csp_origins).where(csp_origins.c.id == entry_id))
    if row is None:
        raise NotFound("There is no such CSP origin.")
    return row


async def replace(
    unit: Unit,
    by: Principal,
    entry_id: UUID,
    *,
    origin: str,
    name: str,
    description: str,
    directives: Collection[str],
) -> dict[str, Any]:
    """The entry as a whole, with new contents. Raises `NotFound` and what `create` does."""
    values = _values(origin, name, description, directives)
    await _alone(unit, by)
    before = await get(unit, entry_id)
    await _check_new(unit, values["origin"], entry_id)
    await unit.update(csp_origins, csp_origins.c.id == entry_id, updated_at=now(), **values)
    await _check_length(unit)
    await audit.record(
        unit,
        by,
        action=f"{_KIND}.updated",
        subject=f"{_KIND}:{entry_id}",
        name=values["origin"],
        detail=audit.changes(before, values),
    )
    return await get(unit, entry_id)


async def delete(unit: Unit, by: Principal, entry_id: UUID) -> None:
    """Removes it. Raises `NotFound`."""
    before = await get(unit, entry_id)
    await unit.delete(csp_origins, csp_origins.c.id == entry_id)
    await audit.record(
        unit, by, action=f"{_KIND}.deleted", subject=f"{_KIND}:{entry_id}", name=before["origin"], detail={}
    )


async def header(unit: Unit) -> str:
    """The value of ``Content-Security-Policy`` for pages of the unit's tenant."""
    statement = unit.select(csp_origins, csp_origins.c.origin, csp_origins.c.directives).order_by(csp_origins.c.origin)
    return compiled((row["origin"], row["directives"]) for row in await unit.all(statement))


def compiled(entries: Iterable[tuple[str, Collection[str]]]) -> str:
    """A policy that lets in the tenant's own pages and, for each directive, the origins that were named for it."""
    sources: dict[str, list[str]] = {name: ["'self'"] for name in DIRECTIVES.values()}
    for origin, directives in entries:
        for name in directives:
            if name in DIRECTIVES:
                sources[DIRECTIVES[name]].append(origin)
        if WEBSOCKETS in directives:
            sources["connect-src"].append("wss://" + origin.rpartition("://")[2])
    told = "; ".join(f"{name} {' '.join(dict.fromkeys(those))}" for name, those in sources.items())
    return f"default-src 'self'; {told}"


def has(directive: str) -> sa.ColumnElement[bool]:
    """The condition that an entry has a directive, by its name on the wire."""
    return sa.type_coerce(csp_origins.c.directives, ARRAY(sa.Text)).contains([directive])


def like(text: str) -> str:
    """The pattern of LIKE for a filter: ``*`` is anything; without one the text may stand anywhere."""
    escaped = re.sub(r"([\\%_])", r"\\\1", text.lower())
    return escaped.replace("*", "%") if "*" in escaped else f"%{escaped}%"


def _values(origin: str, name: str, description: str, directives: Collection[str]) -> dict[str, Any]:
    known = [directive for directive in NAMES if directive in directives]
    return {"origin": checked(origin), "name": name, "description": description, "directives": known}


async def _alone(unit: Unit, by: Principal) -> None:
    """One change after the other, so that counts and lengths hold."""
    await unit.connection.execute(_ONE_AT_A_TIME, {"name": str(by.tenant_id)})


async def _check_new(unit: Unit, origin: str, but: UUID | None) -> None:
    found = await unit.scalar(unit.select(csp_origins, csp_origins.c.id).where(csp_origins.c.origin == origin))
    if found is not None and found != but:
        raise CspOriginExists(f"There is an entry for {origin} already; change that one.", pointer="/origin")


async def _check_length(unit: Unit) -> None:
    if len(await header(unit)) > LONGEST_HEADER:
        raise CspTooLong(
            f"The policy would be longer than {LONGEST_HEADER} characters; take directives or origins away."
        )
