"""Which request paths are looked at at all.

A path has one spelling. Anything that another server in front of this one could read differently (doubled slashes,
dots, encoded slashes, semicolons, a slash at the end) is nothing that exists here, so that no rule about paths can be
got round. The studio's own address alone ends with a slash, because the addresses of its pages begin with it.
"""

from __future__ import annotations

import re

# Segments of RFC 3986 characters without ; and without % in front of what must not be hidden.
_SEGMENT = rb"(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%(?:[3-9A-Fa-f][0-9A-Fa-f]|2[0-46-9A-Da-d]))+"
_PATH = re.compile(rb"/|/studio/|(?:/" + _SEGMENT + rb")+")
_HIDDEN = re.compile(rb"%(?:2[eEfF5]|5[cC]|3[bB]|7[fF])|/\.{1,2}(?=/|\Z)")


def acceptable(raw_path: bytes) -> bool:
    """True where the path, as it came over the wire, has only one reading."""
    return _PATH.fullmatch(raw_path) is not None and _HIDDEN.search(raw_path) is None
