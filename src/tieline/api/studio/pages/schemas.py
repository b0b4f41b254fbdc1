"""Pages have no schema."""
