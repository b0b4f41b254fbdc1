"""OAuth clients of a tenant."""
