"""What a connected account has of its own: choices for inputs, object types, fields of objects."""

from __future__ import annotations

from tieline.connectors.metadata.service import FieldOfObject, Option, fields, options, types

__all__ = ["FieldOfObject", "Option", "fields", "options", "types"]
