"""Who is told of what: the settings of an automation, or of its tenant where the automation has none.

Kept as ``{"on": [...], "mail": [...], "webhook": {"url", "sealed"}, "everySeconds": 900}``; ``{}`` means that the
tenant's hold, ``{"on": []}`` that nobody is told.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from tieline.core.errors import BadInput, TielineError
from tieline.security import resealing
from tieline.security.egress import Policy
from tieline.security.egress.saved import check_saved
from tieline.security.resealing import Place
from tieline.security.vault import Vault
from tieline.storage.tables import automations, tenants

ENDINGS: Final = ("failed", "warnings", "stopped", "exceeded limit", "recovered")
EVERY_SECONDS: Final = 900
LEAST_SECONDS: Final = 60
MOST_SECONDS: Final = 7 * 24 * 3600
MOST_ADDRESSES: Final = 20
TENANT_SETTING: Final = "failureNotice"

_LONGEST_URL: Final = 2_000


class Rule(Struct, frozen=True):
    """Settings as they hold. ``of_tenant``: the automation has none of its own."""

    on: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    url: str = ""
    sealed: str = ""
    every_seconds: int = EVERY_SECONDS
    of_tenant: bool = False

    @property
    def reaches_somebody(self) -> bool:
        """Whether there is somebody to tell, and something to tell of."""
        return bool(self.on and (self.mail or self.url))


def rule_of(own: Mapping[str, Any] | None, tenants: Mapping[str, Any] | None) -> Rule:
    """What holds for an automation with these settings, in a tenant with those."""
    kept = own or tenants or {}
    webhook = kept.get("webhook") or {}
    return Rule(
        on=tuple(kept.get("on", ())),
        mail=tuple(kept.get("mail", ())),
        url=webhook.get("url", ""),
        sealed=webhook.get("sealed", ""),
        every_seconds=kept.get("everySeconds", EVERY_SECONDS),
        of_tenant=not own,
    )


async def checked(
    vault: Vault,
    policy: Policy,
    place: bytes,
    before: Mapping[str, Any],
    *,
    on: Sequence[str],
    mail: Sequence[str],
    url: str,
    every_seconds: int,
    new_secret: bool = False,
    mail_served: bool,
) -> tuple[dict[str, Any], str | None]:
    """Settings as they are kept, and the webhook's secret where it is a new one. Raises `BadInput` with the field.

    ``before``: the settings until now, whose secret stays while the address does. ``place``: see `place_of`.
    """
    kept: dict[str, Any] = {
        "on": [ending for ending in ENDINGS if ending in on],
        "mail": _addresses(mail, mail_served),
        "everySeconds": every_seconds,
    }
    if unknown := [one for one in on if one not in ENDINGS]:
        raise BadInput(f"on has {unknown[0][:40]!r}; it can have {', '.join(ENDINGS)}.", pointer="/on")
    if not LEAST_SECONDS <= every_seconds <= MOST_SECONDS:
        raise BadInput(f"everySeconds has to be from {LEAST_SECONDS} to {MOST_SECONDS}.", pointer="/everySeconds")
    if not url:
        return kept, None
    await check_saved(url, policy, pointer="/webhook/url", longest=_LONGEST_URL)
    known = before.get("webhook") or {}
    if known.get("url") == url and not new_secret:
        return {**kept, "webhook": known}, None
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    sealed = base64.b64encode(vault.seal(secret.encode(), context=place)).decode()
    return {**kept, "webhook": {"url": url, "sealed": sealed}}, secret


def place_of(tenant_id: UUID, automation_id: UUID | None) -> bytes:
    """What a sealed secret is bound to; ``automation_id`` None: the settings of the tenant."""
    of = f"automations/{tenant_id}/{automation_id}" if automation_id else f"tenants/{tenant_id}"
    return f"{of}/failure_notice".encode()


def secret_of(vault: Vault, rule: Rule, tenant_id: UUID, automation_id: UUID) -> str:
    """The secret that its webhook is signed with."""
    place = place_of(tenant_id, None if rule.of_tenant else automation_id)
    return vault.open(base64.b64decode(rule.sealed), context=place).decode()


def _addresses(mail: Sequence[str], served: bool) -> list[str]:
    # Late: it brings the mail block's libraries.
    from tieline.automations.blocks.letters import address

    if mail and not served:
        raise BadInput("This installation sends no mail; set TIELINE_MAIL_URL, or leave mail empty.", pointer="/mail")
    if len(mail) > MOST_ADDRESSES:
        raise BadInput(f"mail has {len(mail)} addresses; at most {MOST_ADDRESSES} are told.", pointer="/mail")
    found = []
    for number, one in enumerate(mail):
        try:
            name, bare = address(one, "mail")
        except TielineError as error:
            raise BadInput(error.detail, pointer=f"/mail/{number}") from None
        if name:
            raise BadInput("mail holds bare addresses like ada@example.com, without a name.", pointer=f"/mail/{number}")
        found.append(bare)
    return list(dict.fromkeys(found))


resealing.register(
    Place(
        automations,
        automations.c.failure_notice,
        lambda row: place_of(row["tenant_id"], row["id"]),
        path=("webhook", "sealed"),
    )
)
resealing.register(
    Place(
        tenants, tenants.c.settings, lambda row: place_of(row["id"], None), path=(TENANT_SETTING, "webhook", "sealed")
    )
)
