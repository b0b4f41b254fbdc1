"""How the family tells its errors: the vendor's document has the status as a number, for invitations the code too."""

from __future__ import annotations

from tieline.api.edge.dialects import numeric_code, numeric_status, speak

PATH = "/api/v1/users"

speak(PATH, numeric_status)
speak(f"{PATH}/actions/invite", numeric_code)
