"""The HTTP edge: families that never import each other, on shared machinery in `tieline.api.edge`."""
