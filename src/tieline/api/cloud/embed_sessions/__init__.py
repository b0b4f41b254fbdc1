"""Embed sessions, to see and to end them. An addition of ours."""
