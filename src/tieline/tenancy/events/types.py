"""The types of events that webhooks can listen to. Those of the vendor have its names, the others begin with ours."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

VENDOR: Final = "com.qlik."
OURS: Final = "com.tieline."

RUN_ENDED: Final = "com.qlik.v1.automation.run.ended"
RUN_FINISHED: Final = "com.tieline.automation.run.finished"
RUN_FAILED: Final = "com.tieline.automation.run.failed"
RUN_STOPPED: Final = "com.tieline.automation.run.stopped"
RUN_TYPES: Final = (RUN_ENDED, RUN_FINISHED, RUN_FAILED, RUN_STOPPED)
NOTICE_OPENED: Final = "com.tieline.notice.opened"

_WELL_FORMED = re.compile(r"com\.qlik(\.[a-z0-9]+([-_][a-z0-9]+)*){2,8}")
_LONGEST = 200


class EventType(Struct, frozen=True):
    """One type. ``levels``: at which a webhook may listen to it."""

    name: str
    title: str
    description: str
    levels: tuple[str, ...] = ("tenant", "user")


_ALL = (
    EventType("com.qlik.v1.automation.created", "Automation created", "An automation was made, copied or imported."),
    EventType(
        "com.qlik.v1.automation.updated",
        "Automation updated",
        "An automation was saved, moved, given to somebody else, or another version of it went live.",
    ),
    EventType("com.qlik.v1.automation.deleted", "Automation deleted", "An automation was removed."),
    EventType("com.qlik.v1.automation.enabled", "Automation enabled", "An automation may start runs again."),
    EventType("com.qlik.v1.automation.disabled", "Automation disabled", "An automation starts no more runs."),
    EventType(RUN_ENDED, "Automation run ended", "A run is over, however it ended; data.status says how."),
    EventType(RUN_FINISHED, "Automation run finished", "A run went well, or finished with warnings."),
    EventType(RUN_FAILED, "Automation run failed", "A run failed or exceeded a limit."),
    EventType(RUN_STOPPED, "Automation run stopped", "A run was stopped by a person."),
    EventType("com.tieline.connection.created", "Connection created", "A connection was made."),
    EventType("com.tieline.connection.updated", "Connection updated", "A connection or its credentials were changed."),
    EventType("com.tieline.connection.deleted", "Connection deleted", "A connection was removed."),
    EventType("com.tieline.connection.broken", "Connection broken", "A connection that worked does not any more."),
    EventType("com.tieline.connection.mended", "Connection mended", "A connection that did not work does again."),
    EventType(NOTICE_OPENED, "Notice opened", "There is something that a person should know of.", ("tenant",)),
    EventType("com.qlik.api-key.created", "API key created", "An API key was made.", ("tenant",)),
    EventType("com.qlik.api-key.updated", "API key updated", "An API key was renamed.", ("tenant",)),
    EventType("com.qlik.api-key.deleted", "API key deleted", "An API key was revoked or removed.", ("tenant",)),
    EventType("com.qlik.web-integration.created", "Web integration created", "Origins were allowed.", ("tenant",)),
    EventType("com.qlik.web-integration.updated", "Web integration updated", "Its origins changed.", ("tenant",)),
    EventType("com.qlik.web-integration.deleted", "Web integration deleted", "It was removed.", ("tenant",)),
    EventType("com.qlik.v1.user.created", "User created", "A user was added to the tenant.", ("tenant",)),
    EventType("com.qlik.v1.user.updated", "User updated", "A user was changed.", ("tenant",)),
    EventType("com.qlik.v1.user.deleted", "User deleted", "A user was removed from the tenant.", ("tenant",)),
    EventType("com.qlik.v1.space.created", "Space created", "A space was made.", ("tenant",)),
    EventType("com.qlik.v1.space.updated", "Space updated", "A space was changed.", ("tenant",)),
    EventType("com.qlik.v1.space.deleted", "Space deleted", "A space was removed.", ("tenant",)),
    EventType("com.qlik.oauth-client.created", "OAuth client created", "An OAuth client was made.", ("tenant",)),
    EventType("com.qlik.oauth-client.updated", "OAuth client updated", "An OAuth client was changed.", ("tenant",)),
    EventType("com.qlik.oauth-client.deleted", "OAuth client deleted", "An OAuth client was removed.", ("tenant",)),
)
EVENT_TYPES: Final = {one.name: one for one in _ALL}

_OF_PARTNER = ("partner",)
PARTNER_TYPES: Final = {
    one.name: one
    for one in (
        EventType("com.tieline.account.created", "Account created", "An account was made.", _OF_PARTNER),
        EventType("com.tieline.account.updated", "Account updated", "An account got another name or id.", _OF_PARTNER),
        EventType("com.tieline.account.deleted", "Account deleted", "An account was removed.", _OF_PARTNER),
        EventType(
            "com.tieline.integration.installed", "Integration installed", "A template was installed.", _OF_PARTNER
        ),
        EventType(
            "com.tieline.integration.updated",
            "Integration updated",
            "It runs another version of its template, or was pinned; data.version says which.",
            _OF_PARTNER,
        ),
        EventType(
            "com.tieline.integration.settings-changed",
            "Integration settings changed",
            "Persisted inputs were set; data.inputs has their names.",
            _OF_PARTNER,
        ),
        EventType("com.tieline.integration.enabled", "Integration enabled", "It may start runs.", _OF_PARTNER),
        EventType("com.tieline.integration.disabled", "Integration disabled", "It starts no more runs.", _OF_PARTNER),
        EventType(
            "com.tieline.integration.detached", "Integration detached", "It follows no template any more.", _OF_PARTNER
        ),
        EventType(
            "com.tieline.integration.removed",
            "Integration removed",
            "It is gone; data.deleteFlow says what became of its delete flow.",
            _OF_PARTNER,
        ),
        EventType(
            "com.tieline.integration.failed",
            "Integration failed",
            "A run failed, and the one before had not; the next one of this type comes after a good run.",
            _OF_PARTNER,
        ),
        EventType("com.tieline.integration.run.failed", "Integration run failed", "A run failed.", _OF_PARTNER),
        EventType(
            "com.tieline.datasource.broken",
            "Datasource broken",
            "A connection of an account that worked does not any more.",
            _OF_PARTNER,
        ),
        EventType(
            "com.tieline.datasource.mended",
            "Datasource mended",
            "A connection of an account that did not work does again.",
            _OF_PARTNER,
        ),
    )
}
"""What a partner's webhooks can listen to: what happens in any of its accounts."""

_SAID: Final = {"created": ("created",), "updated": ("updated", "changed"), "deleted": ("deleted", "revoked")}

BY_ACTION: Final = {
    f"{kind}.{word}": name
    for name in EVENT_TYPES
    for kind, done in [tuple(name.removeprefix("com.qlik.").removeprefix("v1.").split("."))[-2:]]
    if kind in {"api-key", "web-integration", "user", "space", "oauth-client"}
    for word in _SAID[done]
}
"""Actions of the audit log that are events: those of resources whose every change is recorded there."""


def may_listen(name: str) -> bool:
    """Whether a webhook may name this type: one of ours, or one of the vendor that does not happen here."""
    return name in EVENT_TYPES or (len(name) <= _LONGEST and _WELL_FORMED.fullmatch(name) is not None)
