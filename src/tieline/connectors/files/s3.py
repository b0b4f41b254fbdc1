"""Amazon S3, and what speaks its protocol (MinIO, Cloudflare R2, Wasabi, Ceph, Google's XML API ...)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import escape
from typing import Any

from tieline.connectors.files.base import Entry, Opening, register
from tieline.connectors.files.errors import (
    FileDenied,
    FileMissing,
    StorageFull,
    StorageLoginRefused,
    StorageRefused,
    StorageUnavailable,
)
from tieline.connectors.files.objects import ObjectStorage
from tieline.connectors.files.sigv4 import EMPTY, Key, canonical_query, signed
from tieline.connectors.files.web_calls import endpoint, quoted, whole_number
from tieline.connectors.manifest.xmlread import Node, XmlRefused, read_xml
from tieline.core import clock
from tieline.core.errors import BadInput, TielineError
from tieline.security.egress import Response

_IN_HOST = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_LOGIN = frozenset(
    {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "InvalidToken",
        "InvalidSecurity",
        "TokenRefreshRequired",
        "AccountProblem",
        "NotSignedUp",
    }
)
_LATER = frozenset(
    {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "RequestTimeTooSkewed"}
)
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientCapacity", "InsufficientStorage"})


@register
class S3Storage(ObjectStorage):
    """``addressing``: virtual (the bucket is part of the host's name) or path; path where an endpoint is given."""

    kind = "s3"
    default_endpoint = ""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        region = opening.text("region", self.region_of(opening))
        if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", region):
            raise BadInput(f"region of the connection must be like eu-central-1, not {region[:40]!r}")
        self._key = Key(
            opening.text("access_key"), opening.text("secret_key"), region=region, token=opening.text("session_token")
        )
        given = opening.text("endpoint")
        default = self.default_endpoint or f"https://s3.{region}.amazonaws.com"
        scheme, host, base = endpoint(given, default)
        style = opening.text("addressing") or ("path" if given or self.default_endpoint else "virtual")
        if style not in ("virtual", "path"):
            raise BadInput(f"addressing of the connection must be virtual or path, not {style[:20]!r}")
        if style == "virtual" and _IN_HOST.fullmatch(self.bucket):
            host = f"{self.bucket}.{host}"
        else:
            base = f"{base}/{quoted(self.bucket)}"
        self._scheme, self._host, self._base = scheme, host, base

    @classmethod
    def origin(cls, answers: Mapping[str, Any]) -> str:
        return f"s3:{answers.get('endpoint') or 'amazonaws.com'}".lower()

    @staticmethod
    def region_of(opening: Opening) -> str:
        """The region where none was entered."""
        return "us-east-1"

    async def download(self, key: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return self._signed("GET", key, [], headers, EMPTY)

    async def head(self, key: str) -> Entry | None:
        answer = await self._call("HEAD", key)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self.told(answer.status, answer.body, key, answer.headers)
        return Entry(
            path=key,
            size=whole_number(answer.headers.get("Content-Length", "")),
            modified=http_moment(answer.headers.get("Last-Modified", "")),
            version=answer.headers.get("ETag", "").strip('"'),
        )

    async def some(
        self, prefix: str, delimiter: str, cursor: str | None, limit: int
    ) -> tuple[list[Entry], list[str], str | None]:
        query = [("list-type", "2"), ("prefix", prefix), ("max-keys", str(limit or 500))]
        query += [("delimiter", delimiter)] if delimiter else []
        query += [("continuation-token", cursor)] if cursor else []
        root = self._xml(await self._done("GET", "", query))
        keys = [
            Entry(
                path=_text(one, "Key"),
                size=whole_number(_text(one, "Size")),
                modified=iso_moment(_text(one, "LastModified")),
                version=_text(one, "ETag").strip('"'),
            )
            for one in root.all("Contents")
        ]
        folders = [_text(one, "Prefix") for one in root.all("CommonPrefixes")]
        more = _text(root, "IsTruncated") == "true"
        return keys, folders, (_text(root, "NextContinuationToken") or None) if more else None

    async def put(self, key: str, data: bytes) -> None:
        await self._done("PUT", key, [], data)

    async def begin(self, key: str) -> str:
        found = _text(self._xml(await self._done("POST", key, [("uploads", "")], b"")), "UploadId")
        if not found:
            raise StorageRefused(f"{self._host} began no upload in parts")
        return found

    async def put_part(self, key: str, upload: str, number: int, data: bytes) -> str:
        answer = await self._done("PUT", key, [("partNumber", str(number)), ("uploadId", upload)], data)
        return answer.headers.get("ETag", "")

    async def finish(self, key: str, upload: str, parts: Sequence[str]) -> None:
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(tag)}</ETag></Part>"
            for number, tag in enumerate(parts, 1)
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        await self._done("POST", key, [("uploadId", upload)], body, says=True)

    async def abandon(self, key: str, upload: str) -> None:
        await self._call("DELETE", key, [("uploadId", upload)])

    async def copy_key(self, source: str, target: str) -> None:
        headers = {"x-amz-copy-source": f"/{quoted(self.bucket)}/{quoted(source)}"}
        await self._done("PUT", target, [], b"", headers, says=True)

    async def remove(self, key: str) -> None:
        answer = await self._call("DELETE", key)
        if answer.status not in (200, 204, 404):
            raise self.told(answer.status, answer.body, key, answer.headers)

    def _signed(
        self, method: str, key: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], payload: str
    ) -> tuple[str, dict[str, str]]:
        path = f"{self._base}/{quoted(key)}"
        sent = signed(self._key, clock.now(), method, self._host, path, query, headers, payload)
        tail = f"?{canonical_query(query)}" if query else ""
        return f"{self._scheme}://{self._host}{path}{tail}", sent

    async def _call(
        self,
        method: str,
        key: str,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        given = {**(headers or {}), **({"Content-Type": "application/octet-stream"} if body is not None else {})}
        payload = EMPTY if not body else hashlib.sha256(body).hexdigest()
        url, sent = self._signed(method, key, query, given, payload)
        return await self.web.call(method, url, sent, body)

    async def _done(
        self,
        method: str,
        key: str,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        says: bool = False,
    ) -> Response:
        """A call that must succeed. ``says``: a 200 may still hold an error, as it begins before the work is done."""
        answer = await self._call(method, key, query, body, headers)
        if answer.status not in (200, 201, 204) or (says and b"<Error" in answer.body[:2000]):
            raise self.told(answer.status, answer.body, key, answer.headers)
        return answer

    def _xml(self, answer: Response) -> Node:
        try:
            return read_xml(answer.body)
        except XmlRefused as error:
            raise StorageUnavailable(f"{self._host} answered with {error}") from None

    def told(self, status: int, body: bytes, path: str, headers: Mapping[str, str]) -> TielineError:
        code = ""
        with suppress(XmlRefused):
            root = read_xml(body) if body.strip() else None
            code = _text(root, "Code")[:60] if root is not None else ""
        said = f"{self._host} answered {status}{f' {code}' if code else ''}"
        if code in _LOGIN or status == 401:
            return StorageLoginRefused(f"{said}; check the access key, its secret and the region")
        if code == "AuthorizationHeaderMalformed" or status in (301, 307) or code == "PermanentRedirect":
            region = headers.get("x-amz-bucket-region", "")
            hint = f"the bucket is in the region {region}" if region else "check region and endpoint of the connection"
            return StorageRefused(f"{said}: {hint}")
        if code in _FULL or status == 507:
            return StorageFull(f"{said}: there is no room for {path!r}")
        if code in _LATER or status in (429, 500, 502, 503, 504) or status == 200:
            return StorageUnavailable(f"{said}; it may work later")
        if code == "NoSuchBucket":
            return StorageRefused(f"{said}: there is no bucket {self.bucket!r}")
        if status == 404:
            return FileMissing(f"{said}: there is no {path!r} in {self.bucket}")
        if status == 403:
            return FileDenied(f"{said}: the access key may not do this with {path!r}")
        return StorageRefused(f"{said} for {path!r}")


def http_moment(text: str) -> datetime | None:
    """An HTTP date (RFC 9110 section 5.6.7), or None."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def iso_moment(text: str) -> datetime | None:
    """An RFC 3339 moment to the second, or None."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def _text(node: Node, name: str) -> str:
    found = node.first(name)
    return found.text.strip() if found is not None else ""
