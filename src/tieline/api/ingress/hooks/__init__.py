"""``/hooks/{token}``: where connected APIs send what has happened."""
