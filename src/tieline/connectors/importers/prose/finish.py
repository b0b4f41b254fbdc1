"""Drafts as operations of the description: every parameter in its place, schemas from tables and samples."""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.importers.classify.words import plain
from tieline.connectors.importers.description import Answer, Body, Operation, Param, ParamLocation
from tieline.connectors.importers.prose.drafts import AnswerDraft, Draft
from tieline.connectors.importers.prose.fields import Field, is_header_name
from tieline.connectors.importers.prose.gather import General, Thing
from tieline.connectors.importers.prose.items import Place
from tieline.connectors.importers.sampling import schema_of

_TEMPLATE = re.compile(r"\{([^{}]*)\}")
_CONSTANT = frozenset(
    "accept content-type authorization user-agent host content-length cache-control connection accept-encoding "
    "accept-language cookie "
    "postman-token date".split()
)
_FORM = ("application/x-www-form-urlencoded", "multipart/form-data")


def at(place: Place, name: str = "") -> str:
    """A place as the evidence of a fact; ``name`` tells several facts of one line apart."""
    return f"{place}, {name}" if name else str(place)


def operation(draft: Draft, general: General, taken: set[str], form: bool) -> Operation:
    """One endpoint. ``form``: the document says that bodies are forms unless something else is shown."""
    pointer = at(draft.place)
    if pointer in taken:
        pointer = at(draft.place, f"{draft.method} {draft.path}")
    taken.add(pointer)
    result = Operation(
        method=draft.method,
        path=draft.path,
        summary=draft.title[:200] or _first_sentence(draft),
        description="\n".join(draft.said)[:8_000],
        tags=[draft.tag] if draft.tag else [],
        deprecated=draft.deprecated,
        server=draft.server,
        pointer=pointer,
    )
    maker = _Maker(draft, result)
    maker.paths()
    maker.fields(form)
    maker.samples()
    maker.body(form)
    result.answers = answers(draft, general)
    return result


def _first_sentence(draft: Draft) -> str:
    for said in draft.said:
        sentence = re.split(r"(?<=[.:;])\s", said.strip())[0].strip(" .:")
        if 4 < len(sentence) < 120 and "/" not in sentence:
            return sentence
    return ""


