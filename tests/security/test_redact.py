"""Secrets out of logs: by name, by shape, by value; and nothing else masked that a person needs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from tieline.security import redact
from tieline.security.tokens import new_token
from tieline.tenancy.keys import PREFIX


@pytest.fixture(autouse=True)
def clean_register() -> Iterator[None]:
    redact.forget_secrets()
    yield
    redact.forget_secrets()


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "api_key", "apiKey", "apikey",
        "X-Auth-Token", "accessToken", "refresh_token", "id-token", "client_secret", "clientSecret", "password",
        "passwd", "db_password", "passphrase", "private_key", "privateKeyPem", "X-Hub-Signature-256", "signature",
        "credentials", "Ocp-Apim-Subscription-Key", "session", "sessionId", "X-Amz-Security-Token", "jwt", "otp",
        "sig", "key", "X-Shopify-Access-Token", "auth", "bearerToken",
    ],
)  # fmt: skip
def test_names_of_credentials(name: str) -> None:
    assert redact.looks_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "Idempotency-Key", "primary_key", "primaryKey", "Content-Type", "Accept", "author", "keyboard", "monkey",
        "tokens", "authority", "compass", "key_id", "auth_method", "tokenType", "pinned", "design", "passenger",
        "page_token", "url", "status", "",
    ],
)  # fmt: skip
def test_names_that_only_sound_like_it(name: str) -> None:
    assert not redact.looks_secret(name)


def test_headers() -> None:
    masked = redact.mask_headers(
        [
            ("Authorization", "Bearer hunter2hunter2"),
            ("authorization", "hunter2hunter2"),
            ("X-Api-Key", "hunter2"),
            ("Cookie", "sid=hunter2"),
            ("X-Empty-Token", ""),
            ("Accept", "application/json"),
            ("Location", "https://x.test/?access_token=hunter2&page=2"),
        ]
    )
    assert masked == [
        ("Authorization", "Bearer ***"),
        ("authorization", "***"),
        ("X-Api-Key", "***"),
        ("Cookie", "***"),
        ("X-Empty-Token", ""),
        ("Accept", "application/json"),
        ("Location", "https://x.test/?access_token=***&page=2"),
    ]
    assert redact.mask_headers({"X-Api-Key": "hunter2"}) == [("X-Api-Key", "***")]


@pytest.mark.parametrize(
    "url, masked",
    [
        ("https://x.test/a?b=c", "https://x.test/a?b=c"),
        ("https://user:hunter2@x.test/", "https://***@x.test/"),
        ("https://x.test/?api_key=hunter2&q=1#hunter2", "https://x.test/?api_key=***&q=1"),
        ("https://x.test/?q=1&X-Amz-Signature=hunter2", "https://x.test/?q=1&X-Amz-Signature=***"),
        ("https://x.test/cb?code=hunter2&state=hunter2", "https://x.test/cb?code=***&state=***"),
        ("https://x.test/?apiKey=hunter2", "https://x.test/?apiKey=***"),
        ("https://x.test/?token=", "https://x.test/?token="),
        ("/relative?password=hunter2", "/relative?password=***"),
        ("", ""),
    ],
)
def test_urls(url: str, masked: str) -> None:
    assert redact.mask_url(url) == masked


def test_our_own_tokens_are_found_anywhere() -> None:
    token = new_token("tl_hook_")
    assert redact.mask_url(f"https://x.test/hooks/{token}") == "https://x.test/hooks/***"
    assert redact.mask_text(f"got {token}, refused") == "got ***, refused"


@pytest.mark.parametrize(
    "text, masked",
    [
        ("Bearer abcdefgh12345", "Bearer ***"),
        ("sent 'Authorization: Basic dXNlcjpwYXNz'", "sent 'Authorization: Basic ***'"),
        ("postgresql://tieline:hunter2@db:5432/x is down", "postgresql://***@db:5432/x is down"),
        ("GET https://x.test/?token=abc failed", "GET https://x.test/?token=*** failed"),
        ("nothing to see, 10:30@noon", "nothing to see, 10:30@noon"),
    ],
)
def test_shapes_in_free_text(text: str, masked: str) -> None:
    assert redact.mask_text(text) == masked


def test_registered_values_are_masked_in_every_form() -> None:
    redact.register_secrets("p@ss/wörd+1", "short", "", "longer p@ss/wörd+1 longer")
    for form in ("p@ss/wörd+1", "p%40ss%2Fw%C3%B6rd%2B1"):
        assert redact.mask_text(f"({form})") == "(***)"
    assert redact.mask_text("longer p@ss/wörd+1 longer") == "***"
    assert redact.mask_text("short words stay") == "short words stay"
    redact.forget_secrets()
    assert redact.mask_text("p@ss/wörd+1") == "p@ss/wörd+1"


def test_the_register_does_not_grow_for_ever() -> None:
    redact.register_secrets(*(f"secret-number-{number}" for number in range(20_000)))
    assert redact.mask_text("secret-number-19999") == "***"
    assert redact.mask_text("secret-number-3 ") != "*** "


@pytest.mark.parametrize(
    "name, value, masked",
    [
        ("password", "hunter2", "***"),
        ("password", "", ""),
        ("password", None, None),
        ("token", 7, 7),
        ("secret", True, True),
        ("credentials", {"user": "x", "pass": "hunter2"}, "***"),
        ("body", {"user": "x", "client_secret": "hunter2", "n": 1}, {"user": "x", "client_secret": "***", "n": 1}),
        ("list", [{"apiKey": "hunter2"}, ("Bearer hunter2hunter2",)], [{"apiKey": "***"}, ["Bearer ***"]]),
        ("raw", b"hunter2", "<7 bytes>"),
        ("url", "https://a:b@x.test", "https://***@x.test"),
        ("count", 5, 5),
        (5, "x", "x"),
    ],
)
def test_fields(name: Any, value: Any, masked: Any) -> None:
    assert redact.field(name, value) == masked


def test_endless_data_is_cut_off() -> None:
    loop: dict[str, Any] = {"password": "hunter2"}
    loop["again"] = [loop]
    assert "hunter2" not in repr(redact.mask_data(loop))


def test_the_original_is_left_alone() -> None:
    body = {"password": "hunter2", "inner": {"token": "x"}}
    redact.mask_data(body)
    assert body == {"password": "hunter2", "inner": {"token": "x"}}


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_data_can_be_masked(value: Any) -> None:
    redact.mask_data(value)


def test_as_a_processor_of_structlog() -> None:
    out = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(out),
        processors=[structlog.processors.format_exc_info, redact.redact_event, structlog.processors.JSONRenderer()],
    )
    redact.register_secrets("s3cr3t-value")
    try:
        raise RuntimeError("cannot use s3cr3t-value at https://u:p@x.test/")
    except RuntimeError:
        log.error(
            "failed for s3cr3t-value",
            api_key="k-1234567",
            headers={"Authorization": "Bearer abcdefghij"},
            tries=3,
            error=ValueError("s3cr3t-value"),
            exc_info=True,
        )
    text = out.getvalue()
    for secret in ("s3cr3t", "k-1234567", "abcdefghij", "u:p@"):
        assert secret not in text
    assert '"tries": 3' in text
    assert "RuntimeError: cannot use ***" in text


def test_an_api_key_of_ours_is_masked_wherever_it_stands() -> None:
    key = new_token(PREFIX)
    assert key not in redact.mask_text(f"somebody pasted {key} into a field")


@pytest.mark.parametrize("prefix", ["tl_key_", "tln_", "tlc_", "tls_", "tlh_"])
def test_every_token_of_ours_is_masked_also_in_a_path(prefix: str) -> None:
    token = new_token(prefix)
    assert redact.mask_text(f"GET /connect/{token}/status") == "GET /connect/***/status"
