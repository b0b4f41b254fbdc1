"""What can go wrong with webhooks that are told of events."""

from __future__ import annotations

from tieline.core.errors import BadInput


class TooManyWebhooks(BadInput):
    """A user has as many webhooks as one may have; the published documents know no other status for it."""

    code = "too-many-webhooks"
    title = "Too many webhooks"


class WebhookDisabled(BadInput):
    """What was asked for sends something, and the webhook is disabled."""

    code = "webhook-disabled"
    title = "The webhook is disabled"
