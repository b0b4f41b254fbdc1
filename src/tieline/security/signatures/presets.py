"""Vendors whose way to sign is the dialect ``hmac`` with settings. Written from the vendors' public documentation."""

from __future__ import annotations

from tieline.security.signatures.base import preset

preset("github", "hmac", header="X-Hub-Signature-256", prefix="sha256=", id_header="X-GitHub-Delivery")
preset("stripe", "hmac", header="Stripe-Signature", pairs=",", template="{timestamp}.{body}", id_path="$.id")
preset(
    "slack",
    "hmac",
    header="X-Slack-Signature",
    prefix="v0=",
    template="v0:{timestamp}:{body}",
    timestamp_header="X-Slack-Request-Timestamp",
    id_path="$.event_id",
)
preset("shopify", "hmac", header="X-Shopify-Hmac-Sha256", encoding="base64", id_header="X-Shopify-Webhook-Id")
preset("meta", "hmac", header="X-Hub-Signature-256", prefix="sha256=")
preset("intercom", "hmac", header="X-Hub-Signature", algorithm="sha1", prefix="sha1=", id_path="$.id")
preset(
    "hubspot",
    "hmac",
    header="X-HubSpot-Signature-v3",
    encoding="base64",
    template="{method}{url}{body}{timestamp}",
    timestamp_header="X-HubSpot-Request-Timestamp",
    timestamp_unit="ms",
)
preset(
    "zendesk",
    "hmac",
    header="X-Zendesk-Webhook-Signature",
    encoding="base64",
    template="{timestamp}{body}",
    timestamp_header="X-Zendesk-Webhook-Signature-Timestamp",
    timestamp_unit="iso",
    id_header="X-Zendesk-Webhook-Id",
)
preset(
    "zoom",
    "hmac",
    header="x-zm-signature",
    prefix="v0=",
    template="v0:{timestamp}:{body}",
    timestamp_header="x-zm-request-timestamp",
)
preset("asana", "hmac", header="X-Hook-Signature")
preset("linear", "hmac", header="Linear-Signature", id_header="Linear-Delivery")
preset("calendly", "hmac", header="Calendly-Webhook-Signature", pairs=",", template="{timestamp}.{body}")
preset(
    "paddle",
    "hmac",
    header="Paddle-Signature",
    pairs=";",
    signature_key="h1",
    timestamp_key="ts",
    template="{timestamp}:{body}",
    id_path="$.event_id",
)
