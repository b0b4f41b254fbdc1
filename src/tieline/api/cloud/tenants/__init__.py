"""Tenants: the own one, and for who administers the partner, all of its tenants."""
