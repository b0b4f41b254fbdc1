"""Storage adapters: one interface over a sandbox folder, FTP, SFTP, S3, HTTP, GCS and Azure Blob.

Importing this package registers them; their libraries are imported when the first connection is opened.
"""

from tieline.connectors.files import azure_blob, ftp, gcs, http, local, s3, sftp
from tieline.connectors.files.base import Entry, Listing, Opening, Storage, storage_kind, storage_kinds
from tieline.connectors.files.service import is_storage, opening_of, origin_of_storage, storage_of, tried, with_patience

__all__ = [
    "Entry",
    "Listing",
    "Opening",
    "Storage",
    "azure_blob",
    "ftp",
    "gcs",
    "http",
    "is_storage",
    "local",
    "opening_of",
    "origin_of_storage",
    "s3",
    "sftp",
    "storage_kind",
    "storage_kinds",
    "storage_of",
    "tried",
    "with_patience",
]
