"""What only the studio needs, below ``/studio``: signing in, and the pages themselves.

Everything else that the studio does goes through the API that everybody has. None of this is in the published
documents: it may change with the studio.

* ``GET /studio/session`` says how one can sign in: ``{state: "setup" | "signed-out", password, oidc}``
* ``POST /studio/setup {code, email, name, password}`` the first administrator
* ``POST /studio/session {email, password}`` signs in, ``DELETE`` signs out
* ``POST /studio/session/token`` a fresh token for the browser that is signed in; wants ``content-type:
  application/json``, the cookie, and a page of ours
* ``GET /studio/session/oidc`` and ``/callback``: by the identity provider
* ``POST /studio/password {current, password}`` with a token: another password, signed in anew
* ``POST /studio/invitations {userId}`` with an administrator's token: ``{url, expiresAt}``;
  ``POST /studio/invitations/accept {code, password}`` chooses the password and signs in
* ``GET /studio/...`` anything else: the page; ``/studio/assets/...`` what it is made of
"""

from __future__ import annotations

from fastapi import FastAPI

from tieline.api.studio.invitations.endpoints import router as invitations
from tieline.api.studio.oidc.endpoints import router as oidc
from tieline.api.studio.pages.endpoints import router as pages
from tieline.api.studio.sessions.endpoints import router as sessions


def mount(app: FastAPI) -> None:
    """Adds the family to ``app``."""
    for router in (sessions, invitations, oidc, pages):
        app.include_router(router)
