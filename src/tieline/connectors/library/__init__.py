"""The connectors of a tenant, kept in the database."""

from tieline.connectors.library.service import Library

__all__ = ["Library"]
