"""A watcher beside the embedded server that stops it when all its users were killed.

Users that end in an orderly way stop the server themselves. After ``kill -9`` of all of them nobody is left to do so;
the kernel has dropped their locks, and that is what the watcher waits for: a shell of a megabyte that sleeps in
``flock``. Where that program is missing (macOS), the server idles until somebody uses it again.

It waits at a lock of its own, so that it is never mistaken for a user by those who ask whether they are the last. There
is one: a server that is started again after its death finds the watcher of the one before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tieline.storage.accounts import Account

LOCK = "guardian.lock"
_LOCKS = ("watched.lock", "start.lock", "users.lock", "server.lock", LOCK)
# $1 to $5 are those files, open; $6 is the cluster. Another watcher may be on its way out: it is waited for. Once no
# user holds the first file, look again while nobody can start or join: no server, nothing to do; no users, ask it to
# stop; a new user, or one that is still dying: wait anew.
_SCRIPT = """
flock -w 5 "$5" || exit
while flock "$1" && flock -u "$1" && flock "$2"
do
    flock -n "$4" && exit
    flock -n "$3" && kill -INT "$(head -n 1 "$6/postmaster.pid")" && exit
    flock -u "$3"
    flock -u "$2"
    sleep 1
done
"""


def watch(home: Path, cluster: Path, account: Account) -> None:
    """Start a watcher for the server that has just been started. It runs as the server's account and ends by itself."""
    if shutil.which("flock") is None:
        return
    locks = [os.open(home / name, os.O_RDWR | os.O_CLOEXEC) for name in _LOCKS]
    try:
        numbers = [str(lock) for lock in locks]
        # A shell in between, so that the watcher is nobody's child, as the server itself.
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", "/bin/sh", "-c", _SCRIPT, "tieline-guardian", *numbers, str(cluster)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath)},
            pass_fds=locks,
            start_new_session=True,
            **account.spawn_options(),
        )
    finally:
        for lock in locks:
            os.close(lock)
