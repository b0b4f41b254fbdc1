"""Events: what happens in a tenant, told to the webhooks that its programs have registered.

    await emit(unit, "com.qlik.v1.automation.created", f"automation:{row['id']}", {"id": ..., "name": ...})

`emit` is part of the transaction that makes the change and costs one statement; where no webhook listens, it writes
nothing. One job an event finds the webhooks (`fanning`), one job a delivery sends it (`sending`), until somebody takes
it or twelve attempts are over.
"""

from tieline.tenancy.events.emitting import emit

__all__ = ["emit"]
