"""Errors of starting and steering runs."""

from __future__ import annotations

from tieline.core.errors import Conflict, RateLimited


class QueueFull(RateLimited):
    """The account has as many waiting runs as it may have."""

    code = "run-queue-full"
    title = "Too many queued runs"


class NotStartable(Conflict):
    """The automation is disabled or cannot run."""

    code = "automation-not-startable"
    title = "The automation cannot be started"


class NotRunning(Conflict):
    """The run is over already."""

    code = "run-not-running"
    title = "The run is not running"


class NotRetryable(Conflict):
    """Only a run that failed, was stopped or exceeded a limit can be retried."""

    code = "run-not-retryable"
    title = "The run cannot be retried"


class NotMovable(Conflict):
    """What a run has done does not fit the version that it was to go on with."""

    code = "run-not-movable"
    title = "The run cannot go on with that version"


class NotPausable(Conflict):
    """Only a run that waits or goes on can be paused."""

    code = "run-not-pausable"
    title = "The run cannot be paused"


class NotPaused(Conflict):
    """Only a paused run can be resumed."""

    code = "run-not-paused"
    title = "The run is not paused"
