"""API keys: make, list, describe, end; what the tenant allows of them."""
