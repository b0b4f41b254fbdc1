"""Which operating-system account the embedded server runs as.

PostgreSQL refuses to run as root. When Tieline itself runs as root, the server gets

* the owner of the data folder when that is an ordinary user (``sudo tieline`` in one's own checkout), else
* a user id that no account and no process has, so that nobody else on the machine can reach its files or its socket.

``initdb`` insists on a name for its user id; it runs as ``nobody``, and the finished folder is handed over.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tieline.core.errors import Misconfigured

# Where clusters and copied binaries live when root's data folder cannot be entered by the server's account.
SYSTEM_DIRECTORIES = (Path("/var/lib/tieline"), Path("/var/tmp/tieline"))  # noqa: S108 - checked for root's ownership

# Below 60000: Debian and systemd hand out what lies above, and a container may map no more than 65536 ids.
_FIRST_FREE_ID, _FREE_IDS = 52_000, 8_000


class Account(NamedTuple):
    """``switched`` is true when the server runs as another user than this process."""

    uid: int
    gid: int
    switched: bool

    def spawn_options(self) -> dict[str, Any]:
        """Arguments for `subprocess`: nothing for the own user, else user, group and no other groups."""
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def own() -> Account:
    return Account(os.geteuid(), os.getegid(), switched=False)


def of_owner(path: Path) -> Account:
    """The account that owns an existing cluster."""
    status = path.stat()
    if status.st_uid == os.geteuid():
        return own()
    if os.geteuid() != 0:
        raise Misconfigured(
            f"{path} belongs to user {status.st_uid}, but this process runs as user {os.geteuid()}: run as that user, "
            "or choose another TIELINE_DATA_DIR."
        )
    return Account(status.st_uid, status.st_gid, switched=True)


def for_new_cluster(data_dir: Path) -> Account:
    """The account for a cluster that does not exist yet; see the module's text."""
    if os.geteuid() != 0:
        return own()
    status = data_dir.stat()
    if status.st_uid != 0:
        return Account(status.st_uid, status.st_gid, switched=True)
    taken = {process.info["uids"].real for process in psutil.process_iter(["uids"]) if process.info["uids"]}
    seed = int.from_bytes(hashlib.sha256(os.fsencode(data_dir)).digest()[:4], "big")
    for step in range(_FREE_IDS):
        candidate = _FIRST_FREE_ID + (seed + step) % _FREE_IDS
        if candidate not in taken and not _exists(candidate):
            return Account(candidate, candidate, switched=True)
    raise Misconfigured("No free user id for the embedded PostgreSQL: set TIELINE_DATABASE_URL.")


def for_initdb(account: Account) -> Account:
    """An account with a name: ``account`` itself when it has one, else ``nobody``."""
    if _exists(account.uid):
        return account
    if not account.switched:
        raise Misconfigured(
            f"User id {account.uid} has no entry in /etc/passwd, which PostgreSQL's initdb needs: add one, or set "
            "TIELINE_DATABASE_URL."
        )
    for entry in sorted(pwd.getpwall(), key=lambda entry: entry.pw_name != "nobody"):
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, switched=True)
    raise Misconfigured("There is no account but root, which PostgreSQL refuses: set TIELINE_DATABASE_URL.")


def may_pass(path: Path, account: Account, *, readable: bool = False) -> bool:
    """Whether ``account`` can walk to ``path`` (and execute and read it)."""
    if not account.switched:
        return os.access(path, os.X_OK | (os.R_OK if readable else 0))
    resolved = path.resolve()
    for each in (resolved, *resolved.parents):
        wanted = stat.S_IXOTH | (stat.S_IROTH if readable and each == resolved else 0)
        try:
            status = each.stat()
        except OSError:
            return False
        mode = status.st_mode
        if status.st_uid == account.uid:
            mode = mode >> 6
        elif status.st_gid == account.gid:
            mode = mode >> 3
        if mode & wanted != wanted:
            return False
    return True


def _exists(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
