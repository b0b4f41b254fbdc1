"""What OAuth clients were given."""
