"""One entry of a label file as a `Label`."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from tieline.connectors.evaluation.labels import Label, PagingLabel, Role
from tieline.connectors.evaluation.vocabulary import FIELDS, PAGING, kind_of, place, plain, role_of, style_of

METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY"))
_LISTS = frozenset(("list", "search", "incremental", "list_types", "list_fields", "webhook_list"))
_PREFIXES = ("paging", "pagination", "page")


class Entry(NamedTuple):
    """What stands in a file: the key ("GET /contacts", or "" where the value says it) and the value."""

    key: str
    facts: Any


def named(key: str) -> str:
    """Our name of a field of an entry, "" for one that is not known."""
    return FIELDS.get(plain(key), "")


def entry_of(entry: Entry, oddities: Counter[str]) -> tuple[Label | None, str]:
    """The label, and the document that the entry itself names ("" = it does not). None where it names no operation."""
    facts = _mapping(entry.facts, oddities)
    if facts is None:
        return None, ""
    fields, paging = _split(facts, oddities)
    method, path, name = _operation(entry.key, fields)
    if not path and not name:
        oddities["an entry names no operation and was ignored"] += 1
        return None, ""
    kinds = _kinds(fields.get("kind"), oddities)
    pages = _pagings(fields, paging, kinds, oddities)
    document = fields.get("document")
    label = Label(
        method=method,
        path=path,
        name=name,
        kinds=kinds,
        paging=pages,
        records=_places(fields.get("records")),
        webhook=_role(fields, kinds, oddities),
        object=_text(fields.get("object")),
        primary_key=_keys(fields.get("primary_key")),
        incremental=_since(fields["incremental"]) if "incremental" in fields else None,
        origin=_text(fields.get("origin")) or "",
    )
    return label, document if isinstance(document, str) else ""


def _mapping(facts: Any, oddities: Counter[str]) -> dict[str, Any] | None:
    """A kind alone, ``[kind, style, records]``, or a mapping."""
    if isinstance(facts, str):
        return {"kind": facts}
    if isinstance(facts, list):
        return dict(zip(("kind", "paging", "records"), facts, strict=False))
    if isinstance(facts, dict):
        return {str(key): value for key, value in facts.items()}
    oddities["an entry is neither a kind nor a mapping and was ignored"] += 1
    return None


def _split(facts: dict[str, Any], oddities: Counter[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of the entry, and those of paging that stand beside them (``paging_param``)."""
    fields: dict[str, Any] = {}
    paging: dict[str, Any] = {}
    for key, value in facts.items():
        word = plain(key)
        if (name := FIELDS.get(word)) == "paging" and isinstance(value, bool) and "paging" in fields:
            continue
        if name is not None:
            if not (name == "paging" and isinstance(fields.get("paging"), dict)):
                fields[name] = value
            continue
        short = next((word.removeprefix(one) for one in _PREFIXES if word.startswith(one)), word)
        if (name := PAGING.get(word) or PAGING.get(short)) is not None:
            paging[name] = value
        else:
            oddities[f"the key {key[:60]!r} of an entry is not known and was ignored"] += 1
    return fields, paging


def _operation(key: str, fields: dict[str, Any]) -> tuple[str, str, str]:
    method, path = _text(fields.get("method")) or "", _text(fields.get("path")) or ""
    name = _text(fields.get("name")) or ""
    first, _, rest = (key or name).strip().partition(" ")
    if first.upper() in METHODS and rest.strip():
        method, path, name = first, rest.strip(), "" if not key else name
    elif key.startswith("/"):
        path = path or key
    elif key and not path:
        name = name or key
    first, _, rest = path.partition(" ")
    if first.upper() in METHODS and rest.strip():
        method, path = first, rest.strip()
    return method.upper(), path, name


