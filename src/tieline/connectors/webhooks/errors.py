"""What can go wrong with webhooks.

TielineError
|-- Terminal
|   |-- WebhookGone             410  the subscription was removed: the sender shall stop
|   `-- WebhookUnsupported      422  the connector cannot do that
`-- Transient
    |-- WebhookNotReady         503  the subscription is being made, and its signing secret is not known yet
    `-- DeliveryNotHandled      503  whoever was to be told could not be
Signatures that do not hold are `tieline.security.signatures.SignatureRefused` (401).
"""

from __future__ import annotations

from tieline.core.errors import Terminal, Transient


class WebhookGone(Terminal):
    """The subscription behind an address was removed."""

    code = "webhook-gone"
    status = 410
    title = "Webhook removed"


class WebhookUnsupported(Terminal):
    """The connector does not describe what is needed."""

    code = "webhook-unsupported"
    status = 422
    title = "The connector cannot do this"


class WebhookNotReady(Transient):
    """A delivery came before the subscription was finished."""

    code = "webhook-not-ready"
    status = 503
    title = "Webhook not ready"


class DeliveryNotHandled(Transient):
    """A delivery could not be handed on."""

    code = "delivery-not-handled"
    status = 503
    title = "Delivery not handled"
