"""Credentials that end: replaced where they can be, and given back to the customer where they cannot."""

from __future__ import annotations

from tieline.connectors.conformance.play import Failed, NotApplicable, Play
from tieline.connectors.conformance.scenarios.registry import scenario
from tieline.connectors.conformance.stage import expired, status
from tieline.connectors.runtime.errors import ReconnectNeeded, UpstreamRefused

MOST = 4


@scenario("refresh")
async def refresh(play: Play) -> None:
    """401 once: new credentials are fetched, and the call is made again."""
    stage = play.stand()
    if play.block.auth == [] or play.method is None or play.method.kind == "none":
        raise NotApplicable("it needs no credentials")
    if not (stage.desk.renewable and stage.desk.can_refresh):
        raise NotApplicable(f"credentials of kind {play.method.kind!r} cannot be renewed")
    if (then := stage.deciding_rule(401, {"message": "unauthorized"})) and then != "refresh":
        raise NotApplicable(f"the manifest's own rule for status 401 says {then!r}")
    await play.run_well([expired])
    if play.stage.desk.handed_out != 2:
        raise Failed(f"{play.stage.desk.handed_out} tokens were fetched instead of 2")


@scenario("unauthorized")
async def unauthorized(play: Play) -> None:
    """401 for ever: ReconnectNeeded after few calls."""
    stage = play.stand()
    then = stage.deciding_rule(401, {"message": "not now"})
    if then not in ("", "refresh", "reconnect"):
        raise NotApplicable(f"the manifest's own rule for status 401 says {then!r}")
    error = await play.error_of(always=status(401))
    calls = len(play.stage.calls)
    if not isinstance(error, ReconnectNeeded):
        raise Failed("it ended well" if error is None else f"not reconnect-needed but {play.why(error)}")
    if calls > MOST:
        raise Failed(f"{calls} calls were made with refused credentials")


@scenario("refused")
async def refused(play: Play) -> None:
    """400: the API's word is final, and the call is not made again."""
    stage = play.stand()
    if then := stage.deciding_rule(400, {"message": "not like this"}):
        raise NotApplicable(f"the manifest's own rule for status 400 says {then!r}")
    if 400 in stage.idempotency.conflict and stage.idempotency.kind == "natural_key":
        raise NotApplicable("400 says that it is there already")
    error = await play.error_of(always=status(400, {"message": "not like this"}))
    if not isinstance(error, UpstreamRefused):
        raise Failed("it ended well" if error is None else f"not upstream-refused but {play.why(error)}")
    if len(play.stage.calls) != 1:
        raise Failed(f"the refused call was made {len(play.stage.calls)} times")
