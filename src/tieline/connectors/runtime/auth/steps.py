"""Logins and credentials that a manifest declares as steps: kinds ``session`` and ``custom``.

Requests run in their order, when there is no session or the API refuses it; what they extract is kept in the token
store, so that all workers share one session. Injections are put into each request to the API.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

from msgspec import UNSET, Struct, field

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.authsteps import AuthStep, StepRequest
from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime import times
from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.auth.base import Headers, Refusal, Surroundings, for_templates, put, register
from tieline.connectors.runtime.auth.clock import Clock
from tieline.connectors.runtime.auth.held import Held
from tieline.connectors.runtime.auth.jwts import claims_of, key_of, signed
from tieline.connectors.runtime.auth.signing import Moment, of_request
from tieline.connectors.runtime.auth.template import Names, Value, compiled, rendered
from tieline.connectors.runtime.auth.token_answers import seconds
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.connectors.runtime.judge import message
from tieline.connectors.runtime.origins import origin_of
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.tokens import Made, TokenReply
from tieline.core import json
from tieline.core.errors import BadInput, Misconfigured

_STEPS: Final = 20
_LONGEST_VALUE: Final = 20_000
_CONTROL: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_UNITS: Final = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "milliseconds": 0.001}


class _Login(Struct):
    """One login while it runs."""

    values: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)  # by origin
    begun: datetime | None = None
    expires: datetime | None = None

    def __repr__(self) -> str:
        return f"_Login({sorted(self.values)})"


class _Quoted:
    """A scope for addresses: every value stays in the path segment or query parameter that it stands in."""

    __slots__ = ("_names",)

    def __init__(self, names: Names) -> None:
        self._names = names

    def look_up(self, name: str) -> Value | None:
        value = self._names.look_up(name)
        if value is None:
            return None
        text = quote(value, safe="-_~.")
        return text if text not in (".", "..") else text.replace(".", "%2E")


@register("session")
class Stepped(Held):
    """Runs the method's steps. Raises Misconfigured for templates and places that are not valid."""

    def __init__(self, method: AuthMethod, account: Account, around: Surroundings) -> None:
        super().__init__(method, account, around)
        if len(method.steps) > _STEPS:
            raise Misconfigured(f"the auth method {method.id!r} has more than {_STEPS} steps")
        self._logins = [step for step in method.steps if step.request is not UNSET]
        self._lets = {name: compiled(text) for step in method.steps for name, text in step.let.items()}
        self._injects = [(one, compiled(one.value)) for step in method.steps for one in step.inject]
        self.clock = Clock()
        self._parsed: tuple[str, dict[str, str]] = ("", {})
        self._check()

    def _check(self) -> None:
        if not self._injects:
            raise Misconfigured(f"the auth method {self.method.id!r} has no step that injects what its login gives")
        for step in self.method.steps:
            if step.request is UNSET and (step.extract or step.expires_in or step.expires_at):
                raise Misconfigured(f"the auth method {self.method.id!r} extracts from a step without a request")
            for text in (step.expires_in, step.expires_at):
                compiled(text)

    async def apply(self, request: Request) -> None:
        held: dict[str, str] = {}
        if self._logins:
            token = await self.token(request)
            if self._parsed[0] != token.value:
                self._parsed = (token.value, json.loads(token.value))
            held = self._parsed[1]
        for one, _ in self._injects:
            if one.location == "query":
                request.set_query(one.name, None)  # of an earlier attempt: it must not be signed
        names = self._of_request(request, held)
        for one, template in self._injects:
            put(request, one.location, one.name, template.text(names))

    async def refused(self, request: Request, message: str, headers: Headers) -> Refusal:
        """A new login; without one, another signature where the server's clock differs from ours."""
        if self._logins:
            return await super().refused(request, message, headers)
        return "replaced" if self.clock.learn(headers) else ""

    async def fetch(self, old: StoredToken | None) -> StoredToken:
        """One login from its beginning."""
        login = _Login()
        for step in self._logins:
            assert step.request is not UNSET
            reply = await self._ask(step.request, login)
            login.begun = login.begun or reply.asked_at
            for name, source in step.extract.items():
                login.values[name] = self._extracted(name, source, reply, login)
            self._expiry(step, reply, login)
        token = StoredToken(value=json.dumps(login.values).decode(), expires_at=login.expires)
        if login.begun is not None:
            token.obtained_at = login.begun
        return token

    async def _ask(self, asked: StepRequest, login: _Login) -> TokenReply:
        names = self._of_login(login)
        url = self._url(asked, names)
        origin = origin_of(url)

        def make() -> Made:
            headers = {name.lower(): compiled(text).text(names) for name, text in asked.headers.items()}
            headers.setdefault("accept", "application/json, */*;q=0.5")
            if jar := login.cookies.get(origin):
                headers.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in jar.items()))
            body: bytes | None = None
            if asked.json is not UNSET:
                body = json.dumps(rendered(asked.json, names))
                headers.setdefault("content-type", "application/json")
            elif isinstance(asked.form, dict):
                body = urlencode({name: compiled(text).text(names) for name, text in asked.form.items()}).encode()
                headers.setdefault("content-type", "application/x-www-form-urlencoded")
            elif asked.body:
                body = compiled(asked.body).text(names).encode()
                headers.setdefault("content-type", "text/plain; charset=utf-8")
            return body, _clean(headers)

        reply = await self.around.fetch(url, make, method=asked.method)
        _keep_cookies(login.cookies.setdefault(origin, {}), reply.cookies)
        if reply.status not in asked.status if asked.status else reply.status >= 400:
            raise ReconnectNeeded(f"{self._server()} refuses the login ({self._said(reply, login)}); connect again")
        return reply

    def _url(self, asked: StepRequest, names: Names) -> str:
        """The host comes from the manifest and the connection's settings alone."""
        parts = re.match(r"(?i)(https?://[^/?#]*)?(.*)\Z", asked.url, re.DOTALL)
        assert parts is not None
        path = compiled(parts[2]).text(_Quoted(names))
        if not parts[1] and (path.startswith("//") or urlsplit(urljoin("http://x/", path)).netloc != "x"):
            raise BadInput("the address of a login step must be a path or begin with https:// and a host")
        url = self.around.base.of_token((parts[1] or "") + path)
        query = urlencode({name: compiled(text).text(names) for name, text in asked.query.items()}, quote_via=quote)
        return f"{url}{'&' if '?' in url else '?'}{query}" if query else url

    def _extracted(self, name: str, source: str, reply: TokenReply, login: _Login) -> str:
        value = _taken(source, reply, login)
        if value is None or value == "":
            raise ReconnectNeeded(
                f"{self._server()} gives no {name!r} at {source[:80]!r} ({self._said(reply, login)}); connect again"
            )
        if len(value) > _LONGEST_VALUE or _CONTROL.search(value):
            raise ReconnectNeeded(f"{self._server()} gives a {name!r} that is too long or holds control characters")
        return value

    def _expiry(self, step: AuthStep, reply: TokenReply, login: _Login) -> None:
        names = self._of_login(login)
        until: datetime | None = None
        if step.expires_in:
            life = seconds(compiled(step.expires_in).text(names))
            until = reply.asked_at + timedelta(seconds=life * _UNITS[step.expires_unit]) if life is not None else None
        elif step.expires_at:
            until = times.parse(compiled(step.expires_at).text(names))
        if until is not None:
            login.expires = until if login.expires is None else min(until, login.expires)

    def _of_login(self, login: _Login) -> Names:
        moment = Moment(self.clock.seconds())
        return Names(
            login.values,
            self._lets,
            more=lambda name: self._more(name, moment, login.values),
            last=for_templates(self),
        )

    def _of_request(self, request: Request, held: dict[str, str]) -> Names:
        moment = Moment(self.clock.seconds())

        def more(name: str) -> Value | None:
            found = self._more(name, moment, held)
            return of_request(name, request) if found is None else found

        return Names(held, self._lets, more=more, last=for_templates(self))

    def _more(self, name: str, moment: Moment, held: dict[str, str]) -> Value | None:
        if name == "jwt" and self.method.claims:
            names = Names(held, *for_templates(self))
            claims, _ = claims_of(self.method, names, {}, offset=self.clock.offset)
            return signed(self.method, key_of(self.method, names), claims, names)
        return moment.look_up(name)

    def _said(self, reply: TokenReply, login: _Login) -> str:
        text = message(reply.body) or f"status {reply.status}"
        for secret in (*self.account.secrets.values(), *login.values.values()):
            if len(secret) >= 4:
                text = text.replace(secret, "***")
        return text

    def _server(self) -> str:
        return self.account.manifest.title or repr(self.account.manifest.name)


