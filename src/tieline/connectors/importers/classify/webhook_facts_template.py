"""What is signed, from prose or code: "the seconds, a dot and the body" is ``{timestamp}.{body}``."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SENTENCES = re.compile(r"(?<=[\w)`'\">])[.;]\s+(?=[A-Z`*<{])|\n\s*\n|\n(?=\s*(?:[-*#|]|\d+\.)\s)")
_SIGNING = re.compile(r"hmac|sign|digest|\bhash|concat|sha-?\d|verif", re.IGNORECASE)
_WORDS_OF_BODY = (
    r"(?:(?:raw|request|http|json|message|full|entire|whole|exact|post|unparsed|unmodified|encoded|event|webhook"
    r"|delivery|response|notification|utf-?8|req|minified|complete)[ ._-]?){0,5}"
    r"(?:body|payload|content)(?:[ _](?:bytes|string|text))?(?![-\w])"
)
_PART = re.compile(
    rf"""
      (?P<timestamp>(?<![\w-])(?:unix[ _-]?|request[ _-]?|epoch[ _-]?|current[ _-]?)*
          (?:time[ _-]?stamp|seconds|epoch|unix[ _-]time|milliseconds)(?:[ _](?:header|value|seconds|string))?(?![-\w])
          |(?<=[{{<$])(?:t|ts|time)(?=[}}>]))
    | (?P<body>(?<![\w-]){_WORDS_OF_BODY})
    | (?P<id>(?<![\w-])(?:(?:webhook|message|delivery|event|msg|request|notification)[ ._-]?id(?:entifier)?
          |(?<=[{{<`])id)(?![-\w]))
    | (?P<url>(?<![\w-])(?:(?:full|callback|target|webhook|request|endpoint|notification|complete)[ _-]?){{0,3}}
          (?:url|uri)(?![-\w]))
    | (?P<method>(?<![\w-])(?:http|request)[ _-]?(?:method|verb)(?![-\w])|(?<=[{{<])method(?=[}}>]))
    """,
    re.IGNORECASE | re.VERBOSE,
)
_GLUE = re.compile(
    r"\b(?:an?|the|then|and|followed|by|plus|its|value|raw|header|strings?|in|from|character|literal|single|sign|full"
    r"|next|finally|append(?:ed)?|concatenat\w*|joined|received|unmodified|exact|separator|to|stop)\b",
    re.IGNORECASE,
)
_NAMED = {
    **dict.fromkeys(("dot", "period", "full stop", "point"), "."),
    **dict.fromkeys(("colon",), ":"),
    **dict.fromkeys(("pipe", "vertical bar"), "|"),
    **dict.fromkeys(("hyphen", "dash", "minus"), "-"),
    **dict.fromkeys(("newline", "new line", "line feed", "line break"), "\n"),
    **dict.fromkeys(("underscore",), "_"),
    **dict.fromkeys(("semicolon",), ";"),
}
_NAME = re.compile(rf"\b(?:{'|'.join(_NAMED)})\b", re.IGNORECASE)
_QUOTED = re.compile(r"[`'\"“‘(]\s*(?P<sign>[.:|\-_,;])\s*[`'\"”’)]")
_JOINT = re.compile(
    rf"(?:separat|join|delimit|concatenat|connect)\w*\s+(?:by|with|using|on|through)\s+(?:an?\s|the\s)?(?:single\s"
    rf"|literal\s)?(?:character\s)?(?P<what>{'|'.join(_NAMED)}|[`'\"“(]\s*[.:|\-_,;]\s*[`'\"”)])",
    re.IGNORECASE,
)
_VERSION = re.compile(r"[`'\"]?(?P<literal>v\d[:.])[`'\"]?\s*\+?\s*[{<$`'\"]*$")


def template_in(text: str, *, timestamps: Iterable[str] = (), ids: Iterable[str] = ()) -> str:
    """The template of what is signed, "" where nothing is said. ``timestamps`` and ``ids`` are headers' names."""
    for names, word in ((timestamps, "timestamp"), (ids, "message id")):
        for name in names:
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", f" {word} ", text, flags=re.IGNORECASE)
    best: tuple[int, str] = (0, "")
    for sentence in _SENTENCES.split(text)[:400]:
        if not _SIGNING.search(sentence):
            continue
        parts, template = _longest(sentence[:2_000])
        if parts > best[0]:
            best = (parts, template)
    return best[1]


def _longest(sentence: str) -> tuple[int, str]:
    """The longest run of parts with nothing but glue between them that holds the body."""
    chains: list[list[tuple[str, str]]] = []
    starts: list[int] = []
    end = -1
    for match in _PART.finditer(sentence):
        kind = str(match.lastgroup)
        gap = sentence[end : match.start()]
        between = _between(gap) if end >= 0 else None
        if kind == "id" and chains and chains[-1][-1][0] == "body" and gap.lstrip("`'\" ")[:1] == "," and not between:
            # "... the dot and the body, and X-Delivery": the sentence goes on with another header.
            between = None
        if between is None or (kind in {one for one, _ in chains[-1][:-1]}):
            chains.append([(kind, "")])
            starts.append(match.start())
        elif chains[-1][-1][0] != kind:
            chains[-1].append((kind, between))
        end = match.end()
    best: tuple[int, str] = (0, "")
    joint = _JOINT.search(sentence)
    default = _sign(joint["what"]) if joint is not None else ""
    for chain, start in zip(chains, starts, strict=True):
        kinds = [kind for kind, _ in chain]
        if "body" not in kinds or len(set(kinds)) != len(kinds):
            continue
        told = any(between for _, between in chain)
        pieces = [
            (("" if at == 0 else between if told else default) + "{" + kind + "}")
            for at, (kind, between) in enumerate(chain)
        ]
        literal = _VERSION.search(sentence[:start]) if len(chain) > 1 else None
        template = (literal["literal"] if literal is not None else "") + "".join(pieces)
        if len(chain) > best[0]:
            best = (len(chain), template)
    return best


def _between(gap: str) -> str | None:
    """What stands between two parts; None where they do not belong together."""
    if len(gap) > 80:
        return None
    sign = ""
    if (quoted := _QUOTED.search(gap)) is not None:
        sign, gap = quoted["sign"], _QUOTED.sub(" ", gap)
    elif (named := _NAME.search(gap)) is not None:
        sign = _sign(named[0])
    rest = re.sub(r"[\s`'\"“”+{}<>$()\[\]&\\]", "", _GLUE.sub(" ", _NAME.sub(" ", gap)))
    if rest in ("", ","):
        return sign
    if not sign and rest in (".", ":", "|", "-", "_", ";"):
        return rest
    return sign if sign and set(rest) <= {","} else None


def _sign(word: str) -> str:
    return _NAMED.get(word.lower(), word.strip("`'\"“”() ")[:1])
