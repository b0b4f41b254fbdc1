"""Records from an API's words into the vertical's, and back."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from datetime import UTC, datetime
from typing import Any, Final

from dateutil import parser as dates
from msgspec import Struct

from tieline.connectors.manifest.model import Manifest
from tieline.connectors.verticals.matching import fields_of, match
from tieline.connectors.verticals.model import Field, Thing, Vertical
from tieline.connectors.verticals.names import best_name
from tieline.core.clock import iso
from tieline.core.errors import BadInput

_MILLISECONDS: Final = 10**11  # seconds since 1970 stay below this until the year 5138
_BAGS: Final = ("extra_data", "answers")


class Mapping(Struct, frozen=True):
    """For each canonical object that the API has: canonical field -> the API's field."""

    vertical: Vertical
    objects: dict[str, str]
    fields: dict[str, dict[str, str]]

    def to_canonical(self, thing: str, record: AnyMapping[str, Any]) -> dict[str, Any]:
        """A record in the vertical's words. Fields that the API does not have are left out; times are RFC 3339 in UTC.

        A full name is put together from its parts and taken apart into them where only one of the two is there.
        """
        known = self._known(thing)
        model = self.vertical.thing(thing)
        found = {}
        for field in model.fields:
            if field.name in known and (value := _get(record, known[field.name])) is not None:
                found[field.name] = _canonical(field, value)
        if "id" in record:
            found["id"] = str(record["id"])
        if "external_id" not in found:
            for bag in _BAGS:
                kept = found.get(bag)
                if isinstance(kept, dict) and "external_id" in kept:
                    found["external_id"] = str(kept["external_id"])
        return _named(model, found)

    def to_native(self, thing: str, canonical: AnyMapping[str, Any]) -> dict[str, Any]:
        """What to send to the API for a canonical record. Raises BadInput for a field that the vertical does not know.

        What the API has no field for is left out, but an ``external_id`` goes into its free fields where it has some.
        """
        known, model = self._known(thing), self.vertical.thing(thing)
        given = dict(canonical)
        given.pop("id", None)
        for name in given:
            if model.field(name) is None:
                raise BadInput(
                    f"a {model.label} has no field {name!r}; it has: {', '.join(one.name for one in model.fields)}",
                    parameter=name,
                )
        if "name" not in known and given.get("name") and not given.get("first_name"):
            given["first_name"], _, given["last_name"] = str(given["name"]).partition(" ")
        if "name" in known and not given.get("name"):
            parts = [str(given[part]) for part in ("first_name", "last_name") if given.get(part)]
            if parts:
                given["name"] = " ".join(parts)
        sent = {known[name]: value for name, value in given.items() if name in known and value is not None}
        if given.get("external_id") is not None and "external_id" not in known:
            bag = next((known[name] for name in _BAGS if name in known), None)
            if bag is not None:
                sent[bag] = {**(sent.get(bag) or {}), "external_id": given["external_id"]}
        return sent

    def _known(self, thing: str) -> dict[str, str]:
        if thing not in self.fields:
            raise BadInput(f"the API has nothing like {thing!r}; it has: {', '.join(self.fields) or 'nothing of it'}")
        return self.fields[thing]


def mapping_of(manifest: Manifest, vertical: Vertical) -> Mapping:
    """The mapping that names suggest; a person may change it."""
    objects = {thing: found.object for thing, found in match(manifest, vertical).items()}
    fields: dict[str, dict[str, str]] = {}
    for thing, name in objects.items():
        offered = list(fields_of(manifest, name))
        chosen: dict[str, tuple[str, float]] = {}
        for field in vertical.thing(thing).fields:
            found, sure = best_name(field, offered, owner=thing)
            rival = next((other for other, (taken, _) in chosen.items() if taken == found), None)
            if not found or (rival is not None and chosen[rival][1] >= sure):
                continue
            if rival is not None:
                del chosen[rival]
            chosen[field.name] = (found, sure)
        fields[thing] = {canonical: native for canonical, (native, _) in chosen.items()}
    return Mapping(vertical, objects, fields)


def _get(record: AnyMapping[str, Any], name: str) -> Any:
    value = record.get(name)
    if isinstance(value, list) and value:
        value = value[0]
        if isinstance(value, dict):  # [{"label": "work", "value": "+32..."}]
            value = next((value[key] for key in ("value", "number", "email", "address") if key in value), None)
    return value


def _canonical(field: Field, value: Any) -> Any:
    if field.type == "date-time":
        return _moment(value)
    if field.type == "reference" and isinstance(value, dict):
        return str(value["id"]) if "id" in value else None
    if field.type in ("string", "reference") and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def _moment(value: Any) -> Any:
    """RFC 3339 in UTC; what is no time stays as it is."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return iso(datetime.fromtimestamp(value / 1000 if abs(value) > _MILLISECONDS else value, UTC))
        if isinstance(value, str):
            moment = dates.isoparse(value.strip().replace(" ", "T", 1))
            return iso(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError, OSError):
        pass
    return value


def _named(model: Thing, found: dict[str, Any]) -> dict[str, Any]:
    has = {field.name for field in model.fields}
    parts = [str(found[part]) for part in ("first_name", "last_name") if found.get(part)]
    if "name" in has and not found.get("name") and parts:
        found["name"] = " ".join(parts)
    elif "first_name" in has and found.get("name") and not parts:
        found["first_name"], _, found["last_name"] = str(found["name"]).partition(" ")
    return found
