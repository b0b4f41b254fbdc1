"""What a command of a resource does once its options are read."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import typer

from tieline.core.errors import BadInput
from tieline.server.cli.common import say_json
from tieline.server.cli.resources import calling
from tieline.server.cli.resources.bodies import object_body, patch_body
from tieline.server.cli.resources.naming import flags
from tieline.server.cli.resources.showing import show, show_rows


def run_operation(
    group: str, told: Mapping[str, Any], read: Mapping[str, dict[str, Any]], given: Mapping[str, Any]
) -> None:
    """Calls the operation and shows its answer. Raises `BadParameter` for wrong use, what the server says otherwise."""
    body = _body(group, told, read["body"], given)
    headers = calling.headers_of(told, read["option"], read["path"])
    query = {
        one["name"]: _word(read["option"][one["name"]])
        for one in told["options"]
        if one["in"] == "query" and one["name"] in read["option"]
    }
    for one in told["options"]:
        if one["in"] == "query" and one["required"] and one["name"] not in query:
            raise typer.BadParameter(f"{flags(one, group)[0]} is needed")
    path = calling.path_of(told, read["path"])
    if told["method"] == "DELETE" and not given["yes"] and sys.stdin.isatty():
        asked = f"{told['summary']}: {' '.join(read['path'].values()) or path}?"
        if not typer.confirm(asked, err=True):
            raise BadInput("nothing was removed")
    most = _most(told, given)

    async def work() -> Any:
        partner = (given.get("app_id"), given.get("partner_key"))
        async with calling.client(told, given["url"], given.get("api_key"), partner) as api:
            if "list" in told:
                return await calling.rows(api, told, path, body, query, headers, most)
            return await calling.call(api, told, path, body, query=query, headers=headers)

    found = asyncio.run(work())
    if "list" in told and not given["everything"] and given["limit"] is None and len(found) > calling.FIRST_ROWS:
        found = found[: calling.FIRST_ROWS]
        calling.say_more()
    if given["as_json"]:
        if found is not None:
            say_json(found)
    elif "list" in told:
        show_rows(found, told["columns"])
    else:
        show(found)


def _body(group: str, told: Mapping[str, Any], fields: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    described = told.get("body")
    if described is None:
        return None
    data, sets = given["data"], given["sets"] or ()
    if described.get("patch"):
        return patch_body(described, fields, data, sets, given.get("adds") or (), given.get("removes") or ())
    return object_body(described, group, fields, data, sets)


def _most(told: Mapping[str, Any], given: Mapping[str, Any]) -> int:
    """How many rows to fetch: one more than is shown unasked, so that it is known whether there are more."""
    if "list" not in told or given["everything"]:
        return sys.maxsize
    return int(given["limit"] or calling.FIRST_ROWS + 1)


def _word(value: Any) -> Any:
    """As queries spell it: arrays with commas between, truth in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else value
