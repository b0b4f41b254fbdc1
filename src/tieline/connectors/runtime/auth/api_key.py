"""A key in a header, in the query or in a cookie; several where the method's fields name their own places."""

from __future__ import annotations

from msgspec import UNSET

from tieline.connectors.runtime.auth.base import Auth, put, register
from tieline.connectors.runtime.request import Request


@register("api_key")
class ApiKey(Auth):
    """The key goes to the method's place; a field with a place of its own is no key of the method."""

    async def apply(self, request: Request) -> None:
        fields = self.method.fields
        if fields and all(field.location is not UNSET for field in fields):
            return
        secret = next((field.id for field in fields if field.secret and field.location is UNSET), "api_key")
        value = self.method.prefix + self.answer(secret, "api_key", "key", "token")
        location = "header" if self.method.location is UNSET else str(self.method.location)
        put(request, location, self.method.name or "X-Api-Key", value)
