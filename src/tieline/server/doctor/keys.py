"""The keys of TIELINE_SECRET_KEYS, or those in the data folder."""

from __future__ import annotations

from collections.abc import Iterator

from tieline.core.errors import TielineError
from tieline.security.vault import Vault, parse_keys
from tieline.server.doctor.checks import Finding, Patient, check, fail, ok, warn
from tieline.storage.visit import cluster_in


def keys_at_hand(patient: Patient) -> list[bytes]:
    """The keys, newest first; none where there are none yet. Makes none. Raises `Misconfigured`, OSError."""
    settings = patient.settings
    if settings.secret_keys:
        return parse_keys(settings.secret_keys)
    return _in_file(patient) if settings.embedded else []


def _in_file(patient: Patient) -> list[bytes]:
    path = patient.settings.secret_key_file
    return parse_keys(path.read_text(encoding="ascii", errors="replace")) if path.exists() else []


@check("secret keys")
def secret_keys(patient: Patient) -> Iterator[Finding]:
    """That there are some, and that they are keys."""
    settings, name = patient.settings, "secret keys"
    where = "TIELINE_SECRET_KEYS" if settings.secret_keys else str(settings.secret_key_file)
    try:
        found = keys_at_hand(patient)
        if found:
            Vault(found)
    except TielineError as error:
        yield fail(name, f"{where}: {error.detail}", "put the original keys back: nothing else opens what they sealed")
        return
    if found:
        yield ok(name, f"{len(found)} in {where}")
        if settings.secret_keys and settings.embedded and not set(_in_file(patient)) <= set(found):
            yield warn(
                name,
                f"{settings.secret_key_file} holds a key that TIELINE_SECRET_KEYS does not, and is not used",
                "add it at the end of TIELINE_SECRET_KEYS, run `tieline keys rotate`, then remove the file",
            )
    elif settings.embedded and cluster_in(patient.data_dir) is not None:
        yield fail(
            name,
            f"there is a database, but {settings.secret_key_file} is gone",
            "put the file back before a server starts and makes another: nothing else opens what it sealed",
        )
    elif settings.embedded:
        yield ok(name, f"none yet; the first start makes {settings.secret_key_file}")
