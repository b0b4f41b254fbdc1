"""Formulas: try one out, and what functions there are. An addition of ours."""
