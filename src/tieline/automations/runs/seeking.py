"""Where in a journal an item of a loop begins, found by the paths of rows alone: no data is read."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, case, cast, func, literal, select

from tieline.automations.engine.journal import GROUP
from tieline.automations.runs.layout import Layout
from tieline.storage.tables import journal
from tieline.storage.unit import Unit

ROWS_LOOKED_AT = 500_000
SIDE_BY_SIDE = 1_000  # items by which one of a parallel loop may lag behind


async def seek(unit: Unit, run_id: UUID, layout: Layout, iteration: str) -> int:
    """The row behind which the notes of ``iteration`` (like ``b4.7431`` or ``b4.3/b6.0``) begin.

    A row bears the path of its last note. Items of a loop come one after the other, so that rows whose path lies in an
    earlier item are passed by. Items of a parallel loop overlap: there, the search begins well before.
    """
    found = 0
    for loop, path, index in layout.loops(f"{iteration}/"):
        if loop is None:
            break
        wanted = index - SIDE_BY_SIDE if loop.parallel else index
        if wanted > 0:
            found = await _before(unit, run_id, f"{path}.", wanted, found)
        if loop.parallel:
            break
    return found


async def _before(unit: Unit, run_id: UUID, prefix: str, index: int, after: int) -> int:
    """The last row behind ``after`` that ends in an earlier item than ``index``, before the first that ends in it or a
    later one."""
    mine = (journal.c.run_id == run_id, journal.c.kind == GROUP)
    looked = (
        unit.select(journal, journal.c.seq, journal.c.path)
        .where(*mine, journal.c.seq > after)
        .order_by(journal.c.seq)
        .limit(ROWS_LOOKED_AT)
        .subquery()
    )
    digits = func.substring(looked.c.path, len(prefix) + 1, 12)
    # CASE keeps the cast from meeting what is no number.
    item = case(
        (
            func.starts_with(looked.c.path, prefix) & digits.regexp_match(literal("^[0-9]+(/|$)")),
            cast(func.split_part(digits, "/", 1), BigInteger),
        ),
        else_=None,
    )
    reached = await unit.scalar(select(looked.c.seq).where(item >= index).order_by(looked.c.seq).limit(1))
    passed = select(func.max(looked.c.seq)).where(item < index)
    if reached is not None:
        passed = passed.where(looked.c.seq < reached)
    return max(after, await unit.scalar(passed) or 0)
