"""Lists: several pages, one, none, and one without an end."""

from __future__ import annotations

from msgspec import UNSET

from tieline.connectors.conformance.paging import paging_of
from tieline.connectors.conformance.play import Failed, NotApplicable, Play, brief
from tieline.connectors.conformance.scenarios.registry import scenario
from tieline.connectors.runtime.errors import PagingLoop
from tieline.core.errors import TielineError

FEW_CALLS = 10


def _lists(play: Play) -> str:
    if not play.block.iterable:
        raise NotApplicable("it gives no list")
    return paging_of(play.block, play.manifest).style


async def _read(play: Play, pages: int) -> int:
    play.stand(records=play.records(pages))
    try:
        found = await play.read()
    except TielineError as error:
        raise Failed(play.why(error)) from None
    play.fine()
    play.same(found, play.stage)
    return len(play.stage.calls)


@scenario("pages")
async def pages(play: Play) -> str:
    """Three pages, the last one not full: every record once, in order."""
    if _lists(play) == "none":
        raise NotApplicable("everything comes in one answer")
    calls = await _read(play, 3)
    if calls < 3:
        raise Failed(f"three pages were read with {calls} calls")
    return f"{len(play.stage.shelf.records) if play.stage.shelf else 0} records in {calls} calls"


@scenario("one-page")
async def one_page(play: Play) -> None:
    """One page that is not full."""
    _lists(play)
    await _read(play, 1)


@scenario("empty-page")
async def empty_page(play: Play) -> None:
    """Nothing there: an empty list, not an error."""
    _lists(play)
    calls = await _read(play, 0)
    if calls > 2:
        raise Failed(f"an empty list was asked for {calls} times")


@scenario("loop")
async def loop(play: Play) -> str | None:
    """The API answers with the same page for ever: the walk ends with PagingLoop instead of running on."""
    style = _lists(play)
    if style == "none":
        raise NotApplicable("everything comes in one answer")
    size = paging_of(play.block, play.manifest).size
    stage = play.stand(records=play.records(3), stuck=True)
    try:
        found = await play.read()
    except PagingLoop:
        play.stage.problems = [one for one in stage.problems if "cursor" not in one]
        play.fine()
        if len(stage.calls) > FEW_CALLS:
            raise Failed(f"the circle was noticed after {len(stage.calls)} calls only") from None
        return f"noticed after {len(stage.calls)} calls"
    except TielineError as error:
        raise Failed(f"not PagingLoop but {play.why(error)}") from None
    if style in ("page", "offset") and not size and len(stage.calls) <= 3:
        return "taken for an API without pages, each record once"
    raise Failed(f"the same page was read {len(stage.calls)} times without an error, {brief(len(found))} records")


@scenario("resume")
async def resume(play: Play) -> None:
    """Left after the first page and taken up again from its cursor by somebody else."""
    if _lists(play) == "none":
        raise NotApplicable("everything comes in one answer")
    if play.block.incremental is not UNSET and play.block.incremental.by == "sort":
        raise NotApplicable("it is read from its newest end")
    stage = play.stand(records=play.records(3))
    try:
        first = None
        async for page in play.client.pages(play.block, stage.given):
            first = page
            break
        if first is None or first.next is None:
            raise Failed("the first page names no next one")
        rest = [
            record
            async for page in play.client.pages(play.block, stage.given, cursor=first.next)
            for record in page.records
        ]
    except TielineError as error:
        raise Failed(play.why(error)) from None
    play.fine()
    play.same([*first.records, *rest], stage)
