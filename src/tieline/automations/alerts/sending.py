"""The jobs that deliver notices: at least once, with growing pauses, under an id that stays the same.

A mail's Message-ID and a webhook's ``webhook-id`` are made of the run and its fence, so that who gets a notice twice
can tell. Webhooks are signed as Standard Webhooks 1.0 has it, and go out through egress, as mail does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import select

from tieline.automations.alerts import ending, wording
from tieline.automations.alerts.rules import TENANT_SETTING, Rule, rule_of, secret_of
from tieline.automations.alerts.wording import Told
from tieline.core import clock, json
from tieline.core.errors import TielineError, Transient
from tieline.security.egress import Egress, Policy, parse_allow
from tieline.security.signatures.standard import sign
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.storage.tables import automations, tenants
from tieline.storage.unit import Unit
from tieline.tenancy import notices

if TYPE_CHECKING:
    from tieline.automations.blocks.post import PostOffice

log = structlog.get_logger(__name__)

PAUSES: Final = (10, 60, 300, 900, 3600, 3 * 3600, 8 * 3600)
"""Seconds after each attempt that came to nothing; then it is given up."""
UNDELIVERED: Final = "failure-notice-undelivered"
SECONDS: Final = 30.0
LARGEST_ANSWER: Final = 64 * 1024

_SECURITY: Final = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "none"}
_PORTS: Final = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


class NotTaken(Transient):
    """Whoever is to be told did not take the notice."""

    code = "failure-notice-not-taken"
    status = 502
    title = "The failure notice was not taken"


class Sender:
    """Delivers notices. ``mail_url``: setting ``TIELINE_MAIL_URL``; None = there is no mail."""

    def __init__(
        self, database: Database, vault: Vault, egress: Egress, *, base_url: str, mail_url: str | None = None
    ) -> None:
        self._database = database
        self._vault = vault
        self._egress = egress
        self._base_url = base_url
        self._mail_url = mail_url

    def register(self, queue: Queue) -> None:
        """Gives a worker the tasks."""
        queue.register(ending.DIGEST, self.digest)
        queue.register(ending.SEND, self.send)

    async def digest(self, *, tenant_id: str, automation_id: str) -> None:
        """The task that tells what was counted."""
        async with self._database.tenant(UUID(tenant_id)) as unit:
            await ending.digest(unit, UUID(automation_id))

    async def send(self, *, tenant_id: str, run_id: str, channel: str, about: dict[str, Any], attempt: int) -> None:
        """The task that delivers one notice in one way; where that fails, another job tries again later."""
        tenant, notice = UUID(tenant_id), msgspec.convert(about, Told)
        async with self._database.tenant(tenant) as unit:
            rule = await rule_for(unit, UUID(notice.automation_id))
        if rule is None:
            return
        subject = f"automation:{notice.automation_id}"
        try:
            await self.deliver(tenant, notice, rule, channel)
        except TielineError as error:
            again = isinstance(error, Transient) and attempt <= len(PAUSES)
            log.warning("notice.not_delivered", channel=channel, attempt=attempt, again=again, error=error.code)
            async with self._database.tenant(tenant) as unit:
                if again:
                    at = clock.now() + timedelta(seconds=PAUSES[attempt - 1])
                    await unit.defer(
                        ending.SEND,
                        at=at,
                        tenant_id=tenant_id,
                        run_id=run_id,
                        channel=channel,
                        about=about,
                        attempt=attempt + 1,
                    )
                    return
                await notices.open(
                    unit,
                    kind=UNDELIVERED,
                    subject=subject,
                    title=f"A failure notice of “{notice.name}” could not be delivered",
                    detail=f"By {channel}: {error.title}. Mend its failure notice, and send a test.",
                )
        else:
            async with self._database.tenant(tenant) as unit:
                await notices.close(unit, f"{UNDELIVERED}/{subject}")

    async def deliver(self, tenant_id: UUID, about: Told, rule: Rule, channel: str) -> None:
        """Once. Raises a `TielineError`; a `Transient` one is worth another attempt."""
        if channel == "mail" and rule.mail:
            await self._mail(about, rule)
        elif channel == "webhook" and rule.url:
            await self._post(about, rule, secret_of(self._vault, rule, tenant_id, UUID(about.automation_id)))

    async def _mail(self, about: Told, rule: Rule) -> None:
        from tieline.automations.blocks import letters
        from tieline.automations.blocks.post import MailRefused, Post

        if self._mail_url is None:
            raise MailRefused("this installation sends no mail; set TIELINE_MAIL_URL")
        office = office_of(self._mail_url)
        nothing = dict.fromkeys(("cc", "bcc", "reply_to", "attachments"))
        headers = {"Auto-Submitted": "auto-generated"}  # RFC 3834 section 5: nobody answers it by itself
        said = wording.mail(about, self._base_url)
        given = {"from": office.sender, "to": list(rule.mail), "headers": headers, **nothing, **said}
        letter = letters.write(given, identity=about.identity, moment=clock.now())
        # The operator has named this server, which may well be an internal one.
        policy = Policy(allow=parse_allow("0.0.0.0/0,::/0"), ca_file=self._egress.policy.ca_file)
        await Post(Egress(policy), None, office).send(office, letter)

    async def _post(self, about: Told, rule: Rule, secret: str) -> None:
        body = json.dumps(wording.webhook(about, self._base_url))
        moment = int(clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": about.identity,
            "webhook-timestamp": str(moment),
            "webhook-signature": sign(secret, about.identity, moment, body),
        }
        answer = await self._egress.request(
            "POST",
            rule.url,
            headers=headers,
            body=body,
            timeout=SECONDS,
            max_bytes=LARGEST_ANSWER,
            follow_redirects=False,
        )
        if not 200 <= answer.status < 300:
            raise NotTaken(f"the webhook answered {answer.status}; it has to answer 2xx")


async def rule_for(unit: Unit, automation_id: UUID) -> Rule | None:
    """The settings that hold for an automation, None where it is gone."""
    own = await unit.one(
        unit.select(automations, automations.c.failure_notice).where(automations.c.id == automation_id)
    )
    settings = select(tenants.c.settings[TENANT_SETTING]).where(tenants.c.id == unit.tenant_id)
    return None if own is None else rule_of(own["failure_notice"], await unit.scalar(settings))


def office_of(mail_url: str) -> PostOffice:
    """The mail server that ``TIELINE_MAIL_URL`` names."""
    from tieline.automations.blocks.post import PostOffice

    parts = urlsplit(mail_url)
    return PostOffice(
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        security=_SECURITY[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=dict(parse_qsl(parts.query)).get("from", ""),
    )
