"""The page at ``/embed/{partner}``: takes a code or a token, and says who is signed in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from html import escape

from starlette.responses import HTMLResponse

from tieline.core.errors import TielineError

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;font:16px/1.5 system-ui,sans-serif}
p{overflow-wrap:anywhere}
"""
# The address is cleaned before anything else. A code in it is exchanged; in a frame, the page around it hands a token
# over through a channel of its own, which only pages of the partner's origins can open.
_SCRIPT = """
(() => {
  const told = JSON.parse(document.getElementById('told').textContent)
  const status = document.getElementById('status')
  const code = new URLSearchParams(location.hash.slice(1)).get('code')
  if (location.hash) history.replaceState(null, '', location.pathname)
  let token = ''
  const enter = async (shown) => {
    const headers = { 'content-type': 'application/json' }
    if (token) headers.authorization = `Bearer ${token}`
    const answer = await fetch(told.sessions, {
      method: 'POST', headers, body: JSON.stringify(shown), credentials: 'omit', cache: 'no-store',
    })
    const said = await answer.json()
    if (!answer.ok) throw new Error(said.errors[0].detail)
    token = said.token
    status.textContent = `${said.user.name || said.user.email || said.account.name} (${said.account.name})`
    return said
  }
  const failed = (error) => { status.textContent = error.message }
  if (code) return void enter({ code }).catch(failed)
  if (parent === window) return
  let port = null
  addEventListener('message', (event) => {
    if (port || event.source !== parent || !told.origins.includes(event.origin)) return
    if (event.data?.type !== 'tieline:port' || !event.ports[0]) return
    port = event.ports[0]
    port.onmessage = ({ data }) => {
      if (data?.type !== 'token' || typeof data.jwt !== 'string') return
      enter({ jwt: data.jwt, origin: event.origin }).then(
        ({ expiresAt }) => port.postMessage({ type: 'signed-in', expiresAt }),
        (error) => { failed(error); port.postMessage({ type: 'refused', detail: error.message }) },
      )
    }
    port.postMessage({ type: 'token-wanted' })
  })
  parent.postMessage({ type: 'tieline:ready' }, '*')
})()
"""


def frame(partner: str, sessions: str, origins: Sequence[str], ancestors: str) -> HTMLResponse:
    """The page. ``sessions`` is the path to sign in at, ``ancestors`` the sources of ``frame-ancestors``."""
    told = json.dumps({"sessions": sessions, "origins": list(origins)}).replace("<", "\\u003c")
    nonce = secrets.token_urlsafe(16)
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(partner)}</title><style nonce="{nonce}">{_STYLE}</style></head>'
        '<body><main><p id="status" role="status">Not signed in.</p></main>'
        f'<script type="application/json" id="told">{told}</script>'
        f'<script nonce="{nonce}">{_SCRIPT}</script></body></html>'
    )
    policy = (
        "default-src 'none'",
        f"style-src 'nonce-{nonce}'",
        f"script-src 'nonce-{nonce}'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        f"frame-ancestors {ancestors}",
    )
    return HTMLResponse(html, headers={"content-security-policy": "; ".join(policy), **_ELSEWHERE})


# Pages that isolate themselves (COEP) may frame it too; who may at all, frame-ancestors says.
_ELSEWHERE = {"cross-origin-resource-policy": "cross-origin"}


def refused(error: TielineError) -> HTMLResponse:
    """What a person sees whose link does not let in."""
    nonce = secrets.token_urlsafe(16)
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(error.title)}</title><style nonce="{nonce}">{_STYLE}</style></head>'
        f'<body><main><h1>{escape(error.title)}</h1><p role="alert">{escape(error.detail)}</p>'
        "<p>Go back to where you came from and open the link once more.</p></main></body></html>"
    )
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(html, error.status, headers={"content-security-policy": policy})
