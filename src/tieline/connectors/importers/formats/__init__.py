"""One module or package a format; each registers itself when it is imported."""
