"""Requests that get a token: a collection that sends ``{{token}}`` often holds the call that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tieline.connectors.importers.classify.auth import method_id, oauth2
from tieline.connectors.importers.description import Description, Operation
from tieline.connectors.manifest.model import AuthMethod, Fact, OAuth2Grant

_ALONE: tuple[OAuth2Grant, ...] = ("client_credentials", "password")
_TOKEN_PATH = re.compile(r"(?:^|[/_-])tokens?(?:\.\w+)?/?$", re.IGNORECASE)


def offer_oauth2(description: Description, grants: Iterable[tuple[Operation, set[str]]]) -> None:
    """Where a bearer token can be had from a token endpoint (RFC 6749 section 3.2) of the collection, offer that too.

    ``grants`` has the values of ``grant_type`` that requests send, by operation.
    """
    bearers = [one.id for one in description.auth if one.kind == "bearer"]
    if not bearers or any(one.kind == "oauth2" for one in description.auth):
        return
    for operation, given in grants:
        usable = [grant for grant in _ALONE if grant in given]
        if not usable or "{" in operation.path or not _TOKEN_PATH.search(operation.path.split("?")[0]):
            continue
        base = operation.server or (description.servers[0].url if description.servers else "")
        method = AuthMethod(id=method_id("oauth2", [one.id for one in description.auth]), kind="oauth2", grants=usable)
        method.token_url = base + operation.path if base.startswith(("http", "{")) else operation.path
        basic = {one.id for one in description.auth if one.kind == "basic"}
        method.client_auth = "basic" if basic & set(operation.security or []) else "post"
        note = "a request of the collection gets tokens there"
        method.facts["kind"] = Fact(evidence=[operation.pointer], confidence=0.7, note=note)
        description.auth.append(oauth2(method.grants, method))
        for other in description.operations:
            if other.security and set(other.security) & set(bearers):
                other.security = [*other.security, method.id]
        return
