"""Backup and restore of an installation at work.

Pass line: every table, right and policy is back as the snapshot had it; each webhook that was acknowledged before the
backup began has exactly one run; sleeping runs end; secrets open; 0 damaged files accepted, 0 files that look whole
after a kill or on a full disk.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.batteries.test_disk_full import Disk
from tests.fixtures.command_line import Cli, served, tieline
from tieline.core.errors import Misconfigured
from tieline.core.ids import new_id
from tieline.storage import backup, embedded, migrations
from tieline.storage.cluster import SUPERUSER
from tieline.storage.database import Database
from tieline.storage.embedded import DATABASE, Embedded

pytestmark = [pytest.mark.battery, pytest.mark.alone, pytest.mark.timeout(240)]

SEED = int(os.environ.get("TIELINE_TEST_SEED", "7"))
ROUNDS = int(os.environ.get("TIELINE_TEST_ROUNDS", "3"))
SECRET = "s3cr3t-v4lue-of-a-backup"
CASH = {
    "openapi": "3.0.3",
    "info": {"title": "Cash", "version": "1"},
    "servers": [{"url": "https://cash.example.com/v1"}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "security": [{"key": []}],
    "paths": {"/notes": {"get": {"operationId": "listNotes", "responses": {"200": {"description": "ok"}}}}},
}
OURS = "('public', 'procrastinate')"
CATALOG = (
    "SELECT * FROM pg_policies",
    f"""SELECT nspname, relname, relkind, relrowsecurity, relforcerowsecurity, relpersistence, relacl::text
        FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace WHERE nspname IN {OURS}""",
    f"SELECT indexdef FROM pg_indexes WHERE schemaname IN {OURS}",
    f"""SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace::regnamespace::text IN {OURS}""",
    f"""SELECT proname, prosrc, prosecdef, proacl::text, proowner::regrole::text, proconfig::text FROM pg_proc
        WHERE pronamespace::regnamespace::text IN {OURS}""",
    "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname LIKE 'tieline%'",
)
TABLES = (
    "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'procrastinate') "
    "ORDER BY 1"
)


def workspace(mode: str, *blocks: dict[str, Any]) -> dict[str, Any]:
    """A start and these blocks, one after another."""
    start = {"id": "A", "type": "StartBlock", "name": "start", "inputs": [{"id": "run_mode", "value": mode}]}
    chain = [start, *blocks]
    for one, following in itertools.pairwise(chain):
        one["childId"] = following["id"]
    return {"blocks": chain, "variables": []}


def call(cli: Cli, method: str, path: str, body: Any = None) -> Any:
    key = (cli.folder / "data" / "admin.key").read_text().strip()
    url = path if path.startswith("http") else f"{cli.url}/api/v1/{path}"
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=20) as answer:
        return json.loads(answer.read() or b"null")


@contextmanager
def looking(data_dir: Path) -> Iterator[psycopg.Connection[Any]]:
    with (
        Embedded.join(data_dir) as server,
        psycopg.connect(server.address(DATABASE, SUPERUSER), autocommit=True) as connection,
    ):
        yield connection


def catalog(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    return {query: sorted(map(str, connection.execute(query).fetchall())) for query in CATALOG}


def contents(connection: psycopg.Connection[Any]) -> dict[str, tuple[int, str]]:
    """Rows and a digest of each table, over what COPY says: another way than the product's own."""
    found = {}
    for (name,) in connection.execute(TABLES).fetchall():
        with connection.cursor().copy(f"COPY {name} TO STDOUT") as copy:
            lines = sorted(b"".join(bytes(chunk) for chunk in copy).split(b"\n"))
        found[name] = (len(lines) - 1, hashlib.sha256(b"\n".join(lines)).hexdigest())
    return found


