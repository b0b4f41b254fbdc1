"""The page at ``/embed/{partner}``, and what people see whose link does not let in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tieline.api.edge import built
from tieline.core.errors import TielineError

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;font:16px/1.5 system-ui,sans-serif}
p{overflow-wrap:anywhere}
"""
FACTS = "tieline-embed"


async def frame(request: Request, facts: Mapping[str, Any], ancestors: str) -> Response:
    """The studio's page for a frame: the same as at ``/studio/``, without cookies, with what it has to know inside.

    ``<script type="application/json" id="tieline-embed">`` holds the ``facts``: ``partner`` (``{appId, name}``),
    ``sessions`` (where a token or a code is shown: ``POST {jwt, origin}`` or ``{code}``), ``origins`` (of the pages
    that may open the channel), ``branding`` (an object, maybe empty). ``ancestors`` are the sources of
    ``frame-ancestors``. No ``Cross-Origin-Opener-Policy``: in a popup, the page that opened it has to be reached.
    """
    headers = {"content-security-policy": built.policy(f"frame-ancestors {ancestors}"), **_ELSEWHERE}
    try:
        page = await built.index()
    except built.NotBuilt as error:
        return built.absent(error, headers)
    told = json.dumps(dict(facts), ensure_ascii=True).replace("<", "\\u003c")
    block = f'<script type="application/json" id="{FACTS}">{told}</script>'
    return built.kept(request, page.replace("</head>", f"{block}</head>", 1).encode(), _HTML, headers)


_HTML = "text/html; charset=utf-8"
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
