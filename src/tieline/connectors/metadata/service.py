"""Dynamic metadata: blocks of the kinds list_types and list_fields (or any list) that feed forms and field mapping.

What comes in one page is used again for a minute where the block has no ``cache`` of its own: a form asks often, and an
account's own fields change rarely.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET, Struct
from msgspec.structs import replace

from tieline.connectors.manifest.model import Block, Input, Manifest, ObjectType
from tieline.connectors.manifest.shapes import whole
from tieline.connectors.runtime.client import Client
from tieline.connectors.runtime.pages import Page
from tieline.core.errors import BadInput, NotFound

MOST: Final = 2_000
_MOST_CHOICES: Final = 500
_CACHE_SECONDS: Final = 60.0
_VALUES: Final = ("id", "value", "key", "api_name", "apiname", "name", "slug", "code", "uuid", "guid")
_LABELS: Final = ("label", "title", "display_name", "displayname", "full_name", "name", "text", "summary", "email")
_NAMES: Final = ("name", "api_name", "apiname", "key", "id", "field", "column", "slug", "internal_name")
_KINDS: Final = ("type", "data_type", "datatype", "field_type", "fieldtype", "kind", "schema", "format")
_REQUIRED: Final = ("required", "mandatory", "is_required", "isrequired")
_READ_ONLY: Final = ("read_only", "readonly", "read_only_value", "calculated", "computed", "immutable")
_CHOICES: Final = ("options", "choices", "enum", "picklistValues", "allowedValues")
_TYPES: Final = {
    **dict.fromkeys(("string", "text", "textarea", "varchar", "char", "email", "phone", "url", "uuid"), "string"),
    **dict.fromkeys(("integer", "int", "bigint", "long", "smallint", "number_integer", "serial"), "integer"),
    **dict.fromkeys(("number", "float", "double", "decimal", "currency", "percent", "money"), "number"),
    **dict.fromkeys(("boolean", "bool", "checkbox"), "boolean"),
    **dict.fromkeys(("date", "datetime", "date-time", "timestamp", "time"), "string"),
    **dict.fromkeys(("array", "list", "multiselect", "multi_select", "multipicklist"), "array"),
    **dict.fromkeys(("object", "json", "map", "dict"), "object"),
}


class Option(Struct, frozen=True):
    """One of the values to choose from."""

    value: Any
    label: str


class FieldOfObject(Struct, frozen=True, kw_only=True):
    """A field of an object's records. ``type`` is one of JSON Schema's; ``dynamic`` = asked of the account."""

    name: str
    label: str
    type: str = "string"
    required: bool = False
    read_only: bool = False
    choices: list[Any] = []
    dynamic: bool = False


async def options(
    client: Client, block: Block, input_id: str, given: Mapping[str, Any], search: str = ""
) -> list[Option]:
    """The choices of an input: its own, or what its ``options_from`` block gives for the other inputs ``given``.

    ``search`` keeps labels that hold it. Raises NotFound for an input that the block does not have, BadInput where
    another input has to be chosen first, and what the API says.
    """
    spec = next((one for one in block.inputs if one.id == input_id), None)
    if spec is None:
        names = ", ".join(one.id for one in block.inputs) or "none"
        raise NotFound(f"block {block.id!r} has no input {input_id!r}; it has: {names}")
    if spec.options_from:
        source = client.block(spec.options_from)
        rows = await _rows(client, source, _shared(source, block, given, client.account.params))
        found = [_option(row, client.account.manifest, source) for row in rows]
    else:
        found = [Option(choice, str(choice)) for choice in spec.choices]
    wanted = search.strip().lower()
    unique = {str(one.value): one for one in found if one is not None and wanted in one.label.lower()}
    return list(unique.values())


async def types(client: Client) -> list[Option]:
    """The object types that the connector knows, and those that the account has besides."""
    manifest = client.account.manifest
    found = {one.name: Option(one.name, one.label or one.name) for one in manifest.objects}
    for source in manifest.blocks:
        if source.kind == "list_types" and not any(spec.required for spec in source.inputs):
            for row in await _rows(client, source, {}):
                one = _option(row, manifest, source)
                if one is not None:
                    found.setdefault(str(one.value), one)
    return list(found.values())


async def fields(client: Client, name: str) -> list[FieldOfObject]:
    """The fields of an object: the documented ones, and those that the account has besides.

    Raises NotFound for an object that neither the connector nor its list_fields blocks know.
    """
    manifest = client.account.manifest
    thing = next((one for one in manifest.objects if one.name == name), None)
    found = {one.name: one for one in _documented(manifest, thing)} if thing is not None else {}
    source = _fields_block(manifest, thing)
    if source is None:
        if thing is None:
            known = ", ".join(one.name for one in manifest.objects) or "none"
            raise NotFound(f"the connector has no object {name!r}; it has: {known}")
        return list(found.values())
    needed = [spec for spec in source.inputs if spec.required]
    inputs = {spec.id: name for spec in needed if not _known(spec, client.account.params)}
    for row in await _rows(client, source, inputs):
        one = _field(row)
        if one is not None:
            found[one.name] = one
    return list(found.values())


async def _rows(client: Client, source: Block, inputs: Mapping[str, Any]) -> list[Any]:
    """All rows (up to `MOST`) of a list; from the cache where they are one page."""
    if source.writes:
        raise BadInput(f"block {source.id!r} changes something, so its answers cannot be choices; name a list instead")
    lacking = [spec.label or spec.id for spec in source.inputs if spec.required and spec.id not in inputs]
    lacking = [name for name in lacking if name not in client.account.params]
    if lacking:
        raise BadInput(f"choose {', '.join(map(repr, lacking))} first", parameter=lacking[0])
    kept = source if source.cache else replace(source, cache=_CACHE_SECONDS)
    if not source.iterable or _one_page(source, client.account.manifest):
        data = (await client.call(kept, inputs)).data
        return data[:MOST] if isinstance(data, list) else [] if data is None else [data]
    rows: list[Any] = []
    page: Page
    async for page in client.pages(source, inputs, limit=MOST):
        rows += page.records
    return rows[:MOST]


def _one_page(source: Block, manifest: Manifest) -> bool:
    paging = manifest.paging if source.paging is UNSET else source.paging
    return paging is UNSET or paging.style == "none"


def _shared(source: Block, block: Block, given: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the given inputs that the source asks for too, by id or wire name: a board of the chosen project."""
    names = {(spec.name or spec.id).strip("/"): spec.id for spec in block.inputs}
    found = {}
    for spec in source.inputs:
        other = spec.id if spec.id in given else names.get((spec.name or spec.id).strip("/"), "")
        value = given.get(other)
        if value in (None, ""):
            value = params.get(spec.id)
        if value not in (None, ""):
            found[spec.id] = value
    return found


