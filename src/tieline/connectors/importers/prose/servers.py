"""Base URLs: named as such, or the hosts that the examples call."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from tieline.connectors.importers.classify.words import snake
from tieline.connectors.importers.prose.items import Item, Place, plain_text
from tieline.connectors.manifest.model import Server, ServerVariable

_URL = re.compile(r"https?://[\w.{}<>\[\]$-]{1,200}(?::\d{1,5})?(?:/[\w.{}<>:$-]{0,80}){0,8}", re.IGNORECASE)
_NAMED = re.compile(
    r"\bbase ?(?:-\s?)?(?:ur[li]|path|address|endpoint)s?\b|\broot (?:ur[li]|endpoint)\b|\bapi (?:root|base|host"
    r"|server|endpoint|url|address)\b|\bserver\b"
    r"|\bhosts?\b|\bbasis-?\s?(?:url|adres\w*)|\burl de base\b|\badresse de base\b|\bbasisadres\w*|\bproduction\b"
    r"|\bsandbox\b|\bprefix(?:ed)?\b"
    r"|\ball (?:requests?|calls?|endpoints?|urls?|paths?|addresses)\b|\brelative to\b|\b(?:lives|reachable|available"
    r"|served|hosted) (?:at|under|on|from)\b"
    r"|\b(?:begins?|starts?) with\b|\bbeginnen (?:met|mit)\b|\bbeginnt mit\b|\bcommencent par\b"
    r"|\bservice endpoint\b|\benvironments?\b|\balle (?:anfragen|aufrufe|verzoeken|aanroepen|pfade|paden)\b|\btoutes "
    r"les requêtes\b|\bstaging\b|\bentry point\b",
    re.IGNORECASE,
)
_NOT_HERE = re.compile(
    r"/(?:docs?|developers?|help|support|dashboard|settings|login|signup|status|blog)\b|\.(?:html?|png|pdf|json"
    r"|ya?ml)$|oauth|token",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Base:
    """A declared base URL."""

    url: str
    place: Place
    said: str = ""


def declared(items: list[Item]) -> list[Base]:
    """The base URLs that the document names, in its order."""
    found: list[Base] = []
    waiting = 0  # the line above said "Base URL"
    for item in items:
        if len(found) > 20:
            break
        texts: list[tuple[str, Place]] = [(item.text, item.place)]
        if item.kind == "table":
            texts = [(" | ".join(row), item.row_place(index)) for index, row in enumerate(item.rows[:50])]
            titled = bool(_NAMED.search(texts[0][0]))
        else:
            titled = False
        for text, place in texts:
            named = _NAMED.search(text[:600]) or titled
            urls = [one for one in _urls(text) if not _NOT_HERE.search(one)]
            alone = waiting > 0 and urls and item.kind in ("code", "paragraph", "entry", "table")
            if urls and (alone or (named and item.kind != "code" and not _calls(text))):
                for url in urls[:4]:
                    if not any(url == one.url or url.startswith(one.url + "/") for one in found):
                        found.append(Base(url, place, plain_text(text)[:200]))
                waiting = 0
        waiting -= 1
        if (
            item.kind in ("heading", "paragraph", "entry")
            and _NAMED.search(item.text[:200])
            and not _urls(item.text)
            and len(item.text) < 160
        ):
            waiting = 2
    return found


def _calls(text: str) -> bool:
    return bool(re.search(r"\b(?:GET|POST|PUT|PATCH|DELETE)\b\s{1,3}`?https?:|\bcurl\s", text))


def _urls(text: str) -> list[str]:
    found = []
    for match in _URL.finditer(plain_text(text)[:20_000]):
        url = match[0].rstrip(".,;:)/")
        url = re.sub(
            r"<([\w -]+)>|\[([\w -]+)\]|\$\{?(\w+)\}?", lambda one: "{" + snake(one[1] or one[2] or one[3]) + "}", url
        )
        if "." in url.split("://", 1)[1] or "localhost" in url or "{" in url:
            found.append(re.sub(r"/\.\.\.$|/:.*$", "", url))
    return list(dict.fromkeys(found))


def split_base(url: str) -> tuple[str, str]:
    """Origin and path of a base URL."""
    match = re.match(r"(https?://[^/]+)(/.*)?$", url, re.IGNORECASE)
    return (match[1].lower() if "{" not in match[1] else match[1], (match[2] or "").rstrip("/")) if match else (url, "")


def servers(bases: list[Base], origins: Counter[str], prefix: str, address: str) -> list[Server]:
    """The servers of the API: the declared ones, else the host that most examples call, else where the document is."""
    urls = [(one.url, one.said) for one in bases]
    if not urls and origins:
        urls = [(origins.most_common(1)[0][0], "")]
    found: list[Server] = []
    for url, said in urls[:10]:
        origin, path = split_base(url)
        if prefix and not path.endswith(prefix):
            path += prefix
        server = Server(url=origin + path, description=said if len(urls) > 1 else "")
        server.variables = {name: ServerVariable() for name in dict.fromkeys(re.findall(r"\{([^{}]*)\}", server.url))}
        if server.url not in (one.url for one in found):
            found.append(server)
    return found
