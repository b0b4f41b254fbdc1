"""What outbound HTTP may do, in one immutable value."""

from __future__ import annotations

import msgspec

from tieline.security.egress.addresses import Network


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds and bytes. ``allow`` are the CIDRs of ``TIELINE_EGRESS_ALLOW``; internal addresses outside of them are
    refused."""

    allow: tuple[Network, ...] = ()
    connect_timeout: float = 10.0
    """For name resolution, and again for each address tried (TCP and TLS together)."""
    total_timeout: float = 60.0
    """From the first look-up to the last byte, over all redirects."""
    max_bytes: int = 64 * 2**20
    """Of one answer: on the wire and, separately, after decompression."""
    max_redirects: int = 5
    keep_alive: float = 4.0
    """Idle seconds after which a connection is not used again. Below the 5 s after which Node.js and uvicorn close
    theirs, so that a POST rarely meets a connection that is being closed."""
    max_connections: int = 1000
    max_per_origin: int = 100
    ca_file: str | None = None
    """PEM file with certificate authorities trusted in addition to those of the system."""
