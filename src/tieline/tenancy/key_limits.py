"""What a tenant allows of API keys that are made over the API: how many, and for how long.

They lie in the tenant's settings as ``{"apiKeys": {"max_keys_per_user": 5, ...}}``. Keys of the command line, which
works on the database itself, are not bound by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from tieline.core import durations
from tieline.core.errors import BadInput
from tieline.storage.unit import Unit
from tieline.tenancy import tenants

SETTING = "apiKeys"
MOST_KEYS = 1000


class KeyLimits(Struct, frozen=True):
    """The names are those of the API; durations are texts of ISO 8601."""

    max_keys_per_user: int = 5
    max_api_key_expiry: str = "PT24H"
    scim_externalClient_expiry: str = "P365D"  # noqa: N815 - the wire's name

    def as_dict(self) -> dict[str, Any]:
        """As the API shows them."""
        return {name: getattr(self, name) for name in self.__struct_fields__}

    def longest(self, *, external: bool) -> timedelta:
        """For how long a key may live at most."""
        return durations.parse(self.scim_externalClient_expiry if external else self.max_api_key_expiry)


def of(settings: Mapping[str, Any]) -> KeyLimits:
    """The limits of a tenant with these settings."""
    own = settings.get(SETTING)
    known = {name: own[name] for name in KeyLimits.__struct_fields__ if name in own} if isinstance(own, dict) else {}
    return KeyLimits(**known)


def checked(name: str, value: object, *, pointer: str) -> int | str:
    """The value of one limit as it is kept. Raises `BadInput`."""
    if name == "max_keys_per_user":
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= MOST_KEYS or value % 1:
            raise BadInput(f"{name} is a whole number from 0 to {MOST_KEYS}.", pointer=pointer)
        return int(value)
    if not isinstance(value, str):
        raise BadInput(f"{name} is a duration of ISO 8601, such as P7D.", pointer=pointer)
    durations.parse(value, pointer=pointer)
    return value


async def change(unit: Unit, tenant_id: UUID, values: Mapping[str, int | str]) -> tuple[KeyLimits, KeyLimits]:
    """Sets some of the limits, as `checked` gave them; a unit of `Database.system` is needed. Gives those before and
    those after.
    """
    before = (await tenants.get(unit, tenant_id, locked=True))["settings"]
    own = before.get(SETTING) or {}
    after = await tenants.put_settings(unit, tenant_id, **{SETTING: {**own, **values}})
    return of(before), of(after)
