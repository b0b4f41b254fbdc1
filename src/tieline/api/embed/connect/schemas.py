"""What the window's pages read and tell."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class ConnectStatus(BaseModel):
    """How far the person has come; holds nothing that the link does not give anyway."""

    status: Literal["open", "waiting", "connected", "failed", "expired"]
    error: str | None = Field(default=None, description="Why the last try failed.")
