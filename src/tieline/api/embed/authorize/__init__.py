"""Where a person lets an OAuth client in."""
