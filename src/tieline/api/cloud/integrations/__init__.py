"""Integrations as their owners see them: installed, set up and switched on by a customer; an addition of ours."""
