"""What can be refused about webhooks."""

from __future__ import annotations

from tieline.core.errors import BadInput


class InvalidWebhookPatch(BadInput):
    """The patch is none, or changes what it may not."""

    code = "invalid-webhook-patch"
    title = "Invalid patch of a webhook"
