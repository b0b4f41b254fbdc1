"""What this slice refuses besides what every slice does: more previews than can be computed at once."""

from __future__ import annotations

from tieline.core.errors import RateLimited


class TooManyPreviews(RateLimited):
    """Many formulas wait to be computed."""

    code = "too-many-previews"
    title = "Too many formula previews"
