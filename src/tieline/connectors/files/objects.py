"""What stores of objects (S3, GCS, Azure Blob) have in common: keys in a bucket, where folders are only prefixes.

A file is put in one call, or gathered in parts that nobody sees until the last call joins them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, suppress

from tieline.connectors.files.base import Entry, Listing, Opening, Ready, Storage, at_once, pieces
from tieline.connectors.files.errors import FileMissing, FileTaken, FileTooLarge, StorageRefused
from tieline.connectors.files.paths import PART_MARK, joined
from tieline.connectors.files.quota import LARGEST_FILE
from tieline.connectors.files.web_calls import Web, excerpt, rest_of
from tieline.core.errors import BadInput, TielineError
from tieline.security.egress import Upload

PART = 8 * 2**20  # bytes; a file that is not larger goes in one call


class ObjectStorage(Storage):
    """Subclasses say how one call looks."""

    bucket_field = "bucket"

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self.bucket = opening.text(self.bucket_field)
        if not self.bucket or "/" in self.bucket:
            raise BadInput(f"the connection names no {self.bucket_field}; enter its bare name")
        self.web = Web(opening.egress, self.bucket)

    async def read(self, path: str, *, offset: int = 0) -> AsyncGenerator[bytes]:
        for ranged in (True, False):
            wanted = {"Range": f"bytes={offset}-"} if offset and ranged else {}
            url, headers = await self.download(self.full(path), wanted)
            async with self.web.reading(url, headers) as answer:
                if answer.status == 416:
                    return
                if answer.status not in (200, 206):
                    raise self.told(answer.status, await excerpt(answer), path, answer.headers)
                if wanted and answer.status == 206 and answer.headers.get("Content-Encoding"):
                    continue  # a part of a compressed file says nothing by itself
                async for block in rest_of(answer, offset):
                    yield block
                return

    async def stat(self, path: str) -> Entry:
        key = self.full(path)
        if not key:
            return Entry(path=path, kind="folder")
        found = await self.head(key)
        if found is not None:
            return Entry(path=path, size=found.size, modified=found.modified, version=found.version)
        keys, folders, _ = await self.some(f"{key}/", "", None, 1)
        if keys or folders:
            return Entry(path=path, kind="folder")
        raise self.missing(path)

    async def page(self, folder: str, cursor: str | None = None) -> Listing:
        whole = self.full(folder)
        prefix = f"{whole}/" if whole else ""
        keys, folders, following = await self.some(prefix, "/", cursor, 0)
        if following is not None and following == cursor:
            raise StorageRefused(f"the listing of {folder!r} runs in a circle; the storage gave the same place twice")
        if folder and cursor is None and not keys and not folders:
            raise self.missing(folder)
        found = [
            Entry(path=joined(folder, name), size=one.size, modified=one.modified, version=one.version)
            for one in keys
            if (name := one.path.removeprefix(prefix)) and not name.startswith(PART_MARK)
        ]
        found += [
            Entry(path=joined(folder, name), kind="folder")
            for one in folders
            if (name := one.removeprefix(prefix).removesuffix("/"))
        ]
        return Listing(sorted(found, key=lambda one: one.path), following)

    async def write(self, path: str, source: Upload, *, token: str, ready: Ready = at_once) -> None:
        key = self.full(path)
        blocks = source.blocks()
        async with aclosing(blocks), aclosing(pieces(capped(blocks), PART)) as parts:
            first = await anext(parts)
            second = await anext(parts, None)
            if second is None:
                await ready()
                await self.put(key, first)
                return
            upload = await self.begin(key)
            try:
                made = [await self.put_part(key, upload, 1, first), await self.put_part(key, upload, 2, second)]
                del first, second
                async for part in parts:
                    made.append(await self.put_part(key, upload, len(made) + 1, part))
                await ready()
                await self.finish(key, upload, made)
            except BaseException:
                with suppress(TielineError):
                    await self.abandon(key, upload)
                raise

    async def move(self, source: str, target: str) -> None:
        if source != target:
            await self.copy(source, target, token="")
            await self.remove(self.full(source))

    async def copy(self, source: str, target: str, *, token: str, ready: Ready = at_once) -> None:
        if await self.head(self.full(source)) is None:
            raise self.missing(source)
        await ready()
        await self.copy_key(self.full(source), self.full(target))

    async def delete(self, path: str) -> None:
        if (await self.stat(path)).kind == "file":
            await self.remove(self.full(path))
            return
        marker = f"{self.full(path)}/"
        keys, folders, _ = await self.some(marker, "", None, 2)
        if folders or any(one.path != marker for one in keys):
            raise FileTaken(f"the folder {path!r} is not empty")
        await self.remove(marker)

    def missing(self, path: str) -> FileMissing:
        """The error for what is not there."""
        return FileMissing(f"{self.kind} has no {path!r} in {self.bucket}")

    async def download(self, key: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Address and headers of the call that reads an object."""
        raise NotImplementedError

    def told(self, status: int, body: bytes, path: str, headers: Mapping[str, str]) -> TielineError:
        """What an answer that is no success means."""
        raise NotImplementedError

    async def head(self, key: str) -> Entry | None:
        """Size, moment and version of an object, None where there is none."""
        raise NotImplementedError

    async def some(
        self, prefix: str, delimiter: str, cursor: str | None, limit: int
    ) -> tuple[list[Entry], list[str], str | None]:
        """(objects by their whole key, prefixes up to the delimiter, cursor of the next page)."""
        raise NotImplementedError

    async def put(self, key: str, data: bytes) -> None:
        """An object in one call."""
        raise NotImplementedError

    async def begin(self, key: str) -> str:
        """Begins an object in parts; gives what the parts refer to."""
        raise NotImplementedError

    async def put_part(self, key: str, upload: str, number: int, data: bytes) -> str:
        """One part, numbered from 1; gives what `finish` names it by."""
        raise NotImplementedError

    async def finish(self, key: str, upload: str, parts: Sequence[str]) -> None:
        """Joins the parts: now the object is there."""
        raise NotImplementedError

    async def abandon(self, key: str, upload: str) -> None:
        """Forgets the parts."""

    async def copy_key(self, source: str, target: str) -> None:
        """One object once more, made by the storage itself."""
        raise NotImplementedError

    async def remove(self, key: str) -> None:
        """Removes an object; one that is not there is no error."""
        raise NotImplementedError


async def capped(blocks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """The same; raises `FileTooLarge` before a byte too many."""
    sent = 0
    async for block in blocks:
        sent += len(block)
        if sent > LARGEST_FILE:
            raise FileTooLarge(f"a file may have at most {LARGEST_FILE} bytes; write several smaller ones")
        yield block
