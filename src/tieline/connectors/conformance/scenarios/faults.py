"""Answers that say "later", and answers that are none."""

from __future__ import annotations

from tieline.connectors.conformance.clockwork import NoPauses
from tieline.connectors.conformance.play import Failed, NotApplicable, Play
from tieline.connectors.conformance.scenarios.registry import scenario
from tieline.connectors.conformance.stage import cut, reset, status, web_page, whole_json
from tieline.connectors.runtime.errors import BadAnswer, UpstreamUnavailable

TOLD = 7


def _unless_ruled(play: Play, code: int, *wanted: str) -> None:
    play.stand()
    then = play.stage.deciding_rule(code, {"message": "not now"})
    if then and then not in wanted:
        raise NotApplicable(f"the manifest's own rule for status {code} says {then!r}")


@scenario("limited")
async def limited(play: Play) -> None:
    """429 without Retry-After: a pause, then the answer."""
    _unless_ruled(play, 429, "rate_limited", "retry")
    await play.run_well([status(429)])
    _pause(play, 1.0 if play.stage.deciding_rule(429, {}) != "retry" else 0.0)


@scenario("limited-told")
async def limited_told(play: Play) -> None:
    """429 with Retry-After: not a moment before it."""
    _unless_ruled(play, 429, "rate_limited")
    await play.run_well([status(429, headers={"retry-after": str(TOLD)})])
    _pause(play, float(TOLD))


def _pause(play: Play, least: float) -> None:
    times = play.stage.times
    if len(times) < 2:
        raise Failed("the call was not made again")
    if times[1] - times[0] < least:
        raise Failed(f"the call was made again after {times[1] - times[0]:.1f} s, not after {least:g} s")


@scenario("server-error")
async def server_error(play: Play) -> None:
    """503 once, then good."""
    _unless_ruled(play, 503, "retry")
    await play.run_well([status(503)])


@scenario("down")
async def down(play: Play) -> str:
    """503 for ever: an error that may go away, after a bounded number of attempts."""
    _unless_ruled(play, 503, "retry")
    error = await play.error_of(always=status(503))
    calls = len(play.stage.calls) + play.stage.turned_away
    if not isinstance(error, UpstreamUnavailable):
        raise Failed("it ended well" if error is None else f"not upstream-unavailable but {play.why(error)}")
    if calls != NoPauses().attempts:
        raise Failed(f"{calls} attempts were made instead of {NoPauses().attempts}")
    return f"given up after {calls} attempts"


@scenario("reset")
async def torn(play: Play) -> None:
    """The connection breaks before anything happened, then good."""
    await play.run_well([reset])


@scenario("truncated")
async def truncated(play: Play) -> str | None:
    """Half of the JSON: read again where that is harmless, an error where it is not, never half of the data."""
    stage = play.stand()
    if stage.shelf is None and not whole_json(stage.good):
        raise NotApplicable("its answer is no JSON")
    if not play.block.writes or stage.idempotency.kind == "header":
        await play.run_well([cut])
        return None
    error = await play.error_of([cut])
    effects = len(play.stage.effects)
    if effects != 1:
        raise Failed(f"the write took effect {effects} times")
    if stage.idempotency.kind != "none":
        return None
    if not isinstance(error, BadAnswer):
        raise Failed("half of an answer was taken for good" if error is None else play.why(error))
    return "the write is not sent again"


@scenario("web-page")
async def page_of_html(play: Play) -> None:
    """HTML with status 200 is an error, not data, and the call is not made again and again."""
    block = play.block
    data = block.iterable or block.kind in ("get", "get_by") or bool(block.records)
    if not data or block.output.get("type") == "string":
        raise NotApplicable("any text is a good answer to it")
    play.stand()
    if not block.iterable and not whole_json(play.stage.good):
        raise NotApplicable("its answer is no JSON")
    error = await play.error_of(always=web_page)
    if not isinstance(error, BadAnswer):
        raise Failed("a web page was taken for data" if error is None else f"not a bad answer but {play.why(error)}")
    if len(play.stage.calls) > 1:
        raise Failed(f"the page was asked for {len(play.stage.calls)} times")
