"""From items to the description of the API: endpoints first, then what holds for all of them, then the questions."""

from __future__ import annotations

import re

from tieline.connectors.importers.classify.words import is_plural
from tieline.connectors.importers.description import Description, Operation
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.prose.auth_said import Auth
from tieline.connectors.importers.prose.authentication import find_auth, says_open
from tieline.connectors.importers.prose.catalogue import Catalogue, catalogue, misspelt
from tieline.connectors.importers.prose.finish import at, operation
from tieline.connectors.importers.prose.gather import General, gather
from tieline.connectors.importers.prose.hooks import find_events
from tieline.connectors.importers.prose.items import Clock, Item, plain_text
from tieline.connectors.importers.prose.mend import mended
from tieline.connectors.importers.prose.mentioning import find_mentions
from tieline.connectors.importers.prose.paging import apply_paging
from tieline.connectors.importers.prose.sections import object_title
from tieline.connectors.importers.prose.servers import declared, servers, split_base
from tieline.connectors.importers.prose.vocabulary import fold, is_topic
from tieline.connectors.importers.reading import Document
from tieline.connectors.importers.references import References
from tieline.connectors.importers.values import Notices

SECONDS = 8.0
_TOKEN_PATH = re.compile(
    r"/(?:oauth2?|connect|auth)/(?:token|authori[sz]e|revoke|access_token)$|^/(?:token|authori[sz]e|access_token)$"
)
_RATE = re.compile(
    r"\brate\b|\blimit|\bthrottl|\bquota|\b429\b|\brequests? (?:per|a|an|every)\b|\bidempoten", re.IGNORECASE
)
_VERSION = re.compile(r"\b(?:version|v)[ .:]{0,2}(\d{1,3}(?:\.\d{1,3}){0,2})\b", re.IGNORECASE)
_FORM = re.compile(
    r"\b(?:all |request |post )?(?:bodies|requests?|parameters|arguments|data)\b[^.]{0,60}\b(?:form[- "
    r"](?:url)?encoded|x-www-form-urlencoded)\b",
    re.IGNORECASE,
)


def describe_items(document: Document, items: list[Item], format: str, title: str, clock: Clock) -> Description:
    """The description that a stream of items gives. Raises `NotAnApiDocument` where it names no endpoint."""
    notices = Notices()
    notices.extend(one for one in document.notices if one.code == "encoding")
    items = mended(items)
    clock.check()
    told = find_mentions(items)
    if not told:
        raise NotAnApiDocument(
            "The document names no endpoint that can be recognised, such as `GET /contacts` or a curl command; is "
            "this the API reference?"
        )
    bases = declared(items)
    book = catalogue(told, [split_base(one.url) for one in bases])
    clock.check()
    general = gather(items, book)
    clock.check()
    titles = _titles(items)
    found = servers(bases, book.origins, book.prefix, document.address)
    origin = split_base(found[0].url)[0] if found else ""
    auth = find_auth(items, titles, book.drafts, origin)
    _clean(book, auth, notices)
    description = Description(
        format=format,
        references=References({}, notices, address=document.address),
        title=object_title(title or _first_heading(items)),
        description=_introduction(general),
        address=document.address,
        sha256=document.sha256,
        servers=found,
        auth=auth.methods,
        notices=notices,
    )
    description.version = _version(items)
    _operations(
        description,
        book,
        general,
        form=any(_FORM.search(item.text) for _, item in general.items if item.kind == "paragraph"),
    )
    apply_paging(description.operations, general)
    hooked = [(fold(name), value, place) for name, value, place in general.samples]
    hooked += [
        ("", value, answer.place)
        for draft in book.drafts
        for answer in draft.answers.values()
        for value in answer.samples
    ]
    hooked += [("", value, place) for draft in book.drafts for value, place in draft.bodies]
    description.events = find_events(items, titles, hooked)
    _ask(description, book, auth, notices)
    return description


def _titles(items: list[Item]) -> list[str]:
    """The heading over each item; a heading of a deeper level keeps the one of its topic in front."""
    found: list[str] = []
    stack: list[tuple[int, str]] = []
    for item in items:
        if item.kind == "heading":
            while stack and stack[-1][0] >= item.level:
                stack.pop()
            stack.append((item.level, item.text))
        found.append(" / ".join(text for _, text in stack[-2:]))
    return found


def _first_heading(items: list[Item]) -> str:
    return next((item.text for item in items[:40] if item.kind == "heading" and not is_topic(item.text)), "")[:200]


