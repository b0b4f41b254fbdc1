"""Alembic's entry point: runs inside the transaction that `tieline.storage.migrations.migrate` has opened."""

from __future__ import annotations

from alembic import context

from tieline.storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
context.run_migrations()