class Sender(threading.Thread):
    """Sends webhooks until it is told to stop; knows which were acknowledged."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url, self.acknowledged, self.stopping = url, list[int](), threading.Event()

    def run(self) -> None:
        for number in range(100_000):
            if self.stopping.is_set():
                return
            body = json.dumps({"number": number}).encode()
            request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    if answer.status == 200:
                        self.acknowledged.append(number)
            except OSError:
                pass
            time.sleep(0.03)


def furnish(cli: Cli) -> tuple[str, str]:
    """A sealed secret, a hook and a long sleeper; the hook's address and the sleeper's run."""
    (cli.folder / "cash.json").write_text(json.dumps(CASH))
    cli("connectors", "import", "cash.json", "--name", "cash")
    cli("connections", "create", "cash", "--name", "mine", "-p", "api_key=-", stdin=f"{SECRET}\n")
    show = {"id": "B", "type": "ShowBlock", "name": "output", "inputs": [{"id": "input", "value": "{$.start.number}"}]}
    hook = call(cli, "POST", "automations", {"name": "hook", "workspace": workspace("webhook", show)})
    call(cli, "POST", f"automations/{hook['id']}/actions/enable")
    sleep = {"id": "B", "type": "SleepBlock", "name": "sleep", "inputs": [{"id": "time", "value": "15"}]}
    sleeper = call(cli, "POST", "automations", {"name": "sleeper", "workspace": workspace("manual", sleep)})
    run = call(cli, "POST", f"automations/{sleeper['id']}/runs", {"context": "api"})
    until = time.monotonic() + 60
    while call(cli, "GET", f"automations/{sleeper['id']}/runs/{run['id']}")["status"] != "running":
        assert time.monotonic() < until
        time.sleep(0.1)
    return call(cli, "GET", f"automations/{hook['id']}")["webhook"]["url"], run["id"]


NUMBERS = "SELECT (convert_from(body, 'UTF8')::jsonb ->> 'number')::int FROM webhook_deliveries"
OPEN = "SELECT count(*) FROM runs WHERE status NOT IN ('finished', 'failed', 'stopped', 'finished with warnings')"
WAITING = "SELECT count(*) FROM webhook_deliveries WHERE status = 'received'"


def test_an_installation_at_work_comes_back(tmp_path: Path, record_property: Any) -> None:
    first, second, third = (tmp_path / name for name in ("one", "two", "three"))
    for folder in (tmp_path, first, second, third):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711)
    file = tmp_path / "installation.backup"
    with served(first) as cli:
        url, sleeper = furnish(cli)
        sender = Sender(url)
        sender.start()
        until = time.monotonic() + 30
        while len(sender.acknowledged) < 40:
            assert time.monotonic() < until
            time.sleep(0.05)
        before = len(sender.acknowledged)
        made = json.loads(cli("backup", str(file), "--json"))
        meanwhile = len(sender.acknowledged) - before
        assert meanwhile > 0, "nobody waits for a backup"
        assert (made["with_keys"], file.stat().st_mode & 0o777) == (False, 0o600)
        assert SECRET.encode() not in file.read_bytes()
        assert (first / "data" / "secret.key").read_bytes().strip() not in file.read_bytes()
        sender.stopping.set()
        sender.join()
        acknowledged = sender.acknowledged[:before]
    second_data = second / "data"
    second_data.mkdir(mode=0o711)
    shutil.copy2(first / "data" / "secret.key", second_data)
    there = Cli(second, "", {**cli.environment, "TIELINE_DATA_DIR": str(second_data)})
    restored = json.loads(there("restore", str(file), "--json"))
    assert restored["secrets"]["closed"] == 0
    assert restored["secrets"]["opened"] >= 1
    with looking(first / "data") as old, looking(second_data) as new:
        assert catalog(new) == catalog(old), "rights, policies, roles, indexes and functions"
        assert {name: rows for name, (rows, _) in contents(new).items()} == made["tables"]
        whole = contents(old)
        status = new.execute("SELECT status FROM runs WHERE id = %s", [sleeper]).fetchone()
        assert status == ("running",), "it was asleep when the snapshot was taken"
    with served(second) as cli:
        deadline = time.monotonic() + 60
        with looking(second_data) as new:
            while new.execute(OPEN).fetchone() != (0,) or new.execute(WAITING).fetchone() != (0,):
                assert time.monotonic() < deadline, "runs do not end"
                time.sleep(0.2)
            kept = [number for (number,) in new.execute(f"{NUMBERS} ORDER BY 1").fetchall()]
            ended = new.execute("SELECT count(*) FROM runs WHERE status = 'finished'").fetchone()
        assert set(acknowledged) <= set(kept), "what was acknowledged before is there"
        assert len(kept) == len(set(kept))
        assert ended == (len(kept) + 1,), "one run for each delivery, and the sleeper"
        rotated = cli.json("keys", "rotate")
        assert (rotated["broken"], sum(one["total"] for one in rotated["places"]) > 0) == (0, True)
    Cli(first, "", cli.environment | {"TIELINE_DATA_DIR": str(first / "data")})("backup", str(tmp_path / "rest.backup"))
    told = Cli(third, "", cli.environment | {"TIELINE_DATA_DIR": str(third / "data")})._told(
        ("restore", str(tmp_path / "rest.backup")), "", {}
    )
    assert told.code == 0, told.err
    assert "do not open" in told.err, "no keys are at hand there"
    assert not (third / "data" / "secret.key").exists(), "none is made up"
    with looking(third / "data") as rest:
        assert contents(rest) == whole
    figures = {"tables": len(whole), "meanwhile": meanwhile, "acknowledged before": before}
    record_property("backup", {**figures, "in the backup": len(kept), "lost": 0})


@pytest.fixture(scope="module")
def small() -> Iterator[Path]:
    """A folder with a backup (`whole`) of an installation that has only been set up."""
    with tempfile.TemporaryDirectory(prefix="tl-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with environment(folder / "data"):
            assert tieline("db", "upgrade").code == 0
            assert tieline("backup", str(folder / "whole")).code == 0
        yield folder
        embedded.destroy(folder / "data")


@contextmanager
def environment(data_dir: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIELINE_DATA_DIR", str(data_dir))
        patch.delenv("TIELINE_DATABASE_URL", raising=False)
        yield


def rewritten(source: Path, target: Path, change: Any) -> None:
    """The same archive with other parts or another manifest."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        parts = {name: old.read(name) for name in old.namelist()}
        manifest = json.loads(parts.pop("manifest.json"))
        change(parts, manifest)
        for name, content in {**parts, "manifest.json": json.dumps(manifest).encode()}.items():
            new.writestr(name, content)


