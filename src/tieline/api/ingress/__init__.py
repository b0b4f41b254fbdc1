"""Doors for other programs: the address that starts a triggered automation."""
