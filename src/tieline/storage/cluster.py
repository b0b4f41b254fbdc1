"""One PostgreSQL cluster on disk: make it, start its server, find out why it does not start, stop it.

The server process inherits an open, locked file (`spawn`): as long as any process of the server lives, in whatever
container, nobody else gets that lock, and the kernel gives it back on any kind of death. Process ids, which are reused,
decide nothing.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
from psycopg import pq
from psycopg.conninfo import make_conninfo

from tieline.core.errors import Misconfigured, TielineError
from tieline.storage import accounts
from tieline.storage.accounts import Account
from tieline.storage.binaries import Binaries, usable_by
from tieline.storage.errors import DatabaseUnavailable, DiskFull

SUPERUSER = "postgres"
PORT = 5432
# sockaddr_un holds 104 bytes on macOS and 108 on Linux; the server adds "/.s.PGSQL.5432.lock".
_SOCKET_DIRECTORY_BYTES = 84
_ROOM_FOR_A_CLUSTER = 100 * 2**20

# Written into postgresql.conf once, so that an administrator can change them there.
_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "on",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "jit": "off",
    "io_method": "sync",
    # In the cluster, not in /dev/shm, which is tiny in containers and keeps what a killed server leaves.
    "dynamic_shared_memory_type": "mmap",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%Y%m%dT%H%M%S.log",
    "log_rotation_size": "10MB",
    "log_rotation_age": "0",
    "log_file_mode": "0600",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # Neither statements nor rows: both hold what belongs to tenants.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "warning",
}
_LOGS_KEPT = 5
# Beyond the largest process id of Linux (2**22) and macOS (99998).
_NOBODYS_ID = 99_999_999
_PROBLEM = re.compile(r"(?:FATAL|PANIC|ERROR|error|fatal):\s+(.*)")
_SETTING_PROBLEM = re.compile(r"LOG:\s+(.*(?:configuration parameter|invalid value|parameter \").*)")


def create(cluster: Path, account: Account, binaries: Binaries, password: str) -> None:
    """Make ``cluster`` by initdb in a folder beside it, then move it into place: it is there whole or not at all."""
    parent = cluster.parent
    free = shutil.disk_usage(parent).free
    if free < _ROOM_FOR_A_CLUSTER:
        raise DiskFull(
            f"A new database needs {_ROOM_FOR_A_CLUSTER // 2**20} MB, but {parent} has {free // 2**20} MB left: free "
            "some space or choose another TIELINE_DATA_DIR."
        )
    maker = accounts.for_initdb(account)
    staging = parent / f".new-{secrets.token_hex(4)}"
    try:
        staging.mkdir(mode=0o700)
        password_file = staging / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        if maker.switched:
            os.chown(password_file, maker.uid, maker.gid)
            os.chown(staging, maker.uid, maker.gid)
        _initdb(staging / "cluster", password_file, maker, usable_by(maker, binaries))
        if account.uid != maker.uid:
            _give(staging / "cluster", account)
        (staging / "cluster").rename(cluster)
        sync_directory(parent)
    except OSError as error:
        raise of_os_error(error, parent) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def clear_leftovers(parent: Path) -> None:
    """Remove what a `create` that was killed has left beside the cluster."""
    for leftover in parent.glob(".new-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _initdb(target: Path, password_file: Path, account: Account, binaries: Binaries) -> None:
    command = [
        binaries.program("initdb"),
        f"--pgdata={target}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth-local=scram-sha-256",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        *(f"--set={name}={value}" for name, value in _SETTINGS.items()),
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        cwd="/",
        env=_environment(),
        **account.spawn_options(),
    )
    if done.returncode:
        output = (done.stderr + b"\n" + done.stdout).decode(errors="replace")
        raise explain(output, target.parent.parent, "could not be initialised")


def spawn(cluster: Path, socket_directory: Path, account: Account, binaries: Binaries, lock: int, log: int) -> None:
    """Start the server and return at once. It is nobody's child, has its own session, and keeps ``lock`` open.

    A shell starts it in the background and ends, so that it belongs to init: it outlives its starter, and a terminal's
    Ctrl-C or hang-up does not reach it.
    """
    server = [
        binaries.program("postgres"),
        "-D",
        str(cluster),
        "-c",
        "listen_addresses=",
        "-c",
        f"unix_socket_directories={_quoted(str(socket_directory))}",
        "-c",
        "unix_socket_permissions=0700",
        "-c",
        f"port={PORT}",
    ]
    try:
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *server],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=True,
            cwd="/",
            env=_environment(),
            pass_fds=(lock,),
            start_new_session=True,
            **account.spawn_options(),
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise DatabaseUnavailable(f"The embedded PostgreSQL cannot be started: {error}.") from error


def ready(cluster: Path) -> bool:
    """Whether the server itself has noted that it accepts connections (last line of postmaster.pid)."""
    with suppress(OSError):
        lines = (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
        return len(lines) >= 8 and lines[7].strip() == "ready"
    return False


def answers(socket_directory: Path) -> bool:
    """Whether a server accepts connections at that socket right now."""
    address = make_conninfo(host=str(socket_directory), port=PORT, dbname="postgres", connect_timeout=2)
    return pq.PGconn.ping(address.encode()) == pq.Ping.OK


def process(cluster: Path) -> psutil.Process | None:
    """The living server process of this cluster, if it can be seen from here."""
    try:
        pid = int((cluster / "postmaster.pid").read_text(errors="replace").split("\n", 1)[0])
        found = psutil.Process(pid)
        if found.status() == psutil.STATUS_ZOMBIE:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            return None
        if "postgres" in found.name() and Path(found.cwd()).resolve() == cluster.resolve():
            return found
    except (OSError, ValueError, psutil.Error):
        pass
    return None


def forget_dead_server(cluster: Path, socket_directory: Path, account: Account) -> None:
    """Clear away what a killed server or a crashed machine left. Only for the holder of the server's lock.

    PostgreSQL would refuse to start while *any* process has the noted id, which after a reboot or in a container is
    quite likely. The note stays, with an id that nobody has: it also names the shared memory to be freed.
    """
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (socket_directory / name).unlink(missing_ok=True)
    note = cluster / "postmaster.pid"
    try:
        descriptor = os.open(note, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "r+", encoding="utf-8", errors="surrogateescape") as file:
        status = os.fstat(file.fileno())
        number, _, rest = file.read().partition("\n")
        if number.strip().isdigit() and rest and status.st_uid == account.uid and status.st_nlink == 1:
            file.seek(0)
            file.write(f"{_NOBODYS_ID}\n{rest}")
            file.truncate()
        else:
            note.unlink()


def ask_to_stop(cluster: Path, *, immediate: bool = False) -> bool:
    """Tell the server to stop as ``pg_ctl stop -m fast`` (or ``-m immediate``) does; false when there is none."""
    server = process(cluster)
    if server is None:
        return False
    with suppress(psutil.NoSuchProcess):
        server.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
    return True


def socket_directories(cluster: Path, account: Account) -> list[Path]:
    """Where the server's socket may live, best first; each is made with mode 0700 by `claim_socket_directory`.

    Beside the cluster everybody who sees the data also sees the socket. Long paths and file systems without sockets
    need another place; /tmp comes before $XDG_RUNTIME_DIR, which vanishes when the user logs out.
    """
    name = f"tieline-{account.uid}-{_short_hash(cluster)}"
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    places = [
        cluster.with_name("socket"),
        Path("/tmp") / name,  # noqa: S108 - claimed with mode 0700 and checked for its owner
        *([Path(runtime) / name] if runtime.startswith("/") and not account.switched else []),
        Path("/var/tmp") / name,  # noqa: S108
    ]
    # libpq reads a comma as the border between two hosts.
    return [each for each in places if len(os.fsencode(each)) <= _SOCKET_DIRECTORY_BYTES and "," not in str(each)]


def claim_socket_directory(directory: Path, account: Account) -> bool:
    """Make ``directory`` for ``account`` alone; false when somebody else holds the name (or a link stands there)."""
    try:
        with suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            if account.switched:
                os.chown(directory, account.uid, account.gid)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        if status.st_uid != account.uid:
            return False
        if status.st_mode & 0o777 != 0o700:
            os.fchmod(descriptor, 0o700)
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)


def prune_logs(cluster: Path) -> None:
    """Keep the newest log files only; the server itself rotates but never removes."""
    for old in sorted((cluster / "log").glob("postgresql-*.log"))[:-_LOGS_KEPT]:
        with suppress(OSError):
            old.unlink()


def last_words(cluster: Path, start_log: Path) -> str:
    """What the server wrote last, from its own log and from the standard error of its start."""
    texts = []
    logs = sorted((cluster / "log").glob("postgresql-*.log"))[-1:]
    for path in (start_log, *logs):
        with suppress(OSError), path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            texts.append(file.read().decode(errors="replace"))
    return "\n".join(texts)


def explain(output: str, place: Path, what: str) -> TielineError:
    """One clear error out of what a PostgreSQL program printed."""
    if os.strerror(errno.ENOSPC) in output or os.strerror(errno.EDQUOT) in output:
        return DiskFull(
            f"The embedded PostgreSQL {what}: no space left on the disk of {place}. Free some space and start again."
        )
    problems = _PROBLEM.findall(output)
    if problems and problems[-1].startswith("configuration file"):
        problems += _SETTING_PROBLEM.findall(output)
    reason = (problems[-1] if problems else output.strip().rsplit("\n", 1)[-1] or "it said nothing").rstrip(".")
    if "Permission denied" in reason or "incompatible" in output:
        return Misconfigured(f"The embedded PostgreSQL {what} in {place}: {reason}.")
    return DatabaseUnavailable(f"The embedded PostgreSQL {what} in {place}: {reason}.")


def of_os_error(error: OSError, place: Path, what: str = "the database") -> TielineError:
    """The error of a file operation on a folder, in words of the person who chose the folder."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(f"No space left on the disk of {place} for {what}. Free some space and start again.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        other = "Choose another TIELINE_DATA_DIR." if what == "the database" else "Choose another folder."
        return Misconfigured(f"The folder {place} cannot be used for {what}: {error.strerror}. {other}")
    return DatabaseUnavailable(f"The folder {place} cannot be used for {what}: {error}.")


def _give(folder: Path, account: Account) -> None:
    """Hand a freshly made folder over; nobody else has been able to enter it."""
    for root, directories, files in os.walk(folder):
        for name in (*directories, *files):
            os.chown(Path(root) / name, account.uid, account.gid, follow_symlinks=False)
    os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def _environment() -> dict[str, str]:
    """Nothing of the caller's PG* or locale variables reaches the server."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C", **({"LD_LIBRARY_PATH": ""} if sys.platform == "linux" else {})}


def _quoted(path: str) -> str:
    """One entry of a comma-separated list of paths in postgresql.conf's syntax."""
    return '"' + path.replace('"', '""') + '"'


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def try_lock(descriptor: int) -> bool:
    """Takes the lock of an open file that its holder's death gives back; false where somebody has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync_directory(path: Path) -> None:
    """What was renamed in this folder stays so when the machine goes down."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
