"""The only outbound HTTP: checked addresses, pinned connections, bounded and verified answers."""

from tieline.security.egress import sockets
from tieline.security.egress.addresses import Network, parse_allow
from tieline.security.egress.client import Egress
from tieline.security.egress.errors import (
    BadHeader,
    BadResponse,
    BadUrl,
    ConnectFailed,
    EgressDenied,
    ResponseTooLarge,
    TimedOut,
    TooManyRedirects,
)
from tieline.security.egress.policy import Policy
from tieline.security.egress.probe import may_fetch
from tieline.security.egress.response import Response, StreamResponse
from tieline.security.egress.upload import Upload, UploadMismatch

__all__ = [
    "BadHeader",
    "BadResponse",
    "BadUrl",
    "ConnectFailed",
    "Egress",
    "EgressDenied",
    "Network",
    "Policy",
    "Response",
    "ResponseTooLarge",
    "StreamResponse",
    "TimedOut",
    "TooManyRedirects",
    "Upload",
    "UploadMismatch",
    "may_fetch",
    "parse_allow",
    "sockets",
]
