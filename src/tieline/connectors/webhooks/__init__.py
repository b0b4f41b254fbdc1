"""Webhooks: subscriptions at connected APIs, and the deliveries that come of them."""

from tieline.connectors.webhooks.consumers import Consumer, Consumers, Delivery
from tieline.connectors.webhooks.receiving import Received, Receiver
from tieline.connectors.webhooks.reconciling import Report
from tieline.connectors.webhooks.service import Webhooks

__all__ = ["Consumer", "Consumers", "Delivery", "Received", "Receiver", "Report", "Webhooks"]
