"""Addresses only: nothing has a schema."""
