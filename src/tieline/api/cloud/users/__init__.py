"""Users of the tenant: list, invite, change, remove."""
