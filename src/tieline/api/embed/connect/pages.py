"""The pages of the connect window: plain HTML that works without a script, in light and dark."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

from tieline.connectors.connecting import Device, Form, Pending
from tieline.connectors.manifest.model import Input
from tieline.core.errors import TielineError

CONFIRMED = "tieline_confirmed"
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2024;--soft:#5b6570;--line:#c9d0d8;--paper:#fff;--ground:#f3f5f7;
--deed:#0b5cad;--bad:#b42318;--good:#176639}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebee;--soft:#a3adb8;--line:#3c454f;--paper:#1b1f24;--ground:#111417;
--deed:#6cb2f7;--bad:#ff9c92;--good:#7ad9a0}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);
color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{width:100%;max-width:26rem;padding:1.75rem;background:var(--paper);border:1px solid var(--line);
border-radius:.75rem}
h1{font-size:1.3rem;line-height:1.3;margin:0 0 .5rem;overflow-wrap:anywhere}
p{margin:.5rem 0;overflow-wrap:anywhere}.soft{color:var(--soft)}
label{display:block;font-weight:600;margin:1rem 0 .25rem}
input,select,textarea{width:100%;font:inherit;color:inherit;background:var(--ground);border:1px solid var(--line);
border-radius:.4rem;padding:.5rem .6rem}
small{display:block;color:var(--soft);margin-top:.2rem}
button{margin-top:1.5rem;width:100%;font:inherit;font-weight:600;padding:.6rem;border:0;border-radius:.4rem;
background:var(--deed);color:var(--paper);cursor:pointer}
:focus-visible{outline:3px solid var(--deed);outline-offset:2px}
.code{font:700 1.6rem/1.4 ui-monospace,monospace;letter-spacing:.12em}a{color:var(--deed)}
.bad{color:var(--bad);border-left:4px solid;padding-left:.75rem}.good{color:var(--good)}
"""


def ask(form: Form, *, problem: str = "", answers: dict[str, str] | None = None) -> HTMLResponse:
    """The form of an open session, with what was wrong the last time."""
    given = {key: str(value) for key, value in form.answers.items()} | (answers or {})
    problem = problem or (form.error if form.status == "failed" else "")
    fields = "".join(_field(spec, given.get(spec.id, "")) for spec in form.fields)
    where = escape(form.signs_in or form.title)
    leads = f"You will sign in at <strong>{where}</strong> and come back here." if form.leaves else ""
    button = f"Continue to {where}" if form.leaves else "Connect"
    said = f'<p class="bad" role="alert">{escape(problem)}</p>' if problem else ""
    body = (
        f"<h1>Connect {escape(form.title)}</h1>"
        f"<p><strong>{escape(form.tenant)}</strong> will be able to use your {escape(form.title)} account in its"
        f' automations. {leads}</p>{said}<form method="post" autocomplete="off">{fields}'
        f'<button type="submit">{button}</button></form>'
        '<p class="soft">Not expected? Close this window, and nothing happens.</p>'
    )
    # Chromium checks form-action along redirects too (CSP 3 section 4.4.3), and the next hop is the sign-in page.
    return page(
        f"Connect {form.title}", body, 400 if problem and answers is not None else 200, forms="'self' https: http:"
    )


def confirm(pending: Pending, answer: Mapping[str, str]) -> HTMLResponse:
    """For one who comes back from a sign-in page that no page of ours in this browser has led to."""
    title = escape(pending.title)
    sent = {**answer, CONFIRMED: "yes"}
    fields = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(sent[name])}">' for name in sent)
    body = (
        f"<h1>Connect {title}?</h1>"
        f"<p><strong>{escape(pending.tenant)}</strong> will be able to use your {title} account in its automations.</p>"
        f'<form method="post" action="callback">{fields}<button type="submit">Connect</button></form>'
        '<p class="soft">You did not begin this here? Close this window, and nothing happens.</p>'
    )
    return page(f"Connect {pending.title}?", body, 200, forms="'self'")


