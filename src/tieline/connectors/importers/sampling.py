"""The JSON Schema that examples suggest: several samples of one thing, laid over each other.

Bounded in depth, width and work, so that a sample of any size or shape costs little. Documentation often writes types
instead of values (``"<integer>"``); those count as what they say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 12
MAX_MEMBERS = 500
MAX_SAMPLES = 50
_MAX_VALUES = 20_000
_FORMATS = (
    ("date-time", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("email", re.compile(r"[^@\s<>]{1,100}@[\w-]+(?:\.[\w-]+)+")),
    ("uri", re.compile(r"https?://[^\s<>]{1,2000}")),
)
_WRITTEN_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "int": {"type": "integer"},
    "int32": {"type": "integer"},
    "int64": {"type": "integer"},
    "long": {"type": "integer"},
    "number": {"type": "number"},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "decimal": {"type": "number"},
    "boolean": {"type": "boolean"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "date-time": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email"},
    "uri": {"type": "string", "format": "uri"},
    "url": {"type": "string", "format": "uri"},
    "uuid": {"type": "string", "format": "uuid"},
    "object": {"type": "object"},
    "array": {"type": "array"},
}
# From the name of a field ("" = the whole) and a sample of it to the example to show, None for none.
Example = Callable[[str, Any], Any]


def schema_of(samples: list[Any], example: Example | None = None) -> dict[str, Any]:
    """The schema that all ``samples`` fit; ``{}`` for no sample. ``example`` picks the examples to write into it."""
    return _Sampler(example).schema(samples[:MAX_SAMPLES], "", 0)


def written_type(value: str) -> dict[str, Any] | None:
    """The schema that a placeholder like ``<integer>`` stands for, None for any other text."""
    if len(value) < 22 and value[:1] == "<" and value[-1:] == ">":
        found = _WRITTEN_TYPES.get(value[1:-1].strip().lower())
        return dict(found) if found is not None else None
    return None


class _Sampler:
    def __init__(self, example: Example | None) -> None:
        self.example = example
        self.left = _MAX_VALUES

    def schema(self, samples: list[Any], name: str, depth: int) -> dict[str, Any]:
        self.left -= len(samples)
        if depth > MAX_DEPTH or self.left < 0 or not samples:
            return {}
        objects = [one for one in samples if isinstance(one, dict)]
        lists = [one for one in samples if isinstance(one, list)]
        result: dict[str, Any] = {}
        kinds: list[str] = []
        if objects:
            kinds.append("object")
            result["properties"] = self._members(objects, depth)
        if lists:
            kinds.append("array")
            entries = [entry for one in lists for entry in one[:MAX_SAMPLES]][:MAX_SAMPLES]
            result["items"] = self.schema(entries, "", depth + 1)
        self._scalars([one for one in samples if not isinstance(one, dict | list)], name, kinds, result)
        if kinds == ["null"]:
            # Only that it may be empty is known.
            return {}
        if not result.get("items", True):
            del result["items"]
        result["type"] = kinds[0] if len(kinds) == 1 else kinds
        return {"type": result.pop("type"), **result}

    def _members(self, objects: list[dict[Any, Any]], depth: int) -> dict[str, Any]:
        values: dict[str, list[Any]] = {}
        for one in objects:
            for key, value in one.items():
                if key in values or len(values) < MAX_MEMBERS:
                    values.setdefault(str(key), []).append(value)
        return {key: self.schema(found, key, depth + 1) for key, found in values.items()}

    def _scalars(self, samples: list[Any], name: str, kinds: list[str], result: dict[str, Any]) -> None:
        texts: list[str] = []
        shown: Any = None
        for one in samples:
            said = written_type(one) if isinstance(one, str) else None
            kind = said["type"] if said is not None else _kind(one)
            if kind not in kinds:
                kinds.append(kind)
            if said is not None:
                if "format" in said:
                    result.setdefault("format", said["format"])
            else:
                if isinstance(one, str):
                    texts.append(one)
                shown = one if shown is None else shown
        if "number" in kinds and "integer" in kinds:
            kinds.remove("integer")
        if "null" in kinds:
            kinds.remove("null")
            kinds.append("null")
        if texts and (format_ := _format(texts)):
            result["format"] = format_
        if self.example is not None and shown is not None and (picked := self.example(name, shown)) is not None:
            result["example"] = picked


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "string"


def _format(texts: list[str]) -> str:
    """The format that all texts have; a blank one says nothing."""
    given = [one for one in texts if one]
    for name, pattern in _FORMATS:
        if given and all(len(one) < 2_100 and pattern.fullmatch(one) for one in given):
            return name
    return ""
