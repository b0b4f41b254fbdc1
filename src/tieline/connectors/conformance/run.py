"""The whole run: a mock made of a manifest, the real runtime before it, and a certificate of what happened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

from msgspec import UNSET

from tieline.connectors.conformance.certificate import Certificate, Result, digest
from tieline.connectors.conformance.desks import answers_of
from tieline.connectors.conformance.messages import Received, Reply, answer
from tieline.connectors.conformance.play import Failed, NotApplicable, Play, said
from tieline.connectors.conformance.relocate import Map, origins, relocate, unasked
from tieline.connectors.conformance.scenarios import SCENARIOS, Scenario
from tieline.connectors.conformance.server import HOST, Loopback
from tieline.connectors.conformance.soap import NoEnvelope
from tieline.connectors.conformance.stage import Stage
from tieline.connectors.manifest.model import AuthMethod, Block, Manifest, WebhookEvent
from tieline.connectors.runtime.auth import KINDS
from tieline.connectors.runtime.auth.oauth2 import GRANTS
from tieline.core.errors import NotFound, TielineError
from tieline.security.egress import Egress, Policy

ONLY_LOOPBACK = Policy(allow=(ip_network(f"{HOST}/32"),), total_timeout=10.0)


# A manifest may say anything that has the right types, and a mock of nonsense must not end the run.
UNPLAYABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Door:
    """What stands behind the mock's ports at the moment."""

    def __init__(self) -> None:
        self.stage: Stage | None = None

    def show(self, stage: Stage) -> None:
        self.stage = stage

    def handle(self, received: Received) -> Reply:
        if self.stage is None:
            return answer({"message": "nothing is played"}, 503)
        try:
            return self.stage.handle(received)
        except UNPLAYABLE as error:
            self.stage.problems.append(f"the mock cannot play what the manifest says ({type(error).__name__}: {error})")
            return answer({"message": "unplayable"}, 400)


async def conform(manifest: Manifest, *, block: str | None = None) -> Certificate:
    """Run every block, or one, through all scenarios on this machine alone.

    Raises NotFound for a block that the manifest does not have. Nothing is sent beyond loopback, and no pause is slept
    through.
    """
    wanted = [one for one in manifest.blocks if block is None or block in (one.id, one.guid)]
    if block is not None and not wanted:
        raise NotFound(f"the connector {manifest.name!r} has no block {block!r}")
    made = Certificate(connector=manifest.name, version=manifest.version, sha256=digest(manifest), blocks=len(wanted))
    async with bench(manifest) as plays:
        if block is None:
            made.add(_addresses(manifest))
            for method in manifest.auth:
                made.add(await _method(plays, method))
            for event in manifest.webhooks:
                made.add(_event(manifest, event))
        for one in wanted:
            for name, function in SCENARIOS.items():
                made.add(await _one(plays, one, name, function))
    return made


class Bench:
    """Makes plays of one manifest."""

    def __init__(self, manifest: Manifest, params: dict[str, Any], egress: Egress, door: Door) -> None:
        self.manifest = manifest
        self.params = params
        self.egress = egress
        self.door = door
        self._blocks = {block.id: block for block in manifest.blocks}

    def play(self, block: Block, method: AuthMethod | None = None) -> Play:
        """A play of the relocated block with the first method that it accepts."""
        method = method if method is not None else self._method_for(block)
        return Play(self._blocks[block.id], self.manifest, self.params, method, self.egress, self.door.show)

    def _method_for(self, block: Block) -> AuthMethod | None:
        methods = self.manifest.auth
        if isinstance(block.auth, list) and block.auth:
            methods = [method for method in methods if method.id in block.auth]
        return next(iter([method for method in methods if served(method)] or methods), None)


@asynccontextmanager
async def bench(manifest: Manifest) -> AsyncIterator[Bench]:
    """The mock, running."""
    params = _params(manifest)
    named = origins(manifest, params)
    door = Door()
    async with Loopback(door.handle, len(named)) as server, Egress(ONLY_LOOPBACK) as egress:
        moved = relocate(manifest, params, Map(named or [""], server.ports))
        yield Bench(moved, params, egress, door)


