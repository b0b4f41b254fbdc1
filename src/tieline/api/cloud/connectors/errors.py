"""What can be refused about connectors."""

from __future__ import annotations

from tieline.core.errors import BadInput, Conflict


class SourceUnreachable(BadInput):
    """The address of a document gave no document."""

    code = "source-unreachable"
    title = "The document could not be fetched"


class ConnectorInUse(Conflict):
    """Connections hang on the connector."""

    code = "connector-in-use"
    title = "The connector is in use"
