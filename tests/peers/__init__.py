"""Servers that we did not write, installed into a folder of their own when a test asks for them."""
