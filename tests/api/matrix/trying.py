"""Requests that must come to nothing, and what is wrong with their answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.api.matrix import registry
from tests.api.matrix.document import Operation
from tests.api.matrix.places import Place, unlike
from tests.api.matrix.scene import Scene, bearer, signed
from tests.api.matrix.snapshot import Snapshot, changed

AT_ONCE = 24
Path = dict[str, str]
Paths = list[Path]
NOBODYS = ("=", "version", "block")
"""How kinds begin whose names are no secret: words, numbers, blocks of a document."""


@dataclass(frozen=True)
class Attempt:
    """One or more requests for one operation, with what is looked for in their answers."""

    operation: Operation
    who: str
    run: Callable[[], Awaitable[None]]


class Tried:
    """Many requests, and what is wrong with their answers."""

    def __init__(self, stage: Scene, snapshot: Snapshot) -> None:
        self.stage, self.snapshot = stage, snapshot
        self.problems: dict[str, None] = {}
        self.counted: Counter[str] = Counter()

    def problem(self, operation: Operation, who: str, answer: httpx.Response | None, what: str) -> None:
        said = "" if answer is None else f" ({answer.status_code} {answer.text[:300]})"
        self.problems[f"{operation.name} by {who}: {what}{said}"] = None

    async def harmless(self, attempts: Sequence[Attempt]) -> None:
        """Runs these side by side, some at a time. No row may change; where one does, each runs again, to say which."""
        for at in range(0, len(attempts), AT_ONCE):
            some = attempts[at : at + AT_ONCE]
            if not (tables := await self._moved(*some)):
                continue
            alone = [(one, found) for one in some if (found := await self._moved(one))]
            for one, found in alone:
                self.problem(one.operation, one.who, None, f"rows of {found} have changed")
            if not alone:
                names = ", ".join(f"{one.operation.name} by {one.who}" for one in some)
                self.problems[f"rows of {tables} have changed in one of: {names}"] = None

    async def _moved(self, *attempts: Attempt) -> list[str]:
        before = self.snapshot.take()
        await asyncio.gather(*(one.run() for one in attempts))
        return changed(before, self.snapshot.take())

    async def ask(
        self, operation: Operation, headers: dict[str, str], values: dict[str, str], body: Any, **query: str
    ) -> httpx.Response:
        self.counted[operation.name] += 1
        more = {"json": body} if body is not None else {}
        wanted = registry.HEADERS.get(operation.id, {})
        headers = {name: text.format(**values) for name, text in wanted.items()} | headers
        params = {**registry.ALWAYS.get(operation.id, {}), **query}
        return await self.stage.ask(operation.method, operation.at(values), headers, params=params, **more)

    def done(self) -> None:
        assert sum(self.counted.values())
        print(f"{len(self.counted)} operations, {sum(self.counted.values())} requests")
        assert not self.problems, f"{len(self.problems)}:\n" + "\n".join(self.problems)


async def path_of(operation: Operation, place: Place) -> dict[str, str]:
    return {name: await registry.path_value(operation, segment, name, place) for segment, name in operation.parameters}


def missing(operation: Operation, values: dict[str, str], *names: str) -> dict[str, str]:
    """The same path with ids that nothing has; of some parameters only, where they are named."""
    kinds = {name: registry.PATHS[segment, name] for segment, name in operation.parameters}
    chosen = names or tuple(values)
    return {
        name: unlike(value) if name in chosen and not kinds[name].startswith(NOBODYS) else value
        for name, value in values.items()
    }


def plainly(answer: httpx.Response, *ids: dict[str, str]) -> tuple[int, dict[str, str], str]:
    """An answer without what differs from request to request."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-trace-id")}
    text = answer.text.replace(answer.headers["x-trace-id"], "trace")
    for values in ids:
        for value in values.values():
            text = text.replace(value, "value")
            headers = {name: kept.replace(value, "value") for name, kept in headers.items()}
    headers.pop("x-ratelimit-remaining", None)
    return answer.status_code, headers, text


def callers(operation: Operation, stage: Scene) -> list[tuple[str, Place, dict[str, str]]]:
    """Who asks for what is the victim's, with good credentials of their own."""
    if operation.of_partner:
        return [("another partner", stage.stranger, signed(stage.stranger.app_id, stage.stranger.partner_key))]
    return [
        ("another tenant of the partner", stage.neighbour, bearer(stage.neighbour.key)),
        ("a tenant of another partner", stage.stranger, bearer(stage.stranger.key)),
    ]
