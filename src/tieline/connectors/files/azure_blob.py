"""Azure Blob Storage: block blobs, by shared key or shared access signature (SAS)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from email.utils import format_datetime
from html import escape
from typing import Any
from urllib.parse import parse_qsl, quote

from tieline.connectors.files.azure_key import authorization
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
from tieline.connectors.files.s3 import http_moment
from tieline.connectors.files.web_calls import endpoint, quoted, whole_number
from tieline.connectors.manifest.xmlread import Node, XmlRefused, read_xml
from tieline.core import clock
from tieline.core.errors import BadInput, TielineError
from tieline.core.ids import new_id
from tieline.security.egress import Response

VERSION = "2021-12-02"
_COPY_CHECKS = 600  # once a second
_LOGIN = frozenset({"AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation"})


@register
class AzureBlobStorage(ObjectStorage):
    """``account_key`` or ``sas`` identify us; ``endpoint`` is for other clouds, emulators and custom domains."""

    kind = "azure_blob"
    bucket_field = "container"

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._account = opening.text("account")
        if not re.fullmatch(r"[a-z0-9]{3,24}", self._account):
            raise BadInput("account of the connection must be the name of a storage account (3 to 24 letters, digits)")
        scheme, host, base = endpoint(opening.text("endpoint"), f"https://{self._account}.blob.core.windows.net")
        self._address, self._host, self._base = f"{scheme}://{host}", host, f"{base}/{quoted(self.bucket)}"
        self._sas = parse_qsl(opening.text("sas").lstrip("?"), keep_blank_values=True)
        try:
            self._key = base64.b64decode(opening.text("account_key"), validate=True)
        except (binascii.Error, ValueError):
            raise StorageLoginRefused("the account key is not base64; copy it from the portal as it is") from None

    @classmethod
    def origin(cls, answers: Mapping[str, Any]) -> str:
        return f"azure:{answers.get('endpoint') or answers.get('account', '')}".lower()

    async def download(self, key: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return self._signed("GET", key, [], headers, 0)

    async def head(self, key: str) -> Entry | None:
        answer = await self._call("HEAD", key)
        if answer.status == 404:
            if answer.headers.get("x-ms-error-code") == "ContainerNotFound":
                raise self.told(404, b"", key, answer.headers)
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
        query = [("restype", "container"), ("comp", "list"), ("prefix", prefix), ("maxresults", str(limit or 500))]
        query += [("delimiter", delimiter)] if delimiter else []
        query += [("marker", cursor)] if cursor else []
        answer = await self._done("GET", None, query)
        try:
            root = read_xml(answer.body)
        except XmlRefused as error:
            raise StorageUnavailable(f"{self._host} answered with {error}") from None
        blobs = root.first("Blobs")
        keys, folders = [], []
        for one in blobs.children if blobs is not None else []:
            name = _text(one, "Name")
            facts = one.first("Properties")
            if one.name == "BlobPrefix":
                folders.append(name)
            elif facts is not None:
                keys.append(
                    Entry(
                        path=name,
                        size=whole_number(_text(facts, "Content-Length")),
                        modified=http_moment(_text(facts, "Last-Modified")),
                        version=_text(facts, "Etag").strip('"'),
                    )
                )
        return keys, folders, _text(root, "NextMarker") or None

    async def put(self, key: str, data: bytes) -> None:
        await self._done("PUT", key, [], data, {"x-ms-blob-type": "BlockBlob"})

    async def begin(self, key: str) -> str:
        return new_id().hex

    async def put_part(self, key: str, upload: str, number: int, data: bytes) -> str:
        name = base64.b64encode(f"{upload}-{number:06}".encode()).decode()
        await self._done("PUT", key, [("comp", "block"), ("blockid", name)], data)
        return name

    async def finish(self, key: str, upload: str, parts: Sequence[str]) -> None:
        listed = "".join(f"<Latest>{escape(name)}</Latest>" for name in parts)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'.encode()
        await self._done("PUT", key, [("comp", "blocklist")], body)

    async def copy_key(self, source: str, target: str) -> None:
        tail = f"?{_query(self._sas)}" if self._sas else ""
        headers = {"x-ms-copy-source": f"{self._address}{self._base}/{quoted(source)}{tail}"}
        answer = await self._done("PUT", target, [], b"", headers)
        status = answer.headers.get("x-ms-copy-status", "success")
        for _ in range(_COPY_CHECKS):
            if status != "pending":
                break
            await asyncio.sleep(1)
            seen = await self._call("HEAD", target)
            status = seen.headers.get("x-ms-copy-status", "success")
        if status != "success":
            raise StorageUnavailable(f"{self._host} did not finish the copy of {source!r} ({status[:20]})")

    async def remove(self, key: str) -> None:
        answer = await self._call("DELETE", key)
        if answer.status not in (202, 200, 204, 404):
            raise self.told(answer.status, answer.body, key, answer.headers)

    def _signed(
        self, method: str, key: str | None, query: Sequence[tuple[str, str]], headers: Mapping[str, str], size: int
    ) -> tuple[str, dict[str, str]]:
        path = self._base if key is None else f"{self._base}/{quoted(key)}"
        sent = {**headers, "x-ms-version": VERSION, "x-ms-date": format_datetime(clock.now(), usegmt=True)}
        asked = list(query)
        if self._sas:
            asked += self._sas
        else:
            sent["Authorization"] = authorization(self._account, self._key, method, path, asked, sent, size)
        return f"{self._address}{path}{f'?{_query(asked)}' if asked else ''}", sent

    async def _call(
        self,
        method: str,
        key: str | None,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        given = {**(headers or {}), **({"Content-Type": "application/octet-stream"} if body is not None else {})}
        url, sent = self._signed(method, key, query, given, len(body or b""))
        return await self.web.call(method, url, sent, body)

    async def _done(
        self,
        method: str,
        key: str | None,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        answer = await self._call(method, key, query, body, headers)
        if answer.status not in (200, 201, 202):
            raise self.told(answer.status, answer.body, key or "", answer.headers)
        return answer

    def told(self, status: int, body: bytes, path: str, headers: Mapping[str, str]) -> TielineError:
        code = headers.get("x-ms-error-code", "")[:60]
        said = f"{self._host} answered {status}{f' {code}' if code else ''}"
        if code in _LOGIN or status == 401:
            return StorageLoginRefused(f"{said}; check the account and its key or SAS")
        if status in (408, 429, 500, 502, 503, 504):
            return StorageUnavailable(f"{said}; it may work later")
        if code == "ContainerNotFound":
            return StorageRefused(f"{said}: there is no container {self.bucket!r}")
        if code in ("InsufficientStorage", "AccountLimitExceeded") or status == 507:
            return StorageFull(f"{said}: there is no room for {path!r}")
        if status == 404:
            return FileMissing(f"{said}: there is no {path!r} in {self.bucket}")
        if status == 403:
            return FileDenied(f"{said}: the credentials do not permit this with {path!r}")
        return StorageRefused(f"{said} for {path!r}")


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='-._~')}={quote(value, safe='-._~')}" for name, value in pairs)


def _text(node: Node, name: str) -> str:
    found = node.first(name)
    return found.text.strip() if found is not None else ""