def _introduction(general: General) -> str:
    """What the document says about the API as a whole; rate limits and promises are read from it."""
    kept: list[str] = []
    for number, (title, item) in enumerate(general.items):
        if item.kind == "table":
            text = "\n".join(". ".join(row) for row in item.rows[:40]) if _RATE.search(title) else ""
        else:
            text = plain_text(item.text) if item.kind in ("paragraph", "entry") else ""
        if text and (number < 30 or _RATE.search(text) or _RATE.search(title)):
            kept.append(text)
        if len(kept) > 200:
            break
    return "\n".join(kept)[:20_000]


def _version(items: list[Item]) -> str:
    for item in items[:15]:
        if (match := _VERSION.search(item.text[:200])) is not None:
            return match[1]
    return ""


def _clean(book: Catalogue, auth: Auth, notices: Notices) -> None:
    """Leave out the endpoints that only hand out tokens, and say what looks like a slip of the pen."""
    oauth = any(one.kind == "oauth2" for one in auth.methods)
    if oauth:
        book.drafts = [
            one
            for one in book.drafts
            if not (_TOKEN_PATH.search(one.path) or any(path and path.endswith(one.path) for path in auth.paths))
        ]
    for draft, word, other in misspelt(book.drafts):
        meant = draft.path.replace(word, other)
        twin = next(
            (one for one in book.drafts if one is not draft and one.method == draft.method and one.path == meant), None
        )
        draft.confidence, draft.doubt = 0.55, f"{word!r} is one letter off from {other!r} in the other paths"
        where = str(draft.place)
        if twin is not None:
            notices.add(
                "ask",
                f"Is `{draft.method} {draft.path}` a slip for `{meant}`, which the document names too? Both are kept "
                f"as written.",
                where,
            )
        else:
            notices.add(
                "ask", f"Is the path `{draft.path}` right, or is `{meant}` meant? It is kept as it is written.", where
            )


def _operations(description: Description, book: Catalogue, general: General, *, form: bool) -> None:
    taken: set[str] = set()
    for draft in book.drafts:
        if says_open(draft.said) and description.auth:
            draft.open = True
        one = operation(draft, general, taken, form)
        if draft.open:
            one.security = []
        if draft.fields or draft.answers or draft.bodies or len(draft.said) > 1:
            draft.rank = max(draft.rank, 2)  # in passing, and yet described
        one.confidence = draft.confidence if draft.rank > 1 else min(draft.confidence, 0.65)
        one.doubt = draft.doubt or ("the document mentions it only in passing" if draft.rank <= 1 else "")
        description.operations.append(one)


def _ask(description: Description, book: Catalogue, auth: Auth, notices: Notices) -> None:
    """What stays unsure, each as one question."""
    for question, place in auth.questions:
        notices.add("ask", question, place)
    if not description.servers:
        notices.add("no-server", "The document names no server; give the base URL with the connection.")
    elif not any(one.url.startswith("http") for one in description.servers):
        notices.add("ask", "Under which base URL is the API reached?")
    if not description.auth and not any(one.security == [] for one in description.operations):
        notices.add("ask", "How does the API authenticate? The document does not say.")
    for one in description.operations:
        _ask_of(one, notices)
    for draft in book.drafts:
        for field in draft.fields:
            if field.sure < 0.7 and not field.where and draft.writes and not draft.has_body_sample():
                notices.add(
                    "ask",
                    f"Where does `{field.name}` of `{draft.method} {draft.path}` go: query, body or header?",
                    at(field.place, field.name),
                )
        if draft.rank <= 1 and not (draft.fields or draft.answers):
            notices.add(
                "ask",
                f"Does `{draft.method} {draft.path}` exist? The document mentions it only in passing.",
                str(draft.place),
            )


def _ask_of(one: Operation, notices: Notices) -> None:
    tail = one.path.rstrip("/").rsplit("/", 1)[-1]
    answer = one.answer()
    if (
        one.method == "POST"
        and one.body is None
        and "{" not in tail
        and is_plural(tail)
        and not any(p.location == "query" for p in one.params)
    ):
        notices.add("ask", f"Which fields does `POST {one.path}` take? The document does not say.", one.pointer)
    if one.method == "GET" and (answer is None or answer.schema is None) and "{" not in tail and is_plural(tail):
        notices.add(
            "ask",
            f"Where in the answer of `GET {one.path}` is the list of records? The document shows no answer.",
            one.pointer,
        )
