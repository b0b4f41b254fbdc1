"""Inbound abuse: idle sockets, senders that dawdle, bodies and heads of 100 MB, and bytes that mean two things at once.

Pass line: while all of it comes in, every `/healthz` over a connection of its own is answered with 200 and the server's
memory grows by at most a fifth; each hostile connection is ended by the server, with the status that it has earned; and
afterwards it holds none of them. Times are measured by ``python -m bench abuse``, not here.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from bench.abuse import LARGE, LARGE_KINDS, SLOW, Abuse, Served, attacking, connections, healthy, megabytes, warm
from tests.api.test_malformed import told
from tieline.server.connections import Limits

pytestmark = [pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(240)]

FULL = os.environ.get("TIELINE_TEST_ROUNDS", "1") != "1"
IDLE, SLOWLY, MANY = (2000, 200, 16) if FULL else (500, 60, 8)
GROWTH = 1.2
# What a client of each kind may be told before it is cut off; 0 = it was cut off while it still sent, or says nothing
# that could be answered.
DUE = {
    "idle": {0},
    "blank lines": {0},
    "slow head": {408},
    "slow body": {408},
    "large": {413, 0},
    "large chunked": {413, 0},
    "large gzip": {415, 0},
    "large unread": {200, 0},
    "large nowhere": {404, 0},
    "head bomb": {431, 0},
    "extension bomb": {431, 0},
    "pipeline": {0},
}


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, psutil.Process]]:
    folder: Path = tmp_path_factory.mktemp("abuse")
    for one in (folder, folder.parent):
        one.chmod(0o711)
    server = Served(folder, "data")
    try:
        yield server.address, await server.ready()
    finally:
        server.stop()
    assert "Traceback" not in (folder / "data.log").read_text(errors="replace")


async def test_the_others_are_served_while_hostile_clients_come_in_crowds(served: tuple[str, psutil.Process]) -> None:
    address, process = served
    await warm(address)
    for _ in range(50):
        await healthy(address)
    before, most, asked, limits = megabytes(process), 0.0, 0, Limits()
    # As long as it takes until the first crowd has been sent away.
    attacker = await attacking(address, IDLE, SLOWLY, MANY, limits.first_byte + limits.round + 5)
    ended = asyncio.create_task(attacker.communicate())
    while not ended.done():
        await healthy(address)
        asked += 1
        most = max(most, megabytes(process))
        await asyncio.sleep(0.02)
    became = json.loads((await ended)[0])
    found = Counter(became["told"])
    print(
        f"\nabuse: {sum(found.values())} hostile connections ended, {became['most_open']} at once, "
        f"{asked} answers of /healthz, memory {before:.0f} -> {most:.0f} MB; {dict(sorted(found.items()))}"
    )
    for outcome in found:
        kind, _, status = outcome.rpartition(" ")
        assert int(status) in DUE[kind], outcome
    assert became["most_open"] >= IDLE
    assert found["idle 0"] >= IDLE, "an idle connection is not ended"
    assert most <= GROWTH * before
    async with asyncio.timeout(30):
        while connections(address):
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("kind", [*LARGE_KINDS, *SLOW])
async def test_each_is_told_why(served: tuple[str, psutil.Process], kind: str) -> None:
    """One at a time: nothing is in the way of the answer."""
    address, process = served
    await healthy(address)
    before = megabytes(process)
    abuse = Abuse(address)
    status = await abuse.once(kind, {**LARGE_KINDS, **SLOW}[kind])
    assert status in DUE[kind]
    assert status or kind in {"pipeline", "blank lines"} or Limits().leftover_bytes < LARGE
    assert megabytes(process) - before < 30


GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n"
POST = b"POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
SECOND = b"GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n"
TWO_MEANINGS = {
    "length and chunked": POST + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "chunked and length": POST + b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n" + SECOND,
    "two lengths": POST + b"content-length: 2\r\ncontent-length: 40\r\n\r\n{}" + SECOND,
    "lengths in one": POST + b"content-length: 2, 2\r\n\r\n{}" + SECOND,
    "signed length": POST + b"content-length: +2\r\n\r\n{}" + SECOND,
    "negative length": POST + b"content-length: -2\r\n\r\n{}" + SECOND,
    "hex length": POST + b"content-length: 0x2\r\n\r\n{}" + SECOND,
    "endless length": POST + b"content-length: 99999999999999999999999\r\n\r\n{}" + SECOND,
    "empty length": POST + b"content-length: \r\n\r\n{}" + SECOND,
    "unknown coding": POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + SECOND,
    "coding twice": POST + b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "coding in two": POST + b"transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "coding not last": POST + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SECOND,
    "gzip and chunked": POST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "blank before colon": POST + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "folded": POST + b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "form feed": POST + b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SECOND,
    "coding in 1.0": POST.replace(b"1.1", b"1.0") + b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "bare lf": POST.replace(b"\r\n", b"\n") + b"content-length: 2\n\n{}",
    "cr in a header": GET + b"x: a\rtransfer-encoding: chunked\r\n\r\n",
    "nul in a header": GET + b"x: a\x00b\r\n\r\n",
    "blank first": b"GET /healthz HTTP/1.1\r\n host: x\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"host: y\r\n\r\n",
    "chunk size": POST + b"transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "endless chunk size": POST + b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "chunk without end": POST + b"transfer-encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
    "version 0.9": b"GET /healthz HTTP/0.9\r\nhost: x\r\n\r\n",
    "version 1.2": b"GET /healthz HTTP/1.2\r\nhost: x\r\n\r\n",
    "version 2.0": b"GET /healthz HTTP/2.0\r\nhost: x\r\n\r\n",
    "version in small": b"GET /healthz http/1.1\r\nhost: x\r\n\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "preface of 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "unknown method": b"JUNK /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    "blank in the path": b"GET /heal thz HTTP/1.1\r\nhost: x\r\n\r\n",
}


async def everything(address: str, sent: bytes, wait: float = 20) -> bytes:
    """All that comes back until the server ends the connection."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        async with asyncio.timeout(wait):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_what_has_two_meanings_is_refused_once_and_ends_the_connection(
    served: tuple[str, psutil.Process],
) -> None:
    address, _ = served
    answers = {name: await everything(address, sent) for name, sent in TWO_MEANINGS.items()}
    wrong = {
        name: answer[:200]
        for name, answer in answers.items()
        if answer.count(b"HTTP/1.1 ") != 1 or not answer.startswith(b"HTTP/1.1 400 ")
    }
    print(f"\nabuse: {len(answers)} requests of two meanings, {len(answers) - len(wrong)} refused")
    assert wrong == {}


