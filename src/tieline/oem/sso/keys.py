"""A partner's registered public keys: with them it signs tokens, so that its API key need not leave its vault.

A key is an Ed25519 key for EdDSA, or an RSA key of 2048 to 8192 bits for RS256, as a JWK (RFC 7517) or in PEM. A
revoked key is refused at once: every sign-on asks the database. Its kid stays taken, so that no other key can pass for
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.core.errors import Conflict, NotFound
from tieline.core.ids import new_id
from tieline.oem.accounts import as_uuid
from tieline.oem.sso.errors import InvalidPublicKey
from tieline.oem.sso.tokens import LONGEST_ID, PUBLIC, PublicKey
from tieline.security.vault import Vault
from tieline.storage.tables import partner_keys as table
from tieline.storage.tables import partners
from tieline.storage.unit import Unit
from tieline.tenancy.partners import key_context

MOST: Final = 20
_LONGEST_KEY: Final = 8192
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MEMBERS: Final = {"OKP": ("kty", "crv", "x"), "RSA": ("kty", "n", "e")}
_RSA_BITS: Final = range(2048, 8193)


async def add(unit: Unit, partner_id: UUID, public_key: Mapping[str, Any] | str, *, kid: str = "") -> dict[str, Any]:
    """Registers a key; sent again it is the same one. ``kid`` "" = the JWK's own, else its thumbprint (RFC 7638).

    ``unit`` is one of `Database.system`. Raises `InvalidPublicKey`, `Conflict` for a kid that is taken.
    """
    jwk, algorithm, thumbprint = _checked(public_key)
    own = public_key.get("kid") if isinstance(public_key, Mapping) else None
    kid = kid or (own if isinstance(own, str) else "") or thumbprint
    if not kid.strip() or len(kid) > LONGEST_ID or not kid.isprintable():
        raise InvalidPublicKey(f"A kid has 1 to {LONGEST_ID} printable characters.", pointer="/kid")
    name = {"name": f"partner-keys/{partner_id}"}
    await unit.connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 17))"), name)
    alive = select(func.count()).where(table.c.partner_id == partner_id, table.c.revoked_at.is_(None))
    known = await unit.one(select(table).where(table.c.partner_id == partner_id, table.c.kid == kid))
    if known is not None:
        if known["revoked_at"] is None and known["public_key"] == jwk:
            return known
        raise Conflict("There is, or was, another key with this kid; choose another kid.", pointer="/kid")
    if await unit.scalar(alive) >= MOST:
        raise Conflict(f"A partner has at most {MOST} public keys; remove one first.")
    values = {"id": new_id(), "partner_id": partner_id, "kid": kid, "algorithm": algorithm, "public_key": jwk}
    made = await unit.one(insert(table).values(**values).returning(table))
    assert made is not None
    return made


async def listed(unit: Unit, partner_id: UUID) -> list[dict[str, Any]]:
    """A partner's keys, oldest first; revoked ones too."""
    return await unit.all(select(table).where(table.c.partner_id == partner_id).order_by(table.c.id))


async def revoke(unit: Unit, partner_id: UUID, name: str) -> dict[str, Any]:
    """Ends a key, by its id or kid, for good. Raises `NotFound`; twice is fine."""
    identity = as_uuid(name)
    if not name or "\0" in name:
        raise NotFound("There is no such key.")
    mine = (table.c.partner_id == partner_id, table.c.id == identity if identity is not None else table.c.kid == name)
    row = await unit.one(select(table).where(*mine))
    if row is None:
        raise NotFound("There is no such key.")
    if row["revoked_at"] is None:
        await unit.update(table, *mine, revoked_at=now())
    return row


async def usable(unit: Unit, partner_id: UUID) -> list[PublicKey]:
    """The keys that a token may be signed with now."""
    rows = await unit.all(
        select(table).where(table.c.partner_id == partner_id, table.c.revoked_at.is_(None)).order_by(table.c.id)
    )
    return [PublicKey(row["kid"], row["algorithm"], row["public_key"]) for row in rows]


async def api_key(unit: Unit, vault: Vault, partner_id: UUID) -> bytes | None:
    """The partner's API key, which HS256 tokens and links are signed with; None where it has none."""
    sealed = await unit.scalar(select(partners.c.api_key_sealed).where(partners.c.id == partner_id))
    return None if sealed is None else vault.open(sealed, context=key_context(partner_id))


def _checked(public_key: Mapping[str, Any] | str) -> tuple[dict[str, Any], str, str]:
    """The JWK with its public members only, its algorithm, its thumbprint."""
    imported = _imported(public_key)
    jwk = {name: str(value) for name, value in imported.as_dict(private=False).items()}
    kept = {name: jwk[name] for name in _MEMBERS[jwk["kty"]]}
    algorithm = "EdDSA" if jwk["kty"] == "OKP" else "RS256"
    said = public_key.get("alg") if isinstance(public_key, Mapping) else None
    if said not in (None, algorithm):
        raise InvalidPublicKey(f"A key of this kind is for {algorithm}; alg says otherwise.", pointer="/public_key/alg")
    return kept, algorithm, type(imported).import_key(kept).thumbprint()


def _imported(public_key: Mapping[str, Any] | str) -> Any:
    from joserfc.jwk import OKPKey, RSAKey

    def wrong(why: str) -> InvalidPublicKey:
        return InvalidPublicKey(f"The public key {why}.", pointer="/public_key")

    if isinstance(public_key, str):
        if len(public_key) > _LONGEST_KEY or "\0" in public_key:
            raise wrong(f"has more than {_LONGEST_KEY} characters, or a NUL character")
        if "PRIVATE KEY" in public_key:
            raise wrong("is a private one; send only the public key, and make a new pair")
        kinds, given = (OKPKey, RSAKey), public_key.strip()
    else:
        if _PRIVATE & public_key.keys():
            raise wrong("holds the private one; send only its public members, and make a new pair")
        if public_key.get("kty") not in PUBLIC.values():
            raise wrong("is neither an Ed25519 key (kty OKP) nor an RSA key")
        if public_key.get("use") not in (None, "sig"):
            raise wrong("is not for signatures: use says otherwise")
        members = _MEMBERS[public_key["kty"]]
        if any(not isinstance(public_key.get(name), str) or len(public_key[name]) > 2048 for name in members):
            raise wrong(f"needs the texts {', '.join(members)}")
        kinds = (OKPKey if public_key["kty"] == "OKP" else RSAKey,)  # type: ignore[assignment]
        given = {name: public_key[name] for name in members}  # type: ignore[assignment]
    for kind in kinds:
        try:
            found = kind.import_key(given)
            if found.is_private:
                raise wrong("is a private one; send only the public key, and make a new pair")
            if _fits(found):
                return found
        except InvalidPublicKey:
            raise
        except Exception:  # noqa: BLE001, S112 - joserfc and cryptography have many ways to say that this is no key
            continue
    raise wrong("cannot be read as an Ed25519 key, or an RSA key of 2048 to 8192 bits")


def _fits(key: Any) -> bool:
    from joserfc.jwk import RSAKey

    if isinstance(key, RSAKey):
        return key.public_key.key_size in _RSA_BITS
    return bool(key.as_dict(private=False).get("crv") == "Ed25519")


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A key as both the API and the command line show it, but for its times."""
    return {name: row[name] for name in ("kid", "algorithm", "public_key")} | {"id": str(row["id"])}


__all__ = ["MOST", "add", "api_key", "listed", "revoke", "shown", "usable"]
