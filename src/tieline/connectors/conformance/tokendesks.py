"""Desks that give out tokens: OAuth 2.0, logins declared as steps, and tokens that the client signs itself."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from msgspec import UNSET

from tieline.connectors.conformance.desks import Desk, add, sent, serves
from tieline.connectors.conformance.messages import Received, Reply, answer, parts_of
from tieline.connectors.conformance.places import PLACE, in_path
from tieline.connectors.conformance.requests import Carried
from tieline.connectors.conformance.server import HOST
from tieline.connectors.conformance.shapes import put
from tieline.connectors.manifest.authsteps import AuthStep
from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime import StoredToken
from tieline.core import json
from tieline.core.clock import now

LIFE: Final = 3600
_FAR: Final = "2999-01-01T00:00:00Z"
_TEMPLATE: Final = re.compile(r"\{[^{}]*\}")
_TOKEN_PATH: Final = "/tl-token"  # noqa: S105  where a discovery document of the mock leads


def _value(number: int) -> str:
    return f"sample-access-token-{number}"


@serves("oauth2")
class TokenDesk(Desk):
    """Gives out tokens, and takes only the last one."""

    renewable = True

    @property
    def can_refresh(self) -> bool:
        return self.method.grants != ["implicit"]

    def first_token(self) -> StoredToken | None:
        """Grants that need a person begin with the token that his consent has brought."""
        if not self.method.grants or self.method.grants[0] in (
            *("client_credentials", "password", "jwt_bearer", "token_exchange", "refresh_token"),
        ):
            return None
        self.handed_out += 1
        return StoredToken(
            value=_value(self.handed_out),
            expires_at=now() + timedelta(seconds=LIFE),
            refresh_token=f"refresh-{self.handed_out}" if self.can_refresh else "",
        )

    def carried(self) -> Carried:
        names = super().carried()
        if self.method.location == "query":
            names.query.add(self.method.name or "access_token")
        else:
            names.headers.add((self.method.name or "authorization").lower())
        return names

    def own_problem(self, received: Received) -> str:
        if not self.handed_out or self.revoked:
            return "the access token is revoked" if self.handed_out else "no access token was asked for"
        if self.method.location == "query":
            given, prefix = received.param(self.method.name or "access_token"), ""
        else:
            given = received.headers.get((self.method.name or "authorization").lower())
            prefix = self.method.prefix or "Bearer "
        return (
            ""
            if given == (prefix + _value(self.handed_out)).strip()
            else "the access token is missing or not the last one"
        )

    def serve(self, received: Received) -> Reply | None:
        if self.method.discovery_url and same_path(received, self.method.discovery_url):
            here = f"http://{HOST}:{received.port}"
            return answer({"issuer": here, "token_endpoint": here + _TOKEN_PATH, "authorization_endpoint": here})
        known = [self.method.token_url, self.method.refresh_url, _TOKEN_PATH if self.method.discovery_url else ""]
        if received.method != "POST" or not any(same_path(received, url) for url in known):
            return None
        given = _form(received)
        if why := self._refusal(given, received):
            return answer({"error": why[0], "error_description": why[1]}, 400)
        self.handed_out += 1
        self.revoked = False
        body = {
            "access_token": _value(self.handed_out),
            "token_type": "Bearer",
            "expires_in": LIFE,
            "refresh_token": f"refresh-{self.handed_out}",
        }
        return answer(body)

    def _refusal(self, given: dict[str, Any], received: Received) -> tuple[str, str] | None:
        if not given.get("grant_type"):
            return "invalid_request", "the token request names no grant_type"
        spent = {f"refresh-{self.handed_out}", self.answers.get("refresh_token")}
        if given["grant_type"] == "refresh_token" and given.get("refresh_token") not in spent:
            return "invalid_grant", "the refresh token is not the last one"
        client = str(given.get("client_id") or "")
        header = received.headers.get("authorization", "")
        if header.startswith("Basic "):
            try:
                client = unquote_plus(b64decode(header[6:]).decode().partition(":")[0])
            except ValueError:
                client = ""
        if not client and not given.get("client_assertion") and not given.get("assertion"):
            return "invalid_client", "the token request does not say which client asks"
        lacking = [name for name in self.method.token_params if name not in given]
        return ("invalid_request", f"the token request lacks {lacking[0]!r}") if lacking else None


@serves("session", "custom", "hmac")
class StepDesk(Desk):
    """Plays the server of a method's steps: logins that give what is extracted, and requests that carry what is
    injected.
    """

    def __init__(self, method: AuthMethod) -> None:
        super().__init__(method)
        self._logins = [step for step in method.steps if step.request is not UNSET]
        self._last = len(self._logins) - 1
        self.renewable = bool(self._logins)

    def carried(self) -> Carried:
        names = super().carried()
        for step in self.method.steps:
            for one in step.inject:
                add(names, one.location, one.name)
                names.any_cookie = names.any_cookie or one.name.lower() == "cookie"
        return names

    def own_problem(self, received: Received) -> str:
        if self._logins and (self.revoked or not self.handed_out):
            return "the session is over" if self.handed_out else "nobody has logged in"
        for step in self.method.steps:
            for one in step.inject:
                if str(one.location) not in ("header", "query", "cookie"):
                    if one.name.rpartition("/")[2].encode() not in received.body:
                        return f"{one.name!r} is not in the body"
                elif not sent(received, one.location, one.name):
                    return f"{one.name!r} in the {one.location} is missing"
        return ""

    def serve(self, received: Received) -> Reply | None:
        if self.handed_out and not self.revoked:
            return None  # a SOAP server may log in at the address of its other calls
        for number, step in enumerate(self._logins):
            if step.request is not UNSET and is_step(received, step.request.url, step.request.method):
                if number == self._last:
                    self.handed_out += 1
                    self.revoked = False
                return self._reply(step)
        return None

    def _reply(self, step: AuthStep) -> Reply:
        """An answer in which everything is where the step looks for it."""
        assert step.request is not UNSET
        body: Any = {}
        headers: dict[str, str] = {"set-cookie": f"session={_value(self.handed_out)}; Path=/"}
        text = ""
        for name, source in step.extract.items():
            value = self._extract(name, step)
            kind, _, rest = source.partition(":")
            if source.startswith("$"):
                body = put(body, source, value)
            elif kind == "header":
                headers[rest.strip()] = value
            elif kind == "cookie":
                headers["set-cookie"] = f"{rest.strip()}={value}; Path=/"
            elif kind == "between":
                before, _, after = rest.partition("|")
                text += before + value + after
            elif source == "body":
                text = value
        status = step.request.status[0] if step.request.status else 200
        if text:
            return Reply(status=status, headers={"content-type": "text/plain", **headers}, body=text.encode())
        return answer(body, status, headers)

    def _extract(self, name: str, step: AuthStep) -> str:
        if f"{{{name}" in step.expires_in:
            return str(LIFE)
        return _FAR if f"{{{name}" in step.expires_at else _value(self.handed_out)


@serves("jwt_bearer")
class SignedDesk(Desk):
    """Takes compact JWTs (RFC 7519); one that was refused is not taken again."""

    renewable = True

    def __init__(self, method: AuthMethod) -> None:
        super().__init__(method)
        self._seen: list[str] = []
        self._refused: set[str] = set()

    def carried(self) -> Carried:
        names = super().carried()
        if self.method.location == "query":
            names.query.add(self.method.name or "jwt")
        else:
            names.headers.add((self.method.name or "authorization").lower())
        return names

    def own_problem(self, received: Received) -> str:
        if self.method.location == "query":
            token = received.param(self.method.name or "jwt") or ""
        else:
            given = received.headers.get((self.method.name or "authorization").lower(), "")
            token = given.removeprefix(self.method.prefix or "Bearer ")
        if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token):
            return "the request carries no JSON Web Token"
        if token in self._refused:
            return "the token was refused before"
        if token not in self._seen:
            self._seen.append(token)
            self.handed_out += 1
        return ""

    def revoke(self) -> None:
        self._refused |= set(self._seen)


def same_path(received: Received, url: str) -> bool:
    return bool(url) and received.path.rstrip("/") == parts_of(url).path.rstrip("/")


def is_step(received: Received, url: str, method: str) -> bool:
    """Whether a request is that of a step, whose path may hold templates, below any base."""
    path = _TEMPLATE.sub(PLACE, parts_of(url).path or url.partition("?")[0]).strip("/")
    count = path.count("/") + 1
    for shown in (received.path, received.path.removesuffix("/")):
        _, *last = shown.rsplit("/", count)
        if len(last) == count and in_path(path, "/".join(last)) is not None:
            return received.method == method
    return False


def _form(received: Received) -> dict[str, Any]:
    if received.content_type == "application/json":
        try:
            found = json.loads(received.body)
        except msgspec.DecodeError:
            return {}
        return found if isinstance(found, dict) else {}
    return dict(parse_qsl(received.body.decode("utf-8", "replace"), keep_blank_values=True))
