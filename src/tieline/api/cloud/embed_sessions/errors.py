"""What this slice refuses: nothing of its own."""
