"""A documentation with everything that belongs to it, brought together before an importer reads it.

Importers fetch nothing. What a document refers to is gathered here: from the folder that it lies in, from its own
origin (through egress), or out of an archive. All of it bounded in number and bytes.
"""

from tieline.connectors.documents.archive import is_archive, open_archive
from tieline.connectors.documents.bundle import Bundle
from tieline.connectors.documents.folder import reports
from tieline.connectors.documents.links import links
from tieline.connectors.documents.local import gather_file
from tieline.connectors.documents.remote import fetch, gather_url, is_url

__all__ = ["Bundle", "fetch", "gather_file", "gather_url", "is_archive", "is_url", "links", "open_archive", "reports"]
