"""The published documents: OpenAPI 3.1, of everything and of each family, generated from the code."""
