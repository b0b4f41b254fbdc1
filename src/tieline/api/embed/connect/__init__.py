"""The window in which a person connects an account."""
