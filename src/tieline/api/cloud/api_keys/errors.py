"""How the family tells its errors: the vendor's document has the status as a number."""

from __future__ import annotations

from tieline.api.edge.dialects import numeric_status, speak

PATH = "/api/v1/api-keys"

speak(PATH, numeric_status)