def _kinds(value: Any, oddities: Counter[str]) -> tuple[str, ...] | None:
    words = value if isinstance(value, list) else str(value).split("|") if isinstance(value, str) else []
    found = []
    for word in words:
        if (kind := kind_of(word)) is not None:
            found.append(kind)
        elif word:
            oddities[f"the kind {str(word)[:60]!r} is not known and was ignored"] += 1
    return tuple(found) or None


def _pagings(
    fields: dict[str, Any], beside: dict[str, Any], kinds: tuple[str, ...] | None, oddities: Counter[str]
) -> tuple[PagingLabel, ...] | None:
    style = fields.get("style")
    if "paging" not in fields and style is None and not beside:
        # What brings no list has no pages.
        return () if kinds and not _LISTS & {*kinds} else None
    value = fields.get("paging", style)
    if isinstance(value, str) and value.strip() in ("?", "unknown"):
        return None
    if (value is True or isinstance(value, str)) and beside:
        value = {**beside, "style": style or (value if isinstance(value, str) else "")}
    elif value is True:
        value = style or ""
    elif value is None and beside and "paging" not in fields:
        value = beside
    options = value if isinstance(value, list) else value.split("|") if isinstance(value, str) else [value]
    found: list[PagingLabel] = []
    for one in options:
        made = _paging(one, oddities)
        if made is not None and made.style != "none":
            found.append(made)
        elif made is None and len(options) == 1:
            return None
    return tuple(found)


def _paging(value: Any, oddities: Counter[str]) -> PagingLabel | None:
    if value is None or value is False:
        return PagingLabel("none")
    if isinstance(value, str):
        return PagingLabel(_style(value, oddities))
    if not isinstance(value, dict):
        oddities["a paging is neither a style nor a mapping and was ignored"] += 1
        return None
    said = {name: one for key, one in value.items() if (name := PAGING.get(plain(str(key))))}
    for key in value:
        if plain(str(key)) not in PAGING:
            oddities[f"the key {str(key)[:60]!r} of a paging is not known and was ignored"] += 1
    if said.pop("paged", True) is False:
        return PagingLabel("none")
    style = said.pop("style", "")
    members = tuple(sorted((name, str(one)) for name, one in said.items() if isinstance(one, str | int) and one != ""))
    return PagingLabel(_style(style, oddities) if isinstance(style, str) else "", members)


def _style(word: str, oddities: Counter[str]) -> str:
    if not word or (known := style_of(word)) is None:
        if word and plain(word) not in ("true", "yes"):
            oddities[f"the paging style {word[:60]!r} is not known; only that there are pages is asked"] += 1
        return ""
    return known


def _places(value: Any) -> tuple[str, ...] | None:
    if value is None or value == "":
        return None
    several = isinstance(value, list) and bool(value) and all(str(one).startswith("$") for one in value)
    options = value if several else value.split("|") if isinstance(value, str) else [value]
    found = tuple(one for option in options if (one := place(option)) is not None)
    return found or None


def _role(fields: dict[str, Any], kinds: tuple[str, ...] | None, oddities: Counter[str]) -> Role | None:
    """What the label says, else what its kind means: ``webhook_add`` subscribes, ``list`` does not."""
    if "webhook" in fields:
        value = fields["webhook"]
        if isinstance(value, dict):
            value = next((value[key] for key in ("role", "kind", "type") if key in value), True)
        if (role := role_of(value)) is None:
            oddities[f"the webhook role {str(value)[:60]!r} is not known and was ignored"] += 1
        return role
    if not kinds:
        return None
    roles: dict[str, Role] = {"webhook_add": "subscribe", "webhook_remove": "unsubscribe", "webhook_list": "list"}
    said = {roles.get(kind, "none") for kind in kinds}
    return said.pop() if len(said) == 1 else None


def _keys(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return (value,) if value else None
    return tuple(str(one) for one in value) or None if isinstance(value, list) else None


def _since(value: Any) -> str | None:
    if value is None or value is False:
        return ""
    if isinstance(value, dict):
        param = next((value[key] for key in ("param", "parameter", "name") if key in value), "*")
        return str(param)
    return "*" if value is True else str(value)


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
