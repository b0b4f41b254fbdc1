"""What sentences about one endpoint say: its parameters, its answers."""

from __future__ import annotations

import re

from tieline.connectors.importers.prose.drafts import Draft
from tieline.connectors.importers.prose.fields import Field, is_header_name, mentioned_names
from tieline.connectors.importers.prose.items import Place
from tieline.connectors.importers.prose.vocabulary import Where, fold, type_schema

_STATUS = re.compile(
    r"\b(?P<verb>returns?|responds?|answers?|answered|gives?|status|code|http|reply|antwortet|antwoordt|renvoie|geeft"
    r"|liefert|with|gets?|receive|yields?)\b[^.;]{0,40}?"
    r"\b(?P<code>[2345]\d\d)\b(?! ?(?:characters|records|items|per|requests|ms))(?P<rest>[^.;]{0,120})",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:param\w*|arguments?|fields?|query|quer\w+ string|body|payload|filter\w*|send|sends|pass(?:es|ed|ing)?"
    r"|accept\w*|takes?|requires?|required|needs?|expects?|supply"
    r"|provide|include|specif\w+|give|set|narrow\w*|limit\w*|optional\w*|mandatory|must|velden|felder|champs"
    r"|verplicht\w*|pflicht\w*|obligatoire\w*|optionale?\w*|optioneel"
    r"|stuur|sturen|verwacht|erwartet|senden|envoyer|attend|search(?:es)?|look\w* up|sort\w*|order\w*|post)\b",
    re.IGNORECASE,
)
_ANSWERS = re.compile(
    r"\b(?:returns?|returned|respon[sd]\w*|answers?|the reply|comes back|gets? back|result\w*|output|renvoie"
    r"|antwort\w*|antwoord\w*|liefert|geeft\w*|retourne|contains the|has the"
    r"|each (?:record|item|entry|object)|in the answer)\b",
    re.IGNORECASE,
)
_MUST = re.compile(
    r"\b(?:required|requires?|must|mandatory|needs?|expects?|obligatory|compulsory|verplicht\w*|pflicht\w*"
    r"|erforderlich\w*|obligatoire\w*|moet(?:en)?|muss|müssen|doit|doivent|vereist)\b",
    re.IGNORECASE,
)
_MAY = re.compile(
    r"\b(?:optional\w*|may|can|could|facultati\w*|optionnel\w*|optioneel|optionele?|kan|kunnen|kann|können|peut"
    r"|peuvent|if you "
    r"want|allowed|additionally|omit\w*|also (?:accepts|takes))\b",
    re.IGNORECASE,
)
_WHERE: tuple[tuple[Where, re.Pattern[str]], ...] = (
    ("header", re.compile(r"\bheaders?\b|\bkopfzeile\b|\ben-tête", re.IGNORECASE)),
    (
        "query",
        re.compile(r"\bquery|\bquerystring|\bfilter\w*\b|\burl parameters?\b|\babfrage|\brequête\b", re.IGNORECASE),
    ),
    ("path", re.compile(r"\bpath\b|\bin the url\b|\bpfad\b|\bpad\b|\bchemin\b", re.IGNORECASE)),
    ("form", re.compile(r"\bform(?:[- ]encoded| data| fields?)\b|\burlencoded\b|\bmultipart\b", re.IGNORECASE)),
    (
        "body",
        re.compile(
            r"\bbody|\bjson\b|\bpayload|\brumpf|\bcorps\b|\bobject with\b|\bpost(?:ed)? fields?\b", re.IGNORECASE
        ),
    ),
)
_DELIVERY = re.compile(
    r"\bsignature\b|\b(?:is|are) signed\b|\b(?:each|every) (?:delivery|event|webhook)\b", re.IGNORECASE
)
_VALUE_WORDS = frozenset(
    "true false null none json xml csv asc desc get post put patch delete http https utf bearer basic yes no ok "
    "id_token".split()
)
_INTEGER = re.compile(r"\b(?:number|integer|count|how many|page|limit|offset|size)\b", re.IGNORECASE)


def answers_in(draft: Draft, text: str, place: Place) -> None:
    """Statuses that a sentence names: "Returns 201 Created", "404 if there is no such contact"."""
    for match in _STATUS.finditer(text[:5_000]):
        answer = draft.answer(match["code"], place)
        answer.description = answer.description or " ".join(match["rest"].strip(" ,()`").split())[:300]
    for match in re.finditer(
        r"(?:^|[.;,(]\s{0,3})`?(?P<code>[45]\d\d)`?\s(?P<rest>(?:if|when|for|means|wenn|als|si|bei)\b[^.;]{0,120})",
        text[:5_000],
    ):
        answer = draft.answer(match["code"], place)
        answer.description = answer.description or match["rest"]
    if re.search(r"\bno (?:content|body)\b|\bempty (?:body|response|answer)\b", text, re.IGNORECASE) and not any(
        one[0] == "2" for one in draft.answers
    ):
        draft.answer("204", place)