def damages(whole: Path, folder: Path, dice: random.Random) -> dict[str, Path]:
    """Files that are no whole backup."""
    raw, made = whole.read_bytes(), dict[str, Path]()

    def put(name: str, content: bytes) -> None:
        made[name] = folder / name
        made[name].write_bytes(content)

    for number in range(20 * ROUNDS):
        put(f"cut-{number}", raw[: dice.randrange(len(raw))])
        place = dice.randrange(len(raw) - 400)
        put(f"flipped-{number}", raw[:place] + bytes([raw[place] ^ (1 << dice.randrange(8))]) + raw[place + 1 :])
    put("empty", b"")
    put("text", b"no backup at all\n" * 100)
    with zipfile.ZipFile(folder / "foreign", "w", zipfile.ZIP_DEFLATED) as foreign:
        foreign.writestr("manifest.json", b"{}" + b" " * 10**6)
    made["foreign"] = folder / "foreign"
    changes = {
        "newer": lambda parts, manifest: manifest.update(schema="9999"),
        "format": lambda parts, manifest: manifest.update(format_version=99),
        "more": lambda parts, manifest: parts.update({"../../etc/passwd": b"x"}),
        "less": lambda parts, manifest: manifest["parts"].clear(),
        "other": lambda parts, manifest: parts.update({"database.dump": b"x" * 1000}),
        "shape": lambda parts, manifest: manifest.update(tables=[1, 2]),
    }
    for name, change in changes.items():
        rewritten(whole, folder / name, change)
        made[name] = folder / name
    return made


def test_what_is_no_whole_backup_is_refused_and_nothing_changes(small: Path, record_property: Any) -> None:
    folder, target = small / "damaged", small / "untouched"
    folder.mkdir()
    files = damages(small / "whole", folder, random.Random(SEED))
    accepted = []
    with environment(target):
        for name, path in files.items():
            told = tieline("restore", str(path))
            assert told.err.count("\n") <= 1, told.err
            accepted += [name] if told.code != 1 or target.exists() else []
        newer = tieline("restore", str(folder / "newer")).err
    assert "newer than this program's" in newer
    record_property("damaged", {"tried": len(files), "accepted": len(accepted), "seed": SEED})
    assert not accepted


def test_a_whole_dump_with_other_rows_than_the_manifest_says_is_not_put_in_place(small: Path) -> None:
    def lie(parts: dict[str, bytes], manifest: dict[str, Any]) -> None:
        manifest["tables"]["public.alembic_version"]["rows"] += 1

    rewritten(small / "whole", small / "lying", lie)
    with environment(small / "lied"):
        told = tieline("restore", str(small / "lying"))
    assert (told.code, "public.alembic_version" in told.err) == (1, True)
    assert list((small / "lied").iterdir()) == []


def test_what_is_there_is_not_overwritten_without_a_word(small: Path) -> None:
    with environment(small / "data"):
        assert "is not empty" in tieline("restore", str(small / "whole")).err
        assert "is there already" in tieline("backup", str(small / "whole")).err
        with Embedded.join(small / "data"):
            told = tieline("restore", str(small / "whole"), "--replace")
            assert (told.code, "in use" in told.err) == (1, True)
        told = tieline("restore", str(small / "whole"), "--replace", "--json")
        kept = Path(json.loads(told.out)["kept"])
        assert (kept / "pgpass").exists()
        assert tieline("db", "upgrade").code == 0
        shutil.rmtree(kept)


