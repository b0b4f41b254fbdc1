"""What all tables have in common: the names of constraints, the columns that tenant-owned tables begin with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, MetaData, Table, Uuid, func

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def created() -> Column[Any]:
    """When the row was made."""
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())


def updated() -> Column[Any]:
    """When the row was changed last; whoever changes it sets it."""
    return Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now())


def owned(name: str, *columns: Any, key: tuple[str, ...] = ("id",), **options: Any) -> Table:
    """A tenant-owned table: ``tenant_id`` leads the primary key."""
    keys = [Column(part, Uuid, primary_key=True) for part in key]
    return Table(name, metadata, Column("tenant_id", Uuid, primary_key=True), *keys, *columns, **options)