def read_sentences(draft: Draft, text: str, place: Place, where: Where) -> None:
    """Parameters that running text names, with what it says about them. Sure only where the words leave no doubt."""
    carried: Where = where
    last: list[Field] = []
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-ZÄÖÜÉÈ`\"'])", text[:8_000]):
        asks = _ASKS.search(sentence)
        answers = _ANSWERS.search(sentence)
        names = [] if _DELIVERY.search(sentence) else mentioned_names(sentence)
        if not names and len(last) == 1:
            # "The parameter `limit` is optional. At most 100." goes on about the same one.
            last[0].description = f"{last[0].description} {sentence}".strip()[:2_000]
            continue
        if not asks or not names or (answers and answers.start() < asks.start()):
            last = []
            continue
        last = []
        end = (
            answers.start()
            if answers
            and re.match(r"(?:returns?|responds?|and returns?)", answers[0], re.IGNORECASE)
            and names[0][1] < answers.start()
            else len(sentence)
        )
        told: Where = next((name for name, pattern in _WHERE if pattern.search(sentence)), "")
        carried = told or carried
        for name, at in names[:40]:
            if at >= end or name.lower() in _VALUE_WORDS or _is_value(sentence, name, at):
                continue
            if len(name) < 2 and sentence[at : at + 1].isalpha():
                continue
            if name.count(".") and not re.fullmatch(r"[a-z_]+(?:\.[a-z_]+)+", name):
                continue
            before, after = sentence[:at], sentence[at : at + 160]
            known = any(one.name == name for one in draft.fields)
            one = Field(name, place, description="" if known else " ".join(sentence.replace("`", "").split())[:500])
            one.where = "header" if is_header_name(name) else _nearest(sentence, at) or carried
            one.required = _needed(before, after, sentence)
            one.schema = _typed(name, after)
            one.sure = 0.7 if one.where else 0.6
            if is_header_name(name) and fold(name) in ("content type", "authorization", "accept"):
                continue
            draft.add_field(one)
            last = [*last, next(known for known in draft.fields if known.name == name)]


def _is_value(sentence: str, name: str, at: int) -> bool:
    """ "`status` is `open` or `closed`": what stands behind "is", "=" or "one of" is a value."""
    before = sentence[max(0, at - 40) : at].rstrip("`\"'“‘ ")
    if re.search(
        r"(?:\bis|=|:|\bone of|\beither|\bequals|\bto|\bvalues?|\bdefaults? to|\bset to|\blike|\be\.g\.|\bof)\s?$",
        before,
        re.IGNORECASE,
    ) and re.match(r"[`\"'“‘]", sentence[at : at + 1]):
        return not re.search(
            r"(?:param\w*|fields?|body|query|arguments?|required|optional|following|are|are:|is)\s?:?$",
            before,
            re.IGNORECASE,
        ) or bool(re.search(r"`\s(?:is|=)\s?$", before))
    listed = re.search(r"[`\"'](?:,| or|,? and)?$", sentence[max(0, at - 6) : at].rstrip())
    return bool(listed and re.search(r"\b(?:one of|either|values?)\b[^.]{0,80}$", sentence[:at], re.IGNORECASE))


def _nearest(sentence: str, at: int) -> Where:
    """The place that the words next before a name speak of."""
    best: tuple[int, Where] = (-1, "")
    for where, pattern in _WHERE:
        for match in pattern.finditer(sentence[:at]):
            best = max(best, (match.start(), where))
    return best[1]


_CLOSE = re.compile(
    r"[`\"'“]?[\w.\[\]$-]+[`\"'”]?,?\s{0,2}(?:\((?P<paren>[^()]{1,60})\),?)?\s{0,2}"
    r"(?:(?:is|are|ist|est|sont|zijn)\s(?P<said>\w+(?: \w+)?))?"
)


def _needed(before: str, after: str, sentence: str) -> bool | None:
    close = _CLOSE.match(after)
    for said in (close["said"], close["paren"]) if close is not None else ():
        if said and (_MAY.search(said) or re.search(r"not (?:required|mandatory)", said, re.IGNORECASE)):
            return False
        if said and _MUST.search(said):
            return True
    must = max((match.start() for match in _MUST.finditer(before)), default=-1)
    may = max((match.start() for match in _MAY.finditer(before)), default=-1)
    if must > may:
        return True
    if may > must:
        return False
    tail = re.search(
        r"\b(?:are|is|both|all|sind|zijn|sont)\s(?:(?:all|both|alle)\s)?(?P<said>required|mandatory|optional"
        r"|verplicht|erforderlich|obligatoires?|optioneel|facultatifs?)\b",
        sentence,
        re.IGNORECASE,
    )
    return (
        None if tail is None else not _MAY.match(tail["said"]) and tail["said"].lower() not in ("optional", "optioneel")
    )


def _typed(name: str, after: str) -> dict[str, object]:
    close = re.match(r"[`\"']?[\w.\[\]]+[`\"'”]?\s{0,2}\((?P<paren>[^()]{1,60})\)", after)
    if close is not None:
        for part in re.split(r"[,;]", close["paren"]):
            if schema := type_schema(part):
                return schema
    return (
        {"type": "integer"}
        if name in ("page", "per_page", "limit", "offset", "page_size", "pageSize", "perPage")
        else {}
    )