def test_an_older_schema_is_brought_up_to_date(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import command
    from sqlalchemy import create_engine

    from tieline.storage import roles

    with Embedded.join(small / "older") as server:
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            roles.ensure(connection)
        engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(server.dsn))
        with engine.begin() as work:
            config = migrations.configuration()
            config.attributes["connection"] = work
            command.upgrade(config, "0009")
        engine.dispose()
        made = backup.write(None, small / "older", small / "older.backup")
    assert made.schema == "0009"
    with environment(small / "newer"):
        told = tieline("restore", str(small / "older.backup"), "--json")
        assert json.loads(told.out)["restored_to"] == migrations.HEAD
    for name in ("older", "newer"):
        embedded.destroy(small / name)


@pytest.mark.anyio
async def test_an_external_database_is_restored_into_an_empty_one(
    postgres: Embedded, database: Database, database_dsn: str, tmp_path: Path
) -> None:
    from tests.storage.making import make_tenant
    from tieline.storage import tables

    tenant = await make_tenant(database)
    async with database.tenant(tenant) as unit:
        await unit.insert(tables.spaces, id=new_id(), name="Sales")
    with pytest.raises(Misconfigured, match="BYPASSRLS"):
        backup.write(database_dsn, tmp_path, tmp_path / "external.backup")
    assert list(tmp_path.iterdir()) == []
    all_seeing = make_conninfo(postgres.address(user=SUPERUSER), dbname=conninfo_to_dict(database_dsn)["dbname"])
    made = backup.write(all_seeing, tmp_path, tmp_path / "external.backup")
    assert made.tables["public.spaces"].rows >= 1
    name = f"restored_{new_id().hex}"
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        target = make_conninfo(postgres.address(user=SUPERUSER), dbname=name)
        backup.restore(target, tmp_path, tmp_path / "external.backup")
        with pytest.raises(Misconfigured, match="holds tables"):
            backup.restore(target, tmp_path, tmp_path / "external.backup")
        async with await Database.open(target, tmp_path) as again:
            async with again.tenant(tenant) as unit:
                assert len(await unit.all(tables.spaces.select())) == 1
            async with again.tenant(new_id()) as unit:
                assert await unit.all(tables.spaces.select()) == [], "row-level security is back"
    finally:
        with psycopg.connect(postgres.address("postgres", SUPERUSER), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def killed(arguments: list[str], environment: dict[str, str], sign: Any, after: float) -> int:
    """Starts it, waits for ``sign`` and ``after`` seconds more, kills it; its return code."""
    with subprocess.Popen(
        [sys.executable, "-m", "tieline", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        until = time.monotonic() + 60
        while not sign() and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.002)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        return process.wait()


def test_a_kill_leaves_nothing_that_looks_whole(small: Path, record_property: Any) -> None:
    dice, kills = random.Random(SEED), {"backup": 0, "restore": 0}
    variables = {**os.environ, "TIELINE_DATA_DIR": str(small / "data")}
    for number in range(ROUNDS):
        target = small / f"killed-{number}"
        drafts = f".{target.name}.*.partial"
        code = killed(
            ["backup", str(target)], variables, lambda glob=drafts: list(small.glob(glob)), dice.uniform(0, 0.4)
        )
        kills["backup"] += code == -signal.SIGKILL
        assert not target.exists() or backup.verify(target)
        with environment(small / "data"):
            assert tieline("backup", str(target), "--replace").code == 0
        assert backup.verify(target)
        assert not list(small.glob(drafts)), "what the killed one left is gone"
        data = small / f"restored-{number}"
        code = killed(
            ["restore", str(target)],
            {**variables, "TIELINE_DATA_DIR": str(data)},
            lambda folder=data: list(folder.glob(".restoring-*")),
            dice.uniform(0, 1.5),
        )
        kills["restore"] += code == -signal.SIGKILL
        with environment(data):
            if not (data / "postgres").exists():
                again = tieline("restore", str(target))
                assert again.code == 0, again.err
            with looking(data) as connection:
                assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (migrations.HEAD,)
        assert not list(data.glob(".restoring-*"))
        embedded.destroy(data)
    record_property("kills", {**kills, "half files": 0, "seed": SEED})


def test_a_full_disk_leaves_no_file(small: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="tl-") as name:
        disk = Disk(Path(name))
        disk.mount(1)
        try:
            (disk.folder / "ballast").write_bytes(b"\0" * (2**20 - 100_000))
            with environment(small / "data"):
                told = tieline("backup", str(disk.folder / "full"))
                assert (told.code, "No space left" in told.err) == (1, True)
                assert [path.name for path in disk.folder.iterdir()] == ["ballast"]
                disk.clear()
                assert tieline("backup", str(disk.folder / "full")).code == 0
                assert tieline("restore", "--check", str(disk.folder / "full")).code == 0
        finally:
            subprocess.run(["umount", name], check=True)
