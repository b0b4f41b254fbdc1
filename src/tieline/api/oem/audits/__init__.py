"""Part of the partner's API: its audit log, and those of its accounts."""
