"""Part of the partner's API."""
