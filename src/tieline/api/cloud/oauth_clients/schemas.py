"""OAuth clients on the wire. A secret is shown once, when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso

AppType = Literal["web", "native", "spa", "anonymous-embed"]
GrantType = Literal["client_credentials", "urn:qlik:oauth:user-impersonation"]
AuthMethod = Literal["client_secret", "private_key_jwt"]
ConsentMethod = Literal["required", "trusted"]
Texts = list[str]
Address = Annotated[str, StringConstraints(max_length=2048)]
_TEXTS = ("description", "clientUri", "logoUri")


class ConnectionConfig(Body):
    """How the tenant lets the client in."""

    consent_method: ConsentMethod = Field(
        alias="consentMethod", default="required", description="`trusted` = people are not asked."
    )


class PublicKey(BaseModel):
    """A JSON Web Key (RFC 7517) without private members."""

    model_config = ConfigDict(extra="allow")

    kty: Literal["RSA", "EC"]
    use: Literal["sig"]
    alg: Literal["RS256", "RS512", "ES384"]
    kid: str
    n: str | None = Field(default=None, description="Modulus of an RSA key of at least 2048 bits.")
    e: str | None = Field(default=None, description="Exponent of an RSA key.")
    crv: str | None = Field(default=None, description="P-384 for an EC key.")
    x: str | None = None
    y: str | None = None


class CreateOAuthClient(Body):
    """A new OAuth client."""

    app_type: AppType = Field(alias="appType", description="What kind of program it is; only `web` keeps secrets.")
    client_name: Annotated[str, StringConstraints(min_length=1, max_length=512)] = Field(
        alias="clientName", description="The name that people see."
    )
    description: Annotated[str, StringConstraints(max_length=4096)] = Field(default="")
    client_uri: Address = Field(alias="clientUri", default="", description="Its home page.")
    logo_uri: Address = Field(alias="logoUri", default="", description="Its logo.")
    redirect_uris: Texts = Field(alias="redirectUris", default_factory=list, description="Compared to the letter.")
    allowed_origins: Texts = Field(alias="allowedOrigins", default_factory=list, description="Only for `spa`.")
    allowed_scopes: Texts = Field(
        alias="allowedScopes", default_factory=list, description="What it may ask for; left out = `user_default`."
    )
    allowed_grant_types: list[GrantType] = Field(
        alias="allowedGrantTypes", default_factory=list, description="Only for `web`; codes need no entry."
    )
    allowed_auth_methods: list[AuthMethod] = Field(
        alias="allowedAuthMethods", default_factory=list, description="Only for `web`; left out = `client_secret`."
    )
    public_keys: list[PublicKey] = Field(alias="publicKeys", default_factory=list, description="For assertions.")
    connection_config: ConnectionConfig | None = Field(alias="connectionConfig", default=None)


class OAuthClientPatch(Body):
    """One operation of a JSON Patch (RFC 6902)."""

    op: Literal["add", "remove", "replace"]
    path: Literal[
        "/allowedOrigins",
        "/clientName",
        "/clientUri",
        "/description",
        "/logoUri",
        "/redirectUris",
        "/allowedScopes",
        "/allowedGrantTypes",
        "/publicKeys",
        "/allowedAuthMethods",
    ]
    value: str | list[str | dict[str, Any]] | None = Field(
        default=None, description="A text or an array; a public key may be an object or its JSON as a text."
    )


class OAuthClientPatches(RootModel[list[OAuthClientPatch]]):
    """A JSON Patch: its operations all happen, or none."""


class ConnectionConfigPatch(Body):
    """The one operation that there is."""

    op: Literal["replace"]
    path: Literal["/consentMethod"]
    value: ConsentMethod


class ConnectionConfigPatches(RootModel[list[ConnectionConfigPatch]]):
    """A JSON Patch: its operations all happen, or none."""


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class SecretHint(_Wire):
    """What can be seen of a secret."""

    hint: str = Field(description="Its last five characters.")
    created_at: datetime
    created_by: str | None = None


class OAuthClient(_Wire):
    """An OAuth client; people who are no administrators see less of it."""

    client_id: str
    client_name: str
    app_type: AppType
    owner_id: str
    description: str | None = None
    client_uri: str | None = None
    logo_uri: str | None = None
    redirect_uris: Texts | None = None
    allowed_origins: Texts | None = Field(default=None, description="null where it has none.")
    allowed_scopes: Texts
    allowed_grant_types: list[GrantType]
    allowed_auth_methods: list[AuthMethod]
    public_keys: list[PublicKey] | None = None
    client_secrets: list[SecretHint] | None = None
    connection_config: dict[str, str] | None = None
    created_by_type: str
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None = None


class CreatedOAuthClient(OAuthClient):
    """With its secret, which nobody will see again; empty where it has none."""

    client_secret: str


class PageLink(BaseModel):
    """Where to go."""

    href: str


class OAuthClientLinks(BaseModel):
    """This page and its neighbours."""

    self: PageLink
    next: PageLink | None = None
    prev: PageLink | None = None


class OAuthClientList(_Wire):
    """A page of OAuth clients."""

    data: list[OAuthClient]
    links: OAuthClientLinks
    total_results: int | bool | None = None


class CreatedSecret(_Wire):
    """A new secret, which nobody will see again."""

    client_id: str
    client_secret: str
    hint: str
    created_at: datetime
    created_by: str


class GeneratedSecret(_Wire):
    """A secret that came about by a change."""

    client_secret: str


class Published(_Wire):
    """When it was published."""

    published_at: datetime


class ConnectionState(_Wire):
    """The connection of a client to the caller's tenant."""

    status: str
    consent_method: ConsentMethod
    deleted_by_owner: bool


def show_client(row: Mapping[str, Any], *, everything: bool) -> dict[str, Any]:
    """``everything`` is for administrators.

    The vendor's document describes both views so that what fits the one for administrators also fits the other, and
    then wants exactly one to fit: a client without origins of its own has null there, which only the one allows.
    """
    settings = row["settings"]
    shown: dict[str, Any] = {
        "clientId": row["client_id"],
        "clientName": row["name"],
        "appType": row["app_type"],
        "ownerId": str(row["created_by"]),
        **{name: settings[name] for name in _TEXTS if settings.get(name)},
        "allowedScopes": row["allowed_scopes"],
        "allowedGrantTypes": row["allowed_grant_types"],
        "allowedAuthMethods": row["allowed_auth_methods"],
        "allowedOrigins": (row["allowed_origins"] or None) if everything else None,
        "connectionConfig": {"consentMethod": row["consent_method"]},
        "createdByType": "user",
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }
    if row["published_at"] is not None:
        shown["publishedAt"] = iso(row["published_at"])
    if everything:
        shown["redirectUris"] = row["redirect_uris"]
        shown["publicKeys"] = settings.get("publicKeys", [])
        shown["clientSecrets"] = [show_secret(one) for one in row["secrets"]]
    return shown


def show_created(row: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """A new client; its document has lists only."""
    shown = show_client(row, everything=True)
    return {**shown, "allowedOrigins": row["allowed_origins"], "clientSecret": secret}


def show_secret(row: Mapping[str, Any]) -> dict[str, Any]:
    """What can be seen of a secret."""
    by = {"createdBy": str(row["created_by"])} if row["created_by"] else {}
    return {"hint": row["hint"], "createdAt": iso(row["created_at"]), **by}
