"""Connectors: from an API document to blocks that run."""
