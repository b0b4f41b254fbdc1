"""What every storage does alike, on real servers and on stand-ins that check each signature."""

from __future__ import annotations

import pytest

from tests.connectors.files.conftest import Shelf, names, read, upload
from tieline.connectors.files.errors import FileMissing, FileTaken
from tieline.connectors.files.paths import name_of

pytestmark = pytest.mark.anyio

BODY = bytes(range(256)) * 40


async def test_a_file_is_written_read_listed_and_removed(shelf: Shelf) -> None:
    async with shelf.open() as storage:
        await storage.write("out/a b+ü.csv", upload(BODY), token="t")
        entry = await storage.stat("out/a b+ü.csv")
        assert (entry.kind, entry.size) == ("file", len(BODY))
        assert await read(storage, "out/a b+ü.csv") == BODY
        assert await read(storage, "out/a b+ü.csv", 10_000) == BODY[10_000:]
        assert await read(storage, "out/a b+ü.csv", len(BODY)) == b""
        assert await names(storage) == ["out/"]
        assert await names(storage, "out") == ["out/a b+ü.csv"]
        assert (await storage.stat("out")).kind == "folder"
        await storage.delete("out/a b+ü.csv")
        assert not await storage.exists("out/a b+ü.csv")
        await storage.check()


async def test_a_written_file_replaces_the_one_before(shelf: Shelf) -> None:
    async with shelf.open() as storage:
        await storage.write("a.txt", upload(b"first, and longer"), token="1")
        before = (await storage.stat("a.txt")).mark
        await storage.write("a.txt", upload(b"second"), token="2")
        assert await read(storage, "a.txt") == b"second"
        assert (await storage.stat("a.txt")).mark != before
        assert await names(storage) == ["a.txt"]
        await storage.write("empty", upload(b""), token="3")
        assert await read(storage, "empty") == b""


async def test_copying_and_moving(shelf: Shelf) -> None:
    async with shelf.open() as storage:
        await storage.write("a/1", upload(b"one"), token="t")
        await storage.copy("a/1", "b/c/2", token="t")
        assert await read(storage, "b/c/2") == b"one"
        await storage.write("b/3", upload(b"three"), token="t")
        await storage.move("b/c/2", "b/3")
        assert await read(storage, "b/3") == b"one"
        assert not await storage.exists("b/c/2")
        assert await read(storage, "a/1") == b"one"


async def test_what_is_not_there_is_said_to_be_missing(shelf: Shelf) -> None:
    async with shelf.open() as storage:
        for work in (
            storage.stat("no/such"),
            read(storage, "no/such"),
            storage.delete("no/such"),
            storage.move("no/such", "x"),
            storage.copy("no/such", "x", token="t"),
            names(storage, "no"),
        ):
            with pytest.raises(FileMissing, match="no"):
                await work


async def test_a_large_file_goes_in_parts_and_appears_at_once(shelf: Shelf) -> None:
    body = BODY * 1700  # 17 MB
    seen = []

    async def ready() -> None:
        async with shelf.open() as other:
            seen.append([name for name in await names(other) if "big" in name])

    async with shelf.open() as storage:
        await storage.write("big.bin", upload(body, 1_000_000), token="t", ready=ready)
        assert seen == [[]]
        assert await read(storage, "big.bin") == body
        assert await read(storage, "big.bin", 16_000_000) == body[16_000_000:]


async def test_a_writer_that_was_overtaken_leaves_everything_as_it_was(shelf: Shelf) -> None:
    async def ready() -> None:
        raise RuntimeError("overtaken")

    async with shelf.open() as storage:
        await storage.write("a.txt", upload(b"old"), token="1")
        for body in (b"new", BODY * 1000):
            with pytest.raises(RuntimeError):
                await storage.write("a.txt", upload(body), token="2", ready=ready)
    async with shelf.open() as storage:
        assert await read(storage, "a.txt") == b"old"
        assert await names(storage) == ["a.txt"]
    if shelf.buckets is not None and shelf.kind != "azure_blob":
        assert shelf.buckets.parts == {}


async def test_a_connections_folder_is_its_root(shelf: Shelf) -> None:
    async with shelf.open(folder="inner/part") as storage:
        await storage.write("x/a", upload(b"1"), token="t")
        assert await names(storage) == ["x/"]
        await storage.move("x/a", "b")
        assert await read(storage, "b") == b"1"
    async with shelf.open() as storage:
        assert await read(storage, "inner/part/b") == b"1"


async def test_a_folder_that_is_not_empty_stays(shelf: Shelf) -> None:
    async with shelf.open() as storage:
        await storage.write("full/a", upload(b"1"), token="t")
        with pytest.raises(FileTaken):
            await storage.delete("full")
        assert await read(storage, "full/a") == b"1"


async def test_long_folders_come_in_pages(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.connectors.files.base.PAGE", 3)
    if shelf.buckets is not None:
        shelf.buckets.page = 3
    async with shelf.open() as storage:
        for number in range(8):
            await storage.write(f"f/{number}", upload(b"1"), token="t")
        await storage.write("f/sub/x", upload(b"1"), token="t")
        found = await names(storage, "f")
        assert [name_of(one.rstrip("/")) for one in found] == [*map(str, range(8)), "sub"]
        assert len((await storage.page("f")).entries) <= 3
