"""What every family of the API shares: who asks, how often, how large, and what an answer and an error look like."""
