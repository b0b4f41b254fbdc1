"""From the OpenAPI document to what the commands need: `operations.json`.

``python -m tieline.server.cli.resources.describe`` writes it, and its part of docs/reference/cli.md, anew after a
change of the API.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tieline.server.cli.resources.groups import GROUPS, Group

FILE = Path(__file__).with_name("operations.json")
Described = dict[str, dict[str, dict[str, Any]]]

_SCALARS = ("string", "integer", "number", "boolean")
# Where a page lies is the business of `ls`, not of the person who asks.
PAGING = frozenset({"cursor", "next", "prev", "startingAfter", "endingBefore", "page", "per_page", "limit", "listAll"})


def described(document: Mapping[str, Any]) -> Described:
    """Group -> verb -> operation. Raises `KeyError` for a verb that stands for no operation of the document."""
    reader = _Reader(document)
    return {
        name: {verb: reader.operation(group, verb, spoken) for verb, spoken in group.verbs.items()}
        for name, group in GROUPS.items()
    }


def written(found: Described) -> str:
    """The file's text: one line an operation, so that changes read well."""
    groups = []
    for name, verbs in found.items():
        lines = (f"  {json.dumps(verb)}: {json.dumps(told, ensure_ascii=False)}" for verb, told in verbs.items())
        groups.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(groups) + "\n}\n"


def current() -> str:
    """What `FILE` must hold."""
    from tieline.server.offline import offline_document

    return written(described(offline_document()))


class _Reader:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def operation(self, group: Group, verb: str, spoken: str) -> dict[str, Any]:
        method, _, rest = spoken.partition(" ")
        path = group.path + rest
        item = self._document["paths"][path]
        operation = item[method.lower()]
        told: dict[str, Any] = {"method": method, "path": path, "summary": operation["summary"]}
        listed = self._listed(operation)
        parameters = list(operation.get("parameters", ()))
        told["path_params"] = [
            self._parameter(each, keep=("name", "help"))
            for name in _names_in(path)
            for each in parameters
            if each["in"] == "path" and each["name"] == name
        ]
        told["options"] = [
            {**self._parameter(each), "in": each["in"]}
            for each in parameters
            if each["in"] != "path" and not (listed and each["name"] in PAGING)
        ]
        if listed:
            names = {each["name"] for each in parameters}
            told["list"] = {**listed, "pages": next((one for one in ("per_page", "limit") if one in names), "")}
            told["list"]["page"] = "page" in names and not listed["rows"]
            told["columns"] = [one for one in group.columns if one in listed["fields"]] or sorted(listed["fields"])[:5]
            del told["list"]["fields"]
        body = operation.get("requestBody")
        if body:
            told["body"] = self._body(body, item)
        if any("partnerKey" in each for each in operation.get("security", ())):
            told["partner"] = True
        return told

    def _parameter(self, one: Mapping[str, Any], keep: tuple[str, ...] = ()) -> dict[str, Any]:
        schema = dict(one["schema"])
        help_ = one.get("description") or schema.get("description") or ""
        told = {"name": one["name"], "required": bool(one.get("required")), "help": help_, **self._kind(schema)}
        return {name: told[name] for name in keep} if keep else told

    def _body(self, body: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
        schema = self._resolved(body["content"]["application/json"]["schema"])
        told: dict[str, Any] = {"required": bool(body.get("required"))}
        if schema.get("type") == "array":
            entry = self._resolved(schema["items"])
            return told | {"patch": True, "ops": self._ops(entry), "fields": list(self._patched(entry, item))}
        required = schema.get("required", ())
        told["fields"] = [
            {
                "name": name,
                "required": name in required,
                "help": str(field.get("description") or self._resolved(field).get("description") or ""),
                **self._kind(field),
            }
            for name, field in schema.get("properties", {}).items()
        ]
        return told

    def _ops(self, entry: Mapping[str, Any]) -> list[str]:
        op = self._resolved(entry.get("properties", {}).get("op", {}))
        return list(op.get("enum", (op["const"],) if "const" in op else ("add", "remove", "replace")))

    def _patched(self, entry: Mapping[str, Any], item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The fields that a JSON Patch may change, typed as the resource shows them."""
        path = self._resolved(entry.get("properties", {}).get("path", {}))
        shown: Mapping[str, Any] = {}
        if "get" in item:
            answer = item["get"]["responses"].get("200", {}).get("content", {}).get("application/json", {})
            shown = self._resolved(answer.get("schema", {})).get("properties", {})
        for pointer in path.get("enum", (path["const"],) if "const" in path else ()):
            name = pointer.removeprefix("/")
            if "/" not in name:
                kind = self._kind(shown.get(name, entry["properties"].get("value", {})))
                yield {"name": name, "required": False, "help": "", **kind}

    def _kind(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """``type``: of JSON, ``date``, ``date-time`` or ``json``; ``many``: an array of it; ``choices``: its enum."""
        schema = self._plain(schema)
        type_ = schema.get("type")
        if type_ == "array":
            inner = self._kind(schema.get("items", {}))
            return inner if inner["type"] == "json" else inner | {"many": True}
        if "const" in schema:
            return {"type": "string", "choices": [str(schema["const"])]}
        if type_ not in _SCALARS:
            return {"type": "json"}
        told: dict[str, Any] = {"type": type_}
        if type_ == "string" and schema.get("format") in {"date", "date-time"}:
            told["type"] = schema["format"]
        if schema.get("enum"):
            told["choices"] = [str(each) for each in schema["enum"]]
        return told

    def _plain(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without references, and without the null that may stand beside the one thing that is meant."""
        schema = self._resolved(schema)
        meant = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
        return self._plain(meant[0]) if len(meant) == 1 else schema

    def _listed(self, operation: Mapping[str, Any]) -> dict[str, Any] | None:
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json")
        if not answer:
            return None
        schema = self._resolved(answer["schema"])
        rows, key = schema, ""
        for name in ("data",):
            if name in schema.get("properties", {}):
                rows, key = self._resolved(schema["properties"][name]), name
        if rows.get("type") != "array":
            return None
        return {"rows": key, "fields": set(self._resolved(rows.get("items", {})).get("properties", {}))}

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema


def _names_in(path: str) -> list[str]:
    return [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]


def main() -> None:
    """Writes `FILE`, and the page of the documentation where this is a checkout of the repository."""
    from tieline.server.cli.resources.document import documented

    FILE.write_text(current(), encoding="utf-8")
    page = Path("docs/reference/cli.md")
    if page.is_file():
        text = documented(page.read_text(encoding="utf-8"), json.loads(FILE.read_bytes()))
        page.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{FILE}\n")


if __name__ == "__main__":
    main()
