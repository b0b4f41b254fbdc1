"""What the document says about paging for all lists at once, handed down to each list."""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.importers.classify import names
from tieline.connectors.importers.classify.words import is_plural, plain
from tieline.connectors.importers.description import Answer, Operation, Param
from tieline.connectors.importers.prose.fields import Field, mentioned_names
from tieline.connectors.importers.prose.finish import at
from tieline.connectors.importers.prose.gather import General
from tieline.connectors.importers.prose.items import Place, plain_text
from tieline.connectors.importers.prose.vocabulary import fold
from tieline.connectors.importers.sampling import schema_of

_TITLE = re.compile(
    r"\bpag(?:inat\w*|ing|inering|inierung|es?)\b|\bseitenweise|\bblatter|\bcursors?\b|\blists?\b|\bcollections?\b"
    r"|\bresultaten\b|\bblaettern|\bconventions?\b"
)
_ALL = re.compile(
    r"\b(?:all|every|each|any)\b[^.]{0,40}\b(?:lists?|collections?|endpoints?|that return|index)\b|\blist "
    r"(?:endpoints?|calls|requests|operations|methods)\b|\blists are\b"
    r"|\b(?:alle|jede|elke|toutes?)\b[^.]{0,40}\b(?:lijst\w*|list\w*|collect\w*|endpunkte|endpoints?|aufrufe"
    r"|sammlung\w*)|\bcollections? (?:are|is)\b|\bresults are (?:paginated|paged)\b",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"\bpages?\b|\bpaginat\w+|\bpaging\b|\bcursor\b|\boffset\b|\bper[ _]page\b|\bnext page\b|\bseiten?\b"
    r"|\bpagina'?s?\b|\bLink header\b",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"\blink\W{1,3}(?:http )?(?:response )?(?:headers?|kopfzeile|en-tête)|rel=.?.?next|headers?\W{1,8}(?:named "
    r"|called )?[`\"']?link\b|\bRFC ?(?:5988|8288)\b",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\b(?P<name>X-(?:Total(?:-Count|-Pages|-Records)?|Next-(?:Cursor|Page)|Page-Count|Pagination-[\w-]+"
    r"|Continuation-Token))\b",
    re.IGNORECASE,
)
_MOVING = names.PAGE | names.SIZE | names.OFFSET | names.CURSOR | names.KEYSET | names.BACKWARD
_TELLING = names.NEXT_CURSOR | names.NEXT_URL | names.HAS_MORE | names.TOTAL | names.TOTAL_PAGES | names.NEXT_ANY
_ANSWERED = re.compile(
    r"\b(?:respon\w+|answers?|returned|returns|contains|comes back|reply|body has|result|antwort\w*|antwoord\w*"
    r"|réponse)\b",
    re.IGNORECASE,
)
_AMBIGUOUS = frozenset("n num max first last size count start from next after position top take p begin".split())


def apply_paging(operations: list[Operation], general: General) -> None:
    """Give each list the parameters, answer fields and headers that the document states for all lists."""
    said = _Said(general)
    lists = [one for one in operations if _is_list(one)]
    own = [one for one in lists if any(_moves(param) and param.description for param in one.params)]
    if own and not said.for_all:
        said.params = []
    names_said = {field.name for field in said.params}
    for one in lists:
        known = {param.name: param for param in one.params if param.location == "query"}
        # A list that is paged in a way of its own is left alone.
        if not any(_moves(param) and name not in names_said for name, param in known.items()):
            for field in said.params:
                if field.name not in known:
                    one.params.append(_param(field))
                elif not known[field.name].description:
                    known[field.name].description = field.description
        _answer(one, said)


def _moves(param: Param) -> bool:
    return param.location == "query" and names.key(param.name) in _MOVING


class _Said:
    """Everything about paging that stands outside of the endpoints."""

    def __init__(self, general: General) -> None:
        self.params: list[Field] = []
        self.members: list[tuple[str, Place]] = []
        self.headers: dict[str, str] = {}
        self.sample: dict[str, Any] = {}
        self.for_all = False
        for title, field, label in general.fields:
            about = _TITLE.search(fold(title)) or label.where == "query"
            if about and names.key(field.name) in _MOVING and field.where in ("", "query") and label.role != "answer":
                self._param(field)
            elif about and plain(field.name.split(".")[-1]) in _TELLING:
                self.members.append((field.name, field.place))
        for title, item in general.items:
            if item.kind in ("heading", "table"):
                continue
            about = bool(_TITLE.search(fold(title)))
            text = item.text[:10_000]
            if about or (_SAYS.search(text) and _ALL.search(text)):
                self._text(text, item.place, about)
        for title, value, _ in general.samples:
            if (
                _TITLE.search(fold(title))
                and isinstance(value, dict)
                and any(isinstance(one, list) for one in value.values())
            ):
                self.sample = self.sample or value

    def _param(self, field: Field) -> None:
        known = next((one for one in self.params if one.name == field.name), None)
        if known is None:
            self.params.append(field)
        elif not known.description:
            known.description = field.description

    def _text(self, text: str, place: Place, about: bool) -> None:
        self.for_all = self.for_all or bool(_ALL.search(text))
        if _LINK.search(text):
            self.headers["Link"] = plain_text(text)[:500]
        for match in _HEADER.finditer(text):
            self.headers.setdefault(match["name"], plain_text(text)[:300])
        answered = False
        for sentence in re.split(r"(?<=[.!?;])\s+", text):
            answered = (
                bool(_ANSWERED.search(sentence)) if _SAYS.search(sentence) or _ANSWERED.search(sentence) else answered
            )
            for match in re.finditer(r"[?&](?P<name>[\w\[\].$-]{1,40})=(?P<value>\w{0,20})", sentence):
                if names.key(match["name"]) in _MOVING:
                    self._param(
                        Field(
                            match["name"],
                            place,
                            "query",
                            {"type": "integer"} if match["value"].isdigit() else {},
                            description=plain_text(sentence),
                        )
                    )
            for name, start in mentioned_names(sentence):
                key, quoted = names.key(name), sentence[max(0, start - 1) : start + 1].strip()[:1] in "`\"'“‘"
                told = _ANSWERED.search(sentence[:start])
                tail = plain(name.split(".")[-1])
                if (
                    tail in _TELLING
                    and (told or tail not in _MOVING)
                    and not re.search(r"\b(?:pass|send|set|add|param\w*)\b[^.]{0,30}$", sentence[:start], re.IGNORECASE)
                ):
                    self.members.append((name, place))
                elif key in _MOVING and (quoted or key not in _AMBIGUOUS) and (about or _SAYS.search(sentence)):
                    schema: dict[str, Any] = (
                        {"type": "integer"} if key in names.PAGE | names.SIZE | names.OFFSET else {"type": "string"}
                    )
                    self._param(
                        Field(name, place, "query", schema, description=" ".join(plain_text(sentence).split())[:500])
                    )


def _param(field: Field) -> Param:
    schema = dict(field.schema)
    key = names.key(field.name)
    if "type" not in schema:
        schema["type"] = "integer" if key in names.PAGE | names.SIZE | names.OFFSET else "string"
    return Param(
        field.name,
        "query",
        schema,
        required=bool(field.required),
        description=field.description,
        pointer=at(field.place, field.name),
    )


def _is_list(one: Operation) -> bool:
    if one.method != "GET":
        return False
    answer = one.answer()
    tail = one.path.rstrip("/").rsplit("/", 1)[-1]
    if answer is not None and answer.schema is not None:
        schema = answer.schema
        if schema.get("type") == "array":
            return True
        members = schema.get("properties") or {}
        listed = any(isinstance(node, dict) and node.get("type") == "array" for node in members.values())
        inner = [node for node in members.values() if isinstance(node, dict) and node.get("type") == "object"]
        listed = listed or any(
            isinstance(deep, dict) and deep.get("type") == "array"
            for node in inner
            for deep in (node.get("properties") or {}).values()
        )
        return listed and "{" not in tail
    return "{" not in tail and is_plural(tail)


def _answer(one: Operation, said: _Said) -> None:
    answer = one.answer()
    if answer is None and said.headers:
        answer = Answer("200", pointer=one.pointer)
        one.answers.append(answer)
    if answer is None:
        return
    for name, meaning in said.headers.items():
        answer.headers.setdefault(name, meaning)
    schema = answer.schema
    if schema is None or schema.get("type") != "object":
        return
    have = {plain(name) for name in _names(schema)}
    members = schema.setdefault("properties", {})
    lists = {name for name, node in members.items() if isinstance(node, dict) and node.get("type") == "array"}
    if said.sample and lists & {name for name, value in said.sample.items() if isinstance(value, list)}:
        for name, value in said.sample.items():
            if name not in members and not isinstance(value, list):
                members[name] = schema_of([value])
        have |= {plain(name) for name in _names(schema)}
    for name, _ in said.members:
        keys = [key for key in name.split(".") if key]
        if plain(keys[-1]) in have or len(keys) > 3:
            continue
        have.add(plain(keys[-1]))
        owner = members
        for key in keys[:-1]:
            node = owner.setdefault(key, {"type": "object"})
            owner = node.setdefault("properties", {})
        owner[keys[-1]] = _schema(plain(keys[-1]))


def _schema(word: str) -> dict[str, Any]:
    if word in names.HAS_MORE:
        return {"type": "boolean"}
    return {"type": "integer"} if word in names.TOTAL | names.TOTAL_PAGES else {"type": "string"}


def _names(schema: dict[str, Any], depth: int = 0) -> list[str]:
    """The names of an envelope, not those of its records."""
    found: list[str] = []
    for name, node in (schema.get("properties") or {}).items():
        found.append(name)
        if isinstance(node, dict) and node.get("type") == "object" and depth < 2:
            found += _names(node, depth + 1)
    return found
