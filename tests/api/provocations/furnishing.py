"""What stands ready on the stage for operations that ask for something else than an API key."""

from __future__ import annotations

import httpx

from tests.api.oauth_world import BACK, make, pkce
from tests.api.provocations.common import automation, connector, had, hooked
from tests.api.provoking import Stage
from tieline.security.tokens import new_token


async def furnish(stage: Stage) -> None:
    """What the operations need that ask for something else than an API key."""
    admin = {"authorization": f"Bearer {stage.admin}"}
    async with httpx.AsyncClient(base_url=stage.plain, headers=admin, verify=False, timeout=60) as api:
        client = await make(api)
        query = {
            "client_id": client["clientId"],
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": "user_default",
            "state": "xyz",
            "code_challenge": pkce()[1],
            "code_challenge_method": "S256",
        }
        asked = await api.get("/oauth/authorize", params=query)
        sealed = httpx.URL(asked.headers["location"]).params["request"]
        cookie = asked.headers["set-cookie"].partition(";")[0]
    made = await connector(stage)
    session = await had(stage, "POST", "/api/v1/connect-sessions", {"connectorId": made})
    triggered = await automation(stage, "triggered")
    names = {"client_id": client["clientId"], "client_secret": client["clientSecret"]}
    page = {"content-type": "application/x-www-form-urlencoded", "cookie": cookie, "origin": stage.plain}
    window = {"token": session["link"].rpartition("/")[2]}
    door = await hooked(stage)
    stage.ids = {**stage.ids, "connectorId": made}
    stage.doors = {
        "GET /oauth/authorize": {"query": f"?{httpx.QueryParams(query)}"},
        "GET /oauth/consent": {"query": f"?request={sealed}", "headers": page},
        "POST /oauth/consent": {
            "headers": page,
            "content": str(httpx.QueryParams({"request": sealed, "key": stage.admin, "decision": "allow"})).encode(),
        },
        "POST /oauth/token": {"body": {"grant_type": "client_credentials", **names}},
        "POST /oauth/revoke": {"body": {"token": "x" * 40, **names}},
        "GET /connect/callback": {"query": f"?state={new_token('tls_')}&code=1"},
        "POST /connect/callback": {"query": f"?state={new_token('tls_')}&code=1"},
        "GET /connect/{token}": {"ids": window},
        "POST /connect/{token}": {"ids": window},
        "GET /connect/{token}/status": {"ids": window},
        "GET /hooks/{token}": {"ids": door},
        "POST /hooks/{token}": {"ids": door},
        **{
            f"POST /api/{prefix}/automations/{{id}}/actions/execute": {
                "ids": {"id": triggered["id"]},
                "headers": {"x-execution-token": triggered["executionToken"]},
            }
            for prefix in ("v1", "workflows")
        },
    }