class _Maker:
    def __init__(self, draft: Draft, result: Operation) -> None:
        self.draft = draft
        self.result = result
        self.inside: list[Field] = []  # of the body

    def paths(self) -> None:
        """The placeholders of the path, described where the document does."""
        names = _TEMPLATE.findall(self.draft.path)
        told = [one for one in self.draft.fields if one.where == "path"]
        if not self.draft.templated and len(names) == len(told) == 1 and told[0].name != names[0]:
            # The path was an example with an id in it; the table says what the id is called.
            self.result.path = self.draft.path = self.draft.path.replace("{" + names[0] + "}", "{" + told[0].name + "}")
            names = [told[0].name]
        for name in names:
            said = next((one for one in self.draft.fields if one.name == name and one.where in ("path", "")), None)
            if said is None:
                said = next((one for one in told if plain(one.name) == plain(name)), None)
            if said is None and len(names) == len(told) == 1:
                said = told[0]
            if said is not None:
                self.draft.fields.remove(said)
            self.result.params.append(
                Param(
                    name,
                    "path",
                    said.schema or {"type": "string"} if said is not None else {"type": "string"},
                    required=True,
                    description=said.description if said is not None else "",
                    pointer=at(said.place if said is not None else self.draft.place, name),
                )
            )

    def fields(self, form: bool) -> None:
        """Documented fields to where they go: as said, by how they are shown in examples, else by the method."""
        draft = self.draft
        in_query = {name for sample, _ in draft.samples for name, _ in sample.query}
        in_body = self._sampled_names()
        for one in draft.fields:
            where = one.where
            if where == "path" or not where:
                if is_header_name(one.name) and where != "path":
                    where = "header"
                elif where == "path" and draft.writes and one.name not in in_query:
                    where = ""
                if not where or where == "path":
                    where = (
                        "query"
                        if one.name in in_query and one.name not in in_body
                        else "body"
                        if draft.writes
                        else "query"
                    )
            elif where in ("body", "form") and not draft.writes and draft.method in ("GET", "HEAD"):
                where = "query"
            if where in ("body", "form", "file"):
                if where == "form":
                    draft.form = True
                elif where == "file":
                    one.schema = {"type": "string", "format": "binary"}
                self.inside.append(one)
                continue
            if where == "header" and one.name.lower() in _CONSTANT:
                continue
            location: ParamLocation = "header" if where == "header" else "cookie" if where == "cookie" else "query"
            self._param(one, location)

    def _param(self, one: Field, location: ParamLocation) -> None:
        for known in self.result.params:
            if known.name == one.name and known.location == location:
                if known.schema == {"type": "string"} and one.schema.get("type") in ("integer", "boolean"):
                    known.schema = dict(one.schema)  # an example knows better than nothing said
                return
        schema = dict(one.schema) or {"type": "string"}
        self.result.params.append(
            Param(
                one.name,
                location,
                schema,
                required=bool(one.required),
                description=_glossed(one.description),
                example=_value(one.example, schema),
                pointer=at(one.place, one.name),
            )
        )

    def samples(self) -> None:
        """Query parameters and headers that only examples show."""
        for sample, place in self.draft.samples:
            for name, value in sample.query:
                if not re.fullmatch(r"[\w$@.\[\]:-]{1,100}", name):
                    continue
                self._param(Field(name, place, "query", _schema_of_text(value), example=value[:200], sure=0.8), "query")
            for name in sample.headers:
                if name.lower() not in _CONSTANT and re.fullmatch(r"[\w-]{1,80}", name):
                    known = {param.name.lower() for param in self.result.params if param.location == "header"}
                    if name.lower() not in known:
                        self._param(Field(name, place, "header", {"type": "string"}, sure=0.8), "header")

    def _sampled_names(self) -> set[str]:
        names: set[str] = set()
        for value in self._bodies():
            names |= set(value) if isinstance(value, dict) else set()
            for inner in value.values() if isinstance(value, dict) and len(value) == 1 else ():
                names |= set(inner) if isinstance(inner, dict) else set()
        for sample, _ in self.draft.samples:
            names |= {name for name, _ in sample.form} | set(sample.files)
        return names

    def _bodies(self) -> list[Any]:
        shown = [sample.json for sample, _ in self.draft.samples if sample.json is not None]
        return [*shown, *(value for value, _ in self.draft.bodies)]

    def body(self, form: bool) -> None:
        """The body: fields of tables and of examples in one schema."""
        draft = self.draft
        bodies = self._bodies()
        media = self._media(form, bodies)
        forms = [(name, value, place) for sample, place in draft.samples for name, value in sample.form]
        files = [(name, place) for sample, place in draft.samples for name in sample.files]
        if not (self.inside or bodies or forms or files):
            if draft.method in ("PUT", "PATCH") and (not media or "json" in media):
                # What may be sent is told elsewhere, with the call that makes such a record.
                self.result.body = Body("application/json", {"type": "object"}, pointer=at(draft.place, "body"))
                return
            if media and draft.method in ("POST", "PUT", "PATCH") and media not in _FORM and "json" not in media:
                self.result.body = Body(
                    media, {"type": "string", "format": "binary"}, required=True, pointer=at(draft.place, "body")
                )
            return
        schema: dict[str, Any] = schema_of(bodies) if bodies else {"type": "object", "properties": {}}
        if schema.get("type") == "array" and not self.inside:
            self.result.body = Body(media, schema, required=True, pointer=self._body_place())
            return
        if schema.get("type") != "object":
            schema = {"type": "object", "properties": {}}
        properties = schema.setdefault("properties", {})
        for name, value, _ in forms:
            _nest(properties, schema, name.split(".") if "[" not in name else [name], _schema_of_text(value))
        for name, _ in files:
            properties[name] = {"type": "string", "format": "binary"}
        wrapped = _wrapper(properties, self.inside)
        for one in self.inside:
            said = _said(one)
            keys = one.name.split(".") if media not in _FORM else [one.name]
            if media not in _FORM:
                keys = [key for key in re.split(r"\.|\[\]\.?|\[|\]|->", one.name) if key]
            _nest(properties, schema, [*wrapped, *keys], said, required=bool(one.required))
        self.result.body = Body(
            media,
            schema,
            required=bool(schema.get("required")) or draft.method in ("POST", "PUT"),
            pointer=self._body_place(),
        )

    def _body_place(self) -> str:
        places = [one.place for one in self.inside] + [place for _, place in self.draft.bodies]
        places += [
            place for sample, place in self.draft.samples if sample.json is not None or sample.form or sample.files
        ]
        return at(min(places, default=self.draft.place), "body")

    def _media(self, form: bool, bodies: list[Any]) -> str:
        told = [sample.media for sample, _ in self.draft.samples if sample.media]
        if bodies:
            return next((one for one in told if "json" in one), "application/json")
        if any(one.schema.get("format") == "binary" for one in self.inside) or "multipart/form-data" in told:
            return "multipart/form-data"
        if told:
            return told[0]
        return _FORM[0] if self.draft.form or form else "application/json"


