"""Files that hold one secret line: ours is made once, whole or not at all, readable by its owner only; those that an
orchestrator mounts are read as they are."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_settings import PydanticBaseSettingsSource

from tieline.core.errors import Misconfigured
from tieline.core.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings

LARGEST = 64 * 1024


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


class Mounted(PydanticBaseSettingsSource):
    """Settings whose value is in the file that ``<VARIABLE>_FILE`` names, as Docker, Kubernetes and systemd hand out
    secrets. Their owner and mode are the orchestrator's. ``variables``: field -> variable."""

    def __init__(self, settings_cls: type[BaseSettings], variables: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._variables = variables

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """One value; None where no file is named. Raises ``Misconfigured``."""
        variable = self._variables.get(field_name)
        path = os.environ.get(f"{variable}_FILE", "").strip() if variable else ""
        if not variable or not path:
            return None, field_name, False
        if os.environ.get(variable):
            raise Misconfigured(f"{variable} and {variable}_FILE are both set; keep one of them.")
        return _line_of(f"{variable}_FILE", Path(path)), field_name, False

    def __call__(self) -> dict[str, Any]:
        """All values that files hold."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def _line_of(variable: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            line = file.read(LARGEST).strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise Misconfigured(
            f"{variable} names {path}, which cannot be read ({reason}); mount the secret where this user may read it."
        ) from None
    if not line:
        raise Misconfigured(f"{variable} names {path}, which is empty; write the secret into it.")
    return line
