"""Where OAuth clients get tokens and give them back."""
