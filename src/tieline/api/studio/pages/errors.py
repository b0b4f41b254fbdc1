"""What this slice refuses: nothing of its own (see `api.edge.built`)."""
