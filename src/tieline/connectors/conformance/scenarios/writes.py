"""Writes whose answer is lost, and deletes of what is gone."""

from __future__ import annotations

from tieline.connectors.conformance.play import Failed, NotApplicable, Play
from tieline.connectors.conformance.scenarios.registry import scenario
from tieline.connectors.conformance.stage import lost, status
from tieline.connectors.runtime.errors import UpstreamRefused
from tieline.core.errors import TielineError


@scenario("lost-answer")
async def lost_answer(play: Play) -> str | None:
    """The write happened, its answer did not arrive. The next attempt carries the same key and changes nothing."""
    if not play.block.writes:
        raise NotApplicable("it changes nothing")
    stage = play.stand([lost])
    kind = stage.idempotency.kind
    try:
        answer = await play.call()
    except TielineError as error:
        if kind != "none":
            raise Failed(play.why(error)) from None
        play.fine()
        if len(stage.effects) != 1:
            raise Failed(
                f"the write took effect {len(stage.effects)} times, and it ended with {play.why(error)}"
            ) from None
        return f"the caller is told: {error.code}"
    play.fine()
    if kind != "none" or play.block.kind in ("delete", "webhook_remove"):
        if len(stage.effects) != 1:
            raise Failed(f"the write took effect {len(stage.effects)} times")
        if kind == "header" and len({call.headers.get(stage.idempotency.header.lower()) for call in stage.calls}) != 1:
            raise Failed("the attempts carry different keys")
        return None
    if answer.attempts != len(stage.calls):
        raise Failed(f"{len(stage.calls)} calls were made, and the caller is told of {answer.attempts}")
    return f"at least once, as the manifest declares: {len(stage.effects)} effects, and the caller is told"


@scenario("gone")
async def gone(play: Play) -> str | None:
    """A delete of something that is not there is refused at the first attempt, and done after a lost answer."""
    if play.block.kind not in ("delete", "webhook_remove"):
        raise NotApplicable("it deletes nothing")
    stage = play.stand()
    if then := stage.deciding_rule(404, {"message": "not found"}):
        if then in ("ignore", "done"):
            play.stand(always=status(404, {"message": "not found"}))
            try:
                await play.call()
            except TielineError as error:
                raise Failed(play.why(error)) from None
            return f"counts as {then!r} by the manifest's own rule"
        raise NotApplicable(f"the manifest's own rule for status 404 says {then!r}")
    refusal = await play.error_of(always=status(404, {"message": "not found"}))
    if not isinstance(refusal, UpstreamRefused):
        raise Failed("a record that was never there counts as deleted" if refusal is None else play.why(refusal))
    return None