def _params(manifest: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for server in manifest.servers:
        for name, variable in server.variables.items():
            found.setdefault(name, variable.default or (variable.choices[0] if variable.choices else "sample"))
    for method in manifest.auth:
        open_fields = {field.id for field in method.fields if not field.secret and field.type != "password"}
        found |= {name: value for name, value in answers_of(method).items() if name in open_fields}
    return found


def served(method: AuthMethod) -> bool:
    """Whether the runtime knows how to use a method."""
    if method.kind == "oauth2" and method.grants:
        return any(grant in GRANTS for grant in method.grants)
    return method.kind in KINDS


async def _one(plays: Bench, block: Block, name: str, function: Scenario) -> Result:
    play = plays.play(block)
    if play.method is not None and not served(play.method):
        why = f"the runtime serves none of its auth methods: see auth/{play.method.id}"
        return Result(block=block.id, scenario=name, outcome="not_applicable", reason=why)
    return await _judged(play, block.id, name, function)


async def _judged(play: Play, subject: str, name: str, function: Scenario) -> Result:
    try:
        remark = await function(play)
    except NotApplicable as why:
        return Result(block=subject, scenario=name, outcome="not_applicable", reason=str(why))
    except NoEnvelope as why:
        reason = f"no answer can be made up: {why}"
        return Result(block=subject, scenario=name, outcome="not_applicable", reason=reason)
    except Failed as why:
        return Result(block=subject, scenario=name, outcome="fail", reason=str(why), calls=_calls(play))
    except TielineError as error:
        return Result(block=subject, scenario=name, outcome="fail", reason=said(error), calls=_calls(play))
    except UNPLAYABLE as error:
        reason = f"the manifest cannot be played ({type(error).__name__}: {error})"
        return Result(block=subject, scenario=name, outcome="fail", reason=reason, calls=_calls(play))
    return Result(block=subject, scenario=name, outcome="pass", reason=remark or "", calls=_calls(play))


def _calls(play: Play) -> int:
    stage = getattr(play, "stage", None)
    return 0 if stage is None else len(stage.calls)


def _addresses(manifest: Manifest) -> Result:
    missing = unasked(manifest)
    return Result(
        block="connector",
        scenario="addresses",
        outcome="fail" if missing else "pass",
        reason=f"nobody is asked for {', '.join(missing[:5])}" if missing else "",
    )


async def _method(plays: Bench, method: AuthMethod) -> Result:
    """A method is tried with the simplest block that takes it."""
    subject = f"auth/{method.id}"
    takers = [
        block for block in plays.manifest.blocks if block.auth is UNSET or (block.auth and method.id in block.auth)
    ]
    if not takers:
        return Result(block=subject, scenario="connect", outcome="not_applicable", reason="no block uses it")
    block = min(takers, key=_effort)
    moved = next((one for one in plays.manifest.auth if one.id == method.id), method)
    return await _judged(plays.play(block, moved), subject, "connect", SCENARIOS["answer"])


def _effort(block: Block) -> tuple[bool, bool, int]:
    return block.writes, not block.iterable, sum(spec.required for spec in block.inputs)


def _event(manifest: Manifest, event: WebhookEvent) -> Result:
    """What an event names is there and fits."""
    blocks = {block.id: block for block in manifest.blocks}
    problem = ""
    for name, kinds in (
        ("subscribe", ("webhook_add", "create", "action", "update")),
        ("unsubscribe", ("webhook_remove", "delete", "action", "update")),
        ("list", ("webhook_list", "list", "search", "get")),
    ):
        target = getattr(event, name)
        if target and target not in blocks:
            problem = problem or f"{name} names the block {target!r}, which does not exist"
        elif target and blocks[target].kind not in kinds:
            problem = problem or f"{name} names the block {target!r}, which is of kind {blocks[target].kind!r}"
    add = blocks.get(event.subscribe)
    if add is not None and not problem and not _takes_address(add, manifest.schemas):
        problem = f"the block {add.id!r} has no input for the address that events are sent to"
    return Result(
        block=f"webhook/{event.id}", scenario="declared", outcome="fail" if problem else "pass", reason=problem
    )


def _takes_address(block: Block, schemas: dict[str, Any]) -> bool:
    words = ("url", "uri", "endpoint", "callback", "target", "address", "destination", "notification", "hook")
    for spec in block.inputs:
        names = [spec.id, spec.name, spec.format, *(spec.schema.get("properties") or {})]
        if any(word in str(name).lower() for name in names for word in words):
            return True
        if spec.schema.get("$ref") or spec.type == "object":
            return True
    return False
