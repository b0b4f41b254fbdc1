"""CSP origins: what the tenant's pages may load, and who may frame them."""
