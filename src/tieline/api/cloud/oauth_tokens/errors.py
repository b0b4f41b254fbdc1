"""What this slice refuses besides what every operation does: nothing of its own."""
