"""What can be wrong with a process."""

from __future__ import annotations

from tieline.core.errors import Unavailable


class NotReady(Unavailable):
    """Something that requests need does not answer."""

    code = "not-ready"
    title = "Not ready"
