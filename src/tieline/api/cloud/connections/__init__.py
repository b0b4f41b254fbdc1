"""Connections: authenticated instances of connectors."""