def connected(title: str) -> HTMLResponse:
    """The end of a session that went well. The window closes itself where the browser allows it."""
    nonce = secrets.token_urlsafe(16)
    body = (
        f'<h1 class="good">{escape(title)} is connected</h1><p>You can close this window.</p>'
        f'<script nonce="{nonce}">setTimeout(() => window.close(), 1500)</script>'
    )
    return page(f"{title} is connected", body, 200, nonce=nonce)


def wait(title: str, device: Device) -> HTMLResponse:
    """A code to enter elsewhere; the page asks again by itself until that is done."""
    leads = device.url if device.url.startswith(("https://", "http://")) else ""
    link = f'<a href="{escape(leads)}" target="_blank" rel="noopener noreferrer">{escape(leads or device.url)}</a>'
    body = (
        f"<h1>Connect {escape(title)}</h1><p>Open {link} and enter this code:</p>"
        f'<p class="code" aria-label="Code">{escape(device.code)}</p>'
        '<p class="soft" role="status">This page goes on by itself once you are done.</p>'
    )
    return page(f"Connect {title}", body, 200, again=max(1, min(60, round(device.interval))))


def over(form: Form) -> HTMLResponse:
    """A session that is no longer open."""
    if form.status == "connected":
        return connected(form.title)
    body = "<h1>This link has expired</h1><p>Go back to where you found it and ask for a new one.</p>"
    return page("This link has expired", body, 410)


def failed(error: TielineError) -> HTMLResponse:
    """What an authorization server, or we, refused."""
    again = "Close this window and open your link once more to try again."
    body = f'<h1>{escape(error.title)}</h1><p class="bad" role="alert">{escape(error.detail)}</p><p>{again}</p>'
    return page(error.title, body, error.status)


def page(title: str, body: str, status: int, *, nonce: str = "", forms: str = "'none'", again: int = 0) -> HTMLResponse:
    """A whole page. Nothing of it may be framed, nothing of others is loaded; ``again`` seconds until it reloads."""
    reload = f'<meta http-equiv="refresh" content="{again}">' if again else ""
    style = secrets.token_urlsafe(16)
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'{reload}<title>{escape(title)}</title><style nonce="{style}">{_STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )
    policy = [
        "default-src 'none'",
        f"style-src 'nonce-{style}'",
        *([f"script-src 'nonce-{nonce}'"] if nonce else []),
        f"form-action {forms}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    return HTMLResponse(html, status, headers={"content-security-policy": "; ".join(policy)})


def _field(spec: Input, value: str) -> str:
    name, label = escape(spec.id), escape(spec.label or spec.id)
    must = " required" if spec.required else ""
    hint = f'<small id="{name}-hint">{escape(spec.description[:300])}</small>' if spec.description else ""
    told = f' aria-describedby="{name}-hint"' if hint else ""
    default = value or (str(spec.default) if isinstance(spec.default, str | int | float) else "")
    if spec.choices:
        options = "".join(
            f"<option{' selected' if str(choice) == default else ''}>{escape(str(choice))}</option>"
            for choice in spec.choices
        )
        blank = "" if spec.required else "<option></option>"
        entry = f'<select id="{name}" name="{name}"{must}{told}>{blank}{options}</select>'
    elif spec.secret or spec.type == "password":
        entry = _secret(spec, name, must + told)
    else:
        kind = "number" if spec.type in ("integer", "number") else "text"
        entry = f'<input id="{name}" name="{name}" type="{kind}" value="{escape(default)}"{must}{told}>'
    return f'<label for="{name}">{label}</label>{entry}{hint}'


def _secret(spec: Input, name: str, rest: str) -> str:
    """What was entered is never shown again. A private key has lines, which only a text area keeps."""
    if spec.format in ("pem", "textarea") or "private_key" in spec.id:
        return f'<textarea id="{name}" name="{name}" rows="5" autocomplete="off" spellcheck="false"{rest}></textarea>'
    return f'<input id="{name}" name="{name}" type="password" autocomplete="new-password"{rest}>'
