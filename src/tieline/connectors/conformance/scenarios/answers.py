"""Good answers: the request is as described, and what comes is what was sent."""

from __future__ import annotations

from tieline.connectors.conformance.play import Failed, NotApplicable, Play
from tieline.connectors.conformance.scenarios.registry import scenario
from tieline.core.errors import BadInput, TielineError


@scenario("answer")
async def answer(play: Play) -> None:
    """Called with what it requires."""
    await play.run_well()


@scenario("all-inputs")
async def all_inputs(play: Play) -> None:
    """Called with everything that it takes."""
    given = play.inputs(everything=True)
    if given == play.inputs():
        raise NotApplicable("it has no optional inputs")
    stage = play.stand(given=given)
    try:
        found = await play.run()
    except BadInput as error:
        if play.block.transport != "soap":
            raise Failed(play.why(error)) from None
        raise NotApplicable("its types allow combinations that cannot be made up") from None
    except TielineError as error:
        raise Failed(play.why(error)) from None
    play.fine()
    play.same(found, stage)
