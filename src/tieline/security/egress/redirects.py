"""What a redirect may carry on (RFC 9110 section 15.4).

Within one origin a hop keeps everything. To another origin only headers known to be harmless travel: libraries drop
``Authorization`` and ``Cookie`` and forward ``X-Api-Key``, and no list of bad names is ever complete.
"""

from __future__ import annotations

from collections.abc import Collection

from tieline.security.egress.errors import EgressDenied
from tieline.security.egress.urls import Target
from tieline.security.redact import looks_secret

Headers = list[tuple[str, str]]

FOLLOWED = frozenset((301, 302, 303, 307, 308))

_PORTABLE = frozenset(
    (
        "accept",
        "accept-charset",
        "accept-language",
        "accept-encoding",
        "user-agent",
        "content-type",
        "content-encoding",
        "content-language",
        "content-disposition",
        "content-md5",
        "content-digest",
        "repr-digest",
        "digest",
        "range",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
        "if-range",
        "cache-control",
        "pragma",
        "prefer",
        "soapaction",
        "date",
        "from",
        "traceparent",
        "tracestate",
        "idempotency-key",
        "x-idempotency-key",
        "x-request-id",
        "x-correlation-id",
    )
)
_OF_THE_BODY = frozenset(
    (
        "content-type",
        "content-length",
        "content-encoding",
        "content-language",
        "content-location",
        "content-disposition",
        "content-md5",
        "content-digest",
        "repr-digest",
        "digest",
        "transfer-encoding",
    )
)


def next_method(method: str, status: int) -> str:
    """303 asks for a GET; 301 and 302 turn a POST into a GET as every client does; 307 and 308 keep the method."""
    if status == 303:
        return "HEAD" if method == "HEAD" else "GET"
    if status in (301, 302) and method == "POST":
        return "GET"
    return method


def next_headers(
    headers: Headers,
    source: Target,
    target: Target,
    *,
    keep_body: bool,
    has_body: bool,
    secret_headers: Collection[str],
) -> Headers:
    """The headers of the next hop. Raises ``EgressDenied`` when it would put a secret or a body into clear text."""
    if not keep_body:
        headers = [(name, value) for name, value in headers if name.lower() not in _OF_THE_BODY]
    if source.origin == target.origin:
        return headers
    secret = {name.lower() for name in secret_headers}
    if source.scheme == "https" and target.scheme == "http":
        carried = next((name for name, _ in headers if name.lower() in secret or looks_secret(name)), None)
        if carried is not None or (has_body and keep_body):
            what = f"the header {carried}" if carried is not None else "a body"
            raise EgressDenied(
                f"{source.host} redirects a call that carries {what} from https to http at {target.host}; "
                "this is refused because anybody on the way could read it."
            )
    return [(name, value) for name, value in headers if name.lower() in _PORTABLE and name.lower() not in secret]
