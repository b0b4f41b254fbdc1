"""A bare HTTP client for the tests of the sandbox: one connection a call, nothing retried, nothing followed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode, urlsplit

from tieline.sandbox import Running


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """``prefix`` stands before every path; ``headers`` go with every call."""

    url: str
    prefix: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        timeout: float = 10,
        **query: Any,
    ) -> Answer:
        """``body`` is sent as JSON; ``raw`` as it is. A header that is None is left out."""
        place = urlsplit(self.url)
        sent = {"Content-Type": "application/json"} if body is not None or raw is not None else {}
        sent |= self.headers | (headers or {})
        data = raw if body is None else json.dumps(body).encode()
        target = self.prefix + path + (f"?{urlencode(query)}" if query else "")
        connection = HTTPConnection(place.hostname or "", place.port, timeout=timeout)
        answer: HTTPResponse | None = None
        try:
            connection.request(method, target, data, {k: v for k, v in sent.items() if v})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            if answer is not None:
                answer.close()
            connection.close()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a 200."""
        found = self.call("GET", path, **query)
        assert found.status == 200, found.body
        return found.json

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """The JSON of a 201; a header's underscores stand for hyphens."""
        found = self.call("POST", path, body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        assert found.status == 201, found.body
        return found.json


def gather_of(sandbox: Running) -> Client:
    return Client(sandbox.events.url, "/v1", {sandbox.events.api_key_header: sandbox.events.api_key})


def dialbook_of(sandbox: Running) -> Client:
    """With a token of its own."""
    token = token_of(sandbox).json["access_token"]
    return Client(sandbox.telephony.url, "/api/v2", {"Authorization": f"Bearer {token}"})


def token_of(sandbox: Running, **form: str) -> Answer:
    """The token endpoint's answer to the demo client's credentials in the form."""
    product = sandbox.telephony
    fields = {
        "grant_type": "client_credentials",
        "client_id": product.client_id,
        "client_secret": product.client_secret,
    }
    return Client(product.url).call(
        "POST",
        "/oauth/token",
        raw=urlencode(fields | form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
