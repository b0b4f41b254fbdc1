"""Spaces and who is in them."""
