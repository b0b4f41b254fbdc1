"""What can be refused about connections."""

from __future__ import annotations

from tieline.core.errors import BadInput, Conflict, Transient


class ConnectionInUse(BadInput):
    """Automations use the connection; the published documents answer this with 400."""

    code = "connection-in-use"
    title = "The connection is in use"


class UnknownParameter(BadInput):
    """A parameter that the connector does not ask for."""

    code = "unknown-connection-parameter"
    title = "Unknown connection parameter"


class ProbeTooLong(Transient):
    """The connected API is too slow, or too large, to be probed in one call."""

    code = "probe-too-long"
    status = 504
    title = "The probe takes too long"


class ConfirmationNeeded(Conflict):
    """A call that changes something, which nobody has confirmed."""

    code = "confirmation-needed"
    title = "The call has to be confirmed"
