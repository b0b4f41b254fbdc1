from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from tests.connectors.importers.support import THING, imported, obj, only, op, spec
from tieline.connectors.manifest.model import RateBudget

KEY = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}


@pytest.mark.parametrize(
    "method, path, operation, kind, header",
    [
        ("POST", "/a", {**op(THING), "parameters": [KEY]}, "header", "Idempotency-Key"),
        (
            "POST",
            "/a",
            {**op(THING), "parameters": [{**KEY, "name": "x-idempotency-key"}]},
            "header",
            "x-idempotency-key",
        ),
        (
            "POST",
            "/a",
            {**op(THING), "parameters": [{**KEY, "name": "PayPal-Request-Id", "description": "For idempotency"}]},
            "header",
            "PayPal-Request-Id",
        ),
        ("POST", "/a", op(THING, description="Send an `Idempotency-Key` header."), "header", "Idempotency-Key"),
        ("PUT", "/a/{id}", op(THING), "upsert", "Idempotency-Key"),
        ("POST", "/contacts", op(THING, id="upsertContact"), "upsert", "Idempotency-Key"),
        (
            "POST",
            "/contacts",
            {
                **op(THING, id="createContact"),
                "responses": {"201": {"description": "ok"}, "409": {"description": "Already exists"}},
            },
            "natural_key",
            "Idempotency-Key",
        ),
    ],
)
def test_what_makes_a_write_safe_to_repeat(
    method: str, path: str, operation: dict[str, Any], kind: str, header: str
) -> None:
    block = only(method, path, operation)
    assert block.idempotency is not UNSET
    assert (block.idempotency.kind, block.idempotency.header) == (kind, header)
    assert block.facts["idempotency"].evidence
    assert "idempotency_key" not in [one.id for one in block.inputs]


@pytest.mark.parametrize(
    "method, operation",
    [
        ("POST", op(THING)),
        ("GET", {**op(THING), "parameters": [KEY]}),
        ("POST", {**op(THING), "responses": {"201": {"description": "ok"}, "409": {"description": "Conflict"}}}),
    ],
)
def test_what_does_not(method: str, operation: dict[str, Any]) -> None:
    assert only(method, "/a", operation).idempotency is UNSET


def test_a_promise_in_the_introduction_holds_for_all() -> None:
    info = {"title": "x", "version": "1", "description": "Every POST may carry an `Idempotency-Key` header."}
    manifest = imported(spec({"/a": {"post": op(THING)}}, info=info))
    assert manifest.idempotency is not UNSET
    assert manifest.facts["idempotency"].confidence < 0.7


def rate(description: str, **more: Any) -> RateBudget | None:
    info = {"title": "x", "version": "1", "description": description}
    found = imported(spec({"/a": {"get": op(THING, **more)}}, info=info)).rate
    return None if found is UNSET else found


@pytest.mark.parametrize(
    "said, calls, seconds",
    [
        ("The rate limit is 100 requests per minute.", 100, 60),
        ("You are limited to 5,000 requests per hour.", 5000, 3600),
        ("Rate limits: 10 requests/second", 10, 1),
        ("up to 40 calls every 10 seconds, else 429", 40, 10),
        ("Limit: 1k API calls per day", 1000, 86_400),
        ("Limits: 20 requests per second and 1000 requests per minute", 1000, 60),
    ],
)
def test_limits_in_words(said: str, calls: int, seconds: float) -> None:
    found = rate(said)
    assert found is not None
    assert (found.calls, found.seconds) == (calls, seconds)
    assert found.facts["calls"].note and found.facts["calls"].confidence <= 0.7


@pytest.mark.parametrize(
    "said", ["We serve 3 million requests per day to happy users.", "", "Version 2 of 2023", "rate limit: fair use"]
)
def test_words_that_name_no_limit(said: str) -> None:
    assert rate(said) is None


def test_limits_in_headers() -> None:
    found = rate("", headers={"X-RateLimit-Limit": "", "X-RateLimit-Remaining": "", "X-RateLimit-Reset": ""})
    assert found is not None
    assert (found.calls, found.remaining_header, found.reset_header) == (
        0,
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
    )


def test_an_operation_may_have_a_limit_of_its_own() -> None:
    block = only("POST", "/search", op(obj(a="string"), description="Rate limit: 5 requests per minute."))
    assert block.rate is not UNSET and (block.rate.calls, block.rate.seconds) == (5, 60)
