"""Which connections a run may work with: those of its automation's owner, those in spaces that the owner may use, and
those that an integration was given."""

from __future__ import annotations

import time
from collections import OrderedDict
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, exists, func, literal_column

from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import UnboundBlock
from tieline.storage.database import Database
from tieline.storage.tables import automations, connections, integrations
from tieline.tenancy.visibility import usable_by

FRESH_SECONDS = 1.0  # in which a run under way notices another owner, of the automation or the connection
KEPT = 2000


def _given(automation_id: UUID) -> ColumnElement[bool]:
    """Whether the connection is one that this integration was given."""
    values = func.jsonb_path_query_array(integrations.c.connections, literal_column("'$.*'::jsonpath"))
    return exists().where(
        integrations.c.tenant_id == connections.c.tenant_id,
        integrations.c.automation_id == automation_id,
        values.op("?")(cast(connections.c.id, Text)),
    )


class Allowed:
    """A service of blocks. Every block that opens a connection asks here first: a workspace can name any id."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: OrderedDict[tuple[UUID, int, UUID], float] = OrderedDict()

    async def check(self, connection_id: UUID, context: BlockContext) -> None:
        """Raises `UnboundBlock` for another person's own connection. One that does not exist is not told of here.

        The automation's owner of now is asked, whoever owned it when the run began: after a change of owner nothing is
        done under the former owner's name any more.
        """
        run = context.run
        key = (run.run_id, run.fence, connection_id)
        moment = time.monotonic()
        asked = self._asked.get(key)
        if asked is not None and moment - asked < FRESH_SECONDS:
            return
        async with self._database.tenant(run.tenant_id) as unit:
            usable = await unit.scalar(
                unit.select(connections, usable_by(connections, automations.c.owner_id) | _given(run.automation_id))
                .join(automations, automations.c.tenant_id == connections.c.tenant_id)
                .where(connections.c.id == connection_id, automations.c.id == run.automation_id)
            )
        if usable is False:
            raise UnboundBlock(
                f"block “{context.step.label}” uses connection {connection_id}, which is another person's own; choose "
                "one of the automation's owner, or one in a space that they may use"
            )
        self._asked[key] = moment
        self._asked.move_to_end(key)
        if len(self._asked) > KEPT:
            self._asked.popitem(last=False)
