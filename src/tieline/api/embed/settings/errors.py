"""What this slice refuses besides what every slice does: nothing of its own."""
