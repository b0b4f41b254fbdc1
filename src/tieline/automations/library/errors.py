"""Errors of keeping automations."""

from __future__ import annotations

from tieline.core.errors import BadInput, Conflict


class VersionConflict(Conflict):
    """Somebody else saved the automation since it was read."""

    code = "version-conflict"
    title = "The automation changed meanwhile"


class InvalidSchedule(BadInput):
    """A schedule that cannot be kept."""

    code = "invalid-schedule"
    title = "Invalid schedule"


class TooManyConcurrentRuns(BadInput):
    """More concurrent runs than the tenant's settings allow."""

    code = "too-many-concurrent-runs"
    title = "Too many concurrent runs"