def _known(spec: Input, params: Mapping[str, Any]) -> bool:
    return params.get(spec.id) not in (None, "")


def _option(row: Any, manifest: Manifest, source: Block) -> Option | None:
    if isinstance(row, str | int | float):
        return Option(row, str(row))
    if not isinstance(row, dict):
        return None
    keys = next((one.primary_key for one in manifest.objects if one.name == source.object), [])
    value = row.get(keys[0]) if len(keys) == 1 else None
    value = _first(row, _VALUES) if value is None else value
    if value is None or isinstance(value, dict | list):
        return None
    label = _first(row, _LABELS)
    return Option(value, str(value) if label is None else str(label))


def _field(row: Any) -> FieldOfObject | None:
    if isinstance(row, str):
        return FieldOfObject(name=row, label=row, dynamic=True)
    if not isinstance(row, dict):
        return None
    name = _first(row, _NAMES)
    if not isinstance(name, str | int):
        return None
    kind = _first(row, _KINDS)
    if isinstance(kind, dict):
        kind = kind.get("type")
    choices: list[Any] = next((row[key] for key in _CHOICES if isinstance(row.get(key), list)), [])
    label = _first(row, _LABELS)
    return FieldOfObject(
        name=str(name),
        label=str(name if label is None else label),
        type=_TYPES.get(str(kind).lower(), "string"),
        required=any(row.get(key) is True for key in _spelt(row, _REQUIRED)),
        read_only=any(row.get(key) is True for key in _spelt(row, _READ_ONLY)),
        choices=[_first(one, _VALUES) if isinstance(one, dict) else one for one in choices[:_MOST_CHOICES]],
        dynamic=True,
    )


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The value under the first of ``names`` that the row has, however it is spelt."""
    return next((row[key] for key in _spelt(row, names) if row[key] not in (None, "")), None)


def _spelt(row: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    plain = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(key)).lower(): key for key in row}
    return [plain[name] for name in names if name in plain]


def _fields_block(manifest: Manifest, thing: ObjectType | None) -> Block | None:
    blocks = [one for one in manifest.blocks if one.kind == "list_fields"]
    if thing is not None and thing.fields_block:
        return next((one for one in blocks if one.id == thing.fields_block), None)
    own = [one for one in blocks if thing is not None and one.object == thing.name]
    asked = [one for one in blocks if len([spec for spec in one.inputs if spec.required]) == 1]
    return next(iter([*own, *asked]), None)


def _documented(manifest: Manifest, thing: ObjectType) -> list[FieldOfObject]:
    schema = whole(manifest, thing.schema)
    found = []
    for name, one in schema["properties"].items():
        told = one if isinstance(one, dict) else {}
        if "$ref" in told or "allOf" in told:
            told = {**whole(manifest, told), **told}
        kind, choices = told.get("type"), told.get("enum")
        found.append(
            FieldOfObject(
                name=name,
                label=str(told.get("title") or name),
                type=kind if isinstance(kind, str) else "string",
                required=name in schema["required"],
                read_only=bool(told.get("readOnly")) or name in thing.primary_key,
                choices=choices[:_MOST_CHOICES] if isinstance(choices, list) else [],
            )
        )
    return found
