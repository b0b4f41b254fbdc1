"""A file that holds one secret line: made once, whole or not at all, readable by its owner only."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from tieline.core.errors import Misconfigured
from tieline.core.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The line in ``path``; where there is no such file, that of ``make()``, kept from now on.

    Any number of processes may ask at once: all get the same line. ``Misconfigured`` when the file can be read by
    others, is empty, or cannot be read or made.
    """
    try:
        if not path.exists():
            _publish(path, make())
        return _read(path)
    except OSError as error:
        raise Misconfigured(
            f"the secret file {path} cannot be read or made ({error.strerror}); "
            "give this user the right to, and the disk some room."
        ) from None


def _publish(path: Path, line: str) -> None:
    """Linking a finished file to its name is atomic, and refused when another process was first."""
    draft = path.with_name(f".{path.name}.{new_id().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> str:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise Misconfigured(f"{path} can be read by other users (mode {mode:04o}); run `chmod 600 {path}`.")
    try:
        line = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        line = ""
    if not line:
        raise Misconfigured(f"{path} is empty or no text; put the original file back, or remove it to start anew.")
    return line
