"""Errors of the data store, and of files that runs write."""

from __future__ import annotations

from tieline.core.errors import Terminal


class DataStoreFull(Terminal):
    """The tenant's data store holds as much as it may."""

    code = "data-store-full"
    status = 409
    title = "The data store is full"


class DataStoreScanLimit(Terminal):
    """A search looked at as many rows as one search may, and was not through."""

    code = "data-store-scan-limit"
    status = 422
    title = "Too many rows for one search"


class OpenFilesFull(Terminal):
    """A file that a run writes, or all of a tenant's together, are larger than allowed."""

    code = "open-files-full"
    status = 409
    title = "Too much is written to files that are not closed"
