"""What this slice refuses: nothing of its own (see `oem.sso.errors` and `tenancy.embed_sessions`)."""
