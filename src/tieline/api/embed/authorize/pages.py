"""The page on which a person lets a client in: plain HTML that works without a script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from tieline.api.embed.connect.pages import page
from tieline.core.errors import TielineError
from tieline.tenancy.oauth.authentication import Client

_MEANING = {
    "admin": "administer this account, with everything in it",
    "user_default": "do everything that you may do yourself",
    "offline_access": "stay signed in while you are away",
}


def ask(
    client: Client,
    scopes: Sequence[str],
    redirect_uri: str,
    request: str,
    *,
    person: str | None,
    problem: str = "",
) -> HTMLResponse:
    """Who asks for what. ``person`` = who is signed in; None = he has to show an API key first."""
    name, tenant = escape(client.name), escape(client.tenant_name)
    wishes = "".join(f"<li>{escape(_meaning(scope))}</li>" for scope in scopes)
    said = f'<p class="bad" role="alert">{escape(problem)}</p>' if problem else ""
    who = (
        f"<p>You are signed in as <strong>{escape(person)}</strong>.</p>"
        if person is not None
        else '<label for="key">Your API key</label><input id="key" name="key" type="password" autocomplete="off"'
        ' aria-describedby="key-hint"><small id="key-hint">It shows who you are, and is not given to anybody.</small>'
    )
    change = '<p><button type="submit" name="decision" value="change">Somebody else</button></p>' if person else ""
    body = (
        f"<h1>Let {name} in?</h1><p><strong>{name}</strong> wants to work in <strong>{tenant}</strong> and will be able"
        f" to:</p><ul>{wishes}</ul>{said}"
        f'<form method="post" action="consent"><input type="hidden" name="request" value="{escape(request)}">{who}'
        '<button type="submit" name="decision" value="allow">Allow</button>'
        f'<button type="submit" name="decision" value="deny">Do not allow</button>{change}</form>'
        f'<p class="soft">You will go on to {escape(_place(redirect_uri))}. Not expected? Do not allow it.</p>'
    )
    # Chromium checks form-action along redirects too (CSP 3 section 4.4.3), and the next hop is the client.
    shown = page(f"Let {client.name} in?", body, 400 if problem else 200, forms=f"'self' {_source(redirect_uri)}")
    # Without any referrer a browser does not say either that the form comes from here (Fetch section 3.2.6).
    shown.headers["referrer-policy"] = "same-origin"
    return shown


def failed(error: TielineError) -> HTMLResponse:
    """What cannot go on."""
    body = (
        f'<h1>{escape(error.title)}</h1><p class="bad" role="alert">{escape(error.detail)}</p>'
        "<p>Go back to the program that sent you here and begin again.</p>"
    )
    return page(error.title, body, error.status)


def _meaning(scope: str) -> str:
    if scope in _MEANING:
        return _MEANING[scope]
    resource, _, action = scope.partition(":")
    what = resource.replace("-", " ").replace("_", " ")
    return f"read {what}" if action == "read" else f"read, change and run {what}" if not action else scope


def _place(redirect_uri: str) -> str:
    return urlsplit(redirect_uri).hostname or redirect_uri.partition(":")[0]


def _source(redirect_uri: str) -> str:
    """The CSP source of a registered address; its characters were checked when it was registered."""
    parts = urlsplit(redirect_uri)
    if parts.scheme in ("http", "https") and all(character not in parts.netloc for character in ";,'\" "):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
