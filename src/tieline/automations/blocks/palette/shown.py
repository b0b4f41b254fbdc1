"""The palette as plain data."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tieline.automations.blocks.palette.common import CENSOR, KEEP_ORDER, NEXT, ON_ERROR, PARALLEL
from tieline.automations.blocks.palette.model import GROUPS, Described, Field, described
from tieline.automations.blocks.palette.structures import structures
from tieline.automations.engine.registry import BlockType, block_types

_EMPTY_CONDITIONS = {"mode": "all", "conditions": [{"input1": "", "operator": "=", "input2": ""}]}


def palette() -> dict[str, Any]:
    """``data`` (the blocks, by group), ``groups`` (id, title) and ``structures`` (what composed fields hold)."""
    order = list(GROUPS)
    types = block_types()
    listed = sorted(described().values(), key=lambda one: order.index(one.group))
    shown = {
        "data": [_shown(one, types[one.type]) for one in listed],
        "groups": [{"id": name, "title": title} for name, title in GROUPS.items()],
        "structures": structures(),
    }
    plain: dict[str, Any] = msgspec.to_builtins(shown)
    return plain


def fields_of(one: Described) -> tuple[Field, ...]:
    """All fields of an entry, with the settings that every block of its kind has."""
    return (*one.inputs, *one.fields, *_settings(one))


def template_of(one: Described) -> dict[str, Any]:
    """A block of this type as an editor inserts it: a valid document but for its id, and what only a person can say."""
    return {
        "type": one.type,
        "name": _name(one.title),
        "displayName": one.title,
        "disabled": False,
        "comment": "",
        **{field.id: _first(field) for field in one.fields if field.required or field.default is not None},
        "inputs": _entries(one.inputs),
        "settings": _entries(_settings(one)),
        **{edge.field: [] if edge.many else None for edge in one.branches},
        **({} if one.ends else {NEXT.field: None}),
    }


def _settings(one: Described) -> tuple[Field, ...]:
    loops = (PARALLEL, KEEP_ORDER) if one.body else ()
    always = (CENSOR,) if one.type != "StartBlock" else ()
    return (*one.settings, *loops, ON_ERROR, *always)


def _entries(fields: tuple[Field, ...]) -> list[dict[str, Any]]:
    values = {field.id: field.default for field in fields if field.default is not None}
    return [
        {"id": field.id, "value": _first(field)}
        for field in fields
        if (field.required or (field.default is not None and not field.advanced))
        and all(values.get(name) in wanted for name, wanted in field.shown_when.items())
    ]


def _first(field: Field) -> Any:
    if field.type == "conditions":
        return _EMPTY_CONDITIONS
    return "" if field.default is None else field.default


def _name(title: str) -> str:
    words: list[str] = re.findall(r"[A-Za-z0-9]+", title)
    return words[0].lower() + "".join(word.capitalize() for word in words[1:])


def _shown(one: Described, kind: BlockType) -> dict[str, Any]:
    return {
        "type": one.type,
        "aliases": one.aliases,
        "group": one.group,
        "title": one.title,
        "doc": kind.doc,
        "icon": one.icon,
        "keywords": one.keywords,
        "hidden": one.hidden,
        "pinnable": kind.pinnable,
        "catches": kind.catches,
        "reads": kind.reads,
        "iterable": one.body is not None,
        "body": one.body,
        "ends": one.ends,
        "branches": [*one.branches, *(() if one.ends else (NEXT,))],
        "inputs": one.inputs,
        "settings": _settings(one),
        "fields": one.fields,
        "template": template_of(one),
        "output": one.output,
    }
