"""Connections of protocols other than HTTP, under the same rules about addresses.

    connection = await sockets.open("mail.example.com", 587, policy=egress.policy)

The name is resolved once, every answer is judged, and the socket is connected to an address that was judged: a name
that resolves to something else a moment later changes nothing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from tieline.security.egress.addresses import Address
from tieline.security.egress.errors import BadUrl, ConnectFailed, TimedOut
from tieline.security.egress.policy import Policy
from tieline.security.egress.resolver import check_literal, resolve
from tieline.security.egress.urls import Target, parse

_THREADS = 16


async def open(host: str, port: int, *, policy: Policy) -> socket.socket:  # noqa: A001 - sockets.open says it best
    """A connected TCP socket (not blocking) for ``host``, a domain name or a literal address.

    The caller closes it. Raises `BadUrl` for what is no host or port, `EgressDenied` for an address that the policy
    refuses, `ConnectFailed` and `TimedOut` (each step may take the policy's ``connect_timeout``).
    """
    target = _target(host, port)
    error: OSError | None = None
    for address in await _addresses(target, policy):
        # The last wall: the very address that the socket is about to be connected to.
        check_literal(target.host, address, policy)
        connection = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            async with asyncio.timeout(policy.connect_timeout):
                await asyncio.get_running_loop().sock_connect(connection, (str(address), target.port))
        except TimeoutError:
            connection.close()
            error = OSError("it did not answer in time")
        except OSError as refused:
            connection.close()
            error = refused
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    cause = os.strerror(error.errno) if error is not None and error.errno else str(error)
    raise ConnectFailed(f"No connection to {target.host} port {target.port}: {cause}.", reason="connect")


@lru_cache(maxsize=8)
def tls(ca_file: str | None = None) -> ssl.SSLContext:
    """For clients: certificates and host names are checked, TLS 1.2 at least; ``ca_file`` as in `Policy`."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def _target(host: str, port: int) -> Target:
    """The host read as strictly as that of a URL, so that what is checked is what is connected to."""
    if type(port) is not int or not 1 <= port <= 65535:
        raise BadUrl(f"The port {port!r:.20} is not a number from 1 to 65535.")
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    if not host or any(character in shown for character in "/?#@\\ ") or shown.count(":") != host.count(":"):
        raise BadUrl(f"The host {host.rpartition('@')[2][:80]!r} is not a domain name or address.")
    if ":" in shown and not shown.endswith("]"):
        raise BadUrl(f"The host {host.rpartition('@')[2][:80]!r} holds a port; give the port apart.")
    return parse(f"https://{shown}:{port}/")


async def _addresses(target: Target, policy: Policy) -> list[Address]:
    if target.address is not None:
        return [target.address]
    work = asyncio.get_running_loop().run_in_executor(_resolvers(), resolve, target.host, target.port, policy)
    try:
        async with asyncio.timeout(policy.connect_timeout):
            return await work
    except TimeoutError:
        raise TimedOut(f"The name {target.host} was not resolved within {policy.connect_timeout:g} s.") from None
    except OSError:
        raise ConnectFailed(f"The name {target.host} could not be resolved.", reason="dns") from None


@lru_cache(maxsize=1)
def _resolvers() -> ThreadPoolExecutor:
    """Threads of its own: a dead name server of one tenant must not hold up others' file work."""
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="tieline-socket-dns")
