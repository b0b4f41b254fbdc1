"""The embedded server: started by the first, shared, outliving kills, stopped by the last, in all sorts of folders."""

from __future__ import annotations

import json
import os
import pickle
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.fixtures.storage import new_folder
from tieline.core.errors import Misconfigured, TielineError
from tieline.storage import accounts, binaries, cluster, embedded
from tieline.storage.accounts import Account
from tieline.storage.embedded import Embedded
from tieline.storage.errors import DatabaseUnavailable, DiskFull

pytestmark = pytest.mark.battery

ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder that every account can walk into; databases made below it are removed, wherever they lie."""
    path = new_folder()
    yield path
    for home in [found.parent for found in path.rglob("start.lock")]:
        embedded.destroy(home.parent)
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A data folder with a stopped cluster, to copy: initdb takes a second, and most tests are not about it."""
    path = new_folder()
    Embedded.join(path / "data").leave()
    yield path / "data"
    shutil.rmtree(path)


@pytest.fixture
def data_dir(folder: Path, template: Path) -> Path:
    """A data folder whose cluster is made and not running."""
    subprocess.run(["cp", "-a", str(template), str(folder / "data")], check=True)
    return folder / "data"


def server_of(use: Embedded) -> psutil.Process:
    found = cluster.process(use.cluster)
    assert found is not None
    return found


