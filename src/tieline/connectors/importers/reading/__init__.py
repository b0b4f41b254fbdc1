"""Bytes that claim to be a document, read as plain data: tolerant where the meaning is certain, else clear."""

from tieline.connectors.importers.reading.document import Document, open_document, read_document
from tieline.connectors.importers.reading.parts import Parts
from tieline.connectors.importers.reading.text import decode

__all__ = ["Document", "Parts", "decode", "open_document", "read_document"]
