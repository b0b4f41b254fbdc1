"""Getting hold of what is looked at, however broken it is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tieline.core.errors import Misconfigured, TielineError
from tieline.server.doctor.checks import Patient
from tieline.server.settings import PREFIX, Settings
from tieline.storage.visit import Visit, address_of, cluster_in

_NAMED = re.compile(rf"{PREFIX}[A-Z0-9_]+")


@contextmanager
def examined(host: str, port: int, *, start: bool = False) -> Iterator[Patient]:
    """The installation of this process's environment. ``start``: a stopped embedded database is started for it."""
    environment = dict(os.environ)
    settings, wrong = _settings()
    with ExitStack() as stack:
        database, why_not, stopped = None, "", False
        try:
            address = address_of(settings.database_url, settings.data_dir)
            if address is None and start and cluster_in(settings.data_dir) is not None:
                from tieline.storage.embedded import Embedded

                address = stack.enter_context(Embedded.join(settings.data_dir)).dsn
            if address is None:
                stopped = True
            else:
                database = stack.enter_context(Visit.of(address))
        except TielineError as error:
            why_not = error.detail
        yield Patient(settings, environment, wrong, host, port, database, why_not, stopped)


def _settings() -> tuple[Settings, tuple[str, ...]]:
    """The settings with each that breaks a rule left away, and what was wrong with those."""
    wrong: list[str] = []
    kept = dict(os.environ)
    try:
        while True:
            try:
                return Settings(), tuple(wrong)
            except Misconfigured as error:
                wrong.append(error.detail)
                named = {part.removesuffix("_FILE") for part in _NAMED.findall(error.detail)}
                culprits = [name for name in os.environ if name.upper().removesuffix("_FILE") in named]
                if not culprits:
                    return Settings.model_construct(), tuple(wrong)
                for name in culprits:
                    del os.environ[name]
    finally:
        os.environ.clear()
        os.environ.update(kept)
