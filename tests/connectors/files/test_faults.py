"""Servers that break off, lie, redirect, or are somebody else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.files.conftest import Shelf, names, read, upload
from tests.connectors.files.sessions import serving_sftp
from tieline.connectors.files import Storage, with_patience
from tieline.connectors.files.errors import (
    FileDenied,
    FileMissing,
    FilePathInvalid,
    HostKeyMismatch,
    StorageFull,
    StorageLoginRefused,
    StorageRefused,
    StorageUnavailable,
)
from tieline.connectors.files.paths import clean
from tieline.core.errors import TielineError, Transient
from tieline.security.egress import Egress, EgressDenied, Policy

pytestmark = pytest.mark.anyio

Make = Callable[..., Any]
WEB = ("s3", "gcs", "gcs-hmac", "azure_blob")


@pytest.mark.parametrize("kind", WEB)
async def test_what_passes_is_tried_again_and_leaves_one_file(shelves: Make, kind: str) -> None:
    shelf: Shelf = await shelves(kind)
    assert shelf.buckets is not None
    shelf.buckets.faults = [503, "cut", 500]
    attempts = []

    async def opened() -> Storage:
        return shelf.open()

    async def work(storage: Storage, attempt: int) -> None:
        attempts.append(attempt)
        await storage.write("a", upload(b"body"), token="t")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tieline.connectors.files.service.random.uniform", lambda low, high: 0)
        await with_patience(opened, work)
        assert shelf.buckets.held == {"a": b"body"}
        assert attempts[0] == 1
        assert len(attempts) > 1
        shelf.buckets.faults = [503] * 10
        with pytest.raises(StorageUnavailable, match="503"):
            await with_patience(opened, work)


@pytest.mark.parametrize("kind", WEB)
async def test_a_file_that_is_shorter_than_announced_is_no_file(shelves: Make, kind: str) -> None:
    shelf: Shelf = await shelves(kind)
    assert shelf.buckets is not None
    shelf.buckets.held["a"] = b"whole"
    shelf.buckets.faults = ["short"]
    async with shelf.open() as storage:
        with pytest.raises(StorageUnavailable):
            await read(storage, "a")
        assert await read(storage, "a") == b"whole"


@pytest.mark.parametrize("kind", WEB)
async def test_redirects_are_not_followed_with_signatures(shelves: Make, kind: str) -> None:
    shelf: Shelf = await shelves(kind)
    assert shelf.buckets is not None
    shelf.buckets.location = "http://169.254.169.254/latest"
    for status in (301, 302, 307):
        shelf.buckets.faults = [status, status]
        async with shelf.open() as storage:
            with pytest.raises(StorageRefused):
                await storage.write("a", upload(b"x"), token="t")
    assert shelf.buckets.held == {}


async def test_an_upload_session_elsewhere_is_refused(shelves: Make) -> None:
    shelf: Shelf = await shelves("gcs")
    assert shelf.buckets is not None
    shelf.buckets.location = "http://127.0.0.1:1/elsewhere"
    async with shelf.open() as storage:
        with pytest.raises(StorageRefused, match="another address"):
            await storage.write("a", upload(b"x" * 20_000_000), token="t")


@pytest.mark.parametrize("kind", WEB)
async def test_a_listing_that_runs_in_a_circle_ends(shelves: Make, kind: str) -> None:
    shelf: Shelf = await shelves(kind)
    assert shelf.buckets is not None
    shelf.buckets.circle = True
    async with shelf.open() as storage:
        with pytest.raises(StorageRefused, match="circle"):
            await names(storage)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("s3", {"secret_key": "wrong"}),
        ("s3", {"access_key": "NOBODY"}),
        ("gcs-hmac", {"secret_key": "wrong"}),
        ("azure_blob", {"account_key": "d3Jvbmc="}),
        ("azure_blob", {"account_key": "not base64!"}),
        ("gcs", {"service_account": '{"client_email": "x", "private_key": "y"}'}),
        ("gcs", {"service_account": "not json"}),
        ("ftp", {"password": "wrong"}),
        ("sftp", {"password": "wrong"}),
        ("sftp", {"private_key": "no key"}),
    ],
)
async def test_wrong_credentials_are_told_apart(shelves: Make, kind: str, wrong: dict[str, Any]) -> None:
    shelf: Shelf = await shelves(kind)
    with pytest.raises(StorageLoginRefused) as told:
        async with shelf.open(**wrong) as storage:
            await storage.check()
    assert not any(value in told.value.detail for value in wrong.values())


@pytest.mark.parametrize("kind", ["ftp", "sftp", "s3", "gcs", "azure_blob"])
async def test_internal_addresses_are_refused_by_default(shelves: Make, kind: str) -> None:
    shelf: Shelf = await shelves(kind)
    async with Egress(Policy()) as strict:
        with pytest.raises(EgressDenied):
            async with shelf.open(egress=strict) as storage:
                await storage.check()
    if shelf.buckets is not None:
        assert shelf.buckets.calls == []


@contextmanager
def lying_ftp(passive: str) -> Iterator[tuple[int, list[str]]]:
    """An FTP server whose answer to PASV names another machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    data = socket.create_server(("127.0.0.1", 0))
    heard: list[str] = []

    def serve() -> None:
        control, _ = listener.accept()
        with control, control.makefile("rw", newline="") as talk:
            talk.write("220 hello\r\n")
            talk.flush()
            for line in talk:
                word = line.split()[0].upper()
                heard.append(line.strip())
                port = data.getsockname()[1]
                answer = {
                    "USER": "331 password",
                    "PASS": "230 in",
                    "PWD": '257 "/"',
                    "PASV": f"227 Entering ({passive},{port // 256},{port % 256})",
                    "LIST": "150 here",
                    "CWD": "250 ok",
                    "TYPE": "200 ok",
                    "QUIT": "221 bye",
                }.get(word, "502 no")
                talk.write(answer + "\r\n")
                talk.flush()
                if word == "LIST":
                    connection, _ = data.accept()
                    connection.sendall(b"-rw-r--r-- 1 a b 3 Jan  1 2024 a.txt\r\nd......... 1 a b 3 x\r\n\xff\xfe\r\n")
                    connection.close()
                    talk.write("226 done\r\n")
                    talk.flush()
                if word == "QUIT":
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        listener.close()
        data.close()
        thread.join(5)


