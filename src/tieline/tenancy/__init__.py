"""Who may do what: partners, tenants, users, spaces, keys, limits, and the one way to list what a person may see."""