def _wrapper(properties: dict[str, Any], inside: list[Field]) -> list[str]:
    """``{"contact": {"email": ...}}`` whose table lists ``email``: the fields lie in the wrapper."""
    if len(properties) != 1 or not inside:
        return []
    name, inner = next(iter(properties.items()))
    names = {one.name.split(".")[0] for one in inside}
    known = set(inner.get("properties") or {})
    return [name] if name not in names and len(names & known) * 2 >= len(names) else []


def _nest(
    properties: dict[str, Any], schema: dict[str, Any], keys: list[str], said: dict[str, Any], *, required: bool = False
) -> None:
    """Put one property at its place, however deep."""
    owner = schema
    for key in keys[:-1][:10]:
        node = properties.get(key)
        if not isinstance(node, dict):
            node = properties[key] = {"type": "object"}
        if node.get("type") == "array" or "items" in node:
            node["type"] = "array"
            items = node.get("items")
            node = node["items"] = items if isinstance(items, dict) and items else {"type": "object"}
        owner = node
        properties = owner.setdefault("properties", {})
    known = properties.get(keys[-1])
    if isinstance(known, dict):
        merged = {**known, **said}
        if "properties" in known and merged.get("type") in ("string", None):
            merged["type"] = "object"
        properties[keys[-1]] = merged
    else:
        properties[keys[-1]] = said
    if required:
        needed = owner.setdefault("required", [])
        if keys[-1] not in needed:
            needed.append(keys[-1])


def _said(one: Field) -> dict[str, Any]:
    schema = dict(one.schema)
    if one.description:
        schema["description"] = one.description
    if one.example and "example" not in schema and (value := _value(one.example, schema)) is not None:
        schema["example"] = value
    return schema


def _value(text: str, schema: dict[str, Any]) -> Any:
    if not text:
        return None
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text if kind in (None, "string") else None


def _schema_of_text(value: str) -> dict[str, Any]:
    if re.fullmatch(r"\d{1,9}", value):
        return {"type": "integer"}
    if value.lower() in ("true", "false"):
        return {"type": "boolean"}
    found = schema_of([value])
    return (
        {"type": "string", "format": found["format"]}
        if found.get("format") in ("date", "date-time", "email", "uuid")
        else {"type": "string"}
    )


_PAGE_SAID = re.compile(
    r"\b(?:nummer van de pagina|paginanummer|seitennummer|nummer der seite|num[ée]ro de (?:la )?page)\b", re.IGNORECASE
)


def _glossed(said: str) -> str:
    """What is concluded from descriptions knows English; other languages say it twice."""
    return f"{said} (page number)" if _PAGE_SAID.search(said) else said


def answers(draft: Draft, general: General) -> list[Answer]:
    """The documented answers, good ones first."""
    if not any(status[0] == "2" for status in draft.answers) and (thing := _thing(draft, general)) is not None:
        answer = draft.answer("200", thing.place)
        answer.samples, answer.fields = list(thing.samples), list(thing.fields)
    found: list[Answer] = []
    for status, one in sorted(draft.answers.items()):
        if (
            status[0] == "2"
            and not one.samples
            and not one.fields
            and status != "204"
            and (thing := _thing(draft, general)) is not None
        ):
            one.samples, one.fields = list(thing.samples), list(thing.fields)
        schema = answer_schema(one, draft)
        found.append(
            Answer(
                status=status,
                description=one.description,
                media="application/json" if schema is not None else "",
                schema=schema,
                headers=dict(one.headers),
                pointer=at(one.place, f"{draft.method} {draft.path} {status}"),
                schema_pointer=at(one.place),
            )
        )
    return found


