"""What a connected account has of its own; an addition of ours."""
