"""Whether the keys at hand open what is sealed, by a sample of each place."""

from __future__ import annotations

from collections.abc import Iterator

from tieline.core.errors import TielineError
from tieline.security.vault import Vault
from tieline.server import sealed
from tieline.server.doctor.checks import Finding, Patient, check, fail, ok
from tieline.server.doctor.keys import keys_at_hand


@check("sealed secrets")
def sealed_secrets(patient: Patient) -> Iterator[Finding]:
    """Opens them in memory; an older schema, which lacks tables, is said by its own check."""
    if patient.database is None:
        return
    try:
        keys = keys_at_hand(patient)
    except TielineError:
        keys = []
    vault = Vault(keys or [b"\0" * 32])
    opened = closed = 0
    reason = ""
    for place, asked in sealed.statements():
        try:
            rows = patient.database.ask(asked, of_all_tenants=True)
        except TielineError:
            continue
        looked = sealed.look(vault, place, rows)
        opened, closed, reason = opened + looked.opened, closed + looked.closed, reason or looked.reason
    if closed:
        detail = f"{closed} of {opened + closed} that were tried do not open: {reason}"
        yield fail("sealed secrets", detail, "put the key that is named back, behind the others")
    else:
        yield ok("sealed secrets", f"all {opened} that were tried open" if opened else "there are none yet")
