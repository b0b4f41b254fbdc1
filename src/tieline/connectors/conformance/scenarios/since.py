"""New and updated since: asked for in the API's notation, and nothing left out or given twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import UNSET

from tieline.connectors.conformance.messages import Received
from tieline.connectors.conformance.paging import Shelf, paging_of, value_at
from tieline.connectors.conformance.play import Failed, NotApplicable, Play, difference
from tieline.connectors.conformance.samples import resolve, type_of
from tieline.connectors.conformance.scenarios.registry import scenario
from tieline.connectors.conformance.shapes import put, record_schema, records_of
from tieline.connectors.manifest.model import Incremental
from tieline.connectors.runtime import times
from tieline.core.errors import TielineError

FIRST: Final = datetime(2024, 3, 4, 5, 6, 7, tzinfo=UTC)
COUNT: Final = 8
FROM: Final = 5


@scenario("since")
async def since(play: Play) -> str | None:
    """The records from a moment on."""
    rule = play.block.incremental
    if rule is UNSET:
        if play.block.kind == "incremental":
            raise Failed("the block is incremental, but does not say how it is asked: add `incremental`")
        raise NotApplicable("it cannot be asked for what is new")
    if not play.block.iterable:
        raise NotApplicable("it gives no list")
    moments = [FIRST + timedelta(days=at) for at in range(COUNT)]
    records = _dated(play, rule, moments)
    pointer = moments[FROM]
    wanted = records[FROM:]
    if rule.by == "sort":
        records, wanted = records[::-1], wanted[::-1]
    stage = play.stand(records=records)
    asked: list[str] = []
    if rule.by != "sort":
        stage.filter = lambda received, shelf: _asked(play, rule, moments, received, shelf, asked)
    try:
        found = await play.read(since=pointer.isoformat().replace("+00:00", "Z"))
    except TielineError as error:
        raise Failed(play.why(error)) from None
    play.fine()
    if rule.by == "sort":
        _sorted(play, rule)
    elif not rule.param:
        raise Failed("it does not say which parameter asks for what is new: add `incremental.param`")
    elif not asked:
        raise Failed(f"the parameter {rule.param!r} was not sent")
    if not rule.field and rule.by != "sort" and len(found) >= len(wanted):
        return "the manifest names no field that says when a record was changed"
    if found != wanted:
        raise Failed(difference(found, wanted))
    return f"asked for {asked[0]}" if asked else None


def _dated(play: Play, rule: Incremental, moments: list[datetime]) -> list[Any]:
    paging = paging_of(play.block, play.manifest)
    key = paging.key if paging.style == "keyset" else ""
    records = records_of(play.block, play.manifest, len(moments), "" if key == rule.field else key)
    name = rule.field or rule.created_field
    if not name or not all(isinstance(record, dict) for record in records):
        return records
    schema = record_schema(play.block, play.manifest)
    kind = type_of(resolve((schema.get("properties") or {}).get(name), play.manifest.schemas))
    written = [_written(moment, kind, rule.format) for moment in moments]
    if name in records[0] or not ("." in name or name.startswith("$")):
        return [{**record, name: text} for record, text in zip(records, written, strict=True)]
    return [put(record, name, text) for record, text in zip(records, written, strict=True)]


def _written(moment: datetime, kind: str, format: str) -> Any:
    if kind in ("integer", "number"):
        return int(times.render(moment, "unix_ms" if format == "unix_ms" else "unix"))
    return moment.isoformat().replace("+00:00", "Z")


def _asked(
    play: Play, rule: Incremental, moments: list[datetime], received: Received, shelf: Shelf, asked: list[str]
) -> Shelf:
    """What the API gives for the moment that was asked for."""
    text = value_at(received, rule.param, rule.location, play.block, play.base)
    if text is None:
        if any(name == "tl_cursor" for name, _ in received.query):
            text = asked[0] if asked else None
        if text is None:
            return shelf
    tick = timedelta(milliseconds=1) if rule.format == "unix_ms" else timedelta(seconds=1)
    allowed = times.render(moments[FROM] if rule.inclusive else moments[FROM] - tick, rule.format)
    if text != allowed:
        play.stage.problems.append(f"{rule.param!r} is {text!r}, not {allowed!r} ({rule.format})")
    asked.append(text)
    found = moments[FROM].date() if rule.format == "date" else None
    kept = [
        record
        for record, moment in zip(shelf.records, moments, strict=True)
        if moment >= moments[FROM] or (found is not None and moment.date() >= found)
    ]
    return msgspec.structs.replace(shelf, records=kept)


def _sorted(play: Play, rule: Incremental) -> None:
    if not rule.sort_param:
        return
    for call in play.stage.calls:
        text = value_at(call, rule.sort_param, rule.location, play.block, play.base)
        if text != rule.sort_value and not any(name == "tl_cursor" for name, _ in call.query):
            raise Failed(f"{rule.sort_param!r} is {text!r}, not {rule.sort_value!r}")
