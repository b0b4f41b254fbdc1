"""The registry: a check is a function of the patient that gives findings; where all is well it says so once."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Literal

from tieline.core.errors import TielineError
from tieline.server.settings import Settings
from tieline.storage.visit import Visit

Status = Literal["ok", "warn", "fail"]

# In this order, which is that of reading: what the machine gives, what was set, what the database says.
_ORDER: Final = ("machine", "settings", "folder", "keys", "network", "database", "sealed", "work")


@dataclass(frozen=True, slots=True)
class Finding:
    """``mend``: what to do, "" where all is well."""

    check: str
    status: Status
    detail: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at. ``wrong``: a sentence for each setting that breaks a rule, and is taken at its default.
    ``database`` is None while there is no way to ask it; ``why_not`` then says why. ``stopped``: it is the embedded
    one, and nobody has started it.
    """

    settings: Settings
    environment: Mapping[str, str]
    wrong: tuple[str, ...]
    host: str
    port: int
    database: Visit | None
    why_not: str
    stopped: bool

    @property
    def data_dir(self) -> Path:
        """The folder of this installation."""
        return self.settings.data_dir


Check = Callable[[Patient], Iterator[Finding]]
_checks: dict[str, list[tuple[str, Check]]] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Registers a check under the name that its findings carry unless they say another."""

    def register(function: Check) -> Check:
        _checks.setdefault(function.__module__.rpartition(".")[2], []).append((name, function))
        return function

    return register


def run(patient: Patient) -> Iterator[Finding]:
    """All checks, one after another. One that breaks is a finding too."""
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(import_module(package).__path__):
        import_module(f"{package}.{module.name}")
    for module_name in sorted(_checks, key=_ORDER.index):
        for name, function in _checks[module_name]:
            try:
                yield from function(patient)
            except TielineError as error:
                yield Finding(name, "fail", error.detail, "see the sentence before")
            except OSError as error:
                yield Finding(name, "warn", f"cannot be looked at: {error.strerror or error}", "run as Tieline's user")


def ok(name: str, detail: str) -> Finding:
    """All is well."""
    return Finding(name, "ok", detail)


def warn(name: str, detail: str, mend: str) -> Finding:
    """It works, and somebody should know."""
    return Finding(name, "warn", detail, mend)


def fail(name: str, detail: str, mend: str) -> Finding:
    """It does not work, or is not safe."""
    return Finding(name, "fail", detail, mend)