def _thing(draft: Draft, general: General) -> Thing | None:
    """The object model that a call about one record answers with, where the document has it apart from the calls."""
    if not general.things or draft.method == "DELETE":
        return None
    words = {plain(part) for part in draft.path.split("/") if part and "{" not in part}
    last = plain(draft.path.rstrip("/").rsplit("/", 1)[-1])
    for name, thing in general.things.items():
        word = plain(name)
        if (
            word in words
            or word + "s" in words
            or word + "es" in words
            or (word.endswith("y") and word[:-1] + "ies" in words)
        ):
            one_record = draft.path.endswith("}") or draft.method in ("POST", "PUT", "PATCH")
            if one_record and (draft.path.endswith("}") or last.startswith(word[:-1])):
                return thing
            if draft.many and draft.method == "GET":
                schema = answer_schema(
                    AnswerDraft("200", thing.place, "", list(thing.samples), list(thing.fields)), draft, record=True
                )
                return (
                    Thing(name, thing.place, [], [[]])
                    if schema is None
                    else _ListOf(name, thing.place, list(thing.fields), [[one] for one in thing.samples])
                )
    return None


class _ListOf(Thing):
    """A list of a thing: its fields are those of each entry."""


def answer_schema(one: AnswerDraft, draft: Draft, *, record: bool = False) -> dict[str, Any] | None:
    """The schema of an answer from its samples, refined by its fields."""
    if not one.samples and not one.fields:
        return None
    schema = schema_of(one.samples) if one.samples else {}
    if not one.samples:
        schema = {"type": "object", "properties": {}}
        if draft.many and not record and not any(plain(item.name) in _HOLDERS for item in one.fields):
            schema = {"type": "array", "items": schema}
    for item in one.fields[:500]:
        keys = [key for key in re.split(r"\.|\[\]\.?|->", item.name) if key]
        target = _home(schema, keys[0], one.fields)
        if keys and target is not None:
            if len(keys) == 1 and "[]" in item.name:
                item.schema.setdefault("type", "array")
            if "[]" in item.name and len(keys) > 1:
                holder = target.setdefault("properties", {}).setdefault(keys[0], {"type": "array"})
                holder["type"] = "array"
            _refine(target, keys, _said(item))
    return schema


_HOLDERS = frozenset(
    "data items results records value entries total totalcount count nextcursor hasmore page meta pagination links "
    "next".split()
)


def _home(schema: dict[str, Any], key: str, fields: list[Field]) -> dict[str, Any] | None:
    """The object in a schema that a field belongs to: where it stands already, else where its neighbours do."""
    names = {re.split(r"\.|\[", one.name)[0] for one in fields}
    places = _objects(schema)
    for place in places:
        if key in (place.get("properties") or {}):
            return place
    return max(places, key=lambda place: len(names & set(place.get("properties") or {})), default=None)


def _objects(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    pending = [(schema, 0)]
    while pending and len(found) < 20:
        node, depth = pending.pop(0)
        if isinstance(node.get("items"), dict):
            pending.append((node["items"], depth + 1))
        if "properties" in node or node.get("type") == "object":
            found.append(node)
            if depth < 2:
                pending += [
                    (one, depth + 1) for one in (node.get("properties") or {}).values() if isinstance(one, dict)
                ]
    return found


def _refine(owner: dict[str, Any], keys: list[str], said: dict[str, Any]) -> None:
    properties = owner.setdefault("properties", {})
    for key in keys[:-1][:10]:
        node = properties.setdefault(key, {"type": "object"})
        if node.get("type") == "array":
            node = node.setdefault("items", {"type": "object"})
        properties = node.setdefault("properties", {})
    known = properties.get(keys[-1])
    if not isinstance(known, dict) or not known:
        properties[keys[-1]] = said or {}
        return
    for name, value in said.items():
        # The sample shows the shape, the table says what it means.
        if name not in ("type", "example", "default") or name not in known:
            known.setdefault(name, value) if name == "type" else known.__setitem__(name, value)
