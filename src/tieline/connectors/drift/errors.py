"""What can go wrong with looking at a document again.

Transient
`-- DocumentUnreachable    502  the address gives no document
"""

from __future__ import annotations

from tieline.core.errors import Transient


class DocumentUnreachable(Transient):
    """The address of a connector's document gives none, or the connector has no address."""

    code = "document-unreachable"
    status = 502
    title = "The document cannot be fetched"