async def test_what_stands_behind_a_body_is_no_header(served: tuple[str, psutil.Process]) -> None:
    """A trailer named content-encoding would be refused with 415 if it were taken for a header."""
    address, _ = served
    sent = POST + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\ncontent-encoding: gzip\r\nx-http: 1\r\n\r\n"
    status, _, body = await told(address, sent)
    assert (status, b"unsupported-encoding" in body) != (415, True)


async def test_an_upgrade_that_nobody_asked_for_ends_with_its_answer(served: tuple[str, psutil.Process]) -> None:
    address, _ = served
    for offered in (b"h2c", b"websocket", b"junk"):
        sent = GET + b"connection: upgrade\r\nupgrade: " + offered + b"\r\n\r\n" + SECOND
        answer = await everything(address, sent)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert answer.startswith(b"HTTP/1.1 200 ")


async def test_requests_in_a_row_are_answered_in_order_and_too_many_are_not_taken(
    served: tuple[str, psutil.Process],
) -> None:
    address, _ = served
    answer = await everything(address, (GET + b"\r\n") * 10 + GET + b"connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 ") == 11
    answer = await everything(address, (GET + b"\r\n") * 5000)
    assert 10 < answer.count(b"HTTP/1.1 200 ") < 100
    answer = await everything(address, (GET + b"\r\n") * 3 + b"\x00junk\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 ") == 3
    assert b"malformed" not in answer
