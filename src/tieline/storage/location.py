"""Where the embedded cluster lies: in ``<data_dir>/postgres/cluster``, or elsewhere when root's data folder is closed.

Whatever moment a process is killed at, there is afterwards either a whole cluster with its password, or none.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tieline.core.errors import Misconfigured
from tieline.storage import accounts, binaries
from tieline.storage import cluster as clusters
from tieline.storage.accounts import Account

_MARK = "belongs-to"

Write = Callable[[str, str], None]


def cluster_of(home: Path) -> Path:
    """The folder with the data (PGDATA) of ``home``, which is ``<data_dir>/postgres``."""
    with suppress(FileNotFoundError):
        return Path((home / "location").read_text())
    return home / "cluster"


def settle(home: Path, write: Write) -> tuple[Account, Path]:
    """The cluster and who runs it; makes the cluster when there is none. ``write`` puts a file into ``home``."""
    _forget_unfinished(home)
    cluster = cluster_of(home)
    clusters.clear_leftovers(cluster.parent)
    if (cluster / "PG_VERSION").exists():
        return accounts.of_owner(cluster), cluster
    if (home / "location").exists():
        raise Misconfigured(
            f"The database of {home.parent} was in {cluster}, which is gone: restore it, or remove {home} to start "
            "with an empty one."
        )
    account = accounts.for_new_cluster(home.parent)
    password = secrets.token_urlsafe(32)
    # Before the cluster: one without its password would be of no use to anybody.
    write("pgpass", f"*:*:*:*:{password}\n")
    if accounts.may_pass(home, account):
        clusters.create(cluster, account, binaries.find(), password)
        return account, cluster
    cluster = _place_elsewhere(home, account, write)
    clusters.create(cluster, account, binaries.find(), password)
    write("location", str(cluster))
    (home / "unfinished").unlink()
    return account, cluster


def remove(home: Path) -> None:
    """Remove the cluster and all that belongs to it. Nobody may be using it."""
    _forget_unfinished(home)
    cluster = cluster_of(home)
    shutil.rmtree(cluster if cluster.parent == home else cluster.parent, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def moved(home: Path) -> None:
    """``home`` has another path than before: a cluster that lies elsewhere says whose it is."""
    mark = cluster_of(home).with_name(_MARK)
    if (home / "location").exists() and mark.exists():
        mark.write_text(f"{home.parent}\n")


def _place_elsewhere(home: Path, account: Account, write: Write) -> Path:
    """A folder of root's that the server's account may enter, for a data folder that it may not."""
    reason: OSError | None = None
    for place in accounts.SYSTEM_DIRECTORIES:
        folder = place / secrets.token_hex(8)
        try:
            place.mkdir(mode=0o711, parents=True, exist_ok=True)
            if place.is_symlink() or place.stat().st_uid != 0 or not accounts.may_pass(place, account):
                continue
            write("unfinished", str(folder))
            folder.mkdir(mode=0o711)
            folder.chmod(0o711)
            (folder / _MARK).write_text(f"{home.parent}\n")
        except OSError as error:
            reason = error
            continue
        return folder / "cluster"
    raise Misconfigured(
        "PostgreSQL refuses to run as root, and its own account can enter neither the data folder nor "
        f"{accounts.SYSTEM_DIRECTORIES[0]} ({reason or 'not reachable'}): choose a TIELINE_DATA_DIR that other users "
        "may enter, run Tieline as an ordinary user, or set TIELINE_DATABASE_URL."
    )


def _forget_unfinished(home: Path) -> None:
    """Remove the place of a cluster that somebody was making elsewhere when he was killed."""
    try:
        folder = Path((home / "unfinished").read_text())
    except FileNotFoundError:
        return
    if cluster_of(home).parent != folder:
        shutil.rmtree(folder, ignore_errors=True)
    (home / "unfinished").unlink()
