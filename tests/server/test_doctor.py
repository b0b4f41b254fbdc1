"""``tieline doctor``: each fault is set up for real, found, named with what mends it; and nothing is changed."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.fixtures.command_line import tieline
from tieline.core.ids import new_id
from tieline.security.vault import Vault
from tieline.storage.cluster import SUPERUSER
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.migrations import HEAD
from tieline.storage.tables import partners

KEY = Vault.generate_key()
Doctor = Callable[..., Any]


@pytest.fixture
def look(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Runs the doctor over settings; what it finds, by check, and its exit code under ``code``."""
    for name in [name for name in os.environ if name.startswith("TIELINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TIELINE_DATA_DIR", str(data_dir))

    def found(*arguments: str, **settings: str) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            told = tieline("doctor", "--json", "--port", "1", *arguments)
        assert not told.err, told.err
        said = json.loads(told.out)
        assert said["ok"] == (told.code == 0) == all(one["ok"] for one in said["checks"])
        assert all(one["mend"] for one in said["checks"] if one["status"] != "ok"), "what is wrong says how to mend it"
        by_name: dict[str, Any] = {"code": told.code}
        worst = ["ok", "warn", "fail"]
        for one in said["checks"]:
            known = by_name.get(one["check"])
            if known is None or worst.index(one["status"]) > worst.index(known["status"]):
                by_name[one["check"]] = one
        return by_name

    return found


@pytest.fixture
def dsn(database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An external database, as the settings name it."""
    return database_dsn


def outside(dsn: str) -> dict[str, str]:
    return {"TIELINE_DATABASE_URL": dsn, "TIELINE_SECRET_KEYS": KEY}


def of(found: Any, check: str) -> tuple[str, str]:
    return found[check]["status"], found[check]["detail"]


def everything(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in folder.rglob("*")}


def test_nothing_is_made_where_nothing_is(look: Doctor, data_dir: Path) -> None:
    found = look("--start")
    assert not data_dir.exists()
    assert of(found, "data folder")[0] == of(found, "database")[0] == of(found, "secret keys")[0] == "ok"


def test_a_stopped_database_stays_stopped_and_unchanged(look: Doctor, data_dir: Path) -> None:
    assert tieline("db", "upgrade").code == 0
    before = everything(data_dir)
    found = look()
    assert everything(data_dir) == before
    assert of(found, "database")[0] == "warn"
    assert "--start" in found["database"]["mend"]
    found = look("--start")
    assert of(found, "schema") == ("ok", HEAD)
    assert of(found, "workers")[0] == "warn"


@pytest.mark.parametrize(
    ("settings", "check", "status", "says"),
    [
        ({"TIELINE_LOG_LEVEL": "loud"}, "settings", "fail", "TIELINE_LOG_LEVEL"),
        ({"TIELINE_LOGLEVEL": "info"}, "settings", "fail", "did you mean TIELINE_LOG_LEVEL"),
        ({"TIELINE_EGRESS_ALLOW": "0.0.0.0/0"}, "egress", "fail", "everything inside"),
        ({"TIELINE_EGRESS_ALLOW": "169.254.169.254"}, "egress", "fail", "169.254.169.254"),
        ({"TIELINE_EGRESS_ALLOW": "169.254.0.0/16"}, "egress", "fail", "machine's own keys"),
        ({"TIELINE_EGRESS_ALLOW": "8.0.0.0/7"}, "egress", "fail", "wider"),
        ({"TIELINE_EGRESS_ALLOW": "10.1.0.0/16"}, "egress", "ok", "10.1.0.0/16"),
        ({"TIELINE_BASE_URL": "http://127.0.0.1:9"}, "base url", "warn", "nobody answers"),
        ({"TIELINE_BASE_URL": "http://127.0.0.1:9/tieline"}, "base url", "fail", "ends with a path"),
        ({"TIELINE_SECRET_KEYS": "short"}, "settings", "fail", "TIELINE_SECRET_KEYS"),
        ({"TIELINE_DATABASE_URL": "mysql://db/x"}, "settings", "fail", "postgresql://"),
        ({"SSL_CERT_FILE": "/nowhere.pem"}, "certificates", "fail", "/nowhere.pem cannot be read"),
        ({"SSL_CERT_FILE": "/etc/passwd"}, "certificates", "fail", "no certificate"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_settings(look: Doctor, settings: dict[str, str], check: str, status: str, says: str) -> None:
    found = look(**settings)
    assert of(found, check)[0] == status
    assert says in found[check]["detail"]


def test_several_wrong_settings_are_all_named(look: Doctor) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIELINE_LOG_LEVEL", "loud")
        patch.setenv("TIELINE_TIER1_PER_MINUTE", "none")
        told = tieline("doctor", "--port", "1")
        assert os.environ["TIELINE_LOG_LEVEL"] == "loud", "the environment stays as it was"
    assert told.code == 1
    assert "FAIL  settings: TIELINE_LOG_LEVEL" in told.out
    assert "FAIL  settings: TIELINE_TIER1_PER_MINUTE" in told.out


def test_modes_of_folder_and_files(look: Doctor, data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700)
    data_dir.chmod(0o777)
    (data_dir / "secret.key").write_text(KEY)
    (data_dir / "secret.key").chmod(0o644)
    found = look()
    assert "chmod go-w" in found["data folder"]["mend"]
    assert "chmod 600" in found["secret files"]["mend"]
    data_dir.chmod(0o755)
    (data_dir / "secret.key").chmod(0o600)
    found = look()
    assert (of(found, "data folder")[0], of(found, "secret files")[0]) == ("warn", "ok")


def test_a_key_that_is_gone_or_no_key(look: Doctor, data_dir: Path) -> None:
    (data_dir / "postgres" / "cluster").mkdir(parents=True)
    (data_dir / "postgres" / "cluster" / "PG_VERSION").write_text("18\n")
    assert "is gone" in of(look(), "secret keys")[1]
    (data_dir / "secret.key").write_text("abc")
    assert of(look(), "secret keys")[0] == "fail"


def test_disk_and_files_that_are_few(look: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource
    import shutil

    free = shutil.disk_usage("/")._replace(free=100 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    found = look()
    assert (of(found, "disk")[0], of(found, "open files")[0]) == ("fail", "fail")


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        yield other.getsockname()[1]


def test_a_port_that_another_program_has(look: Doctor) -> None:
    with listening() as port:
        found = look("--port", str(port))
    assert of(found, "port")[0] == "fail"
    assert f"127.0.0.1:{port}" in of(found, "port")[1]


def test_a_database_that_does_not_answer(look: Doctor) -> None:
    found = look(**outside("postgresql://u:hunter2@127.0.0.1:9/x"))
    assert of(found, "database")[0] == "fail"
    assert "hunter2" not in json.dumps(found)
    assert "schema" not in found


def test_a_database_in_good_order(look: Doctor, dsn: str) -> None:
    found = look(**outside(dsn))
    for check in ("database", "schema", "database role", "connections", "clock", "sealed secrets", "waiting runs"):
        assert found[check]["status"] == "ok", found[check]
    assert of(found, "durability") == ("fail", "fsync = off: a power cut can destroy the whole database"), (
        "as tests run"
    )
    assert of(found, "base url")[0] == "warn"


def test_a_schema_of_another_version_is_left_as_it_is(look: Doctor, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        try:
            for version, mend in (("0001", "run `tieline db upgrade`"), ("9999", "update Tieline on this machine")):
                connection.execute("UPDATE alembic_version SET version_num = %s", [version])
                found = look(**outside(dsn))
                assert of(found, "schema")[0] == "fail"
                assert found["schema"]["mend"] == mend
                assert version in found["schema"]["detail"]
                assert HEAD in found["schema"]["detail"]
                assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (version,)
        finally:
            connection.execute("UPDATE alembic_version SET version_num = %s", [HEAD])


def test_a_superuser_and_an_empty_database(look: Doctor, postgres: Embedded) -> None:
    address = make_conninfo(postgres.address("postgres", SUPERUSER))
    found = look(**outside(address))
    assert "a superuser" in of(found, "database role")[1]
    assert of(found, "schema")[0] == "warn"
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,), "nothing was made"


@pytest.mark.anyio
async def test_secrets_that_do_not_open(look: Doctor, dsn: str, database: Database) -> None:
    other, partner = Vault([b"\1" * 32]), new_id()
    sealed = other.seal(b"x", context=b"somewhere")
    async with database.system() as unit:
        values = {"id": partner, "name": "Sealed", "app_id": "sealed", "api_key_sealed": sealed}
        await unit.insert(partners, **values)
    found = look(**outside(dsn))
    assert of(found, "sealed secrets")[0] == "fail"
    assert "not among TIELINE_SECRET_KEYS" in of(found, "sealed secrets")[1]
    assert KEY not in json.dumps(found)


def test_work_that_nobody_does(look: Doctor, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO procrastinate.procrastinate_jobs (queue_name, task_name, args, status) "
            "VALUES ('tieline', 'run', '{}', 'todo')"
        )
        try:
            found = look(**outside(dsn))
        finally:
            connection.execute("DELETE FROM procrastinate.procrastinate_jobs")
    assert of(found, "workers")[0] == "warn"
    assert "no worker lives" in of(found, "queue")[1]


def test_a_clock_that_is_wrong(look: Doctor, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 40)
    assert of(look(**outside(dsn)), "clock")[0] == "fail"
