"""AWS Signature Version 4 in the Authorization header, as S3 and what is compatible with it want it.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

EMPTY = hashlib.sha256(b"").hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Key:
    """Who signs, and for which region. ``token`` belongs to temporary credentials."""

    access: str
    secret: str = field(repr=False)
    region: str = "us-east-1"
    token: str = field(default="", repr=False)
    service: str = "s3"


def canonical_query(query: Sequence[tuple[str, str]]) -> str:
    """A query as it is signed, and as it must be sent."""
    pairs = sorted((quote(name, safe="-._~"), quote(value, safe="-._~")) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in pairs)


def signed(
    key: Key,
    moment: datetime,
    method: str,
    host: str,
    path: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    payload: str,
) -> dict[str, str]:
    """``headers`` and those that make the request valid. ``path`` is encoded already, ``payload`` the SHA-256 of the
    body in hexadecimal digits, ``host`` what the Host header will be."""
    stamp = moment.strftime("%Y%m%dT%H%M%SZ")
    sent = {**headers, "x-amz-date": stamp, "x-amz-content-sha256": payload}
    if key.token:
        sent["x-amz-security-token"] = key.token
    covered = {name.lower(): " ".join(value.split()) for name, value in {**sent, "host": host}.items()}
    names = ";".join(sorted(covered))
    lines = "".join(f"{name}:{covered[name]}\n" for name in sorted(covered))
    request = "\n".join((method, path or "/", canonical_query(query), lines, names, payload))
    scope = f"{stamp[:8]}/{key.region}/{key.service}/aws4_request"
    text = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    secret = f"AWS4{key.secret}".encode()
    for part in (stamp[:8], key.region, key.service, "aws4_request", text):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    sent["Authorization"] = (
        f"{_ALGORITHM} Credential={key.access}/{scope}, SignedHeaders={names}, Signature={secret.hex()}"
    )
    return sent
