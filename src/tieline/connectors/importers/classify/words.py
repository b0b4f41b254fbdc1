"""Words in names: splitting, snake case, singular and plural."""

from __future__ import annotations

import re
from functools import lru_cache

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!s(?![a-z]))[a-z])|[^A-Za-z0-9]+")
_NOT_PLAIN = re.compile(r"[^a-z0-9]")
_IRREGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "feet": "foot",
    "teeth": "tooth",
    "mice": "mouse",
    "geese": "goose",
    "indices": "index",
    "indexes": "index",
    "matrices": "matrix",
    "vertices": "vertex",
    "appendices": "appendix",
    "criteria": "criterion",
    "phenomena": "phenomenon",
    "media": "media",
    "data": "data",
    "metadata": "metadata",
    "analyses": "analysis",
    "bases": "base",
    "databases": "database",
    "cases": "case",
    "leases": "lease",
    "releases": "release",
    "purchases": "purchase",
    "phases": "phase",
    "licenses": "license",
    "licences": "licence",
    "expenses": "expense",
    "responses": "response",
    "courses": "course",
    "houses": "house",
    "warehouses": "warehouse",
    "causes": "cause",
    "clauses": "clause",
    "uses": "use",
    "diagnoses": "diagnosis",
    "theses": "thesis",
    "crises": "crisis",
    "hypotheses": "hypothesis",
    "parentheses": "parenthesis",
    "movies": "movie",
    "cookies": "cookie",
    "zombies": "zombie",
    "ties": "tie",
    "pies": "pie",
    "lies": "lie",
    "series": "series",
    "species": "species",
    "news": "news",
    "sms": "sms",
    "dns": "dns",
    "shoes": "shoe",
    "toes": "toe",
    "heroes": "hero",
    "potatoes": "potato",
    "echoes": "echo",
    "quizzes": "quiz",
    "caches": "cache",
    "niches": "niche",
    "axes": "axis",
    "knives": "knife",
    "lives": "life",
    "wives": "wife",
    "leaves": "leaf",
    "shelves": "shelf",
    "halves": "half",
    "wolves": "wolf",
    "calves": "calf",
    "thieves": "thief",
    "archives": "archive",
    "alumni": "alumnus",
    "stimuli": "stimulus",
    "radii": "radius",
    "faqs": "faq",
    "apis": "api",
    "taxis": "taxi",
    "emojis": "emoji",
    "wikis": "wiki",
    "kpis": "kpi",
    "uris": "uri",
    "skis": "ski",
    "menus": "menu",
    "gurus": "guru",
    "skus": "sku",
    "gpus": "gpu",
    "cpus": "cpu",
}
_NOT_PLURAL = frozenset(
    "status address access process progress business class news series species analysis basis settings sms "
    "dns gas bus bonus campus canvas alias atlas virus lens plus minus kudos chaos success loss boss pass "
    "express https css rss ios aws gps tls previous always as is this has us yes pos sos os sas saas stress "
    "mass glass grass dress focus corpus nexus census radius consensus apparatus syllabus diagnosis thesis "
    "crisis axis oasis genesis hypothesis synopsis redis kubernetes logistics analytics statistics metrics "
    "physics politics economics graphics basics".split()
)
_NO_SINGULAR = frozenset(
    "settings analytics statistics metrics logistics graphics basics preferences details stats".split()
)


@lru_cache(maxsize=50_000)
def split(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: ``updatedAt``, ``updated_at``, ``Updated-At`` all give (updated, at)."""
    return tuple(word.lower() for word in _BOUNDARY.split(name[:300]) if word)


def snake(name: str) -> str:
    """``Updated At`` as ``updated_at``; "" where no ASCII letter or digit is in it."""
    return "_".join(split(name))


@lru_cache(maxsize=50_000)
def plain(name: str) -> str:
    """Only letters and digits, in lower case: what is left when spelling does not matter."""
    return _NOT_PLAIN.sub("", name[:300].lower())


@lru_cache(maxsize=20_000)
def singular(word: str) -> str:
    """The singular of one English word in lower case; a word that is singular stays as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _NOT_PLURAL or len(word) < 3 or word[-1] != "s" or word.endswith("ss"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word[-2:] == "es" and (word[:-2] in _NOT_PLURAL or re.search(r"(?:ss|[cs]h|x|zz)es$", word)):
        return word[:-2]
    if word.endswith(("us", "is")):
        return word
    return word[:-1]


def is_plural(word: str) -> bool:
    """True for a word that names several things."""
    return word in _IRREGULAR or word == "data" or singular(word) != word


def singular_name(name: str) -> str:
    """A name in snake case whose last word is singular: ``attendeeCategories`` gives ``attendee_category``."""
    parts = split(name)
    if not parts:
        return ""
    if parts[-1] in _NO_SINGULAR:
        return "_".join(parts)
    return "_".join((*parts[:-1], singular(parts[-1])))


def title(name: str) -> str:
    """A name for people: ``list_attendee_categories`` gives ``List attendee categories``."""
    found = " ".join(split(name))
    return found[:1].upper() + found[1:]


def plural(word: str) -> str:
    """The plural of one English word, well enough for a label."""
    for many, one in _IRREGULAR.items():
        if one == word:
            return many
    if re.search(r"(?:s|x|z|ch|sh)$", word):
        return word + "es"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + "s"
