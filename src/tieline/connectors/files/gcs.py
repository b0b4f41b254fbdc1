"""Google Cloud Storage: its JSON API with a service account, or its XML API, which is that of S3, with HMAC keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from tieline.connectors.files.base import Entry, Opening, Storage, register
from tieline.connectors.files.errors import (
    FileDenied,
    FileMissing,
    StorageFull,
    StorageLoginRefused,
    StorageRefused,
    StorageUnavailable,
)
from tieline.connectors.files.gcs_token import account_of, token_for
from tieline.connectors.files.objects import ObjectStorage
from tieline.connectors.files.s3 import S3Storage, iso_moment
from tieline.connectors.files.web_calls import endpoint, whole_number
from tieline.core.errors import TielineError
from tieline.security.egress import BadResponse, Response

ENDPOINT = "https://storage.googleapis.com"
_MOST_REWRITES = 1000
_UNIT = 256 * 1024  # bytes, of which all parts but the last are a multiple


class GcsHmacStorage(S3Storage):
    """The XML API (https://cloud.google.com/storage/docs/interoperability)."""

    kind = "gcs"
    default_endpoint = ENDPOINT

    @staticmethod
    def region_of(opening: Opening) -> str:
        return "auto"


@register
class GcsStorage(ObjectStorage):
    """The JSON API (https://cloud.google.com/storage/docs/json_api/v1)."""

    kind = "gcs"

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        scheme, host, base = endpoint(opening.text("endpoint"), ENDPOINT)
        self._address, self._host = f"{scheme}://{host}{base}", host
        self._account = account_of(opening.secret("service_account"))
        self._sessions: dict[str, int] = {}  # bytes so far
        self._last = b""

    @classmethod
    def open(cls, opening: Opening) -> Storage:
        return GcsHmacStorage(opening) if opening.method == "hmac" else cls(opening)

    @classmethod
    def origin(cls, answers: Mapping[str, Any]) -> str:
        return f"gcs:{answers.get('endpoint') or 'googleapis.com'}".lower()

    async def download(self, key: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return self._object(key, {"alt": "media"}), {**await self._headers(), **headers}

    async def head(self, key: str) -> Entry | None:
        answer = await self._call("GET", self._object(key, {"fields": "name,size,updated,generation"}))
        if answer.status == 404 and b"bucket" not in answer.body[:4000].lower():
            return None
        return _entry(self._json(self._checked(answer, key)))

    async def some(
        self, prefix: str, delimiter: str, cursor: str | None, limit: int
    ) -> tuple[list[Entry], list[str], str | None]:
        query = {"prefix": prefix, "maxResults": str(limit or 500)}
        query |= {"delimiter": delimiter} if delimiter else {}
        query |= {"pageToken": cursor} if cursor else {}
        url = f"{self._address}/storage/v1/b/{quote(self.bucket, safe='')}/o?{urlencode(query)}"
        found = self._json(self._checked(await self._call("GET", url), prefix))
        items, folders = found.get("items") or [], found.get("prefixes") or []
        following = found.get("nextPageToken")
        return [_entry(one) for one in items], [str(one) for one in folders], str(following) if following else None

    async def put(self, key: str, data: bytes) -> None:
        url = self._upload({"uploadType": "media", "name": key})
        self._checked(await self._call("POST", url, data), key)

    async def begin(self, key: str) -> str:
        answer = await self._call("POST", self._upload({"uploadType": "resumable", "name": key}), b"{}", json=True)
        session = self._checked(answer, key).headers.get("Location", "")
        if not session.startswith(f"{self._address}/"):
            raise StorageRefused(f"{self._host} wants the file at another address, which is not followed")
        self._sessions[session] = 0
        self._last = b""
        return session

    async def put_part(self, key: str, upload: str, number: int, data: bytes) -> str:
        at = self._sessions[upload]
        end = at + len(data)
        self._sessions[upload] = end
        if len(data) % _UNIT:
            # Only the last part may have any size; the call that brings it is the one that makes the file visible.
            self._last = data
            return str(end)
        answer = await self._call("PUT", upload, data, headers={"Content-Range": f"bytes {at}-{end - 1}/*"})
        if answer.status != 308:
            raise self.told(answer.status, answer.body, key, answer.headers)
        return str(end)

    async def finish(self, key: str, upload: str, parts: Sequence[str]) -> None:
        end, last = self._sessions.pop(upload), self._last
        told = f"bytes {end - len(last)}-{end - 1}/{end}" if last else f"bytes */{end}"
        self._checked(await self._call("PUT", upload, last, headers={"Content-Range": told}), key)

    async def abandon(self, key: str, upload: str) -> None:
        await self._call("DELETE", upload)

    async def copy_key(self, source: str, target: str) -> None:
        bucket = quote(self.bucket, safe="")
        base = self._object(source, {}).partition("?")[0] + f"/rewriteTo/b/{bucket}/o/{quote(target, safe='')}"
        query = ""
        for _ in range(_MOST_REWRITES):
            answer = await self._call("POST", f"{base}{query}", b"{}", json=True)
            found = self._json(self._checked(answer, source))
            if found.get("done") is not False:
                return
            query = "?" + urlencode({"rewriteToken": str(found.get("rewriteToken"))})
        raise StorageUnavailable(f"{self._host} did not finish the copy of {source!r}")

    async def remove(self, key: str) -> None:
        answer = await self._call("DELETE", self._object(key, {}))
        if answer.status not in (200, 204, 404):
            raise self.told(answer.status, answer.body, key, answer.headers)

    def _object(self, key: str, query: Mapping[str, str]) -> str:
        tail = f"?{urlencode(query)}" if query else ""
        return f"{self._address}/storage/v1/b/{quote(self.bucket, safe='')}/o/{quote(key, safe='')}{tail}"

    def _upload(self, query: Mapping[str, str]) -> str:
        return f"{self._address}/upload/storage/v1/b/{quote(self.bucket, safe='')}/o?{urlencode(query)}"

    async def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {await token_for(self.web, self._account)}"}

    async def _call(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        json: bool = False,
    ) -> Response:
        sent = {**await self._headers(), **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json" if json else "application/octet-stream"
        return await self.web.call(method, url, sent, body)

    def _checked(self, answer: Response, path: str) -> Response:
        if answer.status not in (200, 201, 204):
            raise self.told(answer.status, answer.body, path, answer.headers)
        return answer

    def _json(self, answer: Response) -> dict[str, Any]:
        try:
            found = answer.json()
        except BadResponse as error:
            raise StorageUnavailable(error.detail) from None
        if not isinstance(found, dict):
            raise StorageUnavailable(f"{self._host} answered with something that is no object")
        return found

    def told(self, status: int, body: bytes, path: str, headers: Mapping[str, str]) -> TielineError:
        said = f"{self._host} answered {status}"
        if status == 401:
            return StorageLoginRefused(f"{said}; check the service account")
        if status in (408, 429, 500, 502, 503, 504):
            return StorageUnavailable(f"{said}; it may work later")
        if status == 404:
            if b"bucket" in body[:4000].lower():
                return StorageRefused(f"{said}: there is no bucket {self.bucket!r}")
            return FileMissing(f"{said}: there is no {path!r} in {self.bucket}")
        if status == 507 or b"quotaExceeded" in body[:4000]:
            return StorageFull(f"{said}: there is no room for {path!r}")
        if status == 403:
            return FileDenied(f"{said}: the service account may not do this with {path!r}")
        return StorageRefused(f"{said} for {path!r}")


def _entry(one: Mapping[str, Any]) -> Entry:
    return Entry(
        path=str(one.get("name", "")),
        size=whole_number(str(one.get("size", ""))),
        modified=iso_moment(str(one.get("updated", ""))),
        version=str(one.get("generation", "")),
    )
