"""Connectors that come with Tieline: one manifest for each well-known API, written by us.

    manifest = catalog.load("hubspot")
    for name in catalog.names(): ...

The YAML files in ``manifests`` are the source; adding a connector is adding a file.
"""

from tieline.connectors.catalog.shelf import Entry, entries, entry, load, names, text

__all__ = ["Entry", "entries", "entry", "load", "names", "text"]
