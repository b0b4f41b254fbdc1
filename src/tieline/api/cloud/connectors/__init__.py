"""Connectors: what can be connected, imported from documents."""
