"""Answers for operators."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"]
    version: str


class Check(BaseModel):
    """One thing that requests need."""

    name: str
    ok: bool
    detail: str


class Readiness(BaseModel):
    """Everything that requests need, and whether it is there."""

    ready: bool
    checks: list[Check]


class ProductInfo(BaseModel):
    """What clients of the original product read first."""

    composition: dict[str, Any]
