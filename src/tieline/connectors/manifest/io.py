"""Manifests to and from YAML or JSON, and their JSON Schema."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec
import yaml

from tieline.connectors.manifest.errors import DocumentTooLarge, ManifestError, UnreadableDocument
from tieline.connectors.manifest.limits import MAX_BYTES, MAX_INTEGER_DIGITS
from tieline.connectors.manifest.model import SCHEMA, Manifest
from tieline.connectors.manifest.yamlread import read_yaml
from tieline.core.errors import BadInput
from tieline.security.signatures import opened

SCHEMA_ID = "https://tieline.dev/schemas/connector-1.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<place>\$.*)`)?$", re.DOTALL)

_LONG_NUMBER = re.compile(rf"[0-9]{{{MAX_INTEGER_DIGITS},}}")

_encoder = msgspec.json.Encoder(order=None)
_decoder = msgspec.json.Decoder(Manifest)


def load(data: bytes | str) -> Manifest:
    """Read one manifest from YAML or JSON (UTF-8).

    Raises `ManifestError`, whose text names the place (a ``$``-path, or line and column) and the rule that is broken.
    """
    if len(data) > MAX_BYTES:
        raise ManifestError(f"The manifest has more than {MAX_BYTES // 2**20} MB; that cannot be one.")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(f"The manifest is not UTF-8 text: byte {error.start} is wrong; save it as UTF-8.") from None
    try:
        # A number that YAML would not give back is read as YAML reads it.
        plain = text.lstrip()[:1] == "{" and not _LONG_NUMBER.search(text)
        manifest = _decoder.decode(text) if plain else _from_yaml(text)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except (msgspec.DecodeError, RecursionError):
        try:
            manifest = _from_yaml(text)
        except msgspec.ValidationError as error:
            raise _invalid(error) from None
    _check(manifest)
    return manifest


def dump(manifest: Manifest, format: Literal["yaml", "json"] = "yaml") -> str:
    """Write a manifest so that `load` gives back an equal one; fields that hold their default are left out."""
    if format == "json":
        return msgspec.json.format(_encoder.encode(_tagged(manifest)), indent=2).decode()
    try:
        return str(
            yaml.dump(
                _tagged(manifest),
                Dumper=_Dumper,
                sort_keys=False,
                allow_unicode=True,
                width=110,
                default_flow_style=False,
            )
        )
    except RecursionError:
        return dump(manifest, "json")  # which is YAML too, and may nest deeper


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a manifest, for editors and other people's tools."""
    schema = msgspec.json.schema(Manifest)
    return {"$schema": _DIALECT, "$id": SCHEMA_ID, "title": "Tieline connector manifest", **schema}


def _tagged(manifest: Manifest) -> dict[str, Any]:
    """The manifest as plain data, its schema tag first although it holds its default."""
    return {"schema": SCHEMA, **msgspec.to_builtins(manifest)}


def _from_yaml(text: str) -> Manifest:
    try:
        data = read_yaml(text)
    except DocumentTooLarge as error:
        raise ManifestError(error.detail, meta=error.meta) from None
    except UnreadableDocument as error:
        raise ManifestError(f"The manifest cannot be read: {error.detail}", meta=error.meta) from None
    if not isinstance(data, dict):
        found = "nothing" if data is None else "a list" if isinstance(data, list) else "plain text"
        raise ManifestError(f"A manifest is a mapping with at least `name`, this document holds {found}.")
    return msgspec.convert(data, Manifest)


def _invalid(error: msgspec.ValidationError) -> ManifestError:
    match = _PLACE.match(str(error))
    what, place = (match["what"], match["place"] or "$") if match else (str(error), "$")
    pointer = "".join("/" + part for part in re.findall(r"[^.\[\]$]+", place))
    return ManifestError(f"Manifest, at {place}: {what}.", pointer=pointer, meta={"place": place})


def _check(manifest: Manifest) -> None:
    """What types alone cannot say: ids are unique, references have a target."""
    methods = _unique("auth", [method.id for method in manifest.auth])
    blocks = _unique("blocks", [block.id for block in manifest.blocks])
    _unique("objects", [one.name for one in manifest.objects])
    _unique("webhooks", [one.id for one in manifest.webhooks])
    for index, block in enumerate(manifest.blocks):
        if block.auth is not msgspec.UNSET and (unknown := set(block.auth) - methods):
            _missing(f"$.blocks[{index}].auth", min(unknown), "auth")
    for index, event in enumerate(manifest.webhooks):
        for name in ("subscribe", "unsubscribe", "list", "renew", "fetch"):
            target = getattr(event, name)
            if target and target not in blocks:
                _missing(f"$.webhooks[{index}].{name}", target, "blocks")
        try:
            opened(event.verification)
        except BadInput as error:
            place = f"$.webhooks[{index}].verification"
            raise ManifestError(f"Manifest, at {place}: {error.detail}.", meta={"place": place}) from None
    for index, one in enumerate(manifest.objects):
        if one.fields_block and one.fields_block not in blocks:
            _missing(f"$.objects[{index}].fields_block", one.fields_block, "blocks")


def _unique(section: str, ids: list[str]) -> set[str]:
    seen: set[str] = set()
    for index, one in enumerate(ids):
        place = f"$.{section}[{index}]"
        if not one:
            raise ManifestError(f"Manifest, at {place}: the id is empty; give it one.", meta={"place": place})
        if one in seen:
            raise ManifestError(
                f"Manifest, at {place}: the id {one!r} is used twice; ids are unique.", meta={"place": place}
            )
        seen.add(one)
    return seen


def _missing(place: str, target: str, section: str) -> None:
    raise ManifestError(
        f"Manifest, at {place}: {target!r} is not an id in {section}; correct it or add the entry.",
        meta={"place": place},
    )


class _Dumper(yaml.CSafeDumper):
    """Long text as blocks, no anchors: a reader of the file meets every value where it belongs."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value and not re.search(r"[ \t]\n|\r|\A\s|[^\S\n ]", value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
