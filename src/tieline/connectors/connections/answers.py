"""What a person answers when he makes a connection, and where those answers may be sent."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Struct, field

from tieline.connectors.manifest.model import AuthMethod, Input, Manifest
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.coerce import text
from tieline.connectors.runtime.origins import Base, origin_of
from tieline.core import json
from tieline.core.errors import BadInput
from tieline.security.vault import Vault

_LONGEST_SECRET = 100_000


class Answers(Struct):
    """The id of an auth method and what was entered for it, sorted into what may be shown and what may not."""

    method: str
    params: dict[str, Any]
    secrets: dict[str, str]


class Binding(Struct, frozen=True):
    """The origins that a connection's secrets may be sent to; sealed together with them."""

    base: str = ""
    token: str = ""
    others: tuple[str, ...] = ()  # of all other addresses that the auth method names

    def seal(self, vault: Vault, context: bytes, secrets: dict[str, str]) -> bytes:
        return vault.seal(json.dumps(_Sealed(binding=self, secrets=secrets)), context=context)

    @staticmethod
    def open(vault: Vault, context: bytes, sealed: bytes) -> tuple[dict[str, str], Binding]:
        """Raises VaultError for what was sealed for another row."""
        opened = msgspec.json.decode(vault.open(sealed, context=context), type=_Sealed)
        return opened.secrets, opened.binding


class _Sealed(Struct):
    binding: Binding
    secrets: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "<sealed>"


def sort_answers(manifest: Manifest, method_id: str, params: dict[str, Any], secrets: dict[str, Any]) -> Answers:
    """Check answers against the connector and sort them by what its fields declare; raises BadInput that names the
    field.
    """
    method = _method(manifest, method_id)
    fields = {spec.id: spec for spec in (method.fields if method is not None else [])}
    variables = {name for server in manifest.servers for name in server.variables}
    kept: dict[str, Any] = {}
    hidden: dict[str, str] = {}
    for name, value in params.items():
        spec = fields.get(name)
        if _is_secret(spec) if spec is not None else name in _always(method):
            hidden[name] = _secret(name, value)
        elif value is not None:
            kept[name] = value
    for name, value in secrets.items():
        spec = fields.get(name)
        if spec is None and name not in _always(method):
            if name in variables:
                kept[name] = value
                continue
            wanted = ", ".join(sorted({*fields, *_always(method)})) or "none"
            raise BadInput(
                f"the connector {manifest.name!r} does not ask for {name!r}; it asks for: {wanted}", pointer=f"/{name}"
            )
        if spec is not None and not _is_secret(spec) and value is not None:
            kept[name] = value
        else:
            hidden[name] = _secret(name, value)
    return Answers(method=method.id if method is not None else "", params=kept, secrets=hidden)


def _method(manifest: Manifest, method_id: str) -> AuthMethod | None:
    if not method_id:
        if len(manifest.auth) > 1:
            raise BadInput(
                f"choose an auth method of connector {manifest.name!r}: {', '.join(m.id for m in manifest.auth)}",
                pointer="/auth_method",
            )
        return manifest.auth[0] if manifest.auth else None
    for method in manifest.auth:
        if method.id == method_id:
            return method
    known = ", ".join(method.id for method in manifest.auth) or "none"
    raise BadInput(
        f"the connector {manifest.name!r} has no auth method {method_id!r}; it has: {known}", pointer="/auth_method"
    )


def _is_secret(spec: Input) -> bool:
    return spec.secret or spec.type == "password"


def _always(method: AuthMethod | None) -> tuple[str, ...]:
    """The secrets of a kind, for manifests that declare no fields."""
    kind = method.kind if method is not None else "none"
    return (
        {
            "api_key": ("api_key",),
            "basic": ("username", "password"),
            "bearer": ("token",),
            "digest": ("username", "password"),
            "oauth1": ("consumer_key", "consumer_secret"),
            "oauth2": ("client_id", "client_secret"),
            "jwt_bearer": ("private_key",),
            "hmac": ("secret",),
        }.get(kind, ())
        if method is not None and not method.fields
        else ()
    )


def _secret(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list) or len(written := text(value)) > _LONGEST_SECRET:
        raise BadInput(
            f"the value of {name!r} must be a text of at most {_LONGEST_SECRET} characters", pointer=f"/{name}"
        )
    return written


def checked(server: str | None) -> str | None:
    """A base URL that somebody entered; raises BadInput that says what is wrong with it."""
    if server is None or not server.strip():
        return None
    url = server.strip().rstrip("/")
    origin_of(url)
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise BadInput(
            "the base URL may not hold a query or fragment; give the address without them", pointer="/server"
        )
    if parts.username or parts.password:
        raise BadInput("the base URL holds a user name or password; enter them as credentials", pointer="/server")
    return url


def bound(account: Account) -> Binding:
    """Where the secrets of this account would be sent; raises BadInput where the base URL is missing."""
    if account.manifest.storage is not UNSET:
        from tieline.connectors.files import origin_of_storage

        return Binding(base=origin_of_storage(account))
    base = Base(account)
    method = account.method()
    token = origin_of(base.of_token(method.token_url)) if method is not None and method.token_url else ""
    mine = origin_of(base.origin)
    others = {origin_of(base.of_token(url)) for url in _addresses(method)} if method is not None else set()
    return Binding(base=mine, token=token, others=tuple(sorted(others - {mine, token})))


def _addresses(method: AuthMethod) -> list[str]:
    """Every address of an auth method but its token URL; of a login step's only the part that is no template."""
    named = [
        *(method.authorization_url, method.refresh_url, method.revoke_url, method.device_url),
        *(method.request_token_url, method.discovery_url),
    ]
    hosts = [re.match(r"(?i)https?://[^/?#]+", step.request.url) for step in method.steps if step.request is not UNSET]
    return [url for url in named if url] + [host[0] for host in hosts if host is not None]


def missing(account: Account) -> str:
    """One sentence about the credentials that are still to be entered; empty when all are there."""
    lacking = lacking_fields(account)
    return f"enter {', '.join(map(repr, lacking))} to connect" if lacking else ""


def lacking_fields(account: Account) -> list[str]:
    """The labels of the credentials that are still to be entered."""
    method = account.method()
    if method is None or method.kind == "none":
        return []
    given = {spec.id for spec in method.fields if _has(account, spec)}
    needed = [spec for spec in method.fields if spec.required or (method.kind == "api_key" and _is_secret(spec))]
    lacking = [spec.label or spec.id for spec in needed if spec.id not in given]
    if method.fields and not given and not lacking:
        lacking = [spec.label or spec.id for spec in method.fields if _is_secret(spec)][:1]
    if not method.fields and not account.secrets:
        lacking = list(_always(method))
    return lacking


def _has(account: Account, spec: Input) -> bool:
    answered = account.secrets.get(spec.id) or account.params.get(spec.id)
    return answered not in (None, "") or isinstance(spec.default, str | int)
