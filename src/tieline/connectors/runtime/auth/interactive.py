"""Connecting with a person in a browser, as the connect sessions use it.

    begun = await begin(account, egress=egress, redirect_uri=redirect_uri, state=state)    # send him to begun.url
    done = await finish(account, egress=egress, redirect_uri=redirect_uri, kept=begun.kept, answer=callback_query)
    await tokens.put(unit, connection_id, done.token)

``kept`` is JSON and secret: seal it. All raise UpstreamUnavailable where the authorization server is not well, and
what `Egress.request` raises for addresses that may not be called.
"""

from __future__ import annotations

from collections.abc import Mapping

from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.auth.base import Auth, Surroundings, open_auth
from tieline.connectors.runtime.auth.calls import Calls
from tieline.connectors.runtime.auth.consent import (
    Begun,
    DeviceBegun,
    Finished,
    Waiting,
    begin_device,
    begin_oauth1,
    begin_oauth2,
    finish_oauth1,
    finish_oauth2,
    poll_device,
)
from tieline.connectors.runtime.auth.oauth1 import OAuth1
from tieline.connectors.runtime.auth.oauth2 import OAuth2
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.retry import RetryPolicy
from tieline.connectors.runtime.tokens import MemoryTokens
from tieline.core.errors import BadInput
from tieline.security.egress import Egress

__all__ = [
    "Begun",
    "DeviceBegun",
    "Finished",
    "Waiting",
    "begin",
    "device_begin",
    "device_poll",
    "finish",
    "interactive",
]

_QUICK = RetryPolicy(attempts=3, longest=2.0, max_wait=5.0)  # a person is waiting


def interactive(method: AuthMethod | None) -> bool:
    """Whether connecting needs a person in a browser (or at a second device): no entered answer alone will do."""
    if method is None:
        return False
    if method.kind == "oauth1":
        return bool(method.request_token_url)
    if method.kind != "oauth2":
        return False
    return bool(method.grants) and method.grants[0] in ("authorization_code", "device_code")


async def begin(
    account: Account, *, egress: Egress, redirect_uri: str, state: str, policy: RetryPolicy = _QUICK
) -> Begun:
    """Where to send the person. ``state`` is the caller's, hard to guess; the callback must bring it back.

    Raises BadInput where the method needs nobody, an address or an answer is missing, ReconnectNeeded where OAuth 1
    temporary credentials are refused.
    """
    if not state or not redirect_uri.startswith(("https://", "http://")) or "#" in redirect_uri:
        raise BadInput("the redirect URI must be an absolute http(s) address without a fragment, and state not empty")
    auth = _open(account, egress, policy)
    if isinstance(auth, OAuth2):
        return await begin_oauth2(auth, redirect_uri, state)
    if isinstance(auth, OAuth1) and auth.method.request_token_url and auth.method.authorization_url:
        return await begin_oauth1(auth, redirect_uri, state)
    raise BadInput(f"the auth method {auth.method.id!r} is not connected in a browser; enter its credentials")


async def finish(
    account: Account,
    *,
    egress: Egress,
    redirect_uri: str,
    kept: Mapping[str, str],
    answer: Mapping[str, str],
    policy: RetryPolicy = _QUICK,
) -> Finished:
    """What the callback's query gives; ``redirect_uri`` is the one that `begin` had.

    Raises BadInput for a callback of another attempt (``state``) or another server (``iss``, RFC 9207) or without a
    code, ReconnectNeeded with the server's text where it says no.
    """
    auth = _open(account, egress, policy)
    if isinstance(auth, OAuth2):
        return await finish_oauth2(auth, redirect_uri, kept, answer)
    if isinstance(auth, OAuth1):
        return await finish_oauth1(auth, kept, answer)
    raise BadInput(f"the auth method {auth.method.id!r} is not connected in a browser; enter its credentials")


async def device_begin(account: Account, *, egress: Egress, policy: RetryPolicy = _QUICK) -> DeviceBegun:
    """A code for the person to type at ``url`` (RFC 8628); poll every ``interval`` seconds."""
    return await begin_device(_oauth2(account, egress, policy))


async def device_poll(
    account: Account, *, egress: Egress, kept: Mapping[str, str], policy: RetryPolicy = _QUICK
) -> Finished | Waiting:
    """`Waiting` until the person is done; raises ReconnectNeeded where he said no or was too slow."""
    return await poll_device(_oauth2(account, egress, policy), kept)


def _oauth2(account: Account, egress: Egress, policy: RetryPolicy) -> OAuth2:
    auth = _open(account, egress, policy)
    if not isinstance(auth, OAuth2):
        raise BadInput(f"the auth method {auth.method.id!r} is not OAuth 2.0 and has no device code")
    return auth


def _open(account: Account, egress: Egress, policy: RetryPolicy) -> Auth:
    name = account.manifest.title or account.manifest.name
    around = Surroundings(base=Base(account), tokens=MemoryTokens(), fetch=Calls(egress, policy, name))
    return open_auth(account.method(), account, around)
