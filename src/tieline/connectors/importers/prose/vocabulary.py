"""The words of API documentation in English, Dutch, German and French: titles of columns, labels of sections, types."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["fields", "answer", "request", "errors", "object", ""]
Column = Literal["name", "type", "required", "optional", "default", "description", "example", "location", "values"]
Where = Literal["path", "query", "header", "cookie", "body", "form", "file", ""]


def fold(text: str) -> str:
    """Lower case, without accents, marks and double blanks."""
    text = unicodedata.normalize("NFKD", text[:400]).lower()
    text = "".join(one for one in text if not unicodedata.combining(one))
    return " ".join(re.sub(r"[^a-z0-9?/&]+", " ", text).split())


def _words(text: str) -> frozenset[str]:
    return frozenset(one.strip() for one in text.split(","))


_COLUMNS: dict[Column, frozenset[str]] = {
    "name": _words(
        "name, parameter, parameters, param, params, field, fields, property, attribute, attributes, argument, key, "
        "header, "
        "variable, field name, parameter name, property name, attribute name, header name, query parameter, path "
        "parameter, "
        "url parameter, body parameter, query param, form field, json field, json key, naam, veld, veldnaam, sleutel, "
        "eigenschap, kenmerk, parameternaam, feld, feldname, schlussel, eigenschaft, attribut, nom, champ, parametre, "
        "propriete, cle, nom du champ, nom du parametre, argument name, input, item, element, property key, kop, "
        "eingabe, "
        "query, query string, url param, response field, parametername, merkmal, querystring parameter"
    ),
    "type": _words(
        "type, data type, datatype, format, typ, datentyp, gegevenstype, type de donnees, schema, value type, kind, "
        "soort, "
        "type/format, field type, json type, art, dataformaat, datatyp"
    ),
    "required": _words(
        "required, required?, mandatory, mandatory?, req, req?, verplicht, verplicht?, pflicht, pflichtfeld, "
        "erforderlich, "
        "erforderlich?, obligatoire, obligatoire?, requis, requis?, notwendig, nodig, m/o, o/m, needed, must, "
        "presence, "
        "use, r/o, required/optional, mandatory/optional, optional/required, compulsory, necessity, occurs, zwingend"
    ),
    "optional": _words("optional, optional?, optioneel, facultatif, fakultativ"),
    "default": _words(
        "default, default value, defaults, standaard, standaardwaarde, standard, standardwert, defaut, valeur par "
        "defaut, "
        "vorgabe, voorgabe, par defaut"
    ),
    "description": _words(
        "description, notes, note, meaning, details, detail, comment, comments, remarks, remark, explanation, purpose, "
        "omschrijving, beschrijving, toelichting, betekenis, opmerking, uitleg, beschreibung, bedeutung, hinweis, "
        "erlauterung, "
        "bemerkung, remarque, signification, explication, what it does, what it is, info, information, about, desc, "
        "usage, "
        "what, says, erklarung, zweck, doel, summary, in words, comments/notes"
    ),
    "example": _words(
        "example, examples, sample, example value, voorbeeld, beispiel, exemple, sample value, e g, value, valeur, "
        "wert, waarde, "
        "voorbeeldwaarde, beispielwert"
    ),
    "location": _words(
        "in, location, where, parameter type, param type, sent in, plaats, locatie, ort, position, emplacement, "
        "place, located in, "
        "goes in, passed in, parameter location, waar, wo, ou, dans, send as, sent as"
    ),
    "values": _words(
        "values, allowed values, possible values, valid values, enum, options, waarden, werte, valeurs, erlaubte "
        "werte, "
        "mogelijke waarden, valeurs possibles, accepted values, allowed"
    ),
}
METHOD_TITLES = _words(
    "method, verb, http method, http verb, methode, http methode, request method, action verb, http, request type, "
    "call type"
)
PATH_TITLES = _words(
    "path, endpoint, url, uri, route, resource, pfad, pad, chemin, adresse, adres, address, end point, resource url, "
    "request, "
    "request url, call, url path, resource path, resource uri, api, api endpoint, ressource, request uri, endpunkt, "
    "eindpunt"
)
STATUS_TITLES = _words(
    "status, code, status code, http status, http code, http status code, statuscode, response code, statut, error "
    "code, "
    "http statuscode, result code, return code, antwoordcode, code http"
)
EVENT_TITLES = _words(
    "event, event name, event type, topic, trigger, evenement, gebeurtenis, ereignis, events, webhook event, event "
    "topic, "
    "event key, ereignisname, webhook"
)
_YES = _words(
    "yes, y, true, required, mandatory, x, ja, oui, verplicht, erforderlich, pflicht, obligatoire, requis, 1, m, "
    "must, always, "
    "required yes, r, vrai, wahr, j, compulsory, pflichtfeld, o oui, zwingend, exactly one, req"
)
_CHECKS = "✓✔☑●✅•*"


def _each(words: tuple[str, ...], schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {word: dict(schema) for word in words}


_TYPES: dict[str, dict[str, Any]] = {
    **_each(
        ("string", "str", "text", "varchar", "char", "tekst", "zeichenkette", "chaine", "tekenreeks", "zeichenfolge"),
        {"type": "string"},
    ),
    **_each(
        (
            "integer",
            "int",
            "int32",
            "int64",
            "long",
            "bigint",
            "number int",
            "geheel getal",
            "ganzzahl",
            "entier",
            "unsigned",
            "short",
            "smallint",
            "heel getal",
        ),
        {"type": "integer"},
    ),
    **_each(
        (
            "number",
            "float",
            "double",
            "decimal",
            "numeric",
            "numeriek",
            "getal",
            "zahl",
            "nombre",
            "money",
            "real",
            "kommazahl",
            "decimaal",
            "dezimal",
        ),
        {"type": "number"},
    ),
    **_each(
        ("boolean", "bool", "booleen", "ja/nein", "ja/nee", "true/false", "logical", "wahrheitswert", "flag"),
        {"type": "boolean"},
    ),
    **_each(("array", "list", "lijst", "liste", "collection", "tableau", "reeks"), {"type": "array"}),
    **_each(
        ("object", "map", "hash", "json", "dict", "dictionary", "objekt", "objet", "struct", "json object", "hashmap"),
        {"type": "object"},
    ),
    **_each(("date", "datum", "yyyy mm dd"), {"type": "string", "format": "date"}),
    **_each(
        (
            "datetime",
            "date time",
            "timestamp",
            "iso8601",
            "iso 8601",
            "iso date",
            "date/time",
            "iso8601 timestamp",
            "tijdstip",
            "zeitstempel",
            "horodatage",
            "utc timestamp",
            "iso timestamp",
            "iso datetime",
            "iso 8601 date",
            "zeitpunkt",
        ),
        {"type": "string", "format": "date-time"},
    ),
    **_each(("uuid", "guid"), {"type": "string", "format": "uuid"}),
    **_each(("email", "e mail", "email address"), {"type": "string", "format": "email"}),
    **_each(("url", "uri", "link"), {"type": "string", "format": "uri"}),
    **_each(
        ("file", "binary", "blob", "bestand", "datei", "fichier", "upload"), {"type": "string", "format": "binary"}
    ),
    **_each(("enum", "id", "identifier", "token", "phone", "country code", "iso code"), {"type": "string"}),
}
_TYPE_WORD = re.compile(r"[a-z0-9]+(?:[ /][a-z0-9]+)?")


def column(title: str) -> Column | None:
    """What a column of a field table holds, by its title."""
    said = fold(title).rstrip("?").strip()
    for role, words in _COLUMNS.items():
        if said in words or said + "?" in words:
            return role
    for part in re.split(r" (?:of|du|de|van|der|des) ", said)[:1]:
        for role, words in _COLUMNS.items():
            if part in words:
                return role
    return None


def is_yes(text: str) -> bool:
    """A cell that says that something must be there."""
    if text.strip() and all(one in _CHECKS for one in text.strip()):
        return True
    said = fold(text)
    return said in _YES or said.split(" ")[0] in ("required", "yes", "mandatory", "ja", "oui", "verplicht")


def type_schema(text: str) -> dict[str, Any]:
    """The JSON Schema of a type in words; {} where it says nothing that we know."""
    raw = text.strip().strip("`").lower()
    if match := re.match(r"(?:array|list|lijst|liste)\s*(?:<|\[|\(|of |von |van |d'|de )\s*(\w[\w -]{0,30})", raw):
        return {"type": "array", "items": type_schema(re.sub(r"s$", "", match[1])) or type_schema(match[1])}
    if match := re.match(r"(\w{2,20})\s*\[\]", raw):
        return {"type": "array", "items": type_schema(match[1])}
    said = fold(re.sub(r"[(\[<{].*", "", raw))
    schema: dict[str, Any] = {}
    if said in _TYPES:
        schema = dict(_TYPES[said])
    else:
        for part in re.split(r"\s*(?:,|;|\||\bor\b|\boder\b|\bof\b|\bou\b)\s*", raw)[:3]:
            if fold(part) in _TYPES:
                schema = dict(_TYPES[fold(part)])
                break
        else:
            words = said.split(" ")
            for size in (2, 1):
                if " ".join(words[:size]) in _TYPES and len(words) <= 4:
                    schema = dict(_TYPES[" ".join(words[:size])])
                    break
    if schema.get("type") == "string" and "format" not in schema:
        if re.search(r"iso[ -]?8601|date-?time|timestamp|rfc ?3339", raw):
            schema["format"] = "date-time"
        elif re.search(r"\be-?mail\b", raw) and said != "email":
            schema["format"] = "email"
        elif re.search(r"\b(?:date|datum)\b", raw):
            schema["format"] = "date"
    return schema


_LOCATIONS: tuple[tuple[Where, re.Pattern[str]], ...] = (
    ("header", re.compile(r"\bheaders?\b|\bkop(?:zeile|f)|\ben tetes?\b|\bentete|\bkoppen\b")),
    ("cookie", re.compile(r"\bcookies?\b")),
    (
        "path",
        re.compile(
            r"\b(?:path|route|pfad|pad|chemin|uri|template)(?: ?(?:para|vari|arg)|\b)|\bpadp|\bpfadp|in the url\b"
        ),
    ),
    (
        "query",
        re.compile(
            r"\bquery|\bfilters?\b|\bquerystring|\babfrage|\bsuchp|\brequetes? p|\bde requete|\bzoek|\bsearch para"
        ),
    ),
    ("file", re.compile(r"\bfiles?\b|\buploads?\b")),
    ("form", re.compile(r"\bform(?:ular|ulier|ulaire)?(?: ?data| fields?| para|\b)|\burlencoded|\bmultipart")),
    (
        "body",
        re.compile(
            r"\bbody|\bpayload|\brumpf|\bcorps\b|\bjson (?:para|attr|field|obj)|\bpost (?:para|data|field)|\bnutzdaten"
            r"|\brequest (?:fields|data|object|attributes|model|schema)|\bbericht|\banfragetext|\binhoud"
        ),
    ),
)
_ANSWER = re.compile(
    r"\bresponses?\b|\breturns?\b|\breturned\b|\banswers?\b|\bresults?\b|\boutput\b|\bantwort\w*|\bantwoord\w*"
    r"|\breponses?\b"
    r"|\bruckgabe\w*|\bretour\w*\b|\bresulta\w+|\bergebnis\w*|\brepl(?:y|ies)\b|\brenvoie\b|\bgibt zuruck|\bcomes "
    r"back\b|\bget back\b"
)
_STATUS_LINE = re.compile(
    r"^(?:http ?(?:1 1|2|status)? ?|status(?: code)? ?|code ?)?([1-5]\d\d)\b(?! ?(?:characters|records|items|per"
    r"|requests))"
)
_ERRORS = re.compile(r"\berrors?\b|\bfehler\w*|\bfout\w*|\berreurs?\b|\bfailures?\b|\bproblems?\b|\bgoes wrong")
_REQUEST = re.compile(
    r"\brequests?\b|\bexamples?\b|\busage\b|\bcurl\b|\banfragen?\b|\baanvra\w+|\bverzoek\w*|\brequetes?\b"
    r"|\bbeispiel\w*|\bvoorbeeld\w*"
    r"|\bexemples?\b|\bsamples?\b|\bendpoint\b|\baufruf\w*|\baanroep\w*|\bappel\b|\bcalls?\b|\bhttp request\b|\btry "
    r"it\b|\bsend\b"
)
_FIELDS = re.compile(
    r"\bparam\w*|\barguments?\b|\binputs?\b|\bfields?\b|\bvelden\b|\bfelder\b|\bchamps\b|\battribut\w*|\beingab\w*"
    r"|\binvoer\b"
    r"|\bproperties\b|\bheaders?\b|\bbody\b|\bpayload\b|\bquery ?strings?\b|\boptions\b|\bfilters?\b|\beigenschap\w*"
    r"|\beigenschaften|\bvariables\b|\bkopzeilen\b|\ben tetes\b|\bdata\b|\bquery\b|\baccepts?\b|\btakes\b"
)
_OBJECT = re.compile(
    r"^(?:the )?(?P<name>[a-z][a-z0-9 ]{1,30}?)(?: (?:object|resource|model|schema|record|objekt|objet|entity|fields"
    r"|attributes|properties))$|^(?:das |het |l )?objec?[tk]t? (?P<b>[a-z]{2,20})$"
)
_GLUE = frozenset(
    "the a an of for in and with to from http api json optional required url uri string code codes body headers "
    "header call "
    "der die das des und mit fur de het een van en voor le la les du et pour on success successful ok created no "
    "content "
    "example sample all available supported possible common standard additional these following this that it are is "
    "as be "
    "schema data model format application status payload path query parameters parameter fields field attributes "
    "curl shell "
    "request requests response responses endpoint errors error arguments form multipart urlencoded value values list "
    "string "
    "via syntax definition definitions description details expected default typical type types name properties "
    "property cookie "
    "bearer not found bad unauthorized forbidden object array result results http/1 1 0 2 template variables "
    "variable options "
    "filter filters filtering returns return returned answer answers reply output input inputs parameter s code s "
    "200 201 202 "
    "204 400 401 403 404 409 422 429 500 503 what you get back send comes looks like takes accepts "
    "tout toutes alle".split()
)


@dataclass(frozen=True, slots=True)
class Label:
    """What a heading or a short line says about what follows it."""

    role: Role = ""
    where: Where = ""
    status: str = ""
    sure: bool = False  # nothing but words of this vocabulary: it names no thing of the API itself


def label(text: str) -> Label:
    """The label that a heading or a short line is."""
    said = fold(text)
    if not said or len(said) > 140:
        return Label()
    where: Where = next((name for name, pattern in _LOCATIONS if pattern.search(said)), "")
    status = _STATUS_LINE.match(said)
    number = status[1] if status else ""
    if not number and (
        inside := re.search(
            r"\b(?:http|status|response|code|reponse|antwort|antwoord)\w* ?(?:code )?\(?([1-5]\d\d)\b", said
        )
    ):
        number = inside[1]
    if not number and (
        inside := re.search(
            r"\b([1-5]\d\d)\b(?: (?:ok|created|accepted|no content|response|bad|not|unauth|forb|conf|unproc))", said
        )
    ):
        number = inside[1]
    answers, errs = _ANSWER.search(said), _ERRORS.search(said)
    sure = all(
        word in _GLUE
        or word.isdigit()
        or _FIELDS.search(word)
        or _ANSWER.search(word)
        or _ERRORS.search(word)
        or _REQUEST.search(word)
        for word in re.split(r"[ /&?]+", said)
        if word
    )
    first = said.split(" ")[0]
    if (number and (answers or errs or status)) or (
        len(said.split()) <= 5 and (_ANSWER.fullmatch(first) or _ERRORS.fullmatch(first))
    ):
        sure = True
    if number and number[0] in "45":
        return Label("errors", where, number, sure)
    if errs and not _FIELDS.search(said):
        return Label("errors", where, number, sure)
    if answers or number:
        asks = _REQUEST.search(said)
        if not (
            asks and answers and asks.start() < answers.start() and re.search(r"request (?:body|para|field)", said)
        ):
            return Label("answer", where if where in ("header", "body") else "", number, sure)
    if where or _FIELDS.search(said):
        return Label("fields", where, "", sure)
    if _REQUEST.search(said):
        return Label("request", "", "", sure)
    return Label()


def object_name(text: str) -> str:
    """``contact`` of "The contact object", "" for other headings."""
    match = _OBJECT.match(fold(text))
    name = (match["name"] or match["b"] or "") if match else ""
    return "" if not name or all(word in _GLUE for word in name.split()) else name


_TOPICS = re.compile(
    r"^(?:\d+(?: \d+)* )?(?:api )?(?:(?:introduction|overview|getting started|quick ?start|authenti\w+|authoriz\w+"
    r"|security|paginat\w+|paging|paginier\w*"
    r"|errors?|error (?:codes|handling|responses)|status codes|rate limit\w*|limits?|throttling|versioning|versions?"
    r"|conventions?|general|changelog|formats?"
    r"|base ur[li]|environments?|inleiding|einleitung|uberblick|aan de slag|authenticatie|authentifizierung|anmeldung"
    r"|authentification"
    r"|foutcodes|fouten|fehler\w*|erreurs|limites?|limieten|grenzen|paginering|seitenweise|api keys?|keys|credentials"
    r"|idempoten\w+|dates?(?: and times?)?"
    r"|http status codes|support|sdks?|terms|glossary|introductie|basics|the basics|grundlagen|technical information"
    r"|data ?types)\b)"
)


def is_topic(text: str) -> bool:
    """True for headings over what holds for the whole API: authentication, paging, errors, limits."""
    return bool(_TOPICS.match(fold(text)))
