"""Endpoints as texts mention them: ``GET /v1/contacts/{id}``, ``get https://host/contacts/:id`` and their cousins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from tieline.connectors.importers.classify.words import singular, snake

METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|QUERY"
_SEGMENT = (
    r"(?:[\w.~%$:@!+*=-]|\{[^{}\s]{1,60}\}|\{\{[^{}]{1,60}\}\}|<[\w -]{1,40}>|\[[\w-]{1,40}\]|\$\{[\w.]{1,40}\}"
    r"|#\{\w{1,40}\})"
)
_PATH = rf"(?:/{_SEGMENT}{{0,200}}){{1,40}}"
_HOST = (
    r"(?:https?://[\w.{}$-]{1,200}(?::\d{1,5})?|\{\{?\w{1,40}\}\}?|\$\{?[A-Z_]{2,40}\}?|<[\w -]{2,30}>"
    r"|\[[\w -]{2,30}\])"
)
_QUERY = r"(?:\?[^\s`\"'<>]{0,500}(?:<[^<>\s]{1,40}>[^\s`\"'<>]{0,200}){0,10})?"
_URL = rf"(?:{_HOST})?(?:{_PATH}){_QUERY}"
_MENTION = re.compile(rf"(?<![\w/-])(?P<method>{METHODS})\b[`*\]):]{{0,3}}[ \t]{{0,8}}[`*]{{0,3}}(?P<url>{_URL})")
_LOWER = re.compile(
    rf"\W{{0,3}}(?P<method>get|post|put|patch|delete|Get|Post|Put|Patch|Delete)[`*: ]{{1,6}}(?P<url>{_URL})`?\W{{0,3}}"
)
_BARE = re.compile(rf"(?P<method>{METHODS})\s{{1,4}}(?P<url>[a-z][\w-]{{1,60}}(?:/{_SEGMENT}{{1,100}}){{0,20}})`?")
_ALONE = re.compile(rf"`?(?P<url>(?:https?://[\w.-]{{3,200}}(?::\d{{1,5}})?)?{_PATH}{_QUERY})`?")
_AFTER = re.compile(rf"(?P<url>{_PATH})`?\s{{1,4}}[(\[]\s?(?P<method>{METHODS})\s?[)\]]")
_METHOD = re.compile(rf"\W{{0,3}}(?P<methods>(?:{METHODS})(?:\s?[,/|]\s?(?:{METHODS})){{0,4}})\W{{0,3}}", re.IGNORECASE)
_ID = re.compile(
    r"\d{1,20}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,64}"
    r"|[a-z]{1,5}[_-](?=\w*\d)\w{3,40}"
    r"|[A-Z]{1,6}-?\d{1,12}|(?=(?:[A-Za-z_-]*\d){2})(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{8,60}|[\w.+-]+@[\w.-]+"
    r"|\d{4}-\d\d-\d\d|(?:YOUR|MY)_\w+|x{3,20}|XXX+",
    re.ASCII,
)
_VERSION = re.compile(
    r"v\d{1,3}(?:\.\d{1,3})?|api|rest|\d{1,2}\.\d{1,2}|20\d\d-\d\d(?:-\d\d)?|latest|public", re.IGNORECASE
)


@dataclass(slots=True)
class Mention:
    """One endpoint in a text. ``origin`` is scheme and host, "" where it is not given."""

    method: str
    path: str
    origin: str = ""
    query: tuple[tuple[str, str], ...] = ()
    start: int = 0
    end: int = 0


def mentions(text: str) -> list[Mention]:
    """Every "METHOD path" in a line or paragraph."""
    found: list[Mention] = []
    text = text[:20_000]
    for match in _MENTION.finditer(text):
        one = _mention(match["method"], match["url"], match.start(), match.end())
        if one is not None:
            found.append(one)
    if not found and (lower := _LOWER.match(text.strip())) is not None:
        whole = len(lower[0]) >= len(text.strip()) - 2
        one = _mention(lower["method"].upper(), lower["url"], 0, len(lower[0])) if whole else None
        found += [one] if one is not None else []
    if not found and len(text) < 200 and (bare := _BARE.fullmatch(text.strip(" `*"))) is not None:
        path = bare["url"]
        one = _mention(bare["method"], "/" + path, 0, len(text))
        found += [one] if one is not None and ("/" in path or "_" in path or path.endswith("s")) else []
    if not found and len(text) < 300:
        for match in _AFTER.finditer(text):
            one = _mention(match["method"], match["url"], match.start(), match.end())
            found += [one] if one is not None else []
    return found[:200]


def method_only(text: str) -> list[str]:
    """The methods of a cell that holds nothing else."""
    match = _METHOD.fullmatch(text.strip())
    return [one.upper() for one in re.findall(r"[A-Za-z]+", match["methods"])] if match else []


def path_only(text: str) -> Mention | None:
    """The path of a cell or line that holds nothing else."""
    text = text.strip(" *")
    match = _ALONE.fullmatch(text)
    if match is None or len(match["url"].strip("/")) < 2:
        return None
    return _mention("", match["url"], 0, len(text))


def of_url(method: str, url: str) -> Mention | None:
    """The endpoint that a sample calls."""
    return _mention(method, url, 0, 0)


def _mention(method: str, url: str, start: int, end: int) -> Mention | None:
    shorter = (
        re.sub(r"[.,;:!*)\]]+$", "", url)
        if not re.search(r"(?:\]|\*)$", url) or url.count("[") < url.count("]")
        else url
    )
    end -= len(url) - len(shorter)
    url = shorter
    origin = ""
    if match := re.match(r"(https?://[^/\s]{1,200})(.*)", url, re.IGNORECASE | re.DOTALL):
        origin, url = match[1], match[2]
    elif match := re.match(
        r"((?:[\w-]+\.)+[a-z]{2,12}(?::\d+)?|localhost(?::\d+)?)(/.*)", url, re.IGNORECASE | re.DOTALL
    ):
        origin, url = "https://" + match[1], match[2]
    elif match := re.match(r"(?:\{\{?\w+\}\}?|\$\{?\w+\}?|<[\w -]+>|\[[\w -]+\])(/.*)", url, re.DOTALL):
        url = match[1]
    raw, _, query = url.partition("?")
    path = clean_path(raw)
    if path is None:
        return None
    origin = re.sub(r"^(https?://)[^/@]*@", r"\1", origin).rstrip("/").lower() if origin else ""
    pairs = [] if not query else parse_qsl(query.replace("[&", "&").replace("]", "]"), keep_blank_values=True)
    optional = re.sub(r"\[[?&].*$", "", path)
    return Mention(method.upper(), optional or "/", origin, tuple(pairs[:100]), start, end)


def clean_path(path: str) -> str | None:
    """A path with its placeholders as ``{name}``; None for what is no path of an API."""
    path = re.sub(r"\{\{\s*([\w.]+)\s*\}\}", r"{\1}", path)
    path = re.sub(r"[$#]\{([\w.]+)\}", r"{\1}", path)
    path = re.sub(r"<\s*([\w -]+?)\s*>", lambda match: "{" + snake(match[1]) + "}", path)
    parts: list[str] = []
    for part in path.split("/"):
        if match := re.fullmatch(r":([A-Za-z_]\w*)(.*)", part):
            part = "{" + match[1] + "}" + match[2]
        elif match := re.fullmatch(r"\[([A-Za-z_][\w-]*)\]|\$([A-Za-z_]\w*)", part):
            part = "{" + (match[1] or match[2]) + "}"
        parts.append(part)
    path = "/".join(parts)
    if not path.startswith("/") or len(path) > 500 or re.search(r"[\s`\"']", path) or path.startswith("//"):
        return None
    return path.rstrip("/") or "/"


def shape(path: str) -> str:
    """A path without the names of its placeholders: two of the same shape are one endpoint."""
    return re.sub(r"\{[^{}]*\}", "{}", path)


def fits(concrete: str, template: str) -> int:
    """How well a path of a sample fits a template: -1 = not, else the number of parts that are the same word."""
    ours, theirs = concrete.split("/"), template.split("/")
    if len(ours) != len(theirs):
        return -1
    same = 0
    for one, other in zip(ours, theirs, strict=True):
        if one == other:
            same += 2
        elif (
            "{" in other
            and (match := re.fullmatch(re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(other)), one)) is not None
        ):
            same += 1 if _looks_like_id(one) or "{" in one else 0
            if not one or not match[0]:
                return -1
        else:
            return -1
    return same


def generalised(path: str) -> str:
    """A path of a sample with its ids as placeholders, named ``id`` at the end and after their collection before."""
    parts = path.split("/")
    found: list[str] = []
    for index, part in enumerate(parts):
        is_id = index > 1 and _looks_like_id(part) and not _VERSION.fullmatch(part)
        if not is_id:
            found.append(part)
        elif index == len(parts) - 1 or not found[-1]:
            found.append("{id}")
        else:
            found.append("{" + (singular(snake(found[-1])) or "parent") + "_id}")
    return "/".join(found)


def _looks_like_id(part: str) -> bool:
    return "{" in part or bool(_ID.fullmatch(part))


def is_version(part: str) -> bool:
    """True for ``v1``, ``api`` and the like at the head of a path."""
    return bool(_VERSION.fullmatch(part))


def one_letter_apart(a: str, b: str) -> bool:
    """True where one letter is missing, too much, wrong, or swapped with its neighbour."""
    if a == b or abs(len(a) - len(b)) > 1 or min(len(a), len(b)) < 4:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    rest_a, rest_b = a[start:], b[start:]
    if len(rest_a) == len(rest_b):
        swapped = rest_a[:2] == rest_b[:2][::-1] and rest_a[2:] == rest_b[2:]
        return rest_a[1:] == rest_b[1:] or swapped
    return rest_a[1:] == rest_b or rest_a == rest_b[1:]
