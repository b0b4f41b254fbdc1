"""Webhooks that are told of events."""
