"""What the pages refuse besides what OAuth does: nothing of their own (see `tieline.tenancy.oauth.errors`)."""
