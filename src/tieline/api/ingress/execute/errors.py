"""What can be refused at the door."""

from __future__ import annotations

from tieline.core.errors import Conflict, Unauthorized


class InvalidExecutionToken(Unauthorized):
    """No token, or not the one of this automation; an id that does not exist looks the same."""

    code = "invalid-execution-token"
    title = "Invalid execution token"


class NotTriggered(Conflict):
    """The automation's start block does not say triggered."""

    code = "automation-not-triggered"
    title = "The automation is not started by a call"
