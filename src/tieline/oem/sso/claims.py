"""What a sign-on says: the account, the person, and what is handed on to the setup wizard.

The fields are those of the original product's tokens. Nothing in them is believed before the signature was checked;
after that, each wrong one is refused with a sentence that names it, because whoever reads it holds the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct, field

from tieline.core import origins
from tieline.core.errors import BadInput
from tieline.oem.sso.errors import SignOnRefused
from tieline.tenancy import embed_sessions, roles
from tieline.tenancy.principal import PARTNER_ADMIN

LONGEST: Final = 255
MOST_FIELDS: Final = 500
MODES: Final = ("redirect", "event")
TARGETS: Final = ("parent", "current")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")
_ADDRESS: Final = 2048


class Person(Struct, frozen=True, kw_only=True):
    """Who comes; "" = not said. ``roles`` None = not said: who is new has none then, who is known keeps theirs."""

    external_id: str
    name: str = ""
    email: str = ""
    locale: str = ""
    roles: tuple[str, ...] | None = None


class SignOn(Struct, frozen=True, kw_only=True):
    """One proved sign-on. ``digest`` names it, so that it counts once; it is over at ``until``."""

    account: str
    account_name: str = ""
    person: Person | None = None
    carried: Mapping[str, Any] = field(default_factory=dict)
    embed: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    origin: str = ""
    digest: bytes
    until: datetime
    how: str


def read(claims: Mapping[str, Any], *, digest: bytes, until: datetime, how: str) -> SignOn:
    """The claims of a token whose signature is good. Raises `SignOnRefused`."""
    account = _object(claims, "account", required=True)
    carried = {name: _object(claims, name) for name in ("datasource", "inputs") if claims.get(name) is not None}
    return SignOn(
        account=_name(account, "account.external_id", ("external_id", "externalid"), required=True),
        account_name=_name(account, "account.name", ("name",)),
        person=_person(claims),
        carried=carried,
        embed=_embed(claims),
        scopes=_scopes(claims.get("scopes")),
        origin=_origin(claims.get("origin")),
        digest=digest,
        until=until,
        how=how,
    )


def refused(why: str) -> SignOnRefused:
    """The error of a claim."""
    return SignOnRefused(f"The sign-on token {why}.")


def text_of(value: Any, name: str) -> str:
    """A text that can be kept. Raises `SignOnRefused`."""
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise refused(f"has no good {name}: it is a text of 1 to {LONGEST} characters")
    if not storable(value):
        raise refused(f"has a {name} with characters that are no text")
    return value


def storable(value: str) -> bool:
    """Whether the database can keep it: no U+0000, no half of a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _person(claims: Mapping[str, Any]) -> Person | None:
    if claims.get("user") is None:
        return None
    user = _object(claims, "user")
    email = _name(user, "user.email", ("email",))
    if email and _EMAIL.fullmatch(email) is None:
        raise refused("has a user.email that is no address")
    locale = _name(user, "user.locale", ("locale",))
    if locale and _LOCALE.fullmatch(locale) is None:
        raise refused("has a user.locale that is none: write it like en-GB")
    external = _name(user, "user.external_id", ("external_id", "externalid")) or email
    if not external:
        raise refused("has a user without external_id and email; send one of them, or no user")
    return Person(
        external_id=external,
        name=_name(user, "user.name", ("name",)),
        email=email,
        locale=locale,
        roles=_roles(user.get("roles")),
    )


def _roles(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > roles.MAX_ROLES:
        raise refused(f"has user.roles that are no list of at most {roles.MAX_ROLES} texts")
    wanted = roles.check([text_of(one, "role in user.roles") for one in value])
    if PARTNER_ADMIN in wanted:
        raise refused(f"has the role {PARTNER_ADMIN} in user.roles, which no sign-on gives")
    return tuple(wanted)


def _object(claims: Mapping[str, Any], name: str, *, required: bool = False) -> Mapping[str, Any]:
    value = claims.get(name)
    if value is None and not required:
        return {}
    if not isinstance(value, dict):
        raise refused(f"has no {name}, or one that is no object")
    if len(value) > MOST_FIELDS:
        raise refused(f"has more than {MOST_FIELDS} fields in {name}")
    return value


def _name(source: Mapping[str, Any], shown: str, names: tuple[str, ...], *, required: bool = False) -> str:
    found = [source[name] for name in names if source.get(name) is not None]
    if not found:
        if required:
            raise refused(f"has no {shown}")
        return ""
    if len({repr(value) for value in found}) > 1:
        raise refused(f"has two different {shown}")
    if not required and found[0] == "":
        return ""
    return text_of(found[0], shown)


def _embed(claims: Mapping[str, Any]) -> dict[str, str]:
    given = _object(claims, "embed")
    kept: dict[str, str] = {}
    for name, known in (("mode", MODES), ("target", TARGETS)):
        if given.get(name) is not None:
            if given[name] not in known:
                raise refused(f"has an embed.{name} other than {' and '.join(known)}")
            kept[name] = given[name]
    if given.get("redirect_url") is not None:
        kept["redirect_url"] = _address(given["redirect_url"])
    return kept


def _address(value: Any) -> str:
    wrong = refused("has an embed.redirect_url that is no http or https address")
    if not isinstance(value, str) or len(value) > _ADDRESS or not value.isprintable() or not storable(value):
        raise wrong
    if any(character.isspace() or character in '\\"<>' for character in value):
        raise wrong
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        raise wrong
    return value


def _scopes(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    wanted = value.split() if isinstance(value, str) else value
    if not isinstance(wanted, list) or not wanted or not all(isinstance(one, str) for one in wanted):
        raise refused("has scopes that are no list of texts")
    try:
        return tuple(embed_sessions.scopes_of(wanted))
    except BadInput as error:
        raise SignOnRefused(error.detail) from None


def _origin(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise refused("has an origin that is no text")
    try:
        return origins.normalized(value)
    except BadInput as error:
        raise SignOnRefused(error.detail) from None
