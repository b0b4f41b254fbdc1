"""What this slice refuses: nothing of its own (see `tenancy.studio.oidc`)."""