def stopped(server: psutil.Process) -> bool:
    """Its locks are free a moment before the process itself has gone."""
    try:
        return not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def query(use: Embedded, statement: str = "SELECT 1") -> Any:
    with psycopg.connect(use.dsn, autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[arg-type, unused-ignore]
        return cursor.fetchone() if cursor.description else None


def start_user(data_dir: Path, then: str = "sys.stdin.readline(); use.leave()") -> subprocess.Popen[str]:
    """Another process that uses the server of ``data_dir``; it prints one line when it has joined."""
    program = (
        "import os, signal, sys; from pathlib import Path; from tieline.storage.embedded import Embedded\n"
        f"use = Embedded.join(Path(sys.argv[1])); print('joined', flush=True)\n{then}"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come about within 20 seconds"
        time.sleep(0.01)


def test_the_first_starts_the_second_shares_the_last_stops(folder: Path) -> None:
    first = Embedded.join(folder / "data")
    server = server_of(first)
    second = Embedded.join(folder / "data")
    assert server_of(second) == server
    first.leave()
    assert query(second) == (1,)
    second.leave()
    until(lambda: stopped(server))
    with pytest.raises(DatabaseUnavailable, match="not in use"):
        _ = second.dsn
    second.leave()


def test_data_stays_when_the_server_goes(data_dir: Path) -> None:
    with Embedded.join(data_dir) as use:
        query(use, "CREATE TABLE kept (id int)")
        assert (use.cluster / "PG_VERSION").read_text().strip() == str(binaries.find().major)
    with Embedded.join(data_dir) as use:
        assert query(use, "SELECT count(*) FROM kept") == (0,)


@pytest.mark.parametrize(
    "name",
    ["with space", "ünï 🙂", "quote ' \" $HOME `x` \\ %s %(a)s", "comma, semi;", "deep/" + "x" * 120 + "/" + "y" * 100],
    ids=["space", "unicode", "shell", "comma", "long"],
)
def test_any_path_will_do(name: str, folder: Path, template: Path) -> None:
    data_dir = folder / name
    for parent in reversed(data_dir.relative_to(folder).parents):
        (folder / parent).mkdir(mode=0o711, exist_ok=True)
    if name != "with space":
        subprocess.run(["cp", "-a", str(template), str(data_dir)], check=True)
    with Embedded.join(data_dir) as use, Embedded.join(data_dir) as again:
        assert query(use) == query(again) == (1,)
        directory = Path(json.loads((use.home / "server.json").read_text())["socket_directory"])
        assert len(os.fsencode(directory)) < 100
    assert not directory.exists()


def test_a_relative_path_and_a_link_lead_to_the_same_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "data").mkdir(mode=0o711)
    (folder / "link").symlink_to("data")
    with Embedded.join(Path("data")) as first, Embedded.join(folder / "link") as second:
        assert query(first, "SELECT pg_postmaster_start_time()") == query(second, "SELECT pg_postmaster_start_time()")


def test_a_path_that_is_too_long_or_a_file_is_refused(folder: Path) -> None:
    with pytest.raises(Misconfigured, match="shorter"):
        Embedded.join(folder / ("x" * 200 + "/") / ("y" * 200) / ("z" * 200) / ("a" * 200) / ("b" * 200))
    (folder / "file").touch()
    with pytest.raises(Misconfigured, match="is a file"):
        Embedded.join(folder / "file")


def test_processes_that_come_at_once_share_one_server(folder: Path) -> None:
    users = [start_user(folder / "data") for _ in range(4)]
    assert [line_of(user) for user in users] == ["joined"] * 4
    with Embedded.join(folder / "data") as use:
        server = server_of(use)
    for user in users:
        assert server.is_running()
        user.communicate("go\n")
    until(lambda: stopped(server))


def test_the_server_outlives_a_starter_that_is_killed(data_dir: Path) -> None:
    with start_user(data_dir, then="os.kill(os.getpid(), signal.SIGKILL)") as starter:
        assert line_of(starter) == "joined"
    assert starter.returncode == -signal.SIGKILL
    with Embedded.join(data_dir) as use:
        server = server_of(use)
        assert query(use) == (1,)
        # Its own session: neither Ctrl-C nor the hang-up of a terminal reaches it.
        assert os.getsid(server.pid) != os.getsid(0)
    until(lambda: stopped(server))


def test_a_server_whose_users_were_all_killed_stops_too(data_dir: Path) -> None:
    with Embedded.join(data_dir) as use:
        server = server_of(use)
        with start_user(data_dir) as other, start_user(data_dir) as another:
            assert line_of(other) == line_of(another) == "joined"
            use.leave()
            other.kill()
            other.wait()
            assert server.is_running()
            another.kill()
    if shutil.which("flock"):
        until(lambda: stopped(server))
    with Embedded.join(data_dir) as use:
        assert query(use) == (1,)


def test_a_server_that_is_started_again_and_again_has_one_watcher(data_dir: Path) -> None:
    def watchers() -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "tieline-guardian" in words and words[-1].startswith(str(data_dir)):
                found.append(process)
        return found

    with Embedded.join(data_dir) as use:
        for _ in range(3):
            server_of(use).kill()
            use.ensure()
        deadline = time.monotonic() + 30
        while len(watchers()) > 1 and time.monotonic() < deadline:
            time.sleep(0.1)  # each newcomer waits a few seconds for the one before to end
        assert len(watchers()) == 1


def test_somebody_who_is_killed_no_longer_counts_as_a_user(data_dir: Path) -> None:
    with Embedded.join(data_dir) as use:
        server = server_of(use)
        with start_user(data_dir) as other:
            assert line_of(other) == "joined"
            other.kill()
    until(lambda: stopped(server))


def test_after_a_crash_of_the_machine_a_reused_process_id_does_not_matter(data_dir: Path) -> None:
    with Embedded.join(data_dir) as use:
        query(use, "CREATE TABLE kept (id int)")
        server = server_of(use)
        noted = (use.cluster / "postmaster.pid").read_text()
        server.kill()
        until(lambda: not cluster.answers(Path(json.loads((use.home / "server.json").read_text())["socket_directory"])))
    # What a reboot leaves: the note of a server, with the number of a process that is now somebody else of that user.
    note = use.cluster / "postmaster.pid"
    owner = accounts.of_owner(use.cluster)
    with subprocess.Popen(["sleep", "60"], **owner.spawn_options()) as somebody:
        note.write_text(noted.replace(str(server.pid), str(somebody.pid), 1))
        os.chown(note, owner.uid, owner.gid)
        try:
            with Embedded.join(data_dir) as use:
                assert query(use, "SELECT count(*) FROM kept") == (0,)
        finally:
            somebody.kill()


def test_a_server_that_dies_while_in_use_comes_back_on_demand(data_dir: Path) -> None:
    with Embedded.join(data_dir) as use:
        server_of(use).kill()
        use.ensure()
        assert query(use) == (1,)
        use.ensure()


def test_a_socket_that_somebody_cleaned_away_comes_back(data_dir: Path) -> None:
    with Embedded.join(data_dir) as use:
        directory = Path(json.loads((use.home / "server.json").read_text())["socket_directory"])
        shutil.rmtree(directory)
        use.ensure()
        assert query(use) == (1,)


def test_binaries_of_another_major_version_are_refused(data_dir: Path) -> None:
    with Embedded.join(data_dir) as use:
        version = use.cluster / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(Misconfigured, match=r"made by PostgreSQL 14, but .* carries"):
        Embedded.join(data_dir)
    version.write_text(f"{binaries.find().major}\n")


def test_missing_binaries_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_MODULE", "no_such_module")
    with pytest.raises(Misconfigured, match="TIELINE_DATABASE_URL"):
        binaries.find()


def test_nothing_listens_on_the_network_and_a_password_is_needed(data_dir: Path) -> None:
    with Embedded.join(data_dir) as use:
        for process in (server_of(use), *server_of(use).children()):
            assert process.net_connections("inet") == []
        assert "password" not in use.dsn
        assert (use.home / "pgpass").stat().st_mode & 0o777 == 0o600
        directory = Path(json.loads((use.home / "server.json").read_text())["socket_directory"])
        assert directory.stat().st_mode & 0o777 == 0o700
        assert use.cluster.stat().st_mode & 0o777 == 0o700
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(use.dsn, passfile="/dev/null")
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(use.dsn, password="wrong")


def test_the_environment_of_libpq_does_not_mislead(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGDATA": "/nowhere",
        "PGPORT": "1",
        "PGHOST": "nowhere.invalid",
        "PGUSER": "nobody",
        "PGDATABASE": "none",
        "PGPASSFILE": "/nowhere",
        "LC_ALL": "xx_YY.UTF-8",
        "TZ": "Asia/Tokyo",
    }.items():
        monkeypatch.setenv(name, value)
    with Embedded.join(data_dir) as use:
        assert query(use, "SELECT current_setting('TimeZone')") == ("UTC",)


def test_a_failed_start_leaves_nothing_half_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_SETTINGS", {"no_such_setting": "1"})
    with pytest.raises(TielineError) as caught:
        Embedded.join(folder / "data")
    assert "no_such_setting" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (folder / "data" / "postgres" / "cluster").exists()
    assert list((folder / "data" / "postgres").glob(".new-*")) == []
    monkeypatch.undo()
    with Embedded.join(folder / "data") as use:
        assert query(use) == (1,)


def test_a_start_that_was_killed_while_it_made_the_cluster_does_not_matter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at each of its steps: the next start makes the cluster, with a password that fits."""
    steps = [(cluster, "_initdb"), (cluster, "_give" if ROOT else "_initdb"), (cluster, "sync_directory")]
    for number, (module, name) in enumerate(steps):
        data_dir = folder / str(number)

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(module, name, killed)
            patch.setattr(shutil, "rmtree", lambda *_, **__: None)
            with pytest.raises(KeyboardInterrupt):
                Embedded.join(data_dir)
        with Embedded.join(data_dir) as use:
            assert query(use) == (1,)
        assert list((data_dir / "postgres").glob(".new-*")) == []


def test_a_spoilt_configuration_is_one_clear_line(data_dir: Path) -> None:
    with Embedded.join(data_dir) as use:
        settings = use.cluster / "postgresql.conf"
        before = settings.read_text()
    settings.write_text(before + "\nshared_buffers = 'lots'\n")
    with pytest.raises(DatabaseUnavailable, match="did not start") as caught:
        Embedded.join(data_dir)
    assert "\n" not in str(caught.value)
    settings.write_text(before)


def test_too_little_room_is_told_before_anything_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=5 * 2**20))
    with pytest.raises(DiskFull, match=r"needs 100 MB, but .* has 5 MB left"):
        Embedded.join(folder / "data")
    assert not (folder / "data" / "postgres" / "cluster").exists()


@pytest.mark.parametrize(
    "output, error, words",
    [
        (
            'FATAL:  could not write lock file "postmaster.pid": No space left on device\n',
            DiskFull,
            "no space left on the disk of /data",
        ),
        ("PANIC:  could not write to file: No space left on device", DiskFull, "Free some space"),
        (
            'FATAL:  data directory "/data" has wrong ownership\nHINT:  The server must be started by the user',
            DatabaseUnavailable,
            "wrong ownership.$",
        ),
        ("LOG: x\nFATAL:  could not open file: Permission denied", Misconfigured, "Permission denied"),
        ("", DatabaseUnavailable, "it said nothing"),
    ],
    ids=["full at start", "full at run", "owner", "permission", "silence"],
)
def test_what_the_server_says_becomes_one_line(output: str, error: type[TielineError], words: str) -> None:
    found = cluster.explain(output, Path("/data"), "did not start")
    assert type(found) is error
    with pytest.raises(error, match=words):
        raise found


def test_the_folder_of_a_socket_is_claimed_only_when_it_is_ours(folder: Path) -> None:
    us = accounts.own()
    assert cluster.claim_socket_directory(folder / "new", us)
    assert (folder / "new").stat().st_mode & 0o777 == 0o700
    (folder / "new").chmod(0o777)
    assert cluster.claim_socket_directory(folder / "new", us)
    assert (folder / "new").stat().st_mode & 0o777 == 0o700
    (folder / "link").symlink_to(folder / "new")
    assert not cluster.claim_socket_directory(folder / "link", us)
    assert not cluster.claim_socket_directory(folder / "new", Account(us.uid + 1, us.gid, switched=False))
    (folder / "file").touch()
    assert not cluster.claim_socket_directory(folder / "file", us)


def test_old_logs_are_removed(folder: Path) -> None:
    (folder / "log").mkdir()
    for number in range(9):
        (folder / "log" / f"postgresql-2026010{number}T000000.log").touch()
    cluster.prune_logs(folder)
    assert len(list((folder / "log").iterdir())) == 5
    assert (folder / "log" / "postgresql-20260108T000000.log").exists()


def test_a_database_in_use_is_not_destroyed(data_dir: Path) -> None:
    with Embedded.join(data_dir) as use:
        with pytest.raises(Misconfigured, match="in use"):
            embedded.destroy(data_dir)
        assert query(use) == (1,)
    embedded.destroy(data_dir)
    assert not (data_dir / "postgres").exists()


def as_user(uid: int, gid: int, work: Callable[[], Any]) -> Any:
    """What ``work`` returns in a forked process of that user. Needs root."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            answer: Any = work()
        except BaseException as error:
            answer = repr(error)
        os.write(writer, pickle.dumps(answer))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pickle.loads(pipe.read())
    os.waitpid(pid, 0)
    return answer


def modes_above(path: Path) -> dict[str, int]:
    return {str(parent): parent.stat().st_mode for parent in path.parents}


if ROOT:

    def test_root_serves_from_an_account_that_nobody_has(folder: Path) -> None:
        with Embedded.join(folder / "data with space") as use:
            uid = server_of(use).uids().real
            assert uid not in {0, os.geteuid()}
            with pytest.raises(KeyError):
                pwd.getpwuid(uid)
            assert use.cluster.is_relative_to(folder)

    def test_root_never_opens_a_closed_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(accounts, "SYSTEM_DIRECTORIES", (folder / "system",))
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        before = modes_above(closed / "data")
        with Embedded.join(closed / "data") as use:
            assert query(use) == (1,)
            elsewhere = use.cluster
            assert elsewhere.is_relative_to(folder / "system")
            assert elsewhere.stat().st_mode & 0o777 == 0o700
            query(use, "CREATE TABLE kept (id int)")
        assert modes_above(closed / "data") == before
        with Embedded.join(closed / "data") as use:
            assert use.cluster == elsewhere
            assert query(use, "SELECT count(*) FROM kept") == (0,)
        embedded.destroy(closed / "data")
        assert not elsewhere.parent.exists()

    def test_a_cluster_elsewhere_that_was_being_made_leaves_nothing(
        folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(accounts, "SYSTEM_DIRECTORIES", (folder / "system",))
        closed = folder / "closed"
        closed.mkdir(mode=0o700)

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(cluster, "_initdb", killed)
            with pytest.raises(KeyboardInterrupt):
                Embedded.join(closed / "data")
        assert len(list((folder / "system").iterdir())) == 1
        with Embedded.join(closed / "data") as use:
            assert query(use) == (1,)
            assert [use.cluster.parent] == list((folder / "system").iterdir())
        assert not (closed / "data" / "postgres" / "unfinished").exists()

    def test_a_cluster_elsewhere_that_is_gone_is_not_replaced_by_an_empty_one(
        folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(accounts, "SYSTEM_DIRECTORIES", (folder / "system",))
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        with Embedded.join(closed / "data") as use:
            elsewhere = use.cluster.parent
        moved = elsewhere.rename(elsewhere.with_suffix(".moved"))
        with pytest.raises(Misconfigured, match="is gone: restore it"):
            Embedded.join(closed / "data")
        moved.rename(elsewhere)

    def test_binaries_that_others_cannot_reach_are_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        original = binaries.find()
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        package = original.root.parent
        for part in (f"{package.name}/{original.root.name}", f"{package.name}/.dylibs", f"{package.name}.libs"):
            if (package.parent / part).exists():
                shutil.copytree(package.parent / part, closed / part, symlinks=True)
        place = folder / "place"
        monkeypatch.setattr(binaries, "SYSTEM_DIRECTORIES", (place,))
        unreachable = original._replace(root=closed / package.name / original.root.name)
        monkeypatch.setattr(binaries, "find", lambda major=None: unreachable)
        for _ in range(2):
            with Embedded.join(folder / "data") as use:
                assert Path(server_of(use).exe()).is_relative_to(place)
        assert len(list(place.iterdir())) == 1
        assert closed.stat().st_mode & 0o777 == 0o700

    def test_root_in_the_folder_of_a_user_serves_as_that_user(folder: Path) -> None:
        nobody = pwd.getpwnam("nobody")
        data_dir = folder / "data"
        data_dir.mkdir(mode=0o700)
        os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
        with Embedded.join(data_dir) as use:
            assert server_of(use).uids().real == nobody.pw_uid
        owners = {path.stat().st_uid for path in (data_dir / "postgres").iterdir()}
        assert owners == {nobody.pw_uid}

        def again() -> Any:
            with Embedded.join(data_dir) as use:
                return query(use)

        assert as_user(nobody.pw_uid, nobody.pw_gid, again) == (1,)

    def test_an_ordinary_user_has_a_server_of_his_own(folder: Path) -> None:
        nobody = pwd.getpwnam("nobody")
        (folder / "home").mkdir(mode=0o700)
        os.chown(folder / "home", nobody.pw_uid, nobody.pw_gid)

        def work() -> Any:
            with Embedded.join(folder / "home" / "my data") as use:
                return server_of(use).uids().real, query(use), oct((folder / "home" / "my data").stat().st_mode & 0o777)

        assert as_user(nobody.pw_uid, nobody.pw_gid, work) == (nobody.pw_uid, (1,), "0o700")

    def test_the_data_folder_of_somebody_else_is_told(data_dir: Path) -> None:
        with Embedded.join(data_dir):
            pass

        def work() -> str:
            try:
                Embedded.join(data_dir)
            except Misconfigured as error:
                return str(error)
            return "joined"

        nobody = pwd.getpwnam("nobody")
        answer = as_user(nobody.pw_uid, nobody.pw_gid, work)
        assert "TIELINE_DATA_DIR" in answer
        assert "\n" not in answer

    def test_a_user_without_a_name_is_told_what_is_missing(folder: Path) -> None:
        (folder / "home").mkdir(mode=0o777)
        (folder / "home").chmod(0o777)

        def work() -> str:
            try:
                Embedded.join(folder / "home" / "data")
            except Misconfigured as error:
                return str(error)
            return "joined"

        assert "has no entry in /etc/passwd" in as_user(54321, 54321, work)
        shutil.rmtree(folder / "home")

    def test_a_disk_that_is_full_is_told_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        small = folder / "small"
        small.mkdir(mode=0o711)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0711", "none", str(small)], check=False)
        if mounted.returncode:
            # Without the right to mount there is no small disk; the words of a full one are tested above.
            return
        try:
            monkeypatch.setattr(cluster, "_ROOM_FOR_A_CLUSTER", 0)
            with pytest.raises(DiskFull, match="Free some space") as caught:
                Embedded.join(small / "data")
            assert "\n" not in str(caught.value)
            assert not (small / "data" / "postgres" / "cluster").exists()
            assert list((small / "data" / "postgres").glob(".new-*")) == []
        finally:
            shutil.rmtree(small / "data", ignore_errors=True)
            subprocess.run(["umount", str(small)], check=True)
