"""The manifest's own error rules: each does what it says, for an answer that fits it and no earlier one."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from tieline.connectors.conformance.play import Failed, NotApplicable, Play
from tieline.connectors.conformance.scenarios.registry import scenario
from tieline.connectors.conformance.shapes import put
from tieline.connectors.conformance.stage import Fault, status
from tieline.connectors.manifest.model import ErrorRule
from tieline.connectors.runtime.errors import ReconnectNeeded, UpstreamRefused
from tieline.core.errors import TielineError


@scenario("error-rules")
async def error_rules(play: Play) -> str:
    """Every rule of the block and of the manifest."""
    if not play.rules:
        raise NotApplicable("there are no error rules")
    tried = 0
    for number, rule in enumerate(play.rules, 1):
        code, body = _answer(rule)
        play.stand()
        if play.stage.deciding_rule(code, body) != rule.then:
            continue  # an earlier rule takes this answer
        tried += 1
        try:
            await _try(play, rule, code, body)
        except Failed as failure:
            raise Failed(f"rule {number} ({rule.then}): {failure}") from None
    return f"{tried} rules"


def _answer(rule: ErrorRule) -> tuple[int, Any]:
    body: Any = {"message": "by rule"}
    if rule.path:
        body = put({}, rule.path, "by rule" if rule.equals is UNSET else rule.equals)
    if rule.message and rule.message != rule.path:
        body = put(body, rule.message, "by rule")
    return (rule.status[0] if rule.status else 200), body


async def _try(play: Play, rule: ErrorRule, code: int, body: Any) -> None:
    once: list[Fault] = [status(code, body)]
    match rule.then:
        case "retry" | "rate_limited":
            await play.run_well(once)
            if len(play.stage.calls) < 2:
                raise Failed("the call was not made again")
        case "refresh":
            if play.stage.desk.can_refresh and play.block.auth != []:
                await play.run_well([_expired(code, body)])
            else:
                _kind(play, await play.error_of(always=once[0]), ReconnectNeeded)
        case "fail":
            _kind(play, await play.error_of(always=once[0]), UpstreamRefused)
        case "reconnect":
            _kind(play, await play.error_of(always=once[0]), ReconnectNeeded)
        case "ignore" | "done":
            error = await play.error_of(always=once[0])
            if error is not None:
                raise Failed(play.why(error))
    if len(play.stage.calls) > 30:
        raise Failed(f"{len(play.stage.calls)} calls were made")


def _expired(code: int, body: Any) -> Fault:
    def refuse(stage: Any, received: Any) -> Any:
        stage.desk.revoke()
        return status(code, body)(stage, received)

    return refuse


def _kind(play: Play, error: TielineError | None, wanted: type[TielineError]) -> None:
    if error is None:
        raise Failed("it ended well")
    if not isinstance(error, wanted):
        raise Failed(f"not {wanted.code} but {play.why(error)}")
