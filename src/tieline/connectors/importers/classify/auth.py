"""Auth methods with the fields that a person has to fill in; the ids of the fields are what the runtime reads."""

from __future__ import annotations

import re
from collections.abc import Collection

from tieline.connectors.importers.classify.words import snake
from tieline.connectors.manifest.model import AuthMethod, Fact, Input, Location, OAuth2Grant

_BEARER = re.compile(r"\bbearer\b", re.IGNORECASE)
_BASIC = re.compile(r"\bbasic\b", re.IGNORECASE)
_OAUTH1 = re.compile(r"\boauth[ _-]?v?1(?:\.0a?)?\b|\boauth_(?:consumer_key|signature)\b", re.IGNORECASE)
_PREFIX = re.compile(
    r"(?:authorization\W{1,4}|prefix\w*\W{1,12}|in the form\w*(?: of)?\W{1,4}|['\"`])"
    r"(?P<prefix>token|apikey|api-key|key|discogs token|sso-key|genie-?key|oauth|klaviyo-api-key|apitoken"
    r"|pve\w*)(?P<glue>[ =:])",
    re.IGNORECASE,
)


def secret(id: str, label: str, description: str = "", *, required: bool = True) -> Input:
    """A field of a connection that is kept sealed."""
    return Input(id=id, label=label, type="password", required=required, secret=True, description=description[:1000])


def api_key(location: Location, name: str, said: str = "") -> AuthMethod:
    """One secret in a header, query parameter or cookie."""
    method = AuthMethod(
        id="api_key", kind="api_key", location=location, name=name, fields=[secret("api_key", "API key", said)]
    )
    if location == "header" and (prefix := prefix_in(said)):
        method.prefix = prefix
        method.facts["prefix"] = Fact(confidence=0.7, note="the description names it")
    return method


def prefix_in(said: str) -> str:
    """What a description says must stand before the key, "" where it says nothing."""
    if re.search(r"[\"'`:]\s*bearer[ ]", said, re.IGNORECASE) or re.search(r"bearer\s*[{<\[]", said, re.IGNORECASE):
        return "Bearer "
    match = _PREFIX.search(said)
    return match["prefix"] + match["glue"] if match else ""


def basic(said: str = "") -> AuthMethod:
    """RFC 7617."""
    return AuthMethod(
        id="basic",
        kind="basic",
        fields=[
            Input(id="username", label="User name", required=True, description=said[:1000]),
            secret("password", "Password", required=False),
        ],
    )


def bearer(said: str = "") -> AuthMethod:
    """RFC 6750 section 2.1."""
    return AuthMethod(id="bearer", kind="bearer", prefix="Bearer ", fields=[secret("token", "Access token", said)])


def digest() -> AuthMethod:
    """RFC 7616."""
    return AuthMethod(
        id="digest",
        kind="digest",
        fields=[Input(id="username", label="User name", required=True), secret("password", "Password")],
    )


def oauth1(said: str = "") -> AuthMethod:
    """RFC 5849 with one leg; the addresses for three are named nowhere in a document of this kind."""
    return AuthMethod(
        id="oauth1",
        kind="oauth1",
        fields=[
            Input(id="consumer_key", label="Consumer key", required=True, description=said[:1000]),
            secret("consumer_secret", "Consumer secret"),
            secret("token", "Token", required=False),
            secret("token_secret", "Token secret", required=False),
        ],
    )


def header_value(said: str, *, default: str = "") -> AuthMethod:
    """The ``Authorization`` header described as an API key: what it really holds is in its name and description."""
    prefix = prefix_in(said)
    if _OAUTH1.search(said):
        method = oauth1(said)
        method.facts["kind"] = Fact(confidence=0.8, note="an Authorization header that speaks of OAuth 1.0")
    elif _BEARER.search(said) or default == "bearer":
        method = bearer(said)
        method.facts["kind"] = Fact(confidence=0.9, note="an Authorization header that speaks of Bearer")
    elif _BASIC.search(said) and not prefix:
        method = basic(said)
        method.facts["kind"] = Fact(confidence=0.8, note="an Authorization header that speaks of Basic")
    else:
        method = api_key("header", "Authorization", said)
        method.prefix = prefix or (default.title() + " " if default else "")
    return method


def oauth2(grants: list[OAuth2Grant], method: AuthMethod | None = None) -> AuthMethod:
    """RFC 6749: the fields that its grants need."""
    method = method or AuthMethod(id="oauth2", kind="oauth2", grants=grants)
    method.fields = [
        Input(id="client_id", label="Client ID", required=True),
        secret("client_secret", "Client secret", required=grants[:1] == ["client_credentials"]),
    ]
    if grants == ["implicit"]:
        method.fields = [secret("access_token", "Access token")]  # it arrives in a browser, and is pasted
    if "password" in grants:
        alone = grants == ["password"]
        method.fields += [
            Input(id="username", label="User name", required=alone),
            secret("password", "Password", required=alone),
        ]
    if method.scopes:
        method.fields.append(
            Input(id="scope", label="Scopes", type="array", choices=list(method.scopes), description="What to ask for.")
        )
    return method


def combined(id: str, methods: list[AuthMethod]) -> AuthMethod:
    """Several credentials in one request: each field says where it goes; a method that is more than a key leads."""
    leading = next((one for one in methods if one.kind != "api_key"), None)
    fields: list[Input] = []
    for one in methods:
        if one.kind != "api_key":
            fields += one.fields
            continue
        field = one.fields[0]
        fields.append(
            Input(
                id=one.id,
                label=one.label or one.name,
                type="password",
                required=True,
                secret=True,
                location=one.location,
                name=one.name,
                description=field.description,
            )
        )
    base = leading or AuthMethod(id=id, kind="custom")
    result = AuthMethod(**{name: getattr(base, name) for name in base.__struct_fields__})
    result.id, result.fields = id, fields
    result.label = " + ".join(one.label or one.id for one in methods)
    result.facts = {"kind": Fact(confidence=0.9, note="the document asks for them together")}
    return result


def method_id(name: str, taken: Collection[str]) -> str:
    """A short unique id for a scheme of the given name."""
    base = snake(name)[:40] or "auth"
    found, number = base, 2
    while found in taken:
        found, number = f"{base}_{number}", number + 1
    return found