async def test_the_data_connection_goes_to_the_control_connections_address(egress: Egress, tmp_path: Path) -> None:
    with lying_ftp("10,0,0,1") as (port, heard):
        shelf = Shelf("ftp", egress, {"host": "127.0.0.1", "port": port, "security": "none"}, tmp_path)
        async with shelf.open() as storage:
            assert await asyncio.wait_for(names(storage), 10) == ["a.txt"]
        assert "PASV" in heard


async def test_a_password_is_not_sent_to_a_server_without_tls(shelves: Make) -> None:
    shelf: Shelf = await shelves("ftp")
    async with shelf.open(security="tls") as storage:
        with pytest.raises(StorageRefused, match="TLS"):
            await storage.check()


async def test_what_an_ftp_user_may_not_do(shelves: Make) -> None:
    shelf: Shelf = await shelves("ftp")
    async with shelf.open(username="reader") as storage:
        with pytest.raises(FileDenied):
            await storage.write("a", upload(b"x"), token="t")


@pytest.mark.parametrize("kind", ["ftp", "sftp"])
async def test_a_session_that_breaks_is_begun_anew(shelves: Make, kind: str) -> None:
    shelf: Shelf = await shelves(kind)
    async with shelf.open() as storage:
        await storage.write("a", upload(b"x" * 3_000_000), token="t")
        blocks = storage.read("a")
        await anext(blocks)
        await blocks.aclose()  # given up in the middle
        assert await read(storage, "a", 2_999_990) == b"x" * 10
        assert await storage.exists("a")


