"""Errors of keeping automations."""

from __future__ import annotations

from tieline.core.errors import BadInput, Conflict


class VersionConflict(Conflict):
    """Somebody else saved the automation since it was read."""

    code = "version-conflict"
    title = "The automation changed meanwhile"


class FollowsTemplate(BadInput):
    """An integration runs its template's document, and has none of its own to change."""

    code = "follows-template"
    title = "The automation follows a template"

    def __init__(self) -> None:
        super().__init__(
            "This automation is an integration and runs its template's document, which only the partner changes; "
            "detach it from the template to edit a copy of its own.",
            pointer="/workspace",
        )


class InvalidSchedule(BadInput):
    """A schedule that cannot be kept."""

    code = "invalid-schedule"
    title = "Invalid schedule"


class TooManyConcurrentRuns(BadInput):
    """More concurrent runs than the tenant's settings allow."""

    code = "too-many-concurrent-runs"
    title = "Too many concurrent runs"
