"""How much a tenant's sandbox may hold: counted now and then, and between two counts by what this process has written.

Several processes may go over it together by what they write between two counts.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from tieline.connectors.files.errors import FileTooLarge, StorageFull

BYTES_PER_TENANT = 2 * 2**30
FILES_PER_TENANT = 50_000
LARGEST_FILE = 512 * 2**20  # bytes of one file that Tieline writes, anywhere

RECOUNT_SECONDS = 30.0
KNOWN = 1024

_known: OrderedDict[Path, Quota] = OrderedDict()
_lock = Lock()


class Quota:
    """What one folder holds, and whether more fits."""

    def __init__(self, folder: Path, size: int = BYTES_PER_TENANT, files: int = FILES_PER_TENANT) -> None:
        self._folder, self._bytes, self._files = folder, size, files
        self._held, self._count, self._at = 0, 0, 0.0

    def fits(self, more: int) -> None:
        """Raises `StorageFull` where ``more`` bytes do not fit, and `FileTooLarge` for more than any file may have."""
        if more > LARGEST_FILE:
            raise FileTooLarge(f"a file may have at most {LARGEST_FILE} bytes; write several smaller ones")
        if time.monotonic() - self._at > RECOUNT_SECONDS or self._held + more > self._bytes:
            self._recount()
        if self._held + more > self._bytes or self._count >= self._files:
            raise StorageFull(
                f"the sandbox holds {self._count} files with {self._held} bytes; {self._files} and {self._bytes} are "
                "allowed. Delete some, or use another storage"
            )

    def add(self, size: int, *, files: int) -> None:
        """Notes what was written."""
        self._held += size
        self._count += files

    def forget(self) -> None:
        """Something is gone: the next look counts again."""
        self._at = 0.0

    def _recount(self) -> None:
        held = count = 0
        left = [str(self._folder)]
        while left:
            try:
                with os.scandir(left.pop()) as names:
                    for one in names:
                        if one.is_dir(follow_symlinks=False):
                            left.append(one.path)
                        else:
                            count += 1
                            held += one.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
        self._held, self._count, self._at = held, count, time.monotonic()


def quota(folder: Path) -> Quota:
    """The quota of a folder, the same one for the whole process."""
    with _lock:
        found = _known.pop(folder, None) or Quota(folder)
        _known[folder] = found
        if len(_known) > KNOWN:
            _known.popitem(last=False)
    return found