@register("custom")
class Custom(Stepped):
    """Several credentials at once, each in the place that its field names, and steps where that is not all."""

    def _check(self) -> None:
        if self.method.steps:
            super()._check()
        elif not self.method.fields or any(one.location is UNSET for one in self.method.fields):
            raise Misconfigured(
                f"the auth method {self.method.id!r} has neither steps nor a place for each of its fields"
            )


def _taken(source: str, reply: TokenReply, login: _Login) -> str | None:
    kind, _, rest = source.partition(":")
    if source.startswith("$"):
        value: Any = paths.get(reply.body, source)
        if isinstance(value, str):
            return value
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    if kind == "header":
        return reply.headers.get(rest.strip().lower())
    if kind == "cookie":
        return next((jar[rest.strip()] for jar in login.cookies.values() if rest.strip() in jar), None)
    if source == "cookies":
        return "; ".join(f"{name}={value}" for jar in login.cookies.values() for name, value in jar.items())
    if source == "body":
        return reply.text.strip()
    if kind == "between":
        before, _, after = rest.partition("|")
        start = reply.text.find(before) if before else -1
        end = reply.text.find(after, start + len(before)) if start >= 0 and after else -1
        return reply.text[start + len(before) : end] if end >= 0 else None
    raise Misconfigured(
        f"{source[:60]!r} is no place in an answer; use a $-path, header:NAME, cookie:NAME, cookies, body or"
        " between:A|B"
    )


def _keep_cookies(jar: dict[str, str], given: tuple[str, ...]) -> None:
    """RFC 6265 section 5.2, of one origin and for the length of a login."""
    for line in given[:50]:
        pair, _, attributes = line.partition(";")
        name, equals, value = pair.partition("=")
        if not equals or not name.strip() or len(line) > 8192:
            continue
        if re.search(r"(?i)max-age\s*=\s*(0|-\d+)\s*(;|$)", attributes):
            jar.pop(name.strip(), None)
        else:
            jar[name.strip()] = value.strip()


def _clean(headers: dict[str, str]) -> dict[str, str]:
    probe = Request("GET", "http://header.invalid")
    for name, value in headers.items():
        probe.set_header(name, value)
    return probe.headers
