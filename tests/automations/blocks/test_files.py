"""File blocks: what they read and write, and that a run which dies anywhere leaves one whole file."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.automations.blocks.conftest import Place
from tests.automations.blocks.test_data_store import a_run
from tests.automations.engine.documents import block, chain, document
from tests.automations.engine.world import Crash, World, run_with_crashes
from tests.automations.runs.conftest import Bench
from tieline.automations.blocks.file_places import Files
from tieline.automations.engine.context import RunInfo
from tieline.automations.store import RunFiles
from tieline.connectors.files.local import LocalStorage
from tieline.security.egress import Egress, Policy
from tieline.storage.errors import FenceLost
from tieline.storage.tables import run_file_pieces, runs

pytestmark = pytest.mark.anyio


def on(kind: str, name: str = "", /, adapter: str = "local", **inputs: Any) -> dict[str, Any]:
    return block(kind, name, inputs=inputs, datasourcetype=adapter)


def show(value: Any) -> dict[str, Any]:
    return block("ShowBlock", inputs={"input": value})


class Desk:
    """An interpreter in memory over a real sandbox and the real store of files."""

    def __init__(self, bench: Bench, run: RunInfo, egress: Egress, sandbox: Path) -> None:
        self.bench, self.run_info, self.sandbox = bench, run, sandbox
        self.kept = RunFiles(bench.database)
        self.files = Files(egress, None, sandbox)
        self.services: list[tuple[type[Any], Any]] = [(RunFiles, self.kept), (Files, self.files)]

    @property
    def home(self) -> Path:
        return self.sandbox / str(self.bench.tenant) / "kept"

    def put(self, path: str, data: bytes | str) -> None:
        where = self.home / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(data.encode() if isinstance(data, str) else data)

    async def run(self, *entries: Any, crashes: tuple[int, ...] = (), world: World | None = None) -> Any:
        outcome, interpreter, _ = await run_with_crashes(
            world or World(), document(*entries), crashes, services=self.services, run=self.run_info
        )
        return outcome, interpreter.state.shown

    async def shows(self, *entries: Any) -> Any:
        outcome, shown = await self.run(*entries)
        assert outcome.errors == []
        return shown

    async def fails(self, *entries: Any) -> dict[str, Any]:
        outcome, _ = await self.run(*entries)
        (error,) = outcome.errors
        return error

    async def read(self, path: str, data: bytes | str, **inputs: Any) -> Any:
        self.put(path, data)
        (found,) = await self.shows(on("ReadDataFromFileBlock", "rows", path=path, **inputs), show("{$.rows}"))
        return found


@pytest.fixture
async def desk(bench: Bench, tmp_path: Path) -> AsyncIterator[Desk]:
    async with Egress(Policy(allow=(ip_network("127.0.0.0/8"),))) as egress:
        yield Desk(bench, await a_run(bench), egress, tmp_path / "files")


WRITING = (
    on("CreateFileBlock", "out", path="out/people.csv"),
    (
        block(
            "ForEachBlock", "loop", inputs={"input": '[{"n": "Ada", "x": 1}, {"n": "B\\"o", "x": "a,b"}, {"n": "C"}]'}
        ),
        {
            "loopBlockId": chain(
                block("WriteLineToFileBlock", inputs={"file": "{$.out}", "data": "{$.loop.item}"}),
            )
        },
    ),
    block("SaveAndCloseFileBlock", "saved", inputs={"file": "{$.out}"}),
    on("MoveFileBlock", source_path="out/people.csv", destination_path="done/people.csv"),
    on("DeleteFileBlock", path="old.csv"),
    show("{$.saved.size} {$.saved.path}"),
)
WRITTEN = 'n,x\nAda,1\n"B""o","a,b"\nC,\n'


@pytest.mark.parametrize("first", range(1, 21))
async def test_a_run_that_dies_anywhere_leaves_one_whole_file(desk: Desk, first: int) -> None:
    desk.put("old.csv", "gone soon")
    outcome, shown = await desk.run(*WRITING, crashes=(first, 2, 3, 1))
    assert (outcome.status, shown) == ("finished", [f"{len(WRITTEN)} out/people.csv"])
    assert (desk.home / "done" / "people.csv").read_text() == WRITTEN
    assert sorted(path.name for path in desk.home.rglob("*") if path.is_file()) == ["people.csv"]
    async with desk.bench.database.tenant(desk.bench.tenant) as unit:
        assert await unit.all(unit.select(run_file_pieces)) == []


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_run_that_dies_while_it_saves_saves_the_same_again(
    desk: Desk, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("old.csv", "")
    finish = LocalStorage._finish
    died: list[bool] = []

    def dying(self: LocalStorage, *args: Any) -> None:
        if moment == "after":
            finish(self, *args)
        if len(died) < 2:
            died.append(True)
            raise Crash
        if moment == "before":
            finish(self, *args)

    monkeypatch.setattr(LocalStorage, "_finish", dying)
    outcome, _ = await desk.run(*WRITING, crashes=(-1, -1))
    assert outcome.errors == []
    assert (desk.home / "done" / "people.csv").read_text() == WRITTEN
    assert len(died) == 2


async def test_a_worker_that_lost_its_run_does_not_make_its_file_visible(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = RunFiles.content

    async def overtaken(self: RunFiles, run: RunInfo, file_id: str) -> AsyncIterator[bytes]:
        async for piece in content(self, run, file_id):
            yield piece
        async with desk.bench.database.system() as unit:
            await unit.connection.execute(runs.update().values(fence=2))

    monkeypatch.setattr(RunFiles, "content", overtaken)
    with pytest.raises(FenceLost):
        await desk.run(*WRITING)
    assert list(desk.home.rglob("*.csv")) == []
    with pytest.raises(FenceLost):
        await desk.kept.append(desk.run_info, "k", "f", lambda file: b"x")


@pytest.mark.parametrize("crashes", [(), (1, 1, 1), (2, 4), (5, 2, 2), (9, 1)])
async def test_reading_goes_on_where_it_stopped(
    desk: Desk, crashes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tieline.automations.blocks.file_reading.WINDOW", 40)
    monkeypatch.setattr("tieline.automations.blocks.file_reading.RECORDS", 2)
    rows = "".join(f'{number},"line\n{number}, ü"\n' for number in range(9))
    desk.put("big.csv", "\ufeffid,text\n" + rows)
    world = World()
    steps = [
        on("OpenFileBlock", "big", path="big.csv"),
        (
            block("ReadDataFromFileBlock", "rows", inputs={"file": "{$.big}", "mode": "automatic"}),
            {"loopBlockId": chain(block("TestEffect", inputs={"body": "{$.rows.item}"}))},
        ),
    ]
    outcome, _ = await desk.run(*steps, crashes=crashes, world=world)
    assert outcome.errors == []
    wanted = [{"id": str(number), "text": f"line\n{number}, ü"} for number in range(9)]
    assert sorted(world.effects.values(), key=lambda row: row["id"]) == wanted
    assert world.conflicts == []


async def test_a_file_that_changes_while_it_is_read_is_not_mixed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.automations.blocks.file_reading.WINDOW", 10)
    monkeypatch.setattr("tieline.automations.blocks.file_reading.RECORDS", 1)
    desk.put("a.txt", "one\ntwo\nthree\nfour\n")
    open_file = desk.files._open
    count = 0

    async def changing(*args: Any) -> Any:
        nonlocal count
        count += 1
        if count == 2:
            desk.put("a.txt", "ONE\nTWO\nTHREE\nFOUR\nFIVE\n")
        return await open_file(*args)

    monkeypatch.setattr(desk.files, "_open", changing)
    error = await desk.fails((on("ReadDataFromFileBlock", path="a.txt"), {"loopBlockId": chain(show("x"))}))
    assert error["code"] == "file-changed"


@pytest.mark.parametrize(
    ("path", "data", "inputs", "wanted"),
    [
        ("a.csv", "a;b\n1;2\n", {}, [{"a": "1", "b": "2"}]),
        ("a.tsv", "a\tb\n1\t2", {}, [{"a": "1", "b": "2"}]),
        ("a.csv", "a,b\r\n1,\"x\"\"y\r\nz\"\r\n\r\n", {}, [{"a": "1", "b": 'x"y\r\nz'}]),
        ("a.csv", "1,2\n3,4", {"headers": "no", "delimiter": ","}, [["1", "2"], ["3", "4"]]),
        ("a.csv", "a,b,c\n1,2,3\n", {"columns": "c,a"}, [{"c": "3", "a": "1"}]),
        ("a.csv", "a,a,\n1,2,3,4\n5\n", {}, [
            {"a": "1", "a_2": "2", "column_3": "3", "column_4": "4"}, {"a": "5", "a_2": "", "column_3": ""}]),
        ("a.csv", 'a,b\n5" pipe,"open\n', {}, [{"a": '5" pipe', "b": '"open'}]),
        ("a.csv", "n\nM\xfcller\n".encode("latin-1"), {"encoding": "latin-1"}, [{"n": "Müller"}]),
        ("a.csv", "a,b\n1,ü\n".encode("utf-16"), {}, [{"a": "1", "b": "ü"}]),
        ("a.json", '[{"a": 1}, 2, "x", []]', {}, [{"a": 1}, 2, "x", []]),
        ("a.json", ' {"a": [1, 2]} ', {}, [{"a": [1, 2]}]),
        ("a.json", "[]", {}, []),
        ("a.ndjson", '{"a": 1}\n\n{"a": 2}', {}, [{"a": 1}, {"a": 2}]),
        ("a.txt", "one\r\ntwo\n\nlast", {}, ["one", "two", "", "last"]),
        ("data", '[1, 2]', {}, [1, 2]),
        ("a.txt", "", {}, []),
        ("a.txt", "one\ntwo\n", {"mode": "text"}, "one\ntwo\n"),
        ("a.txt", "one\ntwo\nthree", {"limit": "2"}, ["one", "two"]),
    ],
)  # fmt: skip
async def test_formats_that_are_read(desk: Desk, path: str, data: Any, inputs: dict[str, Any], wanted: Any) -> None:
    assert await desk.read(path, data, **inputs) == wanted


@pytest.mark.parametrize("window", [7, 8, 13, 64])
async def test_windows_may_end_anywhere(desk: Desk, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.automations.blocks.file_reading.WINDOW", window)
    rows = [{"a": 'q"u\no,te', "b": "ü€", "c": ""}, {"a": "x", "b": "", "c": "\r\n"}, {"a": "12", "b": "3", "c": "4"}]
    table = "a,b,c\r\n" + "".join(
        ",".join('"' + row[name].replace('"', '""') + '"' for name in "abc") + "\r\n" for row in rows
    )
    assert await desk.read("a.csv", table) == rows
    assert await desk.read("a.json", json.dumps(rows, indent=1, ensure_ascii=False)) == rows
    assert await desk.read("b.json", "[12, 345, -6.5e3, true]") == [12, 345, -6500.0, True]


async def test_a_file_as_an_attachment(desk: Desk) -> None:
    found = await desk.read("logo.png", b"\x89PNG\x00\x01", mode="binary")
    assert base64.b64decode(found["content"]) == b"\x89PNG\x00\x01"
    assert (found["name"], found["type"], found["encoding"]) == ("logo.png", "image/png", "base64")


@pytest.mark.parametrize(
    ("path", "data", "inputs", "code"),
    [
        ("a.json", '[1, 2', {}, "file-unreadable"),
        ("a.json", '[1] 2', {}, "file-unreadable"),
        ("a.json", "[" * 100_000, {}, "file-unreadable"),
        ("a.json", "[" + "9" * 5000 + "]", {}, "file-unreadable"),
        ("a.ndjson", "{]\n", {}, "file-unreadable"),
        ("a.txt", b"\xff\xfe\xfd", {"encoding": "utf-8"}, "file-unreadable"),
        ("a.csv", "a\n1\n", {"columns": ["b"]}, "file-unreadable"),
        ("a.csv.gz", b"\x1f\x8b", {}, "block-input-invalid"),
        ("a.txt", "x", {"mode": "xml"}, "block-input-invalid"),
        ("a.txt", "x", {"encoding": "zip"}, "block-input-invalid"),
        ("a.csv", "x", {"delimiter": "ab"}, "block-input-invalid"),
    ],
)  # fmt: skip
async def test_content_that_cannot_be_read(desk: Desk, path: str, data: Any, inputs: dict[str, Any], code: str) -> None:
    desk.put(path, data)
    assert (await desk.fails(on("ReadDataFromFileBlock", path=path, **inputs)))["code"] == code


@pytest.mark.parametrize(
    ("create", "lines", "wanted"),
    [
        ({"path": "a.txt"}, ["one", "zwölf"], "one\nzwölf\n".encode()),
        ({"path": "a.txt", "line_ending": "crlf"}, ["one"], b"one\r\n"),
        ({"path": "a.txt", "encoding": "utf-16"}, ["ä", "b"], "\ufeffä\nb\n".encode("utf-16-le")),
        ({"path": "a.csv", "encoding": "utf-8-bom"}, [[1, "a b"], ["x", None]], b"\xef\xbb\xbf1,a b\nx,\n"),
        ({"path": "a.csv", "delimiter": ";"}, [{"a": 1, "b": "x;y"}], b'a;b\n1;"x;y"\n'),
        ({"path": "a.csv", "columns": "b,a"}, [{"a": 1, "c": 3}], b"b,a\n,1\n"),
        ({"path": "a.csv", "header": "no"}, [{"a": 1}, {"a": 2}], b"1\n2\n"),
        ({"path": "a.csv"}, [[{"a": 1}, {"a": 2}]], b"a\n1\n2\n"),
        ({"path": "a.jsonl"}, [{"a": "ü"}, [1, 2]], '{"a":"ü"}\n[1,2]\n'.encode()),
        ({"path": "a.txt", "format": "csv"}, [["", ""], [""]], b',\n""\n'),
        ({"path": "empty"}, [], b""),
    ],
)
async def test_formats_that_are_written(desk: Desk, create: Any, lines: list[Any], wanted: bytes) -> None:
    data = [one if isinstance(one, str) else json.dumps(one) for one in lines]
    await desk.shows(
        on("CreateFileBlock", "f", **create),
        *(block("WriteLineToFileBlock", inputs={"file": "{$.f}", "data": one}) for one in data),
        block("SaveAndCloseFileBlock", inputs={"file": "{$.f}"}),
    )
    assert (desk.home / create["path"]).read_bytes() == wanted


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([on("OpenFileBlock", path="no.csv")], "file-missing"),
        ([on("OpenFileBlock", path="../../secret")], "file-path-invalid"),
        ([on("OpenFileBlock", path="")], "file-path-invalid"),
        ([on("OpenFileBlock", path="link")], "file-denied"),
        ([on("ReadDataFromFileBlock", path="folder")], "storage-refused"),
        ([on("CreateFileBlock", path="there.txt", on_existing="fail")], "file-exists"),
        ([on("CopyFileBlock", source_path="there.txt", path="folder/x", overwrite="no")], "file-exists"),
        ([on("MoveFileBlock", source_path="no.csv", destination_path="x")], "file-missing"),
        ([on("DeleteFileBlock", path="no.csv")], "file-missing"),
        ([on("ListFilesBlock", path="nowhere")], "file-missing"),
        ([block("WriteLineToFileBlock", inputs={"file": "", "data": "x"})], "block-input-invalid"),
        ([block("WriteLineToFileBlock", inputs={"file": '{"id": "other"}', "data": "x"})], "block-input-invalid"),
        ([block("OpenFileBlock", inputs={"path": "a"})], "block-unbound"),
        (
            [
                on("CreateFileBlock", "f", path="x.csv"),
                block("WriteLineToFileBlock", inputs={"file": "{$.f}", "data": '{"a": 1}'}),
                block("WriteLineToFileBlock", inputs={"file": "{$.f}", "data": '{"b": 1}'}),
            ],
            "block-input-invalid",
        ),
        (
            [
                on("CreateFileBlock", "f", path="x.csv"),
                block("SaveAndCloseFileBlock", inputs={"file": "{$.f}"}),
                block("WriteLineToFileBlock", inputs={"file": "{$.f}", "data": "late"}),
            ],
            "block-input-invalid",
        ),
    ],
)
async def test_what_cannot_be_done_is_said(desk: Desk, steps: list[Any], code: str, tmp_path: Path) -> None:
    desk.put("there.txt", "x")
    desk.put("folder/x", "x")
    (tmp_path / "secret").write_text("secret")
    (desk.home / "link").symlink_to(tmp_path / "secret")
    error = await desk.fails(*steps)
    assert error["code"] == code
    assert "secret" not in error["detail"] or "../" in str(steps)


async def test_listing_copying_checking(desk: Desk) -> None:
    for name in ("in/a.csv", "in/b.txt", "in/sub/c.csv"):
        desk.put(name, name)
    shown = await desk.shows(
        on("ListFilesBlock", "all", path="in", pattern="*.csv", type="file"),
        show("{$.all[0].name} {$.all[0].size} {count: {$.all}}"),
        (on("ListFilesBlock", "each", path="/in/"), {"loopBlockId": chain(show("{$.each.item.path}"))}),
        on("OpenFileBlock", "a", path="in/a.csv"),
        on("CopyFileBlock", "copy", file="{$.a}", path="out/a.csv"),
        on("CheckIfFileExistsBlock", "there", path="out/a.csv"),
        on("CheckIfFileExistsBlock", "not", path="out/b.csv"),
        on("DeleteFileBlock", "gone", path="out/b.csv", ignore_missing="yes"),
        show("{$.a.size} {$.copy.path} {$.there} {$.not} {$.gone.deleted}"),
    )
    assert shown[0] == "a.csv 8 1"
    assert shown[1:4] == ["in/a.csv", "in/b.txt", "in/sub"]
    assert shown[4].startswith("8 out/a.csv ")
    assert (desk.home / "out/a.csv").read_text() == "in/a.csv"


async def test_a_file_from_the_web_goes_to_the_sandbox(place: Place, tmp_path: Path) -> None:
    row = await place.run(
        block("OpenFileBlock", "web", inputs={"url": f"{place.web.url}/bytes"}, datasourcetype="HTTP"),
        on("CopyFileBlock", file="{$.web}", path="logo.png"),
        show("{$.web.name}"),
    )
    assert (row["error"], row["shown"]) == (None, ["bytes"])
    (kept,) = (tmp_path / "files").rglob("logo.png")
    assert kept.read_bytes() == b"\x89PNG\x00\x01"


async def test_a_file_may_not_grow_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.automations.store.files.LARGEST_FILE", 10)
    line = block("WriteLineToFileBlock", inputs={"file": "{$.f}", "data": "123456"})
    again = block("WriteLineToFileBlock", inputs={"file": "{$.f}", "data": "123456"})
    assert (await desk.fails(on("CreateFileBlock", "f", path="a"), line, again))["code"] == "open-files-full"
