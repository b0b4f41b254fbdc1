"""Mail: sends one message by SMTP."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import UUID

from tieline.automations.blocks import letters
from tieline.automations.blocks.allowed import Allowed
from tieline.automations.blocks.listing import choice, evaluated, given
from tieline.automations.blocks.post import SECURITY, MailFailed, Post, PostOffice
from tieline.automations.blocks.values import whole
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, UnboundBlock
from tieline.automations.engine.registry import BlockType, CompileContext, register
from tieline.automations.formulas import text_of
from tieline.core import clock
from tieline.core.errors import NotFound

ATTEMPTS = 3
NAMES = ("from", "to", "cc", "bcc", "reply_to", "subject", "text", "html", "attachments", "headers", "host", "port")


@register
class MailBlock(BlockType):
    """The password is read when the mail goes out, and is not among the inputs that the journal keeps."""

    type = "MailBlock"
    doc = "Mail: sends a message by SMTP, as text, HTML or both, with attachments."
    reads = True

    def compile(self, context: CompileContext) -> Any:
        return {
            "fields": {name: given(context, name) for name in NAMES},
            "security": choice(context, ("security",), ("", *SECURITY), ""),
            "login": (given(context, "username"), given(context, "password")),
            "connection": context.setting("datasource"),
        }

    def effect(self, program: Any) -> bool:
        return True

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return {name: evaluated(formula, context) for name, formula in program["fields"].items()}

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        post = context.services.get(Post)
        office = await self._office(program, inputs, context)
        sender = office.sender if office is post.default or inputs["from"] in (None, "") else inputs["from"]
        letter = letters.write({**inputs, "from": sender}, identity=context.idempotency_key, moment=clock.now())
        attempt, refused = 0, None
        while refused is None:
            attempt += 1
            try:
                refused = await post.send(office, letter)
            except MailFailed as error:
                context.exchanges.append({"smtp": office.shown, "error": error.detail, "attempt": attempt})
                if attempt == ATTEMPTS:
                    raise
                await asyncio.sleep(random.uniform(0, 2.0**attempt))  # noqa: S311 - jitter
        context.metrics.calls += 1
        context.exchanges.append({"smtp": office.shown, "recipients": len(letter.recipients), "attempt": attempt})
        if refused:
            context.warn(f"the mail server refused {len(refused)} of {len(letter.recipients)} recipients")
        accepted = [entry for entry in letter.recipients if entry not in refused]
        return {"message_id": letter.identity, "accepted": accepted, "refused": refused}

    async def _office(self, program: Any, inputs: Any, context: BlockContext) -> PostOffice:
        host = text_of(inputs["host"]).strip()
        if program["connection"]:
            if host:
                raise BlockInputInvalid(
                    "host is given beside a connection; a connection's credentials go to its own server only, so leave "
                    "host empty"
                )
            try:
                connection = UUID(str(program["connection"]))
                await context.services.get(Allowed).check(connection, context)
                return await context.services.get(Post).connection(context.run.tenant_id, connection)
            except (NotFound, ValueError):
                raise UnboundBlock(
                    f"block “{context.step.label}” uses connection {program['connection']!r:.60}, which does not exist"
                    " in this tenant"
                ) from None
        user, password = (text_of(evaluated(formula, context)) for formula in program["login"])
        if not host:
            default = context.services.get(Post).default
            if default is None:
                raise BlockInputInvalid("host is empty; name the mail server, or choose a connection (datasource)")
            return default
        security = program["security"] or "starttls"
        port = (
            SECURITY[security] if inputs["port"] in (None, "") else whole(inputs["port"], "port", least=1, most=65535)
        )
        return PostOffice(host=host, port=port, security=security, username=user, password=password)
