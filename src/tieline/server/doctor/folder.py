"""The data folder: who may read it, whose it is, what room there is."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tieline.server.doctor.checks import Finding, Patient, check, fail, ok, warn
from tieline.storage.visit import cluster_in

_TOO_LITTLE: Final = 200 * 2**20
_LITTLE: Final = 1024 * 2**20
_SECRET_FILES: Final = ("secret.key", "admin.key", "postgres/pgpass")


@check("data folder")
def data_folder(patient: Patient) -> Iterator[Finding]:
    """Its mode and owner, and that it can be written to."""
    if not patient.settings.embedded:
        return
    folder = patient.data_dir
    if not folder.exists():
        above = next(parent for parent in folder.parents if parent.exists())
        if os.access(above, os.W_OK | os.X_OK):
            yield ok("data folder", f"{folder} is not there yet; the first start makes it")
        else:
            yield fail("data folder", f"{folder} is not there and cannot be made", f"let this user write to {above}")
        return
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    problems = 0
    if mode & 0o022:
        problems += 1
        detail = f"{folder} can be written to by other users (mode {mode:04o})"
        yield fail("data folder", detail, f"run `chmod go-w {folder}`")
    elif mode & 0o044:
        problems += 1
        yield warn("data folder", f"{folder} can be listed by others (mode {mode:04o})", f"run `chmod go-r {folder}`")
    if status.st_uid != os.geteuid() and os.geteuid() != 0:
        problems += 1
        detail = f"{folder} belongs to user {status.st_uid}, and this is user {os.geteuid()}"
        yield fail("data folder", detail, f"run as user {status.st_uid}, or choose another TIELINE_DATA_DIR")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        problems += 1
        yield fail("data folder", f"{folder} cannot be read or written to", f"run `chmod u+rwx {folder}`")
    if not problems:
        yield ok("data folder", f"{folder}, mode {mode:04o}")


@check("secret files")
def secret_files(patient: Patient) -> Iterator[Finding]:
    """Files that hold a secret are for their owner only."""
    open_ones = 0
    for path in (patient.data_dir / name for name in _SECRET_FILES):
        if not path.exists():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            open_ones += 1
            yield fail(
                "secret files", f"{path} can be read by other users (mode {mode:04o})", f"run `chmod 600 {path}`"
            )
    if not open_ones and patient.settings.embedded:
        yield ok("secret files", "read by their owner only")


@check("disk")
def disk(patient: Patient) -> Iterator[Finding]:
    """Room where the embedded database lies, which may be elsewhere."""
    if not patient.settings.embedded:
        return
    place: Path = cluster_in(patient.data_dir) or patient.data_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    files = os.statvfs(place)
    told = f"{free / 2**30:.1f} GB free at {place}"
    mend = "make room or a larger disk; shorter TIELINE_RUN_RETENTION_DAYS keeps less"
    if free < _TOO_LITTLE:
        yield fail("disk", told, mend)
    elif files.f_files and files.f_favail < 1000:
        yield fail("disk", f"only {files.f_favail} files can be made at {place}", "free some inodes")
    elif free < _LITTLE:
        yield warn("disk", told, mend)
    else:
        yield ok("disk", told)
