"""Parameters and fields as tables, lists and lines describe them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.prose.items import Item, Place
from tieline.connectors.importers.prose.vocabulary import Where, column, fold, is_yes, type_schema
from tieline.connectors.importers.prose.vocabulary import label as label_of

NAME = r"[A-Za-z_$@][\w$@]*(?:(?:\.|-|:|->)[\w$@]+|\[[\w$-]*\])*"
_NAME = re.compile(NAME)
_NAME_CELL = re.compile(rf"[^\w$@`]{{0,6}}`?(?P<name>{NAME})`?(?P<star>\s?\*)?(?P<rest>.*)", re.DOTALL)
_LINE = re.compile(
    rf"[^\w$@`*]{{0,3}}(?P<mark>[`*]{{0,3}})(?P<name>{NAME})[`*]{{0,3}}(?P<star>\s?\*(?!\*))?\s{{0,3}}"
    r"(?:(?P<paren>[(\[<][^()\[\]<>]{1,120}[)\]>])|(?=[:–—-]\s|:$|,\s|$|\s))\s{0,3}(?P<sep>[:–—-]{1,2}(?=\s|$)"
    r"|=)?,?(?P<rest>.*)",
    re.DOTALL,
)
_MUST = re.compile(
    r"\b(?:required|mandatory|obligatory|compulsory|verplichte?s?|pflicht\w{0,8}|erforderlich|zwingend|obligatoire"
    r"|requise?|must be (?:given|sent|set|present)"
    r"|vereist)\b(?P<cond>,? (?:if|when|unless|for|only|wenn|indien|als|si)\b)?",
    re.IGNORECASE,
)
_MAY = re.compile(
    r"\b(?:optional|optionnel\w{0,2}|optioneel|facultati\w{1,2}|fakultativ|not required|non requis|niet verplicht"
    r"|nicht erforderlich)\b",
    re.IGNORECASE,
)
_NOT_MUST = re.compile(r"\b(?:not|no|nicht|niet|non|pas|only|if)\s+$", re.IGNORECASE)
_DEFAULT = re.compile(
    r"\b(?:default(?: value)?(?:s to| is|:|=| to)?|standaard(?:waarde)?(?: is|:)?|standard(?:wert|mäßig)?(?: ist|:)"
    r"|(?:valeur )?par défaut ?:?)\s{0,3}"
    r"[`\"'“]?(?P<value>-?\d{1,9}(?:\.\d{1,6})?\b|true\b|false\b|[a-z_]{2,30}\b)",
    re.IGNORECASE,
)
_TOP = re.compile(
    r"\b(?:höchstens|maximal|hoogstens|maximaal|au maximum|au plus|max\.?)\s{0,2}:?\s{0,2}(?P<value>\d{1,6})\b",
    re.IGNORECASE,
)
_ONE_OF = re.compile(
    r"\b(?:one of|either|allowed values?(?: are)?|possible values?(?: are)?|valid values?(?: are)?|values?|enum|een "
    r"van|eine?r? von|parmi|mogelijke waarden"
    r"|mögliche werte|valeurs possibles)\s{0,2}:?\s{0,3}(?P<list>[`\"'“](?:[\w.:-]{1,40})[`\"'”](?:\s{0,2}(?:,|\||/"
    r"|or|and|of|oder|ou)\s{0,2}(?:or |and )?[`\"'“]?[\w.:-]{1,40}[`\"'”]?){1,30})",
    re.IGNORECASE,
)
_COMMON = frozenset(
    "the a an this that these it note see for if when all each any use returns return response request and or in to "
    "example required optional "
    "with we you your our please only must may can default warning important tip get post put patch delete der die "
    "das ein eine het een le la "
    "les un une create update list".split()
)
_HEADERISH = re.compile(r"(?:X-)?[A-Z][A-Za-z0-9]*(?:-[A-Z][A-Za-z0-9]*)+|Authorization|Accept|Host")


@dataclass(slots=True)
class Field:
    """One documented parameter or field; ``required`` None = nothing is said."""

    name: str
    place: Place
    where: Where = ""
    schema: dict[str, Any] = field(default_factory=dict)
    required: bool | None = None
    description: str = ""
    example: str = ""
    sure: float = 0.9
    depth: int = 0


def is_header_name(name: str) -> bool:
    """``X-Api-Key``, ``Idempotency-Key``: a name that only headers have."""
    return bool(_HEADERISH.fullmatch(name))


def table_fields(item: Item, *, expected: bool) -> list[Field]:
    """The fields that a table describes, [] where it is another kind of table.

    ``expected``: the text around says that fields come, so that a table without titles is one too.
    """
    rows = item.rows
    roles: dict[int, str] = {}
    for index, title in enumerate(rows[0]):
        if (role := column(title)) is not None and role not in roles.values():
            roles[index] = role
    named = next((index for index, role in roles.items() if role == "name"), None)
    first = 0
    told = [role for role in roles.values() if role not in ("name", "example")]
    if (
        named is None
        and told
        and 0 not in roles
        and (len(told) > 1 or "type" in told or expected or label_of(rows[0][0]).role == "fields")
    ):
        roles[0] = "name"
        named = 0
    if named is not None and (told or (expected and len(roles) > 1)):
        first = 1
    elif expected or not item.headed:
        roles = _guessed(rows, expected)
        named = 0 if roles else None
    if named is None or not roles:
        return []
    where = label_of(rows[0][named]).where if first else ""
    found: list[Field] = []
    good = 0
    for index, row in enumerate(rows[first:], first):
        one = _of_row(row, roles, item.row_place(index))
        if one is not None:
            good += 1
            one.where = one.where or where
            found.append(one)
        elif (
            sum(1 for cell in row if cell) == 1
            and (said := label_of(next(cell for cell in row if cell))).role == "fields"
        ):
            where = said.where or where
    return found if good * 2 >= len(rows) - first else []


def _guessed(rows: list[list[str]], expected: bool) -> dict[int, str]:
    """The columns of a table without titles, by what stands in them."""
    width = max(len(row) for row in rows)
    names = [row[0] for row in rows if row and row[0]]
    fitting = sum(
        1
        for name in names
        if (match := _NAME_CELL.fullmatch(name)) and len(name.split()) <= 6
        if len(name.split()) == 1 or match["name"].lower() not in _COMMON
    )
    if width < 2 or not names or fitting < 0.8 * len(names):
        return {}
    roles = {0: "name"}
    for index in range(1, width):
        cells = [row[index] for row in rows if len(row) > index and row[index]]
        if not cells:
            continue
        if "type" not in roles.values() and sum(
            1 for cell in cells if type_schema(cell) and len(cell) < 40
        ) >= 0.8 * len(cells):
            roles[index] = "type"
        elif "required" not in roles.values() and all(_flag(cell) for cell in cells):
            roles[index] = "required"
        elif index == width - 1 or max(len(cell) for cell in cells) > 12:
            roles.setdefault(index, "description") if "description" not in roles.values() else None
    return roles if expected or {"type", "required"} & set(roles.values()) else {}


def _flag(cell: str) -> bool:
    return is_yes(cell) or fold(cell) in (
        "no",
        "n",
        "false",
        "optional",
        "nein",
        "nee",
        "non",
        "optioneel",
        "facultatif",
        "o",
        "",
    )


def _of_row(row: list[str], roles: dict[int, str], place: Place) -> Field | None:
    cells = {role: row[index].strip() for index, role in roles.items() if index < len(row)}
    match = _NAME_CELL.fullmatch(cells.get("name", ""))
    if match is None:
        return None
    rest = match["rest"].strip(" :()[]-–—,")
    if len(rest.split()) > 8 or (rest and not _annotation(rest)):
        return None
    found = Field(match["name"], place)
    _say(found, rest)
    if match["star"]:
        found.required = True
    if "type" in cells:
        _say(found, cells["type"], typed=True)
    said = cells.get("description", "")
    if said:
        _describe(found, said, headless="type" not in cells)
    if "required" in cells:
        conditional = _MUST.search(cells["required"])
        found.required = is_yes(cells["required"]) and not (conditional and conditional["cond"])
    if "optional" in cells:
        found.required = not is_yes(cells["optional"])
    if cells.get("default", "").strip("-–— `"):
        _default(found, cells["default"].strip("` \"'"))
    if cells.get("location"):
        found.where = _where(cells["location"])
    if cells.get("values"):
        _values(found, cells["values"])
    found.example = cells.get("example", "").strip("`")
    return found


def _annotation(rest: str) -> bool:
    return bool(
        type_schema(rest)
        or _MUST.search(rest)
        or _MAY.search(rest)
        or _where(rest)
        or fold(rest) in ("deprecated", "new")
    )


def line_field(text: str, place: Place, *, expected: bool, depth: int = 0) -> Field | None:
    """The field that a list entry or a line describes, None where it says something else.

    Outside of a list of fields the line must show more than a name: its type, or whether it is required.
    """
    match = _LINE.fullmatch(text.strip())
    if match is None:
        return None
    first = match["rest"].split(" ", 1)[0]
    if match["name"].lower().rstrip(".") in _COMMON and not match["paren"] and not (expected and type_schema(first)):
        return None
    if match["name"].lower() in _FLAGS:
        return None
    name, paren, rest = (
        match["name"],
        (match["paren"] or "").strip("()[]<> "),
        re.sub(
            r"`(required|optional|mandatory|string|integer|number|boolean|array|object|deprecated)`",
            r"\1",
            match["rest"].strip(),
        ),
    )
    if re.match(r"(?:is|are|ist|sind|zijn|est|sont|must|can|may|and|or)\b", rest):
        return None  # a sentence
    found = Field(name, place, depth=depth)
    if match["star"]:
        found.required = True
    told = _say(found, paren) if paren else False
    if paren and not told and (not match["mark"] or name.lower() in _COMMON):
        return None
    head = re.match(r"(?P<head>[^.:–—]{1,60}?)(?:$|[.:–—]\s|\s[-–—]\s|\.$)", rest)
    spoken = False
    if not match["sep"] and not paren and not match["mark"] and "_" not in name:
        # "email string required": only words of this vocabulary may follow a bare name.
        words = rest.split()
        if not words or not (type_schema(words[0]) or _MUST.match(rest) or _MAY.match(rest)):
            return None
    if (
        head is not None
        and (match["sep"] or not paren)
        and _annotation(head["head"])
        and len(head["head"].split()) <= 5
    ):
        spoken = _say(found, head["head"])
        _describe(found, rest[head.end() :].strip(" -–—.:"), headless=False)
    else:
        _describe(found, rest.lstrip("-–—: "), headless=True)
    telling = told or spoken or bool(found.schema) or found.required is not None
    if not telling and not (expected and (match["mark"] or match["sep"] or not rest)):
        return None
    if not expected and not (told or (match["mark"] and spoken)):
        return None
    found.sure = 0.85
    return found


def _say(found: Field, text: str, *, typed: bool = False) -> bool:
    """Take type, presence and location out of "string, required"; True where anything was said."""
    if not text:
        return False
    said = False
    if _MAY.search(text):
        found.required, said = False, True
    elif (must := _MUST.search(text)) is not None:
        found.required, said = not must["cond"], True
    for part in re.split(r"[,;·|/]\s*|\s+(?=in\s|required|optional|mandatory)", text) if not typed else [text]:
        schema = type_schema(part)
        if schema and not found.schema:
            found.schema, said = schema, True
    if not found.schema and typed and (choices := re.findall(r"[`\"']([\w.-]{1,40})[`\"']", text)):
        found.schema, said = {"type": "string", "enum": choices}, True
    if not found.schema and (schema := type_schema(text.split(maxsplit=1)[0] if text.split() else "")):
        found.schema, said = schema, True
    if where := _where(text):
        found.where, said = where, True
    default = _DEFAULT.search(text)
    if default:
        _default(found, default["value"])
    if limit := re.search(r"(?:max(?:imum)?\.?|<=|up to)\s{0,2}:?\s{0,2}(\d{1,7})\b", text, re.IGNORECASE):
        if found.schema.get("type") in ("integer", "number"):
            found.schema["maximum"] = int(limit[1])
        said = True
    return said


def _where(text: str) -> Where:
    said = fold(text)
    exact: dict[str, Where] = {
        "path": "path",
        "query": "query",
        "header": "header",
        "body": "body",
        "cookie": "cookie",
        "form": "form",
        "formdata": "form",
        "form data": "form",
        "url": "path",
        "querystring": "query",
        "query string": "query",
        "json": "body",
        "file": "file",
        "json body": "body",
        "in path": "path",
        "in query": "query",
        "in body": "body",
        "in header": "header",
        "request body": "body",
        "uri": "path",
        "pfad": "path",
        "pad": "path",
        "chemin": "path",
        "kopf": "header",
        "rumpf": "body",
        "corps": "body",
        "headers": "header",
        "route": "path",
        "post body": "body",
        "entete": "header",
        "kopfzeile": "header",
        "abfrage": "query",
        "requete": "query",
    }
    if said in exact:
        return exact[said]
    for word in re.split(r"\s", said):
        if (
            word in ("path", "query", "header", "body", "cookie", "pfad", "formdata", "querystring")
            and len(said.split()) <= 6
        ):
            return exact[word]
    return ""


def describe(found: Field, said: str) -> None:
    """Take what a paragraph under a field says about it."""
    _describe(found, said, headless=False)


def _describe(found: Field, said: str, *, headless: bool) -> None:
    said = said.strip()
    if headless and (
        typed := re.match(
            r"(?P<type>[a-z]{3,9}(?:\[\]| of [a-z]+)?)(?: [<(](?P<format>[\w-]{2,20})[>)])?\s+(?=[A-Z<`\"(])", said
        )
    ):
        # "string <date-time> When it was made": the type stands in front without a comma.
        schema = type_schema(typed["type"])
        if schema and not found.schema:
            found.schema = {
                **schema,
                **({"format": typed["format"]} if typed["format"] in ("date-time", "date", "email", "uuid") else {}),
            }
            said = said[typed.end() :]
    if headless and said:
        head = re.match(r"\(([^()]{1,80})\)\s*[-–—:.]?\s*", said) or re.match(
            r"([\w ,/\[\]-]{1,40}?)(?:[.:;]\s|\s[-–—]\s|$)", said
        )
        if head is not None and _annotation(head[1]) and len(head[1].split()) <= 6:
            _say(found, head[1])
            said = said[head.end() :] or said
    found.description = said.replace("`", "")[:4000]
    if (
        found.schema.get("type") in ("integer", "number")
        and "maximum" not in found.schema
        and (top := _TOP.search(said)) is not None
    ):
        found.schema["maximum"] = int(top["value"])
    if found.required is None:
        if _MAY.search(said):
            found.required = False
        elif (must := _MUST.search(said)) is not None and not _NOT_MUST.search(said[: must.start()]):
            found.required = not must["cond"]
    if "default" not in found.schema and (default := _DEFAULT.search(said)) is not None:
        _default(found, default["value"])
    if "enum" not in found.schema and (match := _ONE_OF.search(said)) is not None:
        _values(found, match["list"])


def _default(found: Field, value: str) -> None:
    kind = found.schema.get("type")
    if re.fullmatch(r"-?\d{1,9}", value) and kind in (None, "integer", "number"):
        found.schema["default"] = int(value)
    elif value.lower() in ("true", "false") and kind in (None, "boolean"):
        found.schema["default"] = value.lower() == "true"
    elif (
        kind == "string"
        and re.fullmatch(r"[\w.:-]{1,40}", value)
        and value.lower() not in _COMMON | {"none", "null", "empty", "n"}
    ):
        found.schema["default"] = value


def _values(found: Field, text: str) -> None:
    choices = re.findall(r"[`\"'“]([\w.:-]{1,40})[`\"'”]", text) or [
        one
        for one in re.split(r"\s*(?:,|\||/|\bor\b|\boder\b|\bou\b|\s)\s*", text.strip())
        if re.fullmatch(r"[\w.:-]{1,40}", one)
    ]
    if 1 < len(choices) <= 100 and found.schema.get("type") in (None, "string"):
        found.schema |= {"type": "string", "enum": list(dict.fromkeys(choices))}


def mentioned_names(text: str) -> list[tuple[str, int]]:
    """Names of parameters in a sentence and where they stand: between backticks or quotes, or with an underscore."""
    found: dict[str, int] = {}
    for match in re.finditer(rf"[`\"'“‘](?P<name>{NAME})[`\"'”’]", text):
        found.setdefault(match["name"], match.start())
    for match in re.finditer(
        r"(?<![\w/{.`@-])(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+)(?![\w/}@-])", text
    ):
        found.setdefault(match["name"], match.start())
    listed = r"(?:`?[a-z][\w.\[\]]{0,40}`?)"
    for match in re.finditer(
        rf"\b(?i:parameters?|params?|fields?|arguments?|velden|felder|champs|paramètres?|parametern?"
        rf"|(?i:required|optional|mandatory|verplicht|optioneel|pflicht|erforderlich|obligatoires?"
        rf"|facultatifs?)(?=:))(?:\s|:\s)(?:named "
        rf"|called |are |is |: ?)?(?P<list>{listed}"
        rf"(?:\s?,\s?(?:and |or |und |en |et )?{listed}|\s(?:and|or|und|en|et)\s{listed}){{0,12}})",
        text,
    ):
        for inner in re.finditer(r"[A-Za-z_][\w.\[\]]*", match["list"]):
            if inner[0] not in _COMMON and inner[0] not in _STOP and len(inner[0]) > 1:
                found.setdefault(inner[0].rstrip("."), match.start("list") + inner.start())
    return sorted(((name, at) for name, at in found.items() if name.lower() not in _FLAGS), key=lambda one: one[1])


_STOP = frozenset(
    "are is and or und en et to in of for with which that can may must should will below above as by on from at be "
    "have has "
    "both all each every none any only either neither one two three described listed given sent passed used present "
    "not do does accepted supported follow them they your here instead too also "
    "described. required optional available returned mentioned shown apply work per into like same value values "
    "object".split()
)

_FLAGS = frozenset(
    "required optional deprecated mandatory nullable readonly string integer number boolean array object "
    "default".split()
)
