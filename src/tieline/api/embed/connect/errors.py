"""What this slice refuses besides what the sessions do: nothing of its own (see `connectors.connecting.errors`)."""