async def test_a_first_check_keeps_the_host_key_and_another_key_is_refused(shelves: Make, tmp_path: Path) -> None:
    shelf: Shelf = await shelves("sftp")
    assert shelf.served is not None
    with pytest.raises(HostKeyMismatch, match="check the connection"):
        async with shelf.open(host_key="") as storage:
            await storage.page("")
    async with shelf.open(host_key="", first=True) as storage:
        await storage.check()
        assert storage.learned == {"host_key": shelf.served.key}
        assert shelf.served.key in storage.notes[0]
    other = tmp_path / "other" / "served"
    other.mkdir(parents=True)
    async with serving_sftp(other) as impostor:
        with pytest.raises(HostKeyMismatch, match=impostor.key.replace("+", r"\+")):
            async with shelf.open(port=impostor.port, first=True) as storage:
                await storage.page("")


async def test_a_private_key_logs_in(shelves: Make) -> None:
    import asyncssh

    shelf: Shelf = await shelves("sftp")
    assert shelf.served is not None
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_public_key(shelf.served.folder.parent / "client.pub")
    secret = key.export_private_key(passphrase="open sesame").decode()
    async with shelf.open(password="", private_key=secret, passphrase="open sesame") as storage:
        await storage.check()


@pytest.mark.parametrize(
    "path",
    ["..", "a/../b", "a/..", "a\x00b", "a\r\nDELE b", "a\\b", "．．/x", "a/․․", "…", "a\u202eb", "\ud800", "x" * 256,
     "/".join(["x"] * 600), ".tieline-abc", "a/ . /b", 7],
)  # fmt: skip
def test_paths_that_are_refused(path: Any) -> None:
    with pytest.raises(FilePathInvalid):
        clean(path)


@pytest.mark.parametrize("name", ["con", "NUL.txt", "com1", "a:b", "dot.", "blank ", "lpt²"])
async def test_names_of_devices_are_refused_in_the_sandbox(shelves: Make, name: str) -> None:
    shelf: Shelf = await shelves("local")
    async with shelf.open() as storage:
        with pytest.raises(FilePathInvalid):
            await storage.write(f"a/{name}", upload(b"x"), token="t")


async def test_links_do_not_lead_out_of_the_sandbox(shelves: Make, tmp_path: Path) -> None:
    shelf: Shelf = await shelves("local")
    (tmp_path / "secret").write_text("secret")
    async with shelf.open() as storage:
        await storage.write("a", upload(b"x"), token="t")
        home = shelf.sandbox / str(shelf.tenant) / "kept"
        (home / "folder").symlink_to(tmp_path)
        (home / "file").symlink_to(tmp_path / "secret")
        for work in (
            read(storage, "folder/secret"),
            read(storage, "file"),
            storage.stat("folder/secret"),
            storage.write("folder/new", upload(b"x"), token="t"),
            names(storage, "folder"),
            storage.delete("folder/secret"),
            storage.copy("file", "b", token="t"),
            storage.move("a", "folder/a"),
        ):
            with pytest.raises((FileDenied, FileMissing, StorageRefused)):
                await work
        assert await names(storage) == ["a"]
        await storage.write("file", upload(b"mine"), token="t")  # takes the link's place
    assert (tmp_path / "secret").read_text() == "secret"
    assert not (tmp_path / "new").exists()


async def test_the_sandbox_has_its_bounds_and_other_tenants_have_their_own(
    shelves: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf: Shelf = await shelves("local")
    async with shelf.open() as storage:
        monkeypatch.setattr(storage, "_quota", type(storage._quota)(shelf.sandbox, size=1000, files=3))  # type: ignore[attr-defined]
        await storage.write("a", upload(b"x" * 600), token="t")
        with pytest.raises(StorageFull):
            await storage.write("b", upload(b"x" * 600), token="t")
        await storage.delete("a")
        await storage.write("b", upload(b"x" * 600), token="t")
        assert await names(storage) == ["b"]
    shelf.tenant = "other"
    async with shelf.open() as storage:
        assert await names(storage) == []


def test_transient_errors_are_the_ones_that_may_pass() -> None:
    assert issubclass(StorageUnavailable, Transient)
    final = (FileMissing, FileDenied, StorageFull, StorageRefused, StorageLoginRefused, HostKeyMismatch)
    assert not any(issubclass(error, Transient) for error in final)
    assert all(issubclass(error, TielineError) for error in final)
