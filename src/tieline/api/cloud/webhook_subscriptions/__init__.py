"""Webhook subscriptions of connections. An addition of ours."""
