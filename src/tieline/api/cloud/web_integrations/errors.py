"""What can be refused about web integrations."""

from __future__ import annotations

from tieline.core.errors import BadInput


class InvalidWebIntegrationPatch(BadInput):
    """A JSON Patch with an operation that a web integration does not know."""

    code = "invalid-web-integration-patch"
    title = "Invalid patch of a web integration"
