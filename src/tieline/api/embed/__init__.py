"""What a person's browser opens while he uses somebody else's product."""
