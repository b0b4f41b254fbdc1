"""What a source says about single inputs and answers beside their schemas: encodings, visibility, choices, files.

Works on blocks that are concluded already; `build` calls it. The vendor extensions are those of Power Platform
(``x-ms-visibility``, ``x-ms-dynamic-*``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from msgspec import UNSET

from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.description import Operation, Param
from tieline.connectors.importers.references import unescape
from tieline.connectors.importers.values import mapping, text
from tieline.connectors.manifest.model import Block, Input

_DYNAMIC = tuple(f"x-ms-dynamic-{kind}" for kind in ("list", "values", "tree", "properties", "schema"))
_TEXTS = ("application/json", "application/xml", "application/x-www-form-urlencoded", "*/*", "application/*", "")


def settle_inputs(block: Block, op: Operation, shapes: Shapes) -> None:
    """Encodings of form members, and what the vendor marks as internal."""
    if text(op.hints.get("x-ms-visibility"), 20) == "internal":
        block.deprecated = True
    members = shapes.members(op.body.schema) if op.body is not None else {}
    if op.body is not None and block.body_type in ("form", "multipart"):
        for one in block.inputs:
            if one.location in ("form", "file"):
                node = shapes.resolve(members.get(one.name))
                _encode(one, node, mapping(op.body.encoding.get(one.name)), block.body_type)
    kept = []
    for one, notes in list(_annotated(block, op, members, shapes)):
        if text(notes.get("x-ms-visibility"), 20) != "internal" or not _fixed(block, one):
            kept.append(one)
    block.inputs = kept


def settle_answer(block: Block, op: Operation) -> None:
    """A file as the answer, and the header that asks for what is not plain JSON."""
    answer = op.answer()
    if answer is None:
        return
    media = answer.media.lower().split(";")[0].strip()
    schema = answer.schema or {}
    file = schema.get("type") == "file" or schema.get("format") in ("binary", "byte") or _is_file(media)
    if schema.get("type") == "file" or (file and not block.output and not block.records):
        block.output, block.records = {"type": "string", "format": "binary"}, ""
    declared = media not in _TEXTS or media == "application/xml"
    if media.startswith("text/") and (block.records or block.iterable):
        # Data behind a media type that was only forgotten to be changed.
        declared = False
    if declared and "*" not in media and all(name.lower() != "accept" for name in block.headers):
        block.headers["Accept"] = media if not file else f"{media}, */*;q=0.5"


def settle_choices(operations: Mapping[str, tuple[Operation, Block]], shapes: Shapes) -> None:
    """``options_from`` of inputs whose choices, or whose own fields, another operation gives; where links lead.

    ``operations`` has each operation with its block by its id, and by its pointer.
    """
    for at, (op, block) in operations.items():
        if at != op.pointer:
            continue
        members = shapes.members(op.body.schema) if op.body is not None else {}
        for one, notes in _annotated(block, op, members, shapes):
            for name in _DYNAMIC:
                found = operations.get(text(mapping(notes.get(name)).get("operationId"), 200))
                if found is not None and not one.options_from:
                    one.options_from = found[1].id
        for target, given in op.links:
            found = operations.get(target)
            for one in found[1].inputs if found is not None else ():
                where = given.get(one.name, "")
                if where.startswith("$response.body#/") and not one.description:
                    one.description = f"`{unescape(where[16:])}` in the answer of {block.id}."


def _annotated(
    block: Block, op: Operation, members: dict[str, Any], shapes: Shapes
) -> Iterator[tuple[Input, dict[str, Any]]]:
    """Each input with the vendor extensions that stand at it."""
    params: dict[tuple[str, str], Param] = {(param.location, param.name): param for param in op.params}
    whole = shapes.resolve(op.body.schema) if op.body is not None else {}
    for one in block.inputs:
        param = params.get((one.location, one.name)) if one.location is not UNSET else None
        if param is not None:
            yield one, {**shapes.resolve(param.schema), **param.hints}
        elif one.location in ("body", "form", "file"):
            name = unescape(one.name.removeprefix("/")) if one.location == "body" else one.name
            yield one, (shapes.resolve(members.get(name)) if name else whole)
        else:
            yield one, {}


def _encode(one: Input, node: dict[str, Any], encoding: dict[str, Any], body_type: str) -> None:
    """OpenAPI 3.1 section 4.8.15: how a member of a form is written, in multipart also which ones are files."""
    media = text(encoding.get("contentType"), 200).lower()
    style = text(encoding.get("style"), 30)
    if style:
        one.style = style
    if isinstance(encoding.get("explode"), bool):
        one.explode = encoding["explode"]
    if body_type == "multipart":
        entry = mapping(node.get("items")) if node.get("type") == "array" else node
        first = media.split(",")[0].split(";")[0].strip()
        if _is_file(first) or entry.get("format") == "binary" or _is_file(text(entry.get("contentMediaType"), 200)):
            one.location, one.type = "file", "file"
            return
    # In multipart an object is sent as JSON unless something else is said.
    if "json" in media or (body_type == "multipart" and one.type == "object" and not style and not media):
        one.style = "json"


def _is_file(media: str) -> bool:
    media = media.lower()
    if not media or any(kind in media for kind in ("json", "xml", "yaml")) or media in _TEXTS:
        return False
    return media.startswith(("image/", "audio/", "video/", "font/", "application/"))


def _fixed(block: Block, one: Input) -> bool:
    """Put the constant of an internal input where it belongs; False where the input has to stay."""
    value = one.default if one.default is not UNSET else one.choices[0] if len(one.choices) == 1 else UNSET
    if value is UNSET:
        return not one.required
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    if one.location == "query":
        block.path += ("&" if "?" in block.path else "?") + f"{quote(one.name)}={quote(shown, safe='')}"
    elif one.location == "header":
        block.headers[one.name] = shown
    elif one.location == "path":
        block.path = block.path.replace("{" + one.name + "}", quote(shown, safe=""))
    else:
        # A body is made of inputs only: it is sent because it is required, with its default.
        one.required = True
        return False
    return True
