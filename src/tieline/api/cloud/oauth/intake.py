"""Reading what a client sends: a form, or JSON, and who it says it is in the header or in the body."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request

from tieline.api.edge.bodies import decode
from tieline.core.errors import BadInput
from tieline.tenancy.oauth.authentication import Presented
from tieline.tenancy.oauth.errors import InvalidClient, OAuthError

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 50
MAX_VALUE = 16_384
_NESTED = re.compile(r"user_lookup(?:\[(field|value)\]|\.(field|value))")
_LOOKUP = "user_lookup"


async def fields_of(request: Request) -> dict[str, Any]:
    """The fields of the body; all are texts but ``user_lookup``. Raises `OAuthError`."""
    data = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not data.strip():
        raise OAuthError("The body is missing; send a form or a JSON object.")
    if kind == FORM:
        sent = _form(data)
    elif kind in {"", "application/json"} or kind.endswith("+json"):
        sent = _json(data)
    else:
        raise OAuthError(f"The body has to be {FORM} or application/json; say so in content-type.")
    for name, value in sent.items():
        if name == _LOOKUP:
            continue
        if not isinstance(value, str):
            raise OAuthError(f"The field {name[:40]} is no text.")
        if len(value) > MAX_VALUE or "\0" in value:
            raise OAuthError(f"The field {name[:40]} is longer than {MAX_VALUE} characters, or holds a NUL.")
    return sent


def text(sent: dict[str, Any], name: str, *, needed: bool = True) -> str:
    """One field. Raises `OAuthError` where it is needed and missing."""
    value: str = sent.get(name) or ""
    if needed and not value:
        raise OAuthError(f"The field {name} is missing.")
    return value


def lookup(sent: dict[str, Any]) -> tuple[str, str]:
    """Field and value of ``user_lookup``: an object, in a form its JSON or ``user_lookup[field]``."""
    given = sent.get(_LOOKUP)
    if isinstance(given, str):
        try:
            given = decode(given.encode())
        except BadInput:
            given = None
    if not isinstance(given, dict):
        raise OAuthError("The field user_lookup is missing, or no object with field and value.")
    field, value = given.get("field"), given.get("value")
    if field not in ("subject", "userId") or not isinstance(value, str) or not value or len(value) > MAX_VALUE:
        raise OAuthError("user_lookup has a field, subject or userId, and a value.")
    return field, value


def presented(request: Request, sent: dict[str, Any]) -> Presented:
    """Who the client says it is. Raises `OAuthError` where it says so in two ways that differ."""
    client_id = text(sent, "client_id", needed=False)
    secret = text(sent, "client_secret", needed=False)
    assertion = text(sent, "client_assertion", needed=False)
    kind = text(sent, "client_assertion_type", needed=False)
    headers = request.headers.getlist("authorization")
    scheme, _, credentials = headers[0].partition(" ") if headers else ("", "", "")
    if scheme.lower() != "basic":
        return Presented(client_id, secret, assertion, kind)
    name, password = _basic(credentials) if len(headers) == 1 else ("", "")
    if not name:
        raise InvalidClient("The header Authorization: Basic cannot be read; send base64 of client id : secret.")
    if assertion or (client_id and client_id != name) or (secret and secret != password):
        raise OAuthError("The client names itself twice, and differently; use the header or the body.")
    return Presented(name, password, basic=True)


def _basic(credentials: str) -> tuple[str, str]:
    """RFC 6749 section 2.3.1: both parts are form-encoded."""
    try:
        name, separator, password = b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (unquote_plus(name), unquote_plus(password)) if separator and "\0" not in name else ("", "")


def _form(data: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise OAuthError(f"The form is no UTF-8 text, or has more than {MAX_FIELDS} fields.") from None
    if len({name for name, _ in pairs}) < len(pairs):
        raise OAuthError("A field stands in the form more than once; send each once.")
    sent: dict[str, Any] = {}
    for name, value in pairs:
        match = _NESTED.fullmatch(name)
        if match is None:
            sent[name] = value
        elif isinstance(sent.setdefault(_LOOKUP, {}), dict):
            sent[_LOOKUP][match[1] or match[2]] = value
    return sent


def _json(data: bytes) -> dict[str, Any]:
    try:
        sent = decode(data.removeprefix(b"\xef\xbb\xbf"))
    except BadInput as error:
        raise OAuthError(error.detail) from None
    if not isinstance(sent, dict):
        raise OAuthError("The body is not a JSON object; send {...}.")
    return {name: value for name, value in sent.items() if value is not None}
