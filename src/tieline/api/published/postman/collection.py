"""From the OpenAPI document to a Postman collection (format 2.1.0): a folder a family, every operation a request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid5

from msgspec import Struct

from tieline.api.published.examples import bare
from tieline.api.published.families import FAMILIES, family_of, title_of
from tieline.api.published.postman import scripts
from tieline.api.published.postman.environment import NAMESPACE
from tieline.api.published.postman.steps import Step, Story
from tieline.api.published.postman.stories import AFTER, BEFORE, STORIES
from tieline.api.published.samples import SAMPLES

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_NUMBER = re.compile(r'"\{\{#([A-Za-z]+)\}\}"')
_DESCRIPTION = (
    "Every operation of Tieline, in an order that works from top to bottom: run it with Postman or newman.\n\n"
    "Fill in `apiKey`, or `clientId` and `clientSecret`, in the environment; a token is asked for, and renewed, by "
    "itself. `appId` and `partnerKey` are only for the folder oem. Whoever used up the requests of a minute waits for "
    "the next one, so a whole run takes some minutes."
)


class _Operation(Struct, frozen=True):
    method: str
    path: str
    said: dict[str, Any]

    @property
    def id(self) -> str:
        identifier: str = self.said["operationId"]
        return identifier


def collection(whole: dict[str, Any]) -> dict[str, Any]:
    """The collection; ``whole`` is the document of everything."""
    known = {
        operation.id: operation
        for operation in (
            _Operation(method, path, said) for path, item in whole["paths"].items() for method, said in item.items()
        )
    }
    folders = [_folder("Before you begin", BEFORE, {}, known)]
    for family in FAMILIES:
        own = {one.id.rpartition(".")[2]: one for one in known.values() if family_of(one.path) == family}
        if own:
            folders.append(_folder(family, _completed(STORIES.get(family, Story(())), own), own, known))
    folders.append(_folder("Afterwards", AFTER, {}, known))
    return {
        "info": {
            "_postman_id": str(uuid5(NAMESPACE, "collection")),
            "name": "Tieline",
            "description": _DESCRIPTION,
            "schema": _SCHEMA,
        },
        "item": folders,
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{accessToken}}", "type": "string"}]},
        "event": [_event("prerequest", scripts.BEFORE), _event("test", scripts.AFTER)],
        "variable": [{"key": "account", "value": "acme-{{unique}}"}],
    }


def _completed(story: Story, own: Mapping[str, _Operation]) -> Story:
    """The story with what it leaves out: first what only reads. What asks for something that no step has made is
    answered that it does not exist."""
    named = {step.operation for step in story.steps}
    left = sorted((name for name in own if name not in named), key=lambda name: own[name].method != "get")
    more = []
    for name in left:
        unknown = [part[1:-1] for part in own[name].path.split("/") if part.startswith("{")]
        unknown = [part for part in unknown if part not in story.path]
        path = dict.fromkeys(unknown, "connectorId")
        more.append(Step(name, expect=(404,), path=path) if unknown else Step(name))
    return Story([*story.steps, *more], path=story.path, note=story.note)


def _folder(name: str, story: Story, own: Mapping[str, _Operation], known: Mapping[str, _Operation]) -> dict[str, Any]:
    items = []
    for number, step in enumerate(story.steps):
        operation = own.get(step.operation) or known.get(step.operation)
        if operation is not None:
            items.append(_item(f"{name}/{number}", step, {**story.path, **step.path}, operation))
    said = title_of(name) if name in FAMILIES else ""
    description = " ".join(part for part in (said and f"{said[:1].upper()}{said[1:]}.", story.note) if part)
    return {"name": name, "description": description, "item": items}


def _item(place: str, step: Step, path: Mapping[str, str], operation: _Operation) -> dict[str, Any]:
    said = operation.said
    good = [int(status) for status in said["responses"] if status < "400"]
    statuses = [one for one in step.expect if step.follow or str(one) in said["responses"]] or good[:1]
    content = [said["responses"].get(str(status), {}).get("content", {}) for status in statuses]
    answers_json = all(set(one) == {"application/json"} for one in content)
    test = scripts.after(statuses, answers_json=answers_json, saves=step.saves, again=step.again)
    name = f"{said['summary']}: {step.note}" if step.note else said["summary"]
    request: dict[str, Any] = {
        "method": operation.method.upper(),
        "header": list(_headers(step, said)),
        "url": _url(step, path, operation),
        "description": said.get("description", ""),
    }
    body = _body(step, operation)
    if body is not None:
        request["body"] = body
    if not any("apiKey" in way for way in said.get("security", ())):
        request["auth"] = {"type": "noauth"}
    made = {
        "id": str(uuid5(NAMESPACE, place)),
        "name": name,
        "request": request,
        "event": [_event("test", "\n".join(test))],
        "response": [],
    }
    if not step.follow:
        made["protocolProfileBehavior"] = {"followRedirects": False}
    return made


def _headers(step: Step, said: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if step.form is None and "requestBody" in said:
        yield {"key": "Content-Type", "value": "application/json"}
    if any("partnerKey" in way for way in said.get("security", ())):
        yield {"key": "X-App-Id", "value": "{{appId}}"}
        yield {"key": "X-Api-Key", "value": "{{partnerKey}}"}
    for name, variable in step.headers.items():
        yield {"key": name, "value": _value(variable)}


def _url(step: Step, path: Mapping[str, str], operation: _Operation) -> dict[str, Any]:
    parts = [f":{part[1:-1]}" if part.startswith("{") else part for part in operation.path.strip("/").split("/")]
    variables, query = [], []
    for parameter in operation.said.get("parameters", ()):
        name, description = parameter["name"], parameter.get("description", "")
        if parameter["in"] == "path":
            variables.append({"key": name, "value": _value(path.get(name, name)), "description": description})
        elif parameter["in"] == "query":
            sent = step.query.get(name)
            entry = {"key": name, "value": sent or "", "description": description}
            query.append(entry if sent is not None else {**entry, "disabled": True})
    raw = "{{baseUrl}}/" + "/".join(parts)
    sent_query = "&".join(f"{one['key']}={one['value']}" for one in query if not one.get("disabled"))
    url: dict[str, Any] = {"raw": f"{raw}?{sent_query}" if sent_query else raw, "host": ["{{baseUrl}}"], "path": parts}
    if query:
        url["query"] = query
    if variables:
        url["variable"] = variables
    return url


def _body(step: Step, operation: _Operation) -> dict[str, Any] | None:
    if step.form is not None:
        fields = [{"key": key, "value": value} for key, value in step.form.items()]
        return {"mode": "urlencoded", "urlencoded": fields}
    if "requestBody" not in operation.said and not step.own_body:
        return None
    told = operation.said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example", {})
    sample = step.body if step.own_body else SAMPLES.get(bare(operation.id), told)
    text = _NUMBER.sub(r"{{\1}}", json.dumps(sample, indent=2, ensure_ascii=False))
    return {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}


def _value(variable: str) -> str:
    """A variable by its name; what begins with ``=`` is meant to the letter."""
    return variable[1:] if variable.startswith("=") else "{{" + variable + "}}"


def _event(listen: str, script: str) -> dict[str, Any]:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": script.strip().split("\n")}}
