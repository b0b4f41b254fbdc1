"""A page for people at ``/`` of each server, so that what an automation did can be looked at."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from tieline.sandbox.web import Reply
from tieline.sandbox.world import API_KEY, API_KEY_HEADER, World

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "body{color:#1b1f29;background:#fff}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:start;padding:.35rem .6rem;border-bottom:1px solid #dde1ea}"
    "code{background:#eef1f7;padding:.1rem .3rem;border-radius:.2rem}"
    "@media(prefers-color-scheme:dark){body{color:#e8eaf0;background:#14171f}td,th{border-color:#333a4a}"
    "code{background:#232838}a{color:#8fb4ff}}"
)
SHOWN = 50


def gather(world: World) -> Reply:
    store = world.events_store
    counts: dict[str, int] = {}
    for registration in store.registrations:
        counts[registration.event_id] = counts.get(registration.event_id, 0) + 1
    rows = [(event.name, event.status, str(counts.get(event.id, 0)), event.id) for event in store.events]
    hint = f"API key for <code>{API_KEY_HEADER}</code>: <code>{API_KEY}</code>"
    body = _table("Events", ("Name", "Status", "Registrations", "Id"), rows)
    return _page("Gather", "Events platform (a sandbox that came with Tieline)", hint, body)


def dialbook(world: World) -> Reply:
    store = world.telephony_store
    groups = [(row.name, str(store.counts.get(row.id, 0)), row.external_id or "") for row in store.directories]
    newest = list(store.contacts)[-SHOWN:][::-1]
    people = [
        (row.name, row.phone_number or "", row.company or "", _name_of(world, row.directory_id), row.external_id or "")
        for row in newest
    ]
    hint = "OAuth 2 client: <code>POST /oauth/token</code>; contract: <a href='/openapi.yaml'>openapi.yaml</a>"
    body = _table("Directories", ("Name", "Contacts", "External id"), groups)
    body += _table(
        f"Newest contacts ({len(store.contacts)} in all)",
        ("Name", "Phone", "Company", "Directory", "External id"),
        people,
    )
    return _page("Dialbook", "Cloud telephone system (a sandbox that came with Tieline)", hint, body)


def _name_of(world: World, directory_id: int | None) -> str:
    directory = None if directory_id is None else world.telephony_store.directories.get(directory_id)
    return directory.name if directory else ""


def _table(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th scope=col>{escape(text)}" for text in heads)
    lines = "".join("<tr>" + "".join(f"<td dir=auto>{escape(cell)}" for cell in row) for row in rows)
    return f"<h2>{escape(title)}</h2><table><thead><tr>{head}<tbody>{lines}</table>"


def _page(title: str, what: str, hint: str, body: str) -> Reply:
    links = " · ".join(
        f"<a href='/{path}'>{path}</a>" for path in ("openapi.json", "_sandbox/ledger", "_sandbox/report")
    )
    text = (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1><p>{what}<p>{hint}<p>{links}{body}</html>"
    )
    policy = (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'")
    return Reply(200, text.encode(), ((b"content-type", b"text/html; charset=utf-8"), policy))
