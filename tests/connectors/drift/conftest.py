from __future__ import annotations

from tests.connectors.runtime.conftest import api, egress

__all__ = ["api", "egress"]
