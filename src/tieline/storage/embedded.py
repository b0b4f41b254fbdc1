"""Life-cycle of the embedded PostgreSQL.

``Embedded.join(data_dir)`` gives a running server: whoever comes first makes the cluster and starts it, everybody else
finds it. ``leave()`` ends the use; the last user stops the server. All that a process holds is file locks (flock), and
the kernel drops them when the process dies, however it dies. In ``<data_dir>/postgres/`` lie

=============== ============================================================================================
``start.lock``   exclusive while somebody starts, stops or looks
``users.lock``   shared by every process that uses the server; who can get it exclusively is the last one out
``watched.lock`` the same for the `guardian`, who stops the server when all its users were killed
``server.lock``  held by the server's own processes (inherited): free = no server process is alive anywhere
``server.json``  where the running server's socket is
``pgpass``       generated passwords in libpq's format, mode 0600
``location``     only for root: where the cluster is when it cannot be here
``cluster/``     the data (PGDATA); its ``PG_VERSION`` names the major version it belongs to
=============== ============================================================================================

Nothing listens on a network. The socket's folder has mode 0700 and belongs to the server's account, and a connection
needs the generated password as well: two walls, because the server's account may be shared with other programs.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tieline.core.errors import Misconfigured
from tieline.storage import binaries, guardian, location
from tieline.storage import cluster as clusters
from tieline.storage.accounts import Account
from tieline.storage.binaries import Binaries
from tieline.storage.errors import DatabaseUnavailable

LOGIN_ROLE = "tieline"
DATABASE = "tieline"
# The paths of a cluster reach some 60 bytes deeper, and the server keeps them in 1024.
_LONGEST_PATH = 900
_SECONDS_TO_STOP = 30


class Embedded:
    """One use of the embedded server by this process. Thread-safe in the sense of files: each call takes the locks."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self.home = self.data_dir / "postgres"
        self._users: int | None = None
        self._watched: int | None = None
        self._socket_directory: Path | None = None

    @classmethod
    def join(cls, data_dir: Path, *, timeout: float = 60.0) -> Self:
        """Use the server of ``data_dir``, making and starting it when there is none. Blocks; ``timeout`` in seconds.

        Raises `DatabaseUnavailable`, `DiskFull` (both Transient) or `Misconfigured`.
        """
        self = cls(data_dir)
        try:
            self._open(time.monotonic() + timeout)
        except OSError as error:
            self._drop_use()
            raise clusters.of_os_error(error, self.home) from error
        except BaseException:
            self._drop_use()
            raise
        atexit.register(self.leave)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    @property
    def dsn(self) -> str:
        """libpq conninfo of Tieline's own database. Holds no password, but the name of the file that does."""
        return self.address()

    def address(self, database: str = DATABASE, user: str = LOGIN_ROLE) -> str:
        """libpq conninfo for another database or role of the server."""
        if self._socket_directory is None:
            raise DatabaseUnavailable("The embedded PostgreSQL is not in use by this process.")
        return make_conninfo(
            host=str(self._socket_directory),
            port=clusters.PORT,
            user=user,
            dbname=database,
            passfile=str(self.home / "pgpass"),
        )

    @property
    def cluster(self) -> Path:
        """The folder with the data (PGDATA)."""
        return location.cluster_of(self.home)

    def ensure(self, timeout: float = 60.0) -> None:
        """Start the server again if it died while it was in use; cheap when it runs."""
        try:
            with self._starting(time.monotonic() + timeout) as deadline:
                self._start(deadline)
        except OSError as error:
            raise clusters.of_os_error(error, self.home) from error

    def leave(self) -> None:
        """End the use. The last one out stops the server and waits until it is down."""
        atexit.unregister(self.leave)
        if self._users is None:
            return
        with suppress(OSError), self._starting(time.monotonic() + 60) as deadline:
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self._stop(deadline)
        self._drop_use()

    def _open(self, deadline: float) -> None:
        if len(os.fsencode(self.home)) > _LONGEST_PATH:
            raise Misconfigured(f"TIELINE_DATA_DIR is a path of more than {_LONGEST_PATH} bytes: choose a shorter one.")
        make_data_dir(self.data_dir)
        self.home.mkdir(mode=_mode_of_home(), exist_ok=True)
        self._own(self.home)
        with self._starting(deadline):
            self._users, self._watched = self._lock_file("users.lock"), self._lock_file("watched.lock")
            os.close(self._lock_file(guardian.LOCK))
            fcntl.flock(self._users, fcntl.LOCK_SH)
            fcntl.flock(self._watched, fcntl.LOCK_SH)
            self._start(deadline)

    def _start(self, deadline: float) -> None:
        """With ``start.lock`` held: find the running server or start one."""
        while (lock := self._take_server_lock()) is None:
            directory = self._noted_socket_directory()
            if directory and clusters.answers(directory):
                self._socket_directory = directory
                return
            self._wait_or_give_up(deadline)
        if clusters.process(self.cluster) is not None:
            os.close(lock)
            raise DatabaseUnavailable(
                f"A PostgreSQL server that Tieline did not start runs on {self.cluster}: stop it first."
            )
        self._start_server(lock, deadline)

    def _start_server(self, lock: int | None, deadline: float) -> None:
        """Start the server, which takes over ``lock``; try the next folder when its socket cannot be made in one."""
        problem: Exception | None = None
        try:
            account, cluster = location.settle(self.home, self._write)
            programs = binaries.usable_by(account, binaries.find(_major(cluster)))
            for directory in clusters.socket_directories(cluster, account):
                if not clusters.claim_socket_directory(directory, account):
                    continue
                if lock is None and (lock := self._take_server_lock()) is None:
                    break
                clusters.forget_dead_server(cluster, directory, account)
                self._spawn(cluster, directory, account, programs, lock)
                # The server has its own copy of the locked file; ours would keep the lock after the server's death.
                os.close(lock)
                lock = None
                problem = self._await_start(cluster, directory, deadline)
                if problem is None:
                    self._socket_directory = directory
                    self._prepare()
                    self._write_state({"socket_directory": str(directory), "major": programs.major, "prepared": True})
                    clusters.prune_logs(cluster)
                    guardian.watch(self.home, cluster, account)
                    return
                if "Unix-domain socket" not in str(problem):
                    break
        finally:
            if lock is not None:
                os.close(lock)
        raise problem or DatabaseUnavailable(
            f"No folder for the socket of the embedded PostgreSQL: neither {self.home} nor /tmp can be used."
        )

    def _spawn(self, cluster: Path, directory: Path, account: Account, programs: Binaries, lock: int) -> None:
        log = os.open(self.home / "start.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            self._own(self.home / "start.log")
            clusters.spawn(cluster, directory, account, programs, lock, log)
        finally:
            os.close(log)

    def _await_start(self, cluster: Path, directory: Path, deadline: float) -> Exception | None:
        """None once the server answers, else why it did not start."""
        pause = 0.004
        while time.monotonic() < deadline:
            if clusters.ready(cluster) and clusters.answers(directory):
                return None
            lock = self._take_server_lock()
            if lock is not None:
                os.close(lock)
                words = clusters.last_words(cluster, self.home / "start.log")
                return clusters.explain(words, cluster, "did not start")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)
        return DatabaseUnavailable(
            f"The embedded PostgreSQL in {cluster} is still not ready: it may be recovering; see {cluster / 'log'}."
        )

    def _take_server_lock(self) -> int | None:
        """The open file that only a running server's processes keep locked, or None while one of them lives."""
        lock = self._lock_file("server.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def _noted_socket_directory(self) -> Path | None:
        noted = self._state().get("socket_directory")
        return Path(noted) if noted else None

    def _prepare(self) -> None:
        """Role and database of our own, so that even the embedded server is used without a superuser."""
        if self._state().get("prepared"):
            return
        address = self.address("postgres", clusters.SUPERUSER)
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                password = (self.home / "pgpass").read_text().strip().rsplit(":", 1)[1]
                role, database = sql.Identifier(LOGIN_ROLE), sql.Identifier(DATABASE)
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [LOGIN_ROLE]).fetchone():
                    # The password is random and long: iterations would add nothing but time to each connection.
                    connection.execute("SET scram_iterations = 1")
                    create = sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}")
                    connection.execute(create.format(role, sql.Literal(password)))
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
        except (psycopg.Error, OSError) as error:
            raise clusters.explain(f"ERROR: {error}".replace("\n", " "), self.home, "could not be prepared") from None

    def _stop(self, deadline: float) -> None:
        """With ``start.lock`` held and nobody else using it: stop the server, wait for its last process."""
        asked = 0.0
        while (lock := self._take_server_lock()) is None:
            if time.monotonic() > deadline:
                return
            if not asked:
                asked = time.monotonic()
                clusters.ask_to_stop(self.cluster)
            elif time.monotonic() - asked > _SECONDS_TO_STOP:
                clusters.ask_to_stop(self.cluster, immediate=True)
            time.sleep(0.005)
        directory = self._noted_socket_directory()
        if directory:
            # It may be one in /tmp, which nobody else would tidy up.
            with suppress(OSError):
                directory.rmdir()
        os.close(lock)

    def _wait_or_give_up(self, deadline: float) -> None:
        """A server process holds its lock but does not answer: it starts, recovers, stops, or is out of our sight."""
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(
                f"A PostgreSQL server runs on {self.cluster} but does not answer here: it is still recovering, or "
                "another container or machine uses the same data folder."
            )
        time.sleep(0.02)
        directory = self._noted_socket_directory()
        if directory and not (directory / f".s.PGSQL.{clusters.PORT}").exists() and clusters.ready(self.cluster):
            # Somebody cleaned the socket away: nobody can reach this server any more, so it makes room for a new one.
            clusters.ask_to_stop(self.cluster)

    @contextmanager
    def _starting(self, deadline: float) -> Iterator[float]:
        lock = self._lock_file("start.lock")
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise DatabaseUnavailable(
                            f"Another process has been starting or stopping the database in {self.home} for too long."
                        ) from None
                    time.sleep(0.01)
            yield deadline
        finally:
            os.close(lock)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """With the server stopped and nobody able to use it."""
        with self._starting(time.monotonic() + 10) as deadline:
            users = self._lock_file("users.lock")
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Misconfigured(f"The database in {self.home} is in use: stop its users first.") from None
            else:
                self._stop(deadline)
                yield
            finally:
                os.close(users)

    def _lock_file(self, name: str) -> int:
        path = self.home / name
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._own(path)
        return descriptor

    def _own(self, path: Path) -> None:
        """What root makes in another user's data folder belongs to that user."""
        if os.geteuid() == 0:
            owner = self.data_dir.stat()
            if owner.st_uid != 0:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)

    def _drop_use(self) -> None:
        for lock in (self._users, self._watched):
            if lock is not None:
                os.close(lock)
        self._users = self._watched = None
        self._socket_directory = None

    def _state(self) -> dict[str, str]:
        try:
            found = json.loads((self.home / "server.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write_state(self, state: Mapping[str, object]) -> None:
        self._write("server.json", json.dumps(state, indent=1) + "\n")

    def _write(self, name: str, text: str) -> None:
        """Whole or not at all, mode 0600."""
        draft = self.home / f"{name}.new"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self._own(draft)
        draft.replace(self.home / name)


def make_data_dir(data_dir: Path) -> None:
    """Make the data folder when it is not there: mode 0700, and 0711 for root, whose server runs as another account.

    An existing folder keeps its mode. What else lies in it must carry its own mode (secrets: 0600).
    """
    if data_dir.exists():
        if not data_dir.is_dir():
            raise Misconfigured(f"TIELINE_DATA_DIR {data_dir} is a file: choose a folder.")
        return
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        data_dir.mkdir(mode=_mode_of_home())


def destroy(data_dir: Path) -> None:
    """Remove the embedded database of ``data_dir`` for good, wherever it lies. Raises while somebody uses it."""
    self = Embedded(data_dir)
    if self.home.exists():
        with self._alone():
            location.remove(self.home)


def check_unused(data_dir: Path) -> None:
    """Raises `Misconfigured` while somebody uses the embedded database; stops a server that nobody uses."""
    with Embedded(data_dir)._alone():
        pass


def running(data_dir: Path) -> Embedded | None:
    """The embedded server if it runs and answers at this moment. Starts nothing, changes nothing, is not a use of it:
    the server may stop at any time.
    """
    self = Embedded(data_dir)
    directory = self._noted_socket_directory()
    if directory is None or not clusters.answers(directory):
        return None
    self._socket_directory = directory
    return self


def _mode_of_home() -> int:
    return 0o711 if os.geteuid() == 0 else 0o700


def _major(cluster: Path) -> int:
    try:
        return int((cluster / "PG_VERSION").read_text().strip())
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{cluster / 'PG_VERSION'} cannot be read: {error}.") from error
